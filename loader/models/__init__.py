"""The SQL models: read from files, put in order, made under temporary names, checked, and swapped in."""
