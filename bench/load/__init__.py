"""Speed and memory of `loader load`, as a ratio to a yardstick that runs beside it on the same files."""
