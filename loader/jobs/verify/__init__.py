"""Verification: reads the archive again with code of its own, and compares what it finds with the warehouse."""
