"""Replaces `${env:NAME}` in values, and keeps values from the environment out of all output."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from loader.config.positions import Path, Problem

_REFERENCE = re.compile(r"\$\{([^}]*)\}")
_NAME = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")
_SHORTEST_SECRET = 4
# A variable that the file does not use is a guess by its name, and local servers have keys such as "test".
_SHORTEST_GUESS = 8
_SECRET_NAME = re.compile(
    r"SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIAL|ACCESS_KEY|WRITE_KEY|API_KEY|PRIVATE", re.IGNORECASE
)

# Values read from the environment in this process, longest first when replaced: {value: variable}.
_seen: dict[str, str] = {}


def remember_secrets(environ: Mapping[str, str]) -> None:
    """Also hide variables whose names indicate a secret, even if the file does not use them."""
    for name, value in environ.items():
        if _SECRET_NAME.search(name) and len(value) >= _SHORTEST_GUESS:
            _seen[value] = name


def redact(text: str) -> str:
    """`text` with every value that came from the environment replaced by the name of its variable."""
    for value in sorted(_seen, key=len, reverse=True):
        text = text.replace(value, f"${{env:{_seen[value]}}}")
    return text


@dataclass
class Interpolation:
    """Replaces the references in a document and collects the problems."""

    environ: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)
    touched: set[Path] = field(default_factory=set)

    def apply(self, value: object, path: Path = ()) -> object:
        """The document with references replaced; `touched` then has the paths whose values must not be shown."""
        if isinstance(value, dict):
            return {key: self.apply(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self.apply(item, (*path, index)) for index, item in enumerate(value)]
        if isinstance(value, str) and "${" in value:
            return _REFERENCE.sub(lambda match: self._value(match[1], path), value)
        return value

    def _value(self, inner: str, path: Path) -> str:
        self.touched.add(path)
        match = _NAME.fullmatch(inner.strip())
        if match is None:
            self.problems.append(Problem(path, "a reference must be written ${env:NAME}"))
            return ""
        value = self.environ.get(match[1])
        if not value:
            state = "not set" if value is None else "empty"
            self.problems.append(
                Problem(
                    path, f"the environment variable {match[1]} is {state}; set it, or write it in .env beside the file"
                )
            )
            return ""
        if len(value) >= _SHORTEST_SECRET:
            _seen[value] = match[1]
        return value
