"""Writes the text files that a command makes into a folder that the user named."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from loader.errors import ConfigError


def write_texts(folder: Path, texts: Mapping[str, str], what: str) -> None:
    """Write each text to its path in the folder, which is made if it is missing. `what`: all of them, for an error.

    Raises ConfigError if the folder or a file cannot be written.
    """
    try:
        for name, text in texts.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{what} cannot be written: {error.strerror}", str(folder), "name another folder") from None
