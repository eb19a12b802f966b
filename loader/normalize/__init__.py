"""Lines of the archive → typed rows: the set-based way for plain lines, the exact way for the rare odd ones."""
