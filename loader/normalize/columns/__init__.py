"""The tables and columns of a batch: which there are, what type each gets, and the SQL that reads their values."""
