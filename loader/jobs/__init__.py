"""Jobs: the order of steps and transactions. Rules are below, arguments and output above."""
