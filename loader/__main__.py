"""The `loader` command, and `python -m loader`."""

import signal
import sys
from types import FrameType


def main() -> int:
    """Run the command line. Ctrl-C while it is being imported, which takes a moment, is no error."""
    try:
        signal.signal(signal.SIGTERM, _like_ctrl_c)
        from loader.cli import main as run
    except KeyboardInterrupt:
        return 1
    return run()


def _like_ctrl_c(number: int, frame: FrameType | None) -> None:
    """Do what Ctrl-C does now; a shell makes programs in the background ignore that, but they are to end, too."""
    handler = signal.getsignal(signal.SIGINT)
    (handler if callable(handler) else signal.default_int_handler)(number, frame)


if __name__ == "__main__":
    sys.exit(main())
