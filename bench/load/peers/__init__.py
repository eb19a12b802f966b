"""Other ways to get the same archive into DuckDB, each run in a process of its own."""
