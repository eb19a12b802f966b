"""Warehouses: where the tables are. DuckDB in this release."""
