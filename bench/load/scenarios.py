"""What is compared with what. A scenario runs its variants alternately and returns every run."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from bench.load.generate import ARCHIVES, kept_archive, manifest_of, usual_days
from bench.load.measure import ROOT, Result, Run, alternate, run_process
from bench.load.messages import Shape
from bench.load.ours import CALL_TABLES, Project, step_seconds

LINES_PER_OBJECT: Final = 50_000
SMALL_OBJECT_LINES: Final = 100
PEERS_PYTHON: Final = ROOT / ".make" / "peers" / "bin" / "python"
PEERS: Final = ("polars", "pandas", "dlt")


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line decides."""

    events: int
    runs: int
    memory: str
    objects: int
    history: int
    without: tuple[str, ...]


def size(options: Options) -> Result:
    """The usual archive into a new warehouse, beside the yardstick."""
    archive = usual_archive(options.events)
    runs = alternate(options.runs, lambda: _yardstick(archive), lambda: _ours(archive))
    return Result(runs, "yardstick", _steps(runs))


def memory(options: Options) -> Result:
    """The usual archive with the memory setting lowered, beside the yardstick and the default setting."""
    archive, variant = usual_archive(options.events), f"ours, memory {options.memory}"
    runs = alternate(
        options.runs,
        lambda: _yardstick(archive),
        lambda: _ours(archive),
        lambda: _ours(archive, variant, memory=options.memory),
    )
    return Result(runs, "yardstick", [])


def small_objects(options: Options) -> Result:
    """The same messages in objects of 50,000 and of 100 lines; ratios are to the large objects."""
    large = usual_archive(options.events)
    small = kept_archive(f"{_label(options.events)}-small-objects", _usual(options.events), SMALL_OBJECT_LINES)
    names = [f"ours, {manifest_of(folder)['counts']['objects']:,} objects" for folder in (large, small)]
    runs = alternate(
        options.runs,
        lambda: _yardstick(large),
        lambda: _ours(large, names[0]),
        lambda: _ours(small, names[1]),
    )
    return Result(runs, names[0], _steps(runs))


def nothing_new(options: Options) -> Result:
    """A load that finds all of its objects known; ratios are to the first load of them."""
    shape = Shape(events=options.objects, is_narrow=True, copies=0.0, bad=0.0)
    archive = kept_archive(f"{_label(options.objects)}-tiny-objects", shape, 1)
    with _scratch() as folder:
        project = Project(folder, str(archive))
        runs = [project.load("first load", options.objects)]
        notes = _checked(project, archive)
        runs += [project.load("nothing new", options.objects) for _ in range(options.runs)]
    return Result(runs, "first load", notes)


def history(options: Options) -> Result:
    """One more day against a warehouse with many ids, beside a scan of those ids."""
    if options.history % options.events:
        raise SystemExit("--history must be a multiple of --events: a stored day is as long as the day that is added")
    before = _history_archive(options)
    stored = _history_warehouse(before)
    shape = _day_after(options)
    archive = kept_archive(f"{_label(options.events)}-after-{_label(options.history)}", shape, LINES_PER_OBJECT)

    def onto_history(variant: str, program: str) -> Run:
        with _scratch() as folder:
            project = Project(folder, str(archive))
            shutil.copyfile(stored, project.warehouse)
            run = project.load(variant, options.events, program)
            _checked(project, before, archive)
        return run

    runs = alternate(
        options.runs,
        lambda: _measured_inside("ids", "scan of stored ids", options.history, stored),
        lambda: _ours(archive, "ours, new warehouse", is_alone=False),
        lambda: onto_history("ours, onto history", "loader"),
        lambda: onto_history("ours, steps in turn", "bench.load.in_turn"),
    )
    return Result(runs, "scan of stored ids", [*_dedupe_notes(runs), *_steps(runs)])


def s3(options: Options) -> Result:
    """The same objects from a local S3 server and from the folder; ratios are to the folder."""
    archive = usual_archive(options.events)
    with _s3_server(ARCHIVES) as endpoint_url:
        runs = alternate(
            options.runs,
            lambda: _ours(archive, "ours, folder"),
            lambda: _ours(archive, "ours, S3", uri=f"s3://{archive.name}/", endpoint_url=endpoint_url),
        )
    return Result(runs, "ours, folder", ["the S3 server runs on the same cores, and its CPU is not in the table"])


def odd(options: Options) -> Result:
    """300 event names, 2,000 properties, 10 % odd lines, beside the usual archive; ratios are to its yardstick."""
    usual = usual_archive(options.events)
    shape = replace(_usual(options.events), event_names=300, properties=2_000, odd=0.10)
    strange = kept_archive(f"{_label(options.events)}-odd", shape, LINES_PER_OBJECT)
    runs = alternate(
        options.runs,
        lambda: _yardstick(usual),
        lambda: _ours(usual),
        lambda: _yardstick(strange, "yardstick, odd"),
        lambda: _ours(strange, "ours, odd"),
    )
    return Result(runs, "yardstick", _steps(runs))


def peers(options: Options) -> Result:
    """The same files by other means, each of which does less; ratios are to ours. Whole processes on both sides."""
    archive = usual_archive(options.events)
    chosen = [name for name in PEERS if name not in options.without]
    if chosen and not PEERS_PYTHON.exists():
        raise SystemExit("the peers are not installed: make bench-peers")
    steps: list[Callable[[], Run]] = [lambda: _yardstick(archive), lambda: _ours(archive)]
    steps += [lambda name=name: _peer(name, archive) for name in chosen]  # type: ignore[misc]
    runs = alternate(options.runs, *steps)
    notes = [
        f"{run.variant}: {run.report['tables']} tables, {run.report['rows']:,} rows"
        for run in runs[: len(steps)]
        if run.variant in PEERS
    ]
    return Result(runs, "ours", notes)


SCENARIOS: Final[dict[str, Callable[[Options], Result]]] = {
    "size": size,
    "memory": memory,
    "small-objects": small_objects,
    "nothing-new": nothing_new,
    "history": history,
    "s3": s3,
    "odd": odd,
    "peers": peers,
}


def usual_archive(events: int) -> Path:
    """The archive of that many messages that most scenarios read."""
    return kept_archive(_label(events), _usual(events), LINES_PER_OBJECT)


def _usual(events: int) -> Shape:
    return Shape(events=events, days=usual_days(events))


def _label(count: int) -> str:
    """`100k`, `1m`, `1500`: also a legal bucket name."""
    for unit, letter in ((1_000_000, "m"), (1_000, "k")):
        if count >= unit and count % unit == 0:
            return f"{count // unit}{letter}"
    return str(count)


@contextmanager
def _scratch() -> Iterator[Path]:
    """A folder for one run beside the archives, so that both are on one disk."""
    ARCHIVES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ARCHIVES, prefix=".run-") as folder:
        yield Path(folder)


def _yardstick(archive: Path, variant: str = "yardstick") -> Run:
    with _scratch() as folder:
        lines = manifest_of(archive)["counts"]["lines"]
        return _measured_inside("envelope", variant, lines, archive, folder / "yardstick.duckdb")


def _measured_inside(command: str, variant: str, events: int, *paths: Path) -> Run:
    """A yardstick's run with the times it took itself: without starting Python, which ours pays for."""
    arguments = [sys.executable, "-m", "bench.load.yardstick", command, *map(str, paths)]
    run = run_process(variant, arguments, events)
    return replace(run, wall_seconds=run.report["wall_seconds"], cpu_seconds=run.report["cpu_seconds"])


def _ours(archive: Path, variant: str = "ours", uri: str | None = None, is_alone: bool = True, **settings: Any) -> Run:
    """Load the archive into a new warehouse. Raises when the tables do not hold what the manifest says.

    An archive that repeats messages of another one is not `is_alone`: without that one its copies are new messages.
    """
    with _scratch() as folder:
        environment = _S3_ENVIRONMENT if uri else {}
        project = Project(folder, uri or str(archive), environment=environment, **settings)
        run = project.load(variant, manifest_of(archive)["counts"]["lines"])
        if is_alone:
            _checked(project, archive)
    return run


def _checked(project: Project, *archives: Path) -> list[str]:
    """A note of the rows loaded. Raises when a call table has not exactly the distinct messages of the archives."""
    manifests = [manifest_of(archive)["counts"] for archive in archives]
    expected = {call: sum(counts.get(call, 0) for counts in manifests) for call in CALL_TABLES}
    command = [sys.executable, "-m", "bench.load.yardstick", "counts", str(project.warehouse)]
    found = run_process("counts", command, 0).report
    wrong = {
        table: (found.get(table, 0), expected[call])
        for call, table in CALL_TABLES.items()
        if found.get(table, 0) != expected[call]
    }
    if wrong:
        raise SystemExit(f"{archives[-1].name}: rows found and expected differ: {wrong}")
    return [f"{len(found)} tables, {sum(found.values()):,} rows, as the manifest says"]


def _peer(name: str, archive: Path) -> Run:
    with _scratch() as folder:
        arguments = [str(PEERS_PYTHON), "-m", f"bench.load.peers.{name}_peer", str(archive), str(folder / "w.duckdb")]
        return run_process(name, arguments, manifest_of(archive)["counts"]["lines"])


def _steps(runs: list[Run]) -> list[str]:
    """Seconds per step of the last run of each of our variants, as its report says."""
    last = {run.variant: step_seconds(run.report) for run in runs}
    return [
        f"{variant}: " + ", ".join(f"{name} {seconds:.2f} s" for name, seconds in steps.items())
        for variant, steps in last.items()
        if steps
    ]


def _dedupe_notes(runs: list[Run]) -> list[str]:
    """The dedupe step against the scan, and the memory that history costs, each round by itself.

    The scan has both cores for itself, so the step is also timed without normalizing beside it.
    """
    scans, fresh, onto, in_turn = (
        [run for run in runs if run.variant == name]
        for name in (
            "scan of stored ids",
            "ours, new warehouse",
            "ours, onto history",
            "ours, steps in turn",
        )
    )
    notes = []
    for scan, new, beside, alone in zip(scans, fresh, onto, in_turn, strict=True):
        steps = [
            f"{(seconds := step_seconds(run.report)['dedupe']):.2f} s, {seconds / scan.wall_seconds:.2f} × the scan"
            for run in (alone, beside)
        ]
        more = beside.peak_mib - new.peak_mib
        notes.append(
            f"dedupe step alone {steps[0]}; beside normalizing {steps[1]}; {more:+,.0f} MiB over a new warehouse"
        )
    return notes


def _history_archive(options: Options) -> Path:
    """Short messages; as many a day as the added day has, so that ids of both archives are made alike."""
    days = options.history // options.events
    shape = Shape(events=options.history, days=days, start_day="2026-01-01", is_narrow=True, copies=0.0, bad=0.0)
    return kept_archive(f"{_label(options.history)}-narrow", shape, LINES_PER_OBJECT)


def _history_warehouse(archive: Path) -> Path:
    """A warehouse of that archive, loaded once and kept beside it."""
    folder = ARCHIVES / f"history-{archive.name}"
    warehouse = folder / "warehouse.duckdb"
    complete = folder / "complete"
    manifest = manifest_of(archive)
    if not complete.exists() or json.loads(complete.read_text()) != manifest:
        shutil.rmtree(folder, ignore_errors=True)
        print(f"loading {manifest['counts']['lines']:,} messages to make a history", flush=True)
        project = Project(folder, str(archive))
        project.load("history", manifest["counts"]["lines"])
        _checked(project, archive)
        complete.write_text(json.dumps(manifest))
    return warehouse


def _day_after(options: Options) -> Shape:
    """A day that goes on where the history ends, with one line in 500 a copy of a message of the history."""
    day = date(2026, 1, 1) + timedelta(days=options.history // options.events)
    return Shape(events=options.events, first_event=options.history, start_day=day.isoformat(), history_copies=0.002)


_S3_ENVIRONMENT: Final = {
    "AWS_ACCESS_KEY_ID": "benchkey",
    "AWS_SECRET_ACCESS_KEY": "benchsecret",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


@contextmanager
def _s3_server(root: Path) -> Iterator[str]:
    """A real S3 server on a local folder, whose folders are its buckets; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    keys = f"{_S3_ENVIRONMENT['AWS_ACCESS_KEY_ID']},{_S3_ENVIRONMENT['AWS_SECRET_ACCESS_KEY']}"
    rclone = Path(sys.executable).with_name("rclone")
    command = [str(rclone), "serve", "s3", "--addr", address, "--auth-key", keys, "--config", os.devnull, str(root)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(address)
        yield f"http://{address}"
    finally:
        server.terminate()
        server.wait()


def _wait_for(address: str, seconds: float = 30.0) -> None:
    host, port = address.split(":")
    until = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return
