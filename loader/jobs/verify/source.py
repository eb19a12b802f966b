"""Verifies a source: the warehouse must account for every line, message and value of its archive.

What is compared is in docs/verify.md. It reads a copy of the warehouse, so loads go on meanwhile.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Final, cast

from pydantic import ValidationError

from loader.archive import Archive, ArchiveObject, open_archive
from loader.config import Config, SourceSettings
from loader.config.settings import LoadSettings
from loader.core.tables import CALL_TABLE
from loader.errors import TerminalError, TransientError
from loader.inventory import tables
from loader.jobs.verify.exact import ExactLines, Origin, is_same_cell
from loader.jobs.verify.findings import Findings
from loader.jobs.verify.latest import compare_latest
from loader.jobs.verify.lines import Ending, Item, Line, Verdict, is_blank, items_of, read_lines
from loader.jobs.verify.places import WINDOW_LINES, Found, Lines, ObjectPlaces, PlaceReader
from loader.jobs.verify.report import VerifyReport
from loader.jobs.verify.sample import EXACT_MESSAGES, MESSAGES, ValueSample
from loader.jobs.verify.snapshot import open_snapshot
from loader.jobs.verify.state import compare_state
from loader.jobs.verify.tables import compare_tables
from loader.reading import Reader
from loader.staging.workspace import Workspace

_PAGE_OBJECTS: Final = 1000
_COUNTS: Final = ("lines", "blank", "quarantined_lines", "messages", "quarantined_messages")


@dataclass(frozen=True)
class _Recorded:
    """A version of an object as the ledger has it."""

    object_id: int
    key: str
    etag: str
    size: int
    last_modified: datetime
    received_day: date | None
    status: str
    error: str | None
    retry: bool
    options: str | None
    bytes_read: int
    lines: int
    blank: int
    quarantined_lines: int
    messages: int
    quarantined_messages: int

    @property
    def origin(self) -> Origin:
        """As the exact way wants to know it."""
        return Origin(self.key, self.received_day, self.last_modified)


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
    is_last_torn: bool = False
    """The last line so far is the torn end of one."""


@dataclass(frozen=True, slots=True)
class _Steps:
    """Of how many messages one is looked into."""

    values: int
    exact: int
    """A multiple of it: of how many one is read the exact way as well."""


def _steps(messages: int) -> _Steps:
    every = -(-messages // MESSAGES) or 1
    return _Steps(every, every * (-(-messages // (every * EXACT_MESSAGES)) or 1))


def verify_source(config: Config, source: SourceSettings, *, is_whole: bool = False) -> VerifyReport:
    """Compare every object of the archive that was loaded with what is in the warehouse.

    `is_whole`: look into every message, not into some of each object.

    Raises ConfigError without a warehouse, BusyError when a load holds it, and what listing the archive raises.
    """
    started = time.monotonic()
    archive = open_archive(source.archive.model_copy(update={"recent_days": None}))
    report = VerifyReport(Findings(source.name))
    workspace = Workspace(config.resources.work_dir or Path(tempfile.gettempdir()))
    try:
        with open_snapshot(config, workspace.folder) as reader:
            verification = _Verification(reader, source, archive, workspace.new_path(), report, is_whole)
            verification.read_archive()
            tables, options, findings = verification.tables, verification.options, report.findings
            compare_tables(reader, source.name, tables, config.system_schema, findings)
            compare_state(reader, source.name, tables, options, findings)
            for name in compare_latest(reader, tables, options, findings):
                text = f"{name} was made under several options, so its values are not compared"
                report.warnings.append(f"{text}: run `loader rebuild {source.name}`")
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
        self,
        reader: Reader,
        source: SourceSettings,
        archive: Archive,
        download: Path,
        report: VerifyReport,
        is_whole: bool,
    ) -> None:
        self._reader = reader
        self._source = source
        self._archive = archive
        self._download = download
        self._report = report
        self._findings = report.findings
        self._is_whole = is_whole
        self._settings: dict[str | None, LoadSettings] = {}
        self.tables = tables(reader, source)
        calls = {call: self.tables[name] for call, name in CALL_TABLE.items() if name in self.tables}
        self._places = PlaceReader(reader, source.name, calls)
        rows = reader.check("load_options", {"source": source.name}).rows
        self.options = {started_at: self._load(cast("str | None", text)) for started_at, text in rows}
        """Of each load, by its start."""
        self._lines = ExactLines()
        self._sample = ValueSample(reader, source.name, self.tables, self.options, self._lines, self._findings)

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
            ending = Ending()
            self._compare(recorded, read_lines(path or self._download, obj.key, ending), ending, held)
            self._compare_object(obj, recorded, is_file=path is not None)
            self._archive.local_path(obj)
        except (TerminalError, TransientError) as error:
            self._fail(obj.key, error.what)
        except OSError as error:
            self._fail(obj.key, f"the object cannot be read ({os.strerror(error.errno or 0)})")
        finally:
            self._download.unlink(missing_ok=True)

    def _fail(self, key: str, error: str) -> None:
        self._report.failed_objects.append({"key": key, "error": error})

    def _compare_object(self, obj: ArchiveObject, recorded: _Recorded, is_file: bool) -> None:
        """What the ledger says of an object beside its counts."""
        compare = self._findings.compare
        compare(obj.key, "received_day", obj.received_day, recorded.received_day)
        # The version of a file includes its time. A bucket may get the same bytes again, with a later time.
        if is_file or recorded.last_modified > obj.last_modified:
            compare(obj.key, "last_modified", obj.last_modified, recorded.last_modified)

    def _compare(self, recorded: _Recorded, lines: Iterable[Line], ending: Ending, held: Lines | None) -> None:
        def unclaimed(line: int, found: list[Found]) -> None:
            for place in found:
                what = f"line {line} item {place.item} in the archive"
                self._findings.add(recorded.key, what, f"a message, as there is a {place.kind} of it", "none")

        places = ObjectPlaces(self._places, recorded.object_id, held, unclaimed)
        counts = _Counts()
        steps = _Steps(1, 1) if self._is_whole else _steps(recorded.messages)
        if recorded.status == "failed" and not recorded.lines:
            if any(True for _ in lines):
                self._fail(recorded.key, f"nothing of it is loaded: {recorded.error}")
            return
        for line in lines:
            counts.lines += 1
            counts.is_last_torn = line.damage is not None and line.damage.reason == "truncated_line"
            if is_blank(line):
                counts.blank += 1
                if found := places.take(line.number):
                    unclaimed(line.number, found)
                continue
            self._compare_line(recorded, line, places.take(line.number), counts, steps)
        places.finish()
        self._close(recorded, counts, ending)

    def _close(self, recorded: _Recorded, counts: _Counts, ending: Ending) -> None:
        """Compare the counts of an object, and add them to the totals."""
        report = self._report
        complete = counts.lines - (ending.is_torn and counts.is_last_torn)
        self._findings.compare(recorded.key, "status", ending.status(complete), recorded.status)
        self._findings.compare(recorded.key, "retry", False, recorded.retry)
        if not ending.is_torn:
            self._findings.compare(recorded.key, "bytes_read", ending.unpacked_bytes, recorded.bytes_read)
        for name in _COUNTS:
            self._findings.compare(recorded.key, name, getattr(counts, name), getattr(recorded, name))
        accounted = counts.rows + counts.copies + counts.quarantined_messages
        self._findings.compare(recorded.key, "messages = rows + copies + quarantined", counts.messages, accounted)
        if recorded.status == "failed":
            report.warnings.append(f"{recorded.key}: {recorded.error}")
        report.objects += 1
        for name in (*_COUNTS, "rows", "copies"):
            setattr(report, name, getattr(report, name) + getattr(counts, name))

    def _compare_line(
        self, recorded: _Recorded, line: Line, found: list[Found], counts: _Counts, steps: _Steps
    ) -> None:
        at: dict[int, list[Found]] = {}
        for place in found:
            at.setdefault(place.item, []).append(place)
        if any(place.kind == "quarantine" for place in found):
            self._compare_records(recorded, line, found)
        refused = messages = 0
        for item in items_of(line):
            if item.verdict is Verdict.UNSURE:
                # This reader cannot tell what the rest of the line holds; the loader's parser may have read more of it.
                rest = [place for number in sorted(at) if number >= item.number for place in at.pop(number)]
                if not rest:
                    self._misplaced(recorded, line, item, [])
                messages += len(rest) or 1
                refused += sum(place.kind == "quarantine" for place in rest)
                continue
            messages += 1
            refused += item.verdict is Verdict.REFUSED
            here = at.pop(item.number, [])
            number = counts.messages + messages
            if self._compare_item(recorded, line, item, here) and number % steps.values == 0:
                self._look_into(recorded, line, item, here[0], is_exact=number % steps.exact == 0)
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
        """Whether a message has a row or is a copy, which can be compared further."""
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
        return place.call == item.call

    def _look_into(self, recorded: _Recorded, line: Line, item: Item, place: Found, is_exact: bool) -> None:
        """Compare what a message says with its row, or what is told of it as a copy."""
        load = self._load(recorded.options)
        if place.kind == "row":
            self._sample.add(recorded.origin, line, item, place.id, load, is_exact)
        if place.kind == "row" or not is_exact:
            return
        told = self._lines.messages(recorded.origin, line, load).get(item.number)
        if told is None:
            return
        expected = {"fingerprint": told.fingerprint, "received_at": told.cells(item.call)["received_at"]}
        for name, value in expected.items():
            if not is_same_cell(place.record[name], value):
                self._findings.add(
                    recorded.key, f"copies.{name} of {place.id}", "that of the message", "another", None, line.number
                )

    def _compare_records(self, recorded: _Recorded, line: Line, found: list[Found]) -> None:
        """What the quarantine tells of a line."""
        records = self._lines.records(recorded.origin, line, self._load(recorded.options))
        for place in found:
            expected = records.get(place.item) if place.kind == "quarantine" else None
            for name, value in (expected or {}).items():
                if not is_same_cell(place.record[name], value):
                    what = f"quarantine.{name} of item {place.item}"
                    self._findings.add(recorded.key, what, "that of the line", "another", None, line.number)

    def _misplaced(self, recorded: _Recorded, line: Line, item: Item, here: list[Found]) -> None:
        found = ", ".join(f"a {place.kind}" for place in here) or "nothing"
        self._findings.add(recorded.key, f"line {line.number} item {item.number}", item.verdict.value, found)

    def _load(self, options: str | None) -> LoadSettings:
        """The options under which an object was loaded; today's where they cannot be told."""
        if options not in self._settings:
            try:
                self._settings[options] = LoadSettings.model_validate(json.loads(options or "{}"))
            except (ValueError, ValidationError):
                self._settings[options] = self._source.load
        return self._settings[options]


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
