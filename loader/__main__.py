"""The `loader` command, and `python -m loader`."""

import sys


def main() -> int:
    """Run the command line. Ctrl-C while it is being imported, which takes a moment, is no error."""
    try:
        from loader.cli import main as run
    except KeyboardInterrupt:
        return 1
    return run()


if __name__ == "__main__":
    sys.exit(main())
