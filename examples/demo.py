"""`make demo`: loads the bundled archives into ./demo/warehouse.duckdb, makes the models, and prints what they say."""

import argparse
import contextlib
import io
import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from loader.cli import main as loader
from loader.config import Config, load_config
from loader.core.plurals import counted
from loader.core.tables import CALL_TABLE, CALL_TABLES, LATEST_TABLES
from loader.inventory import row_count, tables
from loader.reading import Reader, open_reader

HERE = Path(__file__).resolve().parent
DATA = HERE / "data"
MOST_EVENT_TABLES = 10
NEXT = """\
Four things to try next
  the same project in Dagster, on http://127.0.0.1:3000
    make dev
  a query
    {loader} sql --config {config} "select event, count(*) from web.tracks group by all order by 2 desc limit 5"
  pictures of all of it, as one HTML page
    {loader} report --config {config}
  a first configuration for your own bucket or folder
    {loader} init mine
"""

Rows = Mapping[str, Mapping[str, int]]
"""Rows of every table, by source."""


def write_project(folder: Path) -> Path:
    """The configuration of the demo in `folder`, unless there is one. Archives are named relative to it."""
    config = folder / "loader.yaml"
    if not config.exists():
        folder.mkdir(parents=True, exist_ok=True)
        data = Path(os.path.relpath(DATA, folder.resolve())).as_posix()
        text = (HERE / "demo.yaml").read_text(encoding="utf-8").replace("./data/", f"{data}/")
        config.write_text(text, encoding="utf-8")
    return config


def run(config: Path, *words: str) -> tuple[int, dict[str, Any]]:
    """One command with `--json`: its exit code and its result. Ends the demo where the command ends with an error."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        code = loader(["--config", str(config), "--json", *words])
    result = json.loads(printed.getvalue())
    if "error" in result:
        sys.exit(code)  # the sentence is on standard error already
    return code, result


def table(lines: Iterable[Iterable[object]]) -> None:
    """Aligned columns: texts to the left, numbers to the right."""
    texts = [[f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for line in texts:
        first, *others = (
            text.ljust(width) if index == 0 else text.rjust(width)
            for index, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        print("  " + "  ".join([first, *others]).rstrip())
    print()


def load(config_file: Path, config: Config) -> int:
    """Load what is new of every source, and say what was read. Returns the number of objects."""
    print(f"Loading into {config.warehouse.path}")
    lines: list[list[object]] = [["source", "objects", "lines", "seconds"]]
    for source in config.sources:
        code, result = run(config_file, "load", source.name)
        if code:
            sys.exit(f"loading {source.name} ended with exit code {code}: {json.dumps(result)}")
        report = result["sources"][source.name]
        lines.append([source.name, report["objects"], report["lines"], f"{report['seconds']:.1f}"])
    objects = sum(int(str(line[1])) for line in lines[1:])
    if objects:
        table(lines)
    else:
        print("  nothing new was found: every object of the archives is loaded already\n")
    return objects


def count_rows(reader: Reader, config: Config) -> Rows:
    """Rows of every table."""
    return {
        source.name: {name: row_count(reader, found) for name, found in tables(reader, source).items()}
        for source in config.sources
    }


def show_rows(rows: Rows) -> None:
    """Call tables by source, and the largest event tables."""
    print("Rows per table")
    names = (*CALL_TABLES, *LATEST_TABLES)
    table([["source", *names], *([source, *(found.get(name, 0) for name in names)] for source, found in rows.items())])
    events = {
        f"{source}.{name}": count
        for source, found in rows.items()
        for name, count in found.items()
        if name not in names
    }
    print(f"The {MOST_EVENT_TABLES} largest of {len(events)} event tables")
    table(sorted(events.items(), key=lambda item: (-item[1], item[0]))[:MOST_EVENT_TABLES])


def show_set_aside(reader: Reader) -> None:
    """What did not become a row of its own, or not as it was sent."""
    print("Accounted for beside the rows")
    copies, conflicts = (
        int(str(reader.query(query).rows[0][0]))
        for query in ("select count(*) from _loader.copies", "select count(*) from _loader.conflicts")
    )
    lines: list[list[object]] = [["duplicates: further copies of a message", copies]]
    lines.append(["  of them conflicts: their content differs", conflicts])
    for what, report in (("quarantined lines", "quarantine_reasons"), ("discarded values", "discard_reasons")):
        reasons: Counter[str] = Counter()
        for row in reader.report(report, {"source": None}).records():
            reasons[str(row["reason"])] += int(str(row["count"]))
        lines.append([what, reasons.total()])
        lines += [[f"  {reason}", count] for reason, count in reasons.most_common()]
    table(lines)


def expectations() -> dict[str, dict[str, Any]]:
    """What plain Python counted in the archives, by source id."""
    files = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(DATA.glob("*/expected.json"))]
    return {source_id: counts for file in files for source_id, counts in file["sources"].items()}


def compare(reader: Reader, config: Config, rows: Rows) -> bool:
    """Compare the tables with expected.json of the archives; say what was compared."""
    print("Compared with what plain Python counted in the archives (expected.json)")
    expected = expectations()
    lines, wrong = [], []
    for source in config.sources:
        want = expected[str(source.archive.source_id)]["distinct_by_type"]
        got = {call: rows[source.name].get(name, 0) for call, name in CALL_TABLE.items()}
        got = {call: count for call, count in got.items() if count}
        lines.append([f"{source.name}: messages, and each call", sum(got.values()), verdict(got == want)])
        wrong += [] if got == want else [f"  {source.name}: {want} expected, {got} found"]
    business = json.loads((DATA / "cdnow-archive" / "expected.json").read_text(encoding="utf-8"))["business"]
    revenue = Decimal(business["Order Completed"]["revenue"]["exact_sum_by_currency"]["USD"])
    found = reader.query("select sum(revenue::decimal(18, 2)) from music_shop.order_completed").rows[0][0]
    lines.append(["music_shop: revenue in USD, to the cent", f"{found:,}", verdict(found == revenue)])
    wrong += [] if found == revenue else [f"  revenue: {revenue} expected, {found} found"]
    table(lines)
    print("\n".join([*wrong, ""]) if wrong else "", end="")
    return not wrong


def verdict(is_right: bool) -> str:
    """One word."""
    return "OK" if is_right else "DIFFERENT"


def verify(config_file: Path) -> bool:
    """What `loader verify` says: it reads the archives again and recounts every object."""
    code, result = run(config_file, "verify")
    objects = sum(int(report.get("objects") or 0) for report in result["sources"].values())
    print(f"loader verify: {'every one' if code == 0 else 'NOT every one'} of {objects:,} objects adds up\n")
    return code == 0


def make_models(config_file: Path) -> bool:
    """Make the models from what is loaded; whether no check failed."""
    code, result = run(config_file, "models", "run")
    made, outcome = len(result["models"]), "no check failed" if code == 0 else "CHECKS FAILED"
    print(f"loader models run: {made} tables in the schema `models`, {outcome}")
    for check in result["checks"]:
        if check["severity"] == "warn" and not check["passed"]:
            print(f"  {check['model']}.{check['check']} warns of {counted(check['failures'], 'row')}")
    print()
    return code == 0


def show_models(reader: Reader) -> None:
    """A few answers: people, money by attribution, and who will come back."""
    (people,) = reader.query("select count(distinct canonical_segment_id) from models.id_graph").rows[0]
    (sessions,) = reader.query("select count(*) from models.sessions").rows[0]
    (orders, net) = reader.query("select count(*), sum(net) from models.orders where not is_removed").rows[0]
    table([["people", people], ["sessions", sessions], ["orders", orders], ["  net, USD", f"{net:,.2f}"]])
    models = ("first", "last", "linear")
    print("Revenue of campaigns in USD, by three of eight attribution models")
    sums = ", ".join(f"coalesce(sum(revenue) filter (where model = '{model}'), 0)" for model in models)
    rows = reader.query(
        f"select campaign, {sums} from models.attribution where campaign <> '(none)' "
        "group by campaign order by 4 desc limit 5"
    ).rows
    table([["campaign", *models], *([name, *(f"{value:,.2f}" for value in rest)] for name, *rest in rows)])
    print("Customers of the music shop by what the next 52 weeks should bring (BG/NBD and Gamma-Gamma)")
    rows = reader.query(
        "select u.user_id, s.p_alive, s.expected_orders, s.clv from models.ltv_scores as s "
        "left join models.user_identities as u using (canonical_segment_id) order by s.rank limit 3"
    ).rows
    scores = [[user, f"{alive:.2f}", f"{orders:.1f}", f"{value:,.2f}"] for user, alive, orders, value in rows]
    table([["customer", "alive", "orders", "value"], *scores])


def main() -> int:
    """Write the project if there is none, load, show, compare, verify, make the models."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=HERE.parent / "demo", help="where the project is written")
    parser.add_argument("--project-only", action="store_true", help="write the project, load nothing")
    arguments = parser.parse_args()
    config_file = write_project(arguments.folder)
    if arguments.project_only:
        return 0
    config = load_config(config_file)
    objects = load(config_file, config)
    with open_reader(config) as reader:
        rows = count_rows(reader, config)
        show_rows(rows)
        show_set_aside(reader)
        is_right = compare(reader, config, rows)
    # Nothing new: the proof of the run before still holds.
    is_right = (not objects or verify(config_file)) and is_right
    is_right = make_models(config_file) and is_right
    with open_reader(config) as reader:
        show_models(reader)
    command, shown = ".venv/bin/loader", os.path.relpath(config_file)
    print(NEXT.format(loader=command, config=shown), end="")
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
