"""Pure rules: names, types, tables and schema changes. No I/O, no clock, no driver."""
