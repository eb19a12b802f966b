"""Logs on standard error: text for people, one JSON object a line with `--log-format json`."""

import logging
import sys
from datetime import UTC, datetime

from loader.commands.output import json_text, spelled
from loader.config import redact

# Attributes that every record has; whatever else a call added with `extra=` is its own content.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and what the call added with `extra=`."""

    def format(self, record: logging.LogRecord) -> str:
        content: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        content |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            content["traceback"] = self.formatException(record.exc_info)
        return redact(json_text(content))


class TextFormatter(logging.Formatter):
    """Time, level and message."""

    def format(self, record: logging.LogRecord) -> str:
        return spelled(redact(super().format(record)))


def set_up_logs(log_format: str, verbosity: int) -> None:
    """Warnings by default, information with -v, everything of ours with -vv."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonFormatter() if log_format == "json" else TextFormatter("%(asctime)s %(levelname)s %(message)s")
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.captureWarnings(True)
    level = {0: logging.INFO if log_format == "json" else logging.WARNING, 1: logging.INFO}.get(
        verbosity, logging.DEBUG
    )
    logging.getLogger("loader").setLevel(level)
