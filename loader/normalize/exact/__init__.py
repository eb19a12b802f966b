"""The exact parser: reads odd lines one by one, in Python, and repairs what can be repaired."""
