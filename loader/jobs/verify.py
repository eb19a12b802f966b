"""Read the archive again and prove that the warehouse accounts for every line, message and value of it.

Source: contract 0 (accounting identities), design 2. It looks at a copy of the warehouse, so loads go on meanwhile.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final, cast

from pydantic import ValidationError

from loader.archive import Archive, ArchiveObject, open_archive
from loader.config import Config, SourceSettings
from loader.config.settings import LoadSettings
from loader.core.tables import CALL_TABLE
from loader.errors import TerminalError, TransientError
from loader.inventory import tables
from loader.jobs.findings import MOST_KEPT, Findings
from loader.jobs.places import WINDOW_LINES, Found, Lines, ObjectPlaces, PlaceReader
from loader.jobs.recount import Item, Line, Verdict, is_blank, items_of, read_lines
from loader.jobs.sample import MESSAGES, ValueSample
from loader.jobs.snapshot import open_snapshot
from loader.jobs.tables import compare_tables
from loader.reading import Reader
from loader.staging.workspace import Workspace

_PAGE_OBJECTS: Final = 1000
_COUNTS: Final = ("lines", "blank", "quarantined_lines", "messages", "quarantined_messages")


@dataclass
class VerifyReport:
    """What was compared, and what does not fit."""

    objects: int = 0
    lines: int = 0
    blank: int = 0
    messages: int = 0
    rows: int = 0
    copies: int = 0
    quarantined_lines: int = 0
    quarantined_messages: int = 0
    values_checked: int = 0
    not_loaded: int = 0
    """Objects of the archive that no load has read yet."""
    gone: int = 0
    changed: int = 0
    loading: int = 0
    findings: Findings = field(default_factory=Findings)
    not_verifiable: list[dict[str, str]] = field(default_factory=list)
    """The first recorded versions that cannot be compared, with the reason."""
    failed_objects: list[dict[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def exit_code(self) -> int:
        """1 on a mismatch, or when an object cannot be read."""
        return 1 if self.findings.count or self.failed_objects else 0

    def as_dict(self) -> dict[str, Any]:
        """Everything, as JSON can hold it."""
        return {
            "objects": self.objects,
            "lines": self.lines,
            "blank": self.blank,
            "messages": self.messages,
            "rows": self.rows,
            "copies": self.copies,
            "quarantined_lines": self.quarantined_lines,
            "quarantined_messages": self.quarantined_messages,
            "values_checked": self.values_checked,
            "not_loaded": self.not_loaded,
            "not_verifiable": self.gone + self.changed + self.loading,
            "not_verifiable_objects": self.not_verifiable,
            "mismatch_count": self.findings.count,
            "seconds": round(self.seconds, 3),
            "mismatches": self.findings.kept,
            "warnings": self.warnings,
            "failed_objects": self.failed_objects[:MOST_KEPT],
        }

    def skip(self, key: str, reason: str) -> None:
        """A recorded version that cannot be compared: `gone`, `changed` or `loading`."""
        setattr(self, reason, getattr(self, reason) + 1)
        if len(self.not_verifiable) < MOST_KEPT:
            self.not_verifiable.append({"key": key, "reason": reason})


@dataclass(frozen=True)
class _Recorded:
    """A version of an object as the ledger has it."""

    object_id: int
    key: str
    etag: str
    size: int
    status: str
    error: str | None
    options: str | None
    lines: int
    blank: int
    quarantined_lines: int
    messages: int
    quarantined_messages: int


@dataclass
class _Counts:
    """What the archive and the warehouse say of one object, by the line."""

    lines: int = 0
    blank: int = 0
    quarantined_lines: int = 0
    messages: int = 0
    quarantined_messages: int = 0
    rows: int = 0
    copies: int = 0


def verify_source(config: Config, source: SourceSettings) -> VerifyReport:
    """Compare every object of the archive that was loaded with what is in the warehouse.

    Raises ConfigError without a warehouse, BusyError when a load holds it, and what listing the archive raises.
    """
    started = time.monotonic()
    archive = open_archive(source.archive.model_copy(update={"recent_days": None}))
    report = VerifyReport()
    workspace = Workspace(config.resources.work_dir or Path(tempfile.gettempdir()))
    try:
        with open_snapshot(config, workspace.folder) as reader:
            verification = _Verification(reader, source, archive, workspace.new_path(), report)
            verification.read_archive()
            compare_tables(reader, source.name, verification.tables, config.system_schema, report.findings)
    finally:
        workspace.remove()
    _warn(report, source.name)
    report.seconds = time.monotonic() - started
    return report


def _warn(report: VerifyReport, source: str) -> None:
    for count, text in (
        (report.not_loaded, f"objects of the archive are not loaded yet: run `loader load {source}`"),
        (report.gone, "recorded objects are gone from the archive; their rows cannot be compared"),
        (report.changed, "recorded versions of objects were replaced in the archive; their rows cannot be compared"),
        (report.loading, f"objects are half loaded: run `loader load {source}`"),
    ):
        if count:
            report.warnings.append(f"{count} {text}")


class _Verification:
    """One pass over the archive of one source."""

    def __init__(
        self, reader: Reader, source: SourceSettings, archive: Archive, download: Path, report: VerifyReport
    ) -> None:
        self._reader = reader
        self._source = source
        self._archive = archive
        self._download = download
        self._report = report
        self._findings = report.findings
        self._options: dict[str | None, LoadSettings] = {}
        self.tables = tables(reader, source)
        calls = {call: self.tables[name] for call, name in CALL_TABLE.items() if name in self.tables}
        self._places = PlaceReader(reader, source.name, calls)
        rows = reader.check("load_options", {"source": source.name}).rows
        options = {started_at: self._load(cast("str | None", text)) for started_at, text in rows}
        self._sample = ValueSample(reader, source.name, self.tables, options, self._findings)

    def read_archive(self) -> None:
        """Every object, a page of the listing at a time."""
        seen: list[int] = []
        listing = self._archive.objects()
        while page := list(islice(listing, _PAGE_OBJECTS)):
            chosen = list(self._chosen(page, seen))
            for group in _grouped(chosen):
                self._read_group(group)
        for (key,) in self._reader.check("unseen_objects", {"source": self._source.name, "seen": seen}).rows:
            self._report.skip(str(key), "gone")
        self._sample.flush()
        self._report.values_checked = self._sample.values_checked

    def _chosen(self, page: list[ArchiveObject], seen: list[int]) -> Iterator[tuple[ArchiveObject, _Recorded]]:
        """Objects of a page that are recorded in the version they have now."""
        values = {"source": self._source.name, "keys": [obj.key for obj in page]}
        versions: dict[str, list[_Recorded]] = {}
        for record in self._reader.check("recorded_objects", values).records():
            recorded = _Recorded(**record)  # type: ignore[arg-type]
            versions.setdefault(recorded.key, []).append(recorded)
        for obj in page:
            start, day = self._source.start, obj.received_day
            same = None
            for recorded in versions.get(obj.key, ()):
                seen.append(recorded.object_id)
                if same is None and (recorded.etag, recorded.size) == (obj.etag, obj.size):
                    same = recorded
                else:
                    self._report.skip(obj.key, "changed")
            if same is None:
                self._report.not_loaded += start is None or day is None or day >= start
            elif same.status == "loading":
                self._report.skip(obj.key, "loading")
            else:
                yield obj, same

    def _read_group(self, group: list[tuple[ArchiveObject, _Recorded]]) -> None:
        """Objects whose places are asked for together; a large one comes alone and is asked for in stretches."""
        held: dict[int, Lines] | None = None
        if sum(recorded.lines for _, recorded in group) <= WINDOW_LINES:
            held = self._places.lines(recorded.object_id for _, recorded in group)
        for obj, recorded in group:
            self._read(obj, recorded, None if held is None else held.get(recorded.object_id, {}))

    def _read(self, obj: ArchiveObject, recorded: _Recorded, held: Lines | None) -> None:
        try:
            path = self._archive.local_path(obj)
            if path is None:
                self._archive.download(obj, self._download)
            self._compare(recorded, read_lines(path or self._download, obj.key), held)
            self._archive.local_path(obj)
        except (TerminalError, TransientError) as error:
            self._fail(obj.key, error.what)
        except OSError as error:
            self._fail(obj.key, f"the object cannot be read ({os.strerror(error.errno or 0)})")
        finally:
            self._download.unlink(missing_ok=True)

    def _fail(self, key: str, error: str) -> None:
        self._report.failed_objects.append({"key": key, "error": error})

    def _compare(self, recorded: _Recorded, lines: Iterable[Line], held: Lines | None) -> None:
        def unclaimed(line: int, found: list[Found]) -> None:
            for place in found:
                what = f"line {line} item {place.item} in the archive"
                self._findings.add(recorded.key, what, f"a message, as there is a {place.kind} of it", "none")

        places = ObjectPlaces(self._places, recorded.object_id, held, unclaimed)
        counts = _Counts()
        every = -(-recorded.messages // MESSAGES) or 1
        if recorded.status == "failed" and not recorded.lines:
            if any(True for _ in lines):
                self._fail(recorded.key, f"nothing of it is loaded: {recorded.error}")
            return
        for line in lines:
            counts.lines += 1
            if is_blank(line):
                counts.blank += 1
                if found := places.take(line.number):
                    unclaimed(line.number, found)
                continue
            self._compare_line(recorded, line, places.take(line.number), counts, every)
        places.finish()
        self._close(recorded, counts)

    def _close(self, recorded: _Recorded, counts: _Counts) -> None:
        """Compare the counts of an object, and add them to the totals."""
        report = self._report
        for name in _COUNTS:
            self._findings.compare(recorded.key, name, getattr(counts, name), getattr(recorded, name))
        accounted = counts.rows + counts.copies + counts.quarantined_messages
        self._findings.compare(recorded.key, "messages = rows + copies + quarantined", counts.messages, accounted)
        if recorded.status == "failed":
            report.warnings.append(f"{recorded.key}: {recorded.error}")
        report.objects += 1
        for name in (*_COUNTS, "rows", "copies"):
            setattr(report, name, getattr(report, name) + getattr(counts, name))

    def _compare_line(self, recorded: _Recorded, line: Line, found: list[Found], counts: _Counts, every: int) -> None:
        at: dict[int, list[Found]] = {}
        for place in found:
            at.setdefault(place.item, []).append(place)
        refused = messages = 0
        for item in items_of(line):
            if item.verdict is Verdict.UNSURE:
                # The loader's parser may have made more of the rest of the line than this reader can.
                rest = [place for number in sorted(at) if number >= item.number for place in at.pop(number)]
                if not rest:
                    self._misplaced(recorded, line, item, [])
                messages += len(rest) or 1
                refused += sum(place.kind == "quarantine" for place in rest)
                continue
            messages += 1
            refused += item.verdict is Verdict.REFUSED
            here = at.pop(item.number, [])
            if self._compare_item(recorded, line, item, here) and (counts.messages + messages) % every == 0:
                self._sample.add(recorded.key, here[0].id, item, len(line.body), self._load(recorded.options))
        for places in at.values():
            for place in places:
                what = f"line {line.number} item {place.item} in the archive"
                self._findings.add(recorded.key, what, f"a message, as there is a {place.kind} of it", "none")
        counts.rows += sum(place.kind == "row" for place in found)
        counts.copies += sum(place.kind == "copy" for place in found)
        if messages == refused == 1:
            counts.quarantined_lines += 1
        else:
            counts.messages += messages
            counts.quarantined_messages += refused

    def _compare_item(self, recorded: _Recorded, line: Line, item: Item, here: list[Found]) -> bool:
        """Whether a message has a row of its own, which can be compared further."""
        kinds = ("quarantine",) if item.verdict is Verdict.REFUSED else ("row", "copy")
        if len(here) != 1 or here[0].kind not in kinds:
            self._misplaced(recorded, line, item, here)
            return False
        (place,) = here
        if item.verdict is Verdict.REFUSED:
            return False
        where = f"line {line.number} item {item.number}"
        self._findings.compare(recorded.key, f"{where}: call", item.call, place.call)
        if item.plain_id is not None:
            self._findings.compare(recorded.key, f"{where}: id", item.plain_id, place.id)
        return place.kind == "row" and place.call == item.call

    def _misplaced(self, recorded: _Recorded, line: Line, item: Item, here: list[Found]) -> None:
        found = ", ".join(f"a {place.kind}" for place in here) or "nothing"
        self._findings.add(recorded.key, f"line {line.number} item {item.number}", item.verdict.value, found)

    def _load(self, options: str | None) -> LoadSettings:
        """The options under which an object was loaded; today's where they cannot be told."""
        if options not in self._options:
            try:
                self._options[options] = LoadSettings.model_validate(json.loads(options or "{}"))
            except (ValueError, ValidationError):
                self._options[options] = self._source.load
        return self._options[options]


def _grouped(chosen: list[tuple[ArchiveObject, _Recorded]]) -> Iterator[list[tuple[ArchiveObject, _Recorded]]]:
    """Objects of about WINDOW_LINES together."""
    group: list[tuple[ArchiveObject, _Recorded]] = []
    lines = 0
    for obj, recorded in chosen:
        if group and lines + recorded.lines > WINDOW_LINES:
            yield group
            group, lines = [], 0
        group.append((obj, recorded))
        lines += recorded.lines
    if group:
        yield group
