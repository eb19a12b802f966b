"""Loads a source: lists new objects, stages and normalizes them in batches, and writes each with its ledger entry."""

from __future__ import annotations

import json
import logging
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Final

import duckdb

from loader.archive import Archive, ArchiveObject, open_archive
from loader.config import Config, SourceSettings
from loader.core.days import ALL_DAYS, Days
from loader.core.plurals import counted
from loader.core.samples import WalkRules
from loader.core.tables import EXCLUDED
from loader.errors import ConfigError, LoaderError
from loader.inventory import schema_of
from loader.jobs.batches import BatchContext, BatchLoad
from loader.jobs.report import LoadReport
from loader.jobs.rules import rules_of
from loader.jobs.state import define_conflicts, guard_name, open_state
from loader.leases import Lease
from loader.ledger import Ledger, unknown_objects
from loader.normalize.engine import open_engine
from loader.normalize.exact.reader import ExactReader
from loader.normalize.messages.discover import Discovery
from loader.normalize.messages.lines import LineReader, Read
from loader.normalize.messages.stage import Stage
from loader.normalize.scan.structure import StructureReader
from loader.normalize.write.losses import Load
from loader.staging import StagedBatch, Stager, StagingLimits
from loader.staging.records import MIB
from loader.staging.workspace import Workspace
from loader.warehouses.duckdb import DuckDBWarehouse

_STAGES: Final = ("stage_a", "stage_b")
_BATCH_SHARE: Final = 4.4
"""Memory is for so many times the text of a batch."""
_HELD_BATCHES: Final = 2.2
"""Batches whose text is held: one is written, one is normalized, with notes on both. The engine has what they leave."""
_FIRST_PART: Final = 8
"""How many of the first batch make a usual one: while it is normalized nothing can be written yet."""
_VISIT_BATCHES: Final = 5
"""Batches after which the file is given up and its log merged: merging after each makes a load a tenth slower."""
_PATIENCE_SECONDS: Final = 5.0
"""How long the file is kept for a batch that is not ready."""
WAIT_SECONDS: Final = 60.0
"""How long a load waits for whoever has the warehouse file open."""
Progress = Callable[..., None] | None

logger = logging.getLogger("loader.load")


def step(name: str) -> None:
    """Called between the steps of a batch. Tests replace it to stop there."""


def batch_bytes(memory_bytes: int) -> int:
    """The size of the text of a batch, if the engine may use this much memory."""
    return max(32 * MIB, min(int(memory_bytes / _BATCH_SHARE), 512 * MIB))


def load_source(
    config: Config,
    source: SourceSettings,
    *,
    days: Days = ALL_DAYS,
    again: Sequence[str] = (),
    dry_run: bool = False,
    progress: Progress = None,
    limits: StagingLimits | None = None,
    force_exact: bool = False,
) -> LoadReport:
    """Load what is new in the archive of a source, in these days.

    `again` are keys of loaded objects to read once more. `force_exact` reads every line with the exact parser.
    Raises BusyError while another load or a reader holds the warehouse, and everything that opening the archive raises.
    """
    began, now = time.perf_counter(), datetime.now(UTC)
    starts = [day for day in (days.start, source.start) if day is not None]
    # Opened first, so that an archive that is missing, cannot be listed or has another layout leaves no new warehouse.
    archive = open_archive(source.archive)
    is_recorded = config.warehouse.path.exists()
    objects = _begun(archive.objects(max(starts, default=None), days.until), is_recorded)
    run = _Run(config, source, now, dry_run, force_exact)
    workspace = Workspace(run.work_dir)
    try:
        run.open(workspace.folder, again)
        try:
            run.load(archive, objects, limits, progress)
        except BaseException:
            run.abandon()
            raise
        run.close(not starts and days.until is None and source.archive.recent_days is None)
    finally:
        workspace.remove()
    run.report.seconds = time.perf_counter() - began
    return run.report


def _begun(objects: Iterator[ArchiveObject], is_recorded: bool) -> Iterator[ArchiveObject]:
    """The objects, after looking for the first. Raises ConfigError at once, and any error if not `is_recorded`.

    Otherwise errors are raised when the objects are read, by the load that records them in the warehouse.
    """
    try:
        first: ArchiveObject | LoaderError | None = next(objects, None)
    except LoaderError as error:
        if isinstance(error, ConfigError) or not is_recorded:
            raise
        first = error
    return _resumed(first, objects)


def _resumed(first: ArchiveObject | LoaderError | None, others: Iterator[ArchiveObject]) -> Iterator[ArchiveObject]:
    if isinstance(first, LoaderError):
        raise first
    if first is not None:
        yield first
        yield from others


@dataclass(frozen=True, slots=True)
class _Normalized:
    """A normalized batch, ready to be written."""

    read: Read
    stage: Stage


def _is_over(ahead: Future[_Normalized | None]) -> bool:
    """Whether it is already known that no further batch follows."""
    return ahead.done() and ahead.exception() is None and ahead.result() is None


class _Run:
    """One load of one source."""

    def __init__(self, config: Config, source: SourceSettings, now: datetime, is_dry: bool, force_exact: bool) -> None:
        self._config = config
        self._source = source
        self._now = now
        self._is_dry = is_dry
        self._force_exact = force_exact
        self._schema = schema_of(source)
        self._options = json.dumps(source.load.model_dump(mode="json", exclude_defaults=True), sort_keys=True)
        self._holder = uuid.uuid4().hex
        self._is_absent = is_dry and not config.warehouse.path.exists()
        """Whether this is a dry run without a warehouse; it then uses an empty one in memory."""
        self.work_dir = config.resources.work_dir or Path(tempfile.gettempdir())
        self.report = LoadReport(load_id=f"{now:%Y%m%dT%H%M%S}-{self._holder[:8]}")

    def open(self, folder: Path, again: Sequence[str]) -> None:
        """Start the engine, take the lease, and find out what is already loaded."""
        resources, path = self._config.resources, self._config.warehouse.path
        left = resources.memory_bytes - int(_HELD_BATCHES * batch_bytes(resources.memory_bytes))
        self._engine = open_engine(left, resources.threads, folder)
        file = Path(":memory:") if self._is_absent else path
        self._warehouse = DuckDBWarehouse(self._engine, file, self._config.system_schema)
        self._warehouse.merge_at_detach()
        self._ledger = Ledger(self._warehouse, self._source.name)
        self._lease = Lease(self._warehouse, self._source.name)
        if not self._is_dry:
            path.parent.mkdir(parents=True, exist_ok=True)
        with self._attached():
            if not self._is_dry:
                open_state(self._warehouse, self._config, self._now)
            guard_name(self._warehouse, self._source)
            if not self._is_dry:
                self._lease.take(self._holder, self._now)
                self._ledger.begin_load(self.report.load_id, self._options, self._now)
            self._ledger.remember_known(again)

    @contextmanager
    def _attached(self) -> Iterator[None]:
        with self._warehouse.attached(WAIT_SECONDS, self._is_dry and not self._is_absent):
            if self._is_absent:
                self._warehouse.migrate(self._now)
            elif self._is_dry and not self._warehouse.has_state():
                raise ConfigError(
                    "the warehouse file has no state tables of this program",
                    str(self._config.warehouse.path),
                    "run `loader load` without --dry-run once, or correct warehouse.path or system_schema",
                )
            elif self._is_dry:
                self._warehouse.refuse_newer()
            yield

    def load(
        self,
        archive: Archive,
        objects: Iterator[ArchiveObject],
        limits: StagingLimits | None,
        progress: Progress,
    ) -> None:
        """Stage, normalize and write, batch by batch."""
        reader, writer = self._reader_and_writer()
        listing = unknown_objects(self._engine, objects)
        if limits is None:
            size = batch_bytes(self._config.resources.memory_bytes)
            limits = StagingLimits(batch_bytes=size, first_batch_bytes=size // _FIRST_PART)
        # The pool must be closed after the stager, because closing the stager ends a read that waits for it.
        with ThreadPoolExecutor(1, "normalize") as pool, Stager(archive, listing, self.work_dir, limits) as stager:
            batches = stager.batches()
            cursor = self._engine.cursor()
            names = cycle(_STAGES)
            name = next(names)
            ahead = pool.submit(self._read, reader, batches, Stage(cursor, name))
            while (found := ahead.result()) is not None:
                with self.report.timed("warehouse"), self._attached():
                    if not self._is_dry:
                        self._lease.renew(self._holder, datetime.now(UTC))
                    for left in reversed(range(_VISIT_BATCHES)):
                        step("staged")
                        read, stage, name = found.read, found.stage.on(self._engine), next(names)
                        # The next batch is normalized while this one is written.
                        ahead = pool.submit(self._read, reader, batches, Stage(cursor, name))
                        writer.write(stage, read, datetime.now(UTC), partial(_is_over, ahead), self._is_dry)
                        stage.drop()
                        self._count(read, progress)
                        following = self._ready(ahead) if left else None
                        if following is None:
                            break
                        found = following
        self.report.skipped_objects = archive.skipped_objects
        self.report.count_table_growth(self._source.load.table_cap)

    def _count(self, read: Read, progress: Progress) -> None:
        report = self.report
        report.warning_counts += read.warnings
        if progress is not None:
            progress(self._source.name, objects=report.objects, messages=report.messages)

    def _ready(self, ahead: Future[_Normalized | None]) -> _Normalized | None:
        """The next batch, if it is ready soon; None if others should get the warehouse file in the meantime."""
        with self.report.timed("wait"):
            return ahead.result() if wait([ahead], _PATIENCE_SECONDS).done else None

    def _read(self, reader: LineReader, batches: Iterator[StagedBatch], stage: Stage) -> _Normalized | None:
        with self.report.timed("normalize"):
            batch = next(batches, None)
            return None if batch is None else _Normalized(reader.read(batch, stage), stage)

    def _reader_and_writer(self) -> tuple[LineReader, BatchLoad]:
        settings, rules = self._source.load, rules_of(self._source.load)
        walk = WalkRules(
            frozenset(tuple(path.split(".")) for path in settings.json_paths),
            frozenset(key for key, column in EXCLUDED.items() if column in settings.envelope_columns),
        )
        everywhere = frozenset(name for name in rules.excluded if "." not in name)
        discovery = Discovery(walk, rules.identifier_bytes, everywhere, rules.reserved)
        exact = ExactReader(walk, rules.identifier_bytes, rules.reserved, rules.excluded)
        reader = LineReader(StructureReader(walk), discovery, exact, self._force_exact)
        context = BatchContext(
            Load(self._source.name, self.report.load_id, self._now),
            self._schema,
            rules,
            self._options,
            self._source.archive.layout,
        )
        writer = BatchLoad(self._warehouse, self._ledger, context, discovery, self.report, lambda name: step(name))
        return reader, writer

    def close(self, is_complete: bool) -> None:
        """End the run in the ledger. `is_complete`: the whole archive was listed."""
        report = self.report
        if self._is_dry:
            self._engine.close()
            return
        with self._attached():
            ledger = self._ledger
            if is_complete and (gone := ledger.count_gone()):
                report.warnings.append(f"{counted(gone, 'loaded object')} gone from the archive; nothing was removed")
            report.discards.update(ledger.discards_of(report.load_id))
            if any(change.change == "create_table" for change in report.changes):
                define_conflicts(self._warehouse, self._config)
            ledger.end_load(report.load_id, report.status, json.dumps(report.counters()), datetime.now(UTC))
            self._lease.drop(self._holder)
        self._engine.close()

    def abandon(self) -> None:
        """End the run in the ledger after an error, if the warehouse is available."""
        try:
            if not self._is_dry:
                with self._warehouse.attached(0):
                    self._ledger.end_load(self.report.load_id, "failed", "{}", datetime.now(UTC))
                    self._lease.drop(self._holder)
        except (LoaderError, duckdb.Error) as error:
            logger.warning("the run could not be ended in the ledger: %s", error)
        finally:
            self._engine.close()
