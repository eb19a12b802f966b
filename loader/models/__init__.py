"""The SQL models: read from files, ordered by what they read, built aside, checked and swapped in."""
