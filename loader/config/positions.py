"""Reads YAML and keeps the line of every key, so that a problem can say where it is."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """One problem of the file: its key, what is wrong, and what is allowed."""

    path: Path
    text: str


@dataclass
class Document:
    """The plain values of a file and the line of every key and item."""

    value: object
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """The line of the key, or of the nearest parent key that the file has."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def dotted(path: Path) -> str:
    """`sources[0].archive.uri`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text or "(file)"


def read_document(text: str) -> Document:
    """The values and lines of a YAML text. Raises yaml.YAMLError, which marks the line, if it is not YAML."""
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return Document(None)
        document = Document(None)
        for path, line in _walk(node, (), document.problems):
            document.lines.setdefault(path, line)
        document.value = loader.construct_document(node)
        return document
    finally:
        loader.dispose()


def _walk(node: yaml.Node, path: Path, problems: list[Problem]) -> Iterator[tuple[Path, int]]:
    if len(path) > 32:  # far deeper than any setting: a YAML alias that contains itself would never end
        return
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            below = (*path, str(key.value))
            yield below, key.start_mark.line + 1
            if sum(other.value == key.value for other, _ in node.value) > 1 and key.value != "<<":
                problem = Problem(below, "is there twice; keep one")
                if problem not in problems:
                    problems.append(problem)
            yield from _walk(value, below, problems)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield (*path, index), item.start_mark.line + 1
            yield from _walk(item, (*path, index), problems)
