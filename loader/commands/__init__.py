"""The commands of the command line, one module per group. They order output; the rules are elsewhere."""
