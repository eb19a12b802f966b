"""Turns lines of the archive into typed rows: plain lines by set-based SQL, the rare odd ones by an exact parser."""
