"""`loader report`: writes the page for people who do not write queries."""

import argparse
import os
from datetime import UTC, datetime
from pathlib import Path

from loader.commands.output import Output
from loader.config import Config
from loader.errors import ConfigError
from loader.reading import open_reader

DEFAULT_FILE = "report.html"
_TITLE = "Events at a glance"
_WORDS = {
    "missing": "not made yet; the page says what makes it",
    "empty": "has no rows",
    "unreadable": "has other columns than the page reads",
}


def report(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Write the page. An earlier page is replaced in one step."""
    from loader.report.page import page_of

    path = Path(arguments.output)
    if path.is_dir() or not path.parent.is_dir():
        raise ConfigError("the page cannot be written there", str(path), "name a file in a folder that exists")
    with open_reader(config) as reader:
        page = page_of(reader, config, datetime.now(UTC), _TITLE)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_text(page.html, encoding="utf-8")
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise ConfigError(f"the page cannot be written: {error.strerror}", str(path), "name another file") from None
    size = len(page.html.encode())
    for name, state in page.parts.items():
        if state != "shown":
            output.line(f"{name}: {_WORDS[state]}")
    output.line(f"wrote {path}, {size:,} bytes")
    output.result({"file": str(path), "bytes": size, "parts": page.parts})
    return 0
