"""Jobs: the order of steps and transactions. Lower layers hold the rules, higher ones arguments and output."""
