"""The compiled scan: one pass over the bytes of plain lines finds the structure, envelope and leaves of messages."""
