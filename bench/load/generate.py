"""Write an archive of realistic messages in the Segment layout, with a manifest of what is in it.

    python -m bench.load.generate FOLDER --events 1000000

The same options give the same bytes, however many processes write them, and the same messages, however many lines an
object has. `manifest.json` beside the archive holds the options and exact counts, so that a load can be checked.
"""

import argparse
import gzip
import hashlib
import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from bench.load.messages import DAY_MS, Shape, Writer

SOURCE_ID: Final = "9nTs803scCpErML4mXYjy6"
ARCHIVES: Final = Path(__file__).resolve().parent.parent / ".archives"
_PIECE_LINES: Final = 2_000
_COMPRESSION: Final = 6


@dataclass(frozen=True, slots=True)
class ObjectPlan:
    """Lines `start` to `end` (exclusive) are one object of the day `day`, counted from the first day."""

    start: int
    end: int
    day: int


def plan_objects(shape: Shape, lines_per_object: int) -> Iterator[ObjectPlan]:
    """Every object of the archive; none holds lines of two days."""
    for day in range(shape.days):
        low, high = (shape.first_event + shape.events * at // shape.days for at in (day, day + 1))
        for start in range(low, high, lines_per_object):
            yield ObjectPlan(start, min(high, start + lines_per_object), day)


def write_objects(shape: Shape, plans: Sequence[ObjectPlan], folder: Path) -> Counter[str]:
    """Write these objects and count their lines, messages and bytes."""
    writer = Writer(shape)
    for plan in plans:
        path = folder / _key(shape, writer, plan)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as raw, gzip.GzipFile("", "wb", _COMPRESSION, raw, mtime=0) as packed:
            for start in range(plan.start, plan.end, _PIECE_LINES):
                lines = map(writer.line, range(start, min(plan.end, start + _PIECE_LINES)))
                piece = ("\n".join(lines) + "\n").encode()
                writer.counts["raw_bytes"] += len(piece)
                packed.write(piece)
        writer.counts["gzip_bytes"] += path.stat().st_size
        writer.counts["objects"] += 1
        writer.counts["lines"] += plan.end - plan.start
    return writer.counts


def _key(shape: Shape, writer: Writer, plan: ObjectPlan) -> str:
    day_ms = writer.start_ms + plan.day * DAY_MS
    name = hashlib.md5(f"{shape.seed}/{plan.start}/{plan.end}".encode()).hexdigest()
    return f"segment-logs/{SOURCE_ID}/{day_ms}/{name}.gz"


def write_archive(folder: Path, shape: Shape, lines_per_object: int, processes: int | None = None) -> dict[str, Any]:
    """Write the whole archive and its manifest, replacing what is there; returns the manifest."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    plans = list(plan_objects(shape, lines_per_object))
    workers = processes or os.cpu_count() or 1
    each = max(1, min(250, len(plans) // (workers * 4)))
    tasks = [plans[at : at + each] for at in range(0, len(plans), each)]
    counts: Counter[str] = Counter()
    with ProcessPoolExecutor(workers) as pool:
        for written in pool.map(write_objects, [shape] * len(tasks), tasks, [folder] * len(tasks)):
            counts.update(written)
    manifest = {"shape": asdict(shape), "lines_per_object": lines_per_object, "counts": dict(sorted(counts.items()))}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    return manifest


def kept_archive(name: str, shape: Shape, lines_per_object: int) -> Path:
    """The folder of that archive below `bench/.archives`, written first when it is not there as asked for."""
    folder = ARCHIVES / name
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        manifest = {}
    if (manifest.get("shape"), manifest.get("lines_per_object")) != (asdict(shape), lines_per_object):
        print(f"writing archive {name}: {shape.events:,} lines, {lines_per_object:,} per object", flush=True)
        write_archive(folder, shape, lines_per_object)
    return folder


def manifest_of(folder: Path) -> dict[str, Any]:
    """What `write_archive` noted about the archive in that folder."""
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return manifest


def usual_days(events: int) -> int:
    """Days that archives of the benchmark span: one for every 200,000 lines."""
    return max(1, events // 200_000)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.load.generate", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lines-per-object", type=int, default=50_000)
    parser.add_argument("--processes", type=int, default=None)
    for option in fields(Shape):
        flag = "--" + option.name.replace("_", "-")
        if option.name == "is_narrow":
            parser.add_argument("--narrow", dest="is_narrow", action="store_true", help="short messages, 500 bytes")
        elif option.name == "events":
            parser.add_argument(flag, type=int, default=100_000)
        elif option.name == "days":
            parser.add_argument(flag, type=int, default=None, help="default: one for every 200,000 lines")
        else:
            parser.add_argument(flag, type=type(option.default), default=option.default)
    chosen = parser.parse_args(arguments)
    options = {option.name: getattr(chosen, option.name) for option in fields(Shape)}
    options["days"] = chosen.days or usual_days(chosen.events)
    started = time.perf_counter()
    manifest = write_archive(chosen.folder, Shape(**options), chosen.lines_per_object, chosen.processes)
    counts = manifest["counts"]
    print(json.dumps(counts, indent=1))
    print(
        f"{counts['raw_bytes'] / counts['lines']:.0f} bytes per line, {counts['gzip_bytes'] / counts['lines']:.0f} "
        f"gzipped, written in {time.perf_counter() - started:.1f} s"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
