"""The commands that write: load, verify, rebuild, publish and quarantine retry. Each calls one job."""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any, Final

from loader.commands.output import Output, shortened
from loader.commands.progress import Progress
from loader.config import Config, SourceSettings
from loader.core.days import Days
from loader.errors import LoaderError, TerminalError, TransientError

_MOST_NAMES: Final = 30
"""New tables or columns that are named; `loader schema` shows all of them."""
# Counts that are printed first, in this order.
COUNTS = (
    "objects",
    "lines",
    "blank",
    "messages",
    "duplicates",
    "conflicts",
    "plain_lines",
    "exact_lines",
    "bytes_read",
    "seconds",
)

# What is printed below the counts of a load that set something aside.
_HINTS: Final = {
    "quarantined": "`loader quarantine list` shows the quarantined lines",
    "discards": "`loader discards --values` shows the discarded values",
}


def load(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Load what is new in one source, or in all sources."""
    results, code = load_sources(_chosen(arguments.source, config), arguments, config, output)
    copy: dict[str, Any] = {}
    if not arguments.dry_run and is_any_loaded(results):
        copy, code = published(config, output, code)
    output.result({"sources": results, "dry_run": arguments.dry_run, **copy, "exit_code": code})
    return code


def load_sources(
    chosen: Sequence[SourceSettings], arguments: argparse.Namespace, config: Config, output: Output
) -> tuple[dict[str, Any], int]:
    """Load these sources, one after another, and print their reports. Returns the reports and the exit code."""
    from loader.jobs.load import load_source

    results: dict[str, Any] = {}
    code = 0
    with Progress(output.as_json) as progress:
        for source in chosen:
            try:
                report = load_source(
                    config,
                    source,
                    days=Days(arguments.start, arguments.until),
                    dry_run=arguments.dry_run,
                    progress=progress,
                )
            except (TransientError, TerminalError) as error:
                # If one source cannot be read, the others are loaded all the same.
                if len(config.sources) == 1 or len(chosen) < len(config.sources):
                    raise
                code = max(code, error.exit_code)
                progress.clear()
                results[source.name] = failure(error, output)
                continue
            results[source.name] = report.as_dict()
            code = max(code, report.exit_code(arguments.strict))
            progress.clear()
            _print_report(f"{source.name}{' (dry run)' if arguments.dry_run else ''}", results[source.name], output)
    for name, hint in _HINTS.items():
        if not arguments.dry_run and any(report.get(name) for report in results.values()):
            output.line(hint)
    return results, code


def verify(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Read the archive again and compare every object's counts with what is in the warehouse."""
    from loader.jobs.verify.source import verify_source

    return _each(arguments, config, output, lambda source: verify_source(config, source, is_whole=arguments.whole))


def retry(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Load quarantined lines again: those that today's rules accept become rows."""
    from loader.jobs.retry import retry_quarantine

    return _each(arguments, config, output, lambda source: retry_quarantine(config, source))


def rebuild(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Reload a source, or one of its tables, from the archive with today's rules."""
    from loader.jobs.rebuild import rebuild as rebuild_job

    name, table = _source_and_table(arguments.target, config)
    report = rebuild_job(config, config.source(name), table, Days(arguments.start, arguments.until))
    _print_report(arguments.target, report.as_dict(), output)
    code = report.exit_code()
    output.result({"sources": {name: report.as_dict()}, "table": table, "exit_code": code})
    return code


def publish(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Replace the read-only copy of the warehouse."""
    from loader.jobs.publish import publish as publish_job

    result = publish_job(config).as_dict()
    output.line(f"published {result['path']}")
    output.result(result)
    return 0


def is_any_loaded(reports: Mapping[str, Any]) -> bool:
    """Whether at least one source was loaded without an error."""
    return any("error" not in report for report in reports.values())


def published(config: Config, output: Output, code: int) -> tuple[dict[str, Any], int]:
    """Replace the read-only copy, if one is configured. Returns its entry of the result and the new exit code.

    A failure is reported in the entry, so that the report of what was done before is not lost.
    """
    if config.publish is None:
        return {}, code
    from loader.jobs.publish import publish as publish_job

    try:
        report = publish_job(config).as_dict()
    except LoaderError as error:
        return {"published": failure(error, output)}, max(code, error.exit_code)
    output.line(f"published {config.publish.path}")
    return {"published": report}, code


def _each(arguments: argparse.Namespace, config: Config, output: Output, job: Any) -> int:
    results: dict[str, Any] = {}
    code = 0
    for source in _chosen(arguments.source, config):
        report = job(source)
        results[source.name] = report.as_dict()
        code = max(code, report.exit_code())
        _print_report(source.name, results[source.name], output)
    output.result({"sources": results, "exit_code": code})
    return code


def _chosen(name: str | None, config: Config) -> Sequence[SourceSettings]:
    return config.sources if name is None else (config.source(name),)


def _source_and_table(target: str, config: Config) -> tuple[str, str | None]:
    """Split `web` or `web.tracks`. The name of a source may itself contain a dot; the longest match wins."""
    if target in {source.name for source in config.sources}:
        return target, None
    name, _, table = target.rpartition(".")
    return (name, table) if name else (target, None)


def failure(error: LoaderError, output: Output) -> dict[str, object]:
    """Print an error after which the command goes on. Returns its entry of the result."""
    output.line(f"error: {error}")
    return {"error": {"kind": type(error).__name__, "what": error.what, "where": error.where, "fix": error.fix}}


def _print_report(title: str, report: Mapping[str, Any], output: Output) -> None:
    """Print the counts, then the counts per table and per reason, then everything that needs attention."""
    listed = [(name.replace("_", " "), report[name]) for name in COUNTS if report.get(name) is not None]
    plain = [(name.replace("_", " "), value) for name, value in report.items() if _is_extra_count(name, value)]
    output.table(("count", "value"), [(name, _number(value)) for name, value in [*listed, *plain]], title)
    for name, heading in (("rows", "rows"), ("quarantined", "quarantined lines"), ("discards", "discarded values")):
        if isinstance(report.get(name), Mapping) and report[name]:
            output.line()
            pairs = [(key, _number(value)) for key, value in sorted(dict(report[name]).items())]
            output.table((heading, "count"), pairs)
    if report.get("warning_counts"):
        counts = ", ".join(f"{name} {_number(count)}" for name, count in dict(report["warning_counts"]).items())
        output.line(f"warning counts: {counts}")
    for name in ("new_tables", "new_columns"):
        if report.get(name):
            output.line(f"{name.replace('_', ' ')}: {shortened(sorted(report[name]), _MOST_NAMES)}")
    for name in ("schema_changes", "warnings", "failed_objects", "mismatches"):
        for item in report.get(name) or ():
            output.line(f"{name.replace('_', ' ')}: {_item(item)}")


def _is_extra_count(name: str, value: object) -> bool:
    return name not in COUNTS and isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: object) -> str:
    return f"{value:,.1f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def _item(item: object) -> str:
    if isinstance(item, Mapping):
        return ", ".join(f"{key} {value}" for key, value in item.items())
    return ".".join(str(part) for part in item) if isinstance(item, tuple | list) else str(item)
