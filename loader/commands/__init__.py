"""The commands of the command line, one module per group. They print results; the rules are elsewhere."""
