"""The commands that show what is loaded: status, schema, quarantine list, quarantine show, discards."""

import argparse
import base64
import re
from collections.abc import Mapping
from typing import Any

from loader.commands.output import Output
from loader.config import Config
from loader.errors import ConfigError, TerminalError
from loader.reading import Answer, Reader, open_reader

_REF = re.compile(r"(\d+):(\d+)(?::(\d+))?")


def status(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Show up to which day each source is loaded, what failed, what was set aside, and the options that were used."""
    values = {"source": _known(arguments.source, config)}
    with open_reader(config) as reader:
        sources = reader.report("status", values)
        options = reader.report("options", values)
        failed = reader.report("failed_objects", values)
        run = _last_run_of_models(reader, config)
    rows = sources.records()
    seen = {row["source"] for row in rows}
    missing = [s.name for s in config.sources if s.name not in seen and values["source"] in (None, s.name)]
    for row in rows:
        title = f"{row.pop('source')}"
        output.table(("", ""), [(name.replace("_", " "), value) for name, value in row.items()], title)
        output.line()
    for name in missing:
        output.line(f"{name}: nothing loaded yet; run `loader load {name}`")
    if len(options.rows) > len(seen):
        output.table(options.columns, options.rows, "options under which the history was loaded")
    if failed.rows:
        output.table(failed.columns, failed.rows, "objects that could not be read to their end")
    if values["source"] is None:
        _print_run(run, output)
    output.result(
        {
            "sources": sources.records(),
            "not_loaded": missing,
            "options": options.records(),
            "failed_objects": failed.records(),
            "models": run,
        }
    )
    return 0


def _last_run_of_models(reader: Reader, config: Config) -> dict[str, Any] | None:
    """The newest run; None before the first run, and if the warehouse is older than the table of runs."""
    tables = {row[0] for row in reader.report("columns", {"schema": config.system_schema, "source": None}).rows}
    records = reader.report("model_runs").records() if "model_runs" in tables else []
    return records[0] if records else None


def _print_run(run: Mapping[str, Any] | None, output: Output) -> None:
    if run is None:
        output.line("models: not made yet; run `loader models run`")
        return
    shown = [(name.replace("_", " "), value) for name, value in run.items() if value is not None]
    output.table(("", ""), shown, "models")
    output.line()


def schema(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Show tables, columns and types, and how often and when each was seen."""
    with open_reader(config) as reader:
        answer = reader.report("schema", {"source": _known(arguments.source, config)})
    if arguments.csv:
        output.csv(answer.columns, answer.rows)
        return 0
    output.table(answer.columns, answer.rows, is_verbatim=True)
    output.result({"columns": answer.records()}, is_verbatim=True)
    return 0


def quarantine_list(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """List quarantined lines: how many there are for each reason, and where they are."""
    source = _known(arguments.source, config)
    with open_reader(config) as reader:
        reasons = reader.report("quarantine_reasons", {"source": source})
        lines = reader.report(
            "quarantine_list", {"source": source, "reason": arguments.reason, "limit": arguments.limit}
        )
    if not reasons.rows:
        output.line("nothing is in quarantine")
    else:
        output.table(reasons.columns, reasons.rows, is_verbatim=True)
        output.line()
        output.table(lines.columns, lines.rows, is_verbatim=True)
        output.line("`loader quarantine show REF` prints one line; `loader quarantine retry` loads them again")
    output.result({"reasons": reasons.records(), "lines": lines.records()}, is_verbatim=True)
    return 0


def quarantine_show(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Show one quarantined line with its text and its place."""
    match = _REF.fullmatch(arguments.ref)
    if match is None:
        raise ConfigError(
            f"{arguments.ref!r} is not a reference",
            "REF",
            "use OBJECT:LINE or OBJECT:LINE:ITEM of `loader quarantine list`",
        )
    place = {"object_id": int(match[1]), "line": int(match[2]), "item": int(match[3] or 0)}
    with open_reader(config) as reader:
        answer = reader.report("quarantine_show", place)
    if not answer.rows:
        raise TerminalError(
            "there is no such line in quarantine",
            arguments.ref,
            "see `loader quarantine list`; it may be loaded by now",
        )
    record = answer.records()[0]
    output.table(
        ("", ""), [(name.replace("_", " "), value) for name, value in record.items() if name != "raw"], is_verbatim=True
    )
    output.line()
    output.line(_raw_text(record))
    output.result({"line": record}, is_verbatim=True)
    return 0


def _raw_text(record: dict[str, Any]) -> str:
    """The line as text; bytes that are not text appear as escapes."""
    raw = record["raw"] or ""
    if record["raw_encoding"] != "base64":
        return str(raw)
    return base64.b64decode(raw).decode("utf-8", "backslashreplace")


def discards(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Show discards: how many there are for each column and reason, or the values themselves."""
    source = _known(arguments.source, config)
    with open_reader(config) as reader:
        reasons = reader.report("discard_reasons", {"source": source})
        values = _values(reader, arguments, source) if arguments.values else None
    if not reasons.rows:
        output.line("nothing was discarded")
    else:
        shown = values if values is not None else reasons
        output.table(shown.columns, shown.rows, is_verbatim=True)
    output.result(
        {"reasons": reasons.records(), "values": values.records() if values is not None else None}, is_verbatim=True
    )
    return 0


def _values(reader: Reader, arguments: argparse.Namespace, source: str | None) -> Answer:
    return reader.report("discards", {"source": source, "reason": arguments.reason, "limit": arguments.limit})


def _known(name: str | None, config: Config) -> str | None:
    return None if name is None else config.source(name).name
