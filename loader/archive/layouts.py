"""Finds the received day and the source in object keys. Works on any store, through `Tree`."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType

from loader.archive.base import ArchiveObject, ArchiveOptions, StoredFile, Tree
from loader.errors import ConfigError

ANCHORS: Mapping[str, str] = MappingProxyType(
    {
        "segment-logs": "segment",
        "rudder-logs": "rudderstack",
        "gw": "rudderstack-gateway",
        "rudder-warehouse-staging-logs": "warehouse-staging",
    }
)
"""Name of the folder that marks a layout → the layout."""

NEVER_SEARCHED = frozenset({"logs", "segment-stage", "segment-data"})
"""Folders that stand beside an archive and never hold one."""

DEEPEST_SEARCH = 5
MOST_FOLDERS_SEARCHED = 400

_FLAT_NAME = re.compile(r"\.(?:jsonl|ndjson|json|gz)$", re.IGNORECASE)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_US_DAY = re.compile(r"(\d{2})-(\d{2})-(\d{4})", re.ASCII)


def received_day(name: str) -> date | None:
    """The UTC day that a folder is named after, or None if it is not named after a day.

    13 digits: Unix milliseconds; 10 digits: seconds; YYYY-MM-DD; MM-DD-YYYY (older RudderStack installations).
    """
    if name.isascii() and name.isdigit() and len(name) in (10, 13):
        return (_EPOCH + timedelta(seconds=int(name[:10]))).date()
    if iso := _ISO_DAY.fullmatch(name):
        year, month, day = iso.groups()
    elif us := _US_DAY.fullmatch(name):
        month, day, year = us.groups()
    else:
        return None
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def is_marker(key: str) -> bool:
    """Whether a key is a directory marker, a dummy object or a hidden file rather than data."""
    name = key.rpartition("/")[2]
    return not name or name[0] in "._" or name == "dummy-object.txt"


def is_flat_object(key: str) -> bool:
    """Whether a file of an unstructured folder looks like event lines."""
    return not is_marker(key) and _FLAT_NAME.search(key) is not None


@dataclass(frozen=True, slots=True)
class Anchor:
    """A folder that marks a layout."""

    layout: str
    folder: str
    """Relative to the root; "" when the root is the marking folder or lies below it."""
    parent: str
    """Name of the folder above it: the source id of a gateway archive."""
    inside: tuple[str, ...] = ()
    """Folders between the marking folder and the root, where the root lies below it."""


@dataclass(slots=True)
class Search:
    """What a search for marking folders has found so far."""

    anchors: list[Anchor] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    """Folders and files met, the first few, for messages."""
    passed: int = 0
    """Files and folders that are not data if the archive has a layout."""
    has_flat_objects: bool = False
    is_complete: bool = True

    def note(self, what: str) -> None:
        """Remember a name for error messages; the first ten are enough."""
        self.passed += 1
        if len(self.seen) < 10:
            self.seen.append(what)


def anchor_above(parts: tuple[str, ...], layouts: frozenset[str]) -> Anchor | None:
    """The marking folder that contains the root, or is the root: `s3://bucket/segment-logs/SOURCE/`."""
    for index in range(len(parts) - 1, -1, -1):
        layout = ANCHORS.get(parts[index])
        inside = parts[index + 1 :]
        if layout not in layouts or len(inside) > (1 if layout == "rudderstack-gateway" else 2):
            continue
        if layout == "rudderstack-gateway" and inside and received_day(inside[0]) is None:
            continue
        return Anchor(layout, "", parts[index - 1] if index else "", inside)
    return None


def search_below(tree: Tree, layouts: frozenset[str]) -> Search:
    """Look for marking folders, level by level, and stop at the first level that has any."""
    found = Search()
    level = [""]
    for _ in range(DEEPEST_SEARCH):
        deeper: list[str] = []
        for folder in level:
            _search_folder(tree, folder, layouts, found, deeper)
            if not found.is_complete:
                return found
        if found.anchors or not deeper:
            break
        level = deeper
    else:
        found.is_complete = False
    for folder in deeper:
        found.note(folder)
    return found


def _search_folder(tree: Tree, folder: str, layouts: frozenset[str], found: Search, deeper: list[str]) -> None:
    parent = folder.rstrip("/").rpartition("/")[2] or (tree.parts[-1] if tree.parts else "")
    for entry in tree.entries(folder):
        if isinstance(entry, StoredFile):
            found.has_flat_objects |= is_flat_object(entry.key)
            found.note(entry.key)
            continue
        layout = ANCHORS.get(entry)
        path = f"{folder}{entry}/"
        if layout in layouts and not (entry == "segment-logs" and folder.endswith("test/")):
            found.anchors.append(Anchor(layout, path, parent))
        elif layout is not None or entry in NEVER_SEARCHED:
            found.note(path)
        elif len(deeper) >= MOST_FOLDERS_SEARCHED:
            found.is_complete = False
            return
        else:
            deeper.append(path)


class Walk:
    """Lists the data objects of one archive by received day."""

    def __init__(self, tree: Tree, settings: ArchiveOptions) -> None:
        self._tree = tree
        self._settings = settings
        self.skipped = 0

    def objects(self, start: date | None, until: date | None) -> Iterator[ArchiveObject]:
        """As `Archive.objects`."""
        self.skipped = 0
        anchors = self._anchors()
        if anchors is None:
            yield from self._data(self._tree.files(""), None, is_flat_object)
            return
        for day, folder in self._days(anchors, start, until):
            yield from self._data(self._tree.files(folder), day, lambda key: not is_marker(key))

    def _data(
        self, files: Iterable[StoredFile], day: date | None, is_data: Callable[[str], bool]
    ) -> Iterator[ArchiveObject]:
        for file in files:
            if is_data(file.key):
                yield ArchiveObject(file.key, file.etag, file.size, file.last_modified, day)
            else:
                self.skipped += 1

    def _anchors(self) -> list[Anchor] | None:
        """The marking folders of the layout of this archive; None if the archive is flat."""
        wanted = self._settings.layout
        above = anchor_above(self._tree.parts, frozenset(ANCHORS.values()))
        if above is not None and (above.layout == "warehouse-staging" or wanted in ("auto", above.layout)):
            return _readable([above], self._settings)
        if wanted == "flat":
            return None
        searched = frozenset(ANCHORS.values()) if wanted == "auto" else frozenset({wanted})
        found = search_below(self._tree, searched)
        if found.anchors:
            readable = _readable(found.anchors, self._settings)
            self.skipped += found.passed + len(found.anchors) - len(readable)
            return readable
        if wanted == "auto" and (found.has_flat_objects or (found.is_complete and not found.seen)):
            return None
        if not found.seen:
            return []
        raise ConfigError(
            "no layout was recognised" if wanted == "auto" else f"there is no {wanted} archive",
            self._settings.uri,
            f"seen: {', '.join(sorted(found.seen))}; point archive.uri at the folder above {_anchor_names(searched)}, "
            "or set archive.layout",
        )

    def _days(self, anchors: list[Anchor], start: date | None, until: date | None) -> list[tuple[date, str]]:
        """The day folders of the source, oldest first, limited by dates and `recent_days`."""
        sources = self._sources(anchors)
        days: list[tuple[date, str]] = []
        for folder, inside in sources:
            if inside:  # the root is a day folder itself
                day = received_day(inside[0])
                days += [(day, "")] if day is not None else []
                self.skipped += day is None
                continue
            for name in self._folders(folder):
                day = received_day(name)
                self.skipped += day is None
                days += [(day, f"{folder}{name}/")] if day is not None else []
        days = sorted(
            (day, folder) for day, folder in days if (start is None or day >= start) and (until is None or day < until)
        )
        if self._settings.recent_days is not None:
            newest = set(sorted({day for day, _ in days})[-self._settings.recent_days :])
            days = [(day, folder) for day, folder in days if day in newest]
        return days

    def _folders(self, folder: str) -> Iterator[str]:
        for entry in self._tree.entries(folder):
            if isinstance(entry, StoredFile):
                self.skipped += 1
            else:
                yield entry

    def _sources(self, anchors: list[Anchor]) -> list[tuple[str, tuple[str, ...]]]:
        """Folders of the source; if the root lies deeper, each with the names between it and the root."""
        folders: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
        for anchor in anchors:
            if anchor.layout == "rudderstack-gateway":
                folders.setdefault(anchor.parent, []).append((anchor.folder, anchor.inside))
            elif anchor.inside:
                folders.setdefault(anchor.inside[0], []).append(("", anchor.inside[1:]))
            else:
                for name in self._folders(anchor.folder):
                    folders.setdefault(name, []).append((f"{anchor.folder}{name}/", ()))
        wanted = self._settings.source_id
        if not folders:
            return []
        if wanted is None and len(folders) == 1:
            return next(iter(folders.values()))
        if wanted in folders:
            self.skipped += len(folders) - 1
            return folders[wanted]
        raise ConfigError(
            f"the archive has no source {wanted!r}" if wanted else "the archive holds several sources",
            self._settings.uri,
            f"set archive.source_id to one of: {', '.join(sorted(folders))}",
        )


def _anchor_names(layouts: frozenset[str]) -> str:
    names = [f"{name}/" for name, layout in ANCHORS.items() if layout in layouts and layout != "warehouse-staging"]
    return " or ".join(names)


def _readable(anchors: list[Anchor], settings: ArchiveOptions) -> list[Anchor]:
    """The anchors of one layout that can be read. RudderStack's warehouse staging is ignored beside another layout."""
    layouts = sorted({anchor.layout for anchor in anchors} - {"warehouse-staging"})
    if not layouts:
        raise ConfigError(
            "RudderStack's warehouse staging files are not raw events: their lines are already normalised",
            settings.uri,
            "point archive.uri at the raw archive: rudder-logs/, or the gateway archive (SOURCE/gw/)",
        )
    if len(layouts) > 1:
        seen = ", ".join(
            f"{anchor.folder} ({anchor.layout})" for anchor in sorted(anchors, key=lambda anchor: anchor.folder)
        )
        raise ConfigError(
            "the archive has more than one layout",
            settings.uri,
            f"set archive.layout to one of: {', '.join(layouts)}; seen: {seen}",
        )
    return [anchor for anchor in anchors if anchor.layout == layouts[0]]
