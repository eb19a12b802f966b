"""One HTML page about the warehouse, for people who do not write queries."""
