"""The statements that write a batch: rows of call and event tables, discards, and the latest rows of users and accounts."""
