"""The command line: arguments, exit codes and error output. The commands themselves are in `loader.commands`."""

import argparse
import gc
import logging
import os
import sys
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NoReturn

from loader import __version__
from loader.commands import inspect, loading, models, project, report, run, sql
from loader.commands.logs import set_up_logs
from loader.commands.output import Output
from loader.config import find_config, load_config, redact
from loader.config.base import read_instant
from loader.errors import ConfigError, LoaderError
from loader.warehouses.resources import shortage

_EXIT_CODES = """\
exit codes: 0 done; 1 failed, or finished but recorded a failure; 2 wrong configuration or usage, nothing
touched; 3 stopped by a guard; 4 another process holds the lease or the warehouse file
"""
_FAILED = 1
_COLLECTION_OBJECTS = 100_000
"""New objects after which the garbage collector looks for cycles: the default of 700 costs a small load a twentieth."""
_RESUME = "stopped; what is loaded stays loaded. Run the same command again to go on where it stopped."

_INTERRUPTED = "Query interrupted"
"""The text of the RuntimeError that the engine raises when Ctrl-C ends a statement."""

_Add = Callable[[Any, str, Callable[..., int], str], argparse.ArgumentParser]
"""Adds a command to a group: its name, its function, and its summary."""

logger = logging.getLogger("loader.cli")


class _Parser(argparse.ArgumentParser):
    """Raises wrong usage as a ConfigError, so that `--json` can report it like any other error."""

    def error(self, message: str) -> NoReturn:
        raise ConfigError(message, f"the command line: {self.prog}", f"see `{self.prog} --help`")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day; write it as 2026-01-31") from None


def _day_after(text: str) -> date | None:
    """None after the last day of the calendar."""
    day = _day(text)
    return None if day == date.max else day + timedelta(days=1)


def _instant(text: str) -> str | date | datetime:
    try:
        return read_instant(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} {error}") from None


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return int(text)


def _common() -> argparse.ArgumentParser:
    """Options that may come before or after the command. A default after it must not undo a value before it."""
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--config", metavar="FILE", help="configuration file; else LOADER_CONFIG, else ./loader.yaml")
    common.add_argument("--json", action="store_true", help="print exactly one JSON object on standard output")
    common.add_argument("--log-format", choices=("text", "json"), help="format of the logs on standard error")
    common.add_argument("-v", "--verbose", action="count", help="more logs; tracebacks of unexpected errors")
    return common


def build_parser() -> argparse.ArgumentParser:
    """The whole command line. docs/commands.md is generated from it."""
    common = _common()
    parser = _Parser(
        prog="loader",
        parents=[common],
        description="Turn archived events into tables in a warehouse.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"loader {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def add(group: Any, name: str, job: Callable[..., int], summary: str) -> argparse.ArgumentParser:
        command: argparse.ArgumentParser = group.add_parser(
            name, parents=[common], help=summary, description=summary[0].upper() + summary[1:] + "."
        )
        command.set_defaults(run=job)
        return command

    _add_project_commands(add, commands)
    _add_loading_commands(add, commands)
    _add_models_commands(add, commands)
    _add_run(add, commands)
    _add_looking_commands(add, commands)
    return parser


def _add_project_commands(add: _Add, commands: Any) -> None:
    init = add(commands, "init", project.init, "write a commented loader.yaml, its JSON Schema and .env.example")
    init.add_argument(
        "folder", nargs="?", default=".", metavar="FOLDER", help="folder to write into; the working folder by default"
    )
    init.set_defaults(without_config=True)
    add(commands, "check", project.check, "check configuration, archives and warehouse, and report what is missing")


def _add_days(command: argparse.ArgumentParser) -> None:
    command.add_argument("--from", dest="start", type=_day, metavar="DAY", help="first received day")
    command.add_argument("--to", dest="until", type=_day_after, metavar="DAY", help="last received day (included)")


def _add_source(command: argparse.ArgumentParser) -> None:
    command.add_argument("source", nargs="?", metavar="SOURCE", help="one source; all by default")


def _add_loading_commands(add: _Add, commands: Any) -> None:
    load = add(commands, "load", loading.load, "load what is new in the archive")
    _add_source(load)
    _add_days(load)
    load.add_argument("--dry-run", action="store_true", help="print schema changes and counts; change nothing")
    load.add_argument("--strict", action="store_true", help="exit with 1 if lines went to quarantine")
    verify = add(
        commands, "verify", loading.verify, "read the archive again and compare every object with the warehouse"
    )
    _add_source(verify)
    verify.add_argument("--whole", action="store_true", help="look into every message, not into 2,000 of each object")
    rebuild = add(commands, "rebuild", loading.rebuild, "reload from the archive with today's rules")
    rebuild.add_argument("target", metavar="SOURCE[.TABLE]", help="a source, or one of its tables")
    _add_days(rebuild)
    add(commands, "publish", loading.publish, "replace the read-only copy of the warehouse that publish.path names")


def _add_models_commands(add: _Add, commands: Any) -> None:
    group = commands.add_parser("models", help="make the tables of the SQL models, and describe them")
    below = group.add_subparsers(dest="subcommand", metavar="COMMAND", required=True)
    making = add(below, "run", models.run, "make the models, check them, and replace the old tables all at once")
    making.add_argument(
        "--select",
        nargs="+",
        action="extend",
        metavar="NAME",
        help="only these models; `+NAME` adds what it is made from, `NAME+` what is made from it",
    )
    _add_as_of(making)
    making.add_argument(
        "--dry-run", action="store_true", help="check all SQL against the existing tables; write nothing"
    )
    add(below, "list", models.list_models, "list models and inputs in the order in which they are made")
    docs = add(below, "docs", models.docs, "print graph, columns, checks and lineage as Markdown")
    docs.add_argument("name", nargs="?", metavar="NAME", help="one model or input; the index by default")
    docs.add_argument("--output", metavar="FOLDER", help="write a page for each model and input into this folder")
    export = add(below, "export-dbt", models.export_dbt, "write the models as a dbt project")
    export.add_argument("folder", metavar="FOLDER", help="folder to write into; an earlier export there is replaced")
    export.add_argument(
        "--dialect",
        choices=("duckdb", "postgres", "snowflake"),
        default="duckdb",
        metavar="NAME",
        help="warehouse that dbt will run on",
    )


def _add_run(add: _Add, commands: Any) -> None:
    everything = add(commands, "run", run.run, "load every source, then make all models")
    _add_as_of(everything)
    everything.add_argument(
        "--dry-run", action="store_true", help="print what a load would do and check all SQL; change nothing"
    )
    everything.add_argument("--strict", action="store_true", help="exit with 1 if lines went to quarantine")
    everything.set_defaults(start=None, until=None)


def _add_as_of(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--as-of", type=_instant, metavar="TIME", help="use this instead of `models.as_of`: today, now, a day or a time"
    )


def _add_looking_commands(add: _Add, commands: Any) -> None:
    _add_source(add(commands, "status", inspect.status, "show up to which day is loaded, and what was set aside"))
    schema = add(commands, "schema", inspect.schema, "show tables, columns and types, and when each was seen")
    _add_source(schema)
    schema.add_argument("--csv", action="store_true", help="print comma-separated values")

    group = commands.add_parser("quarantine", help="show lines that are not messages, and load them again")
    quarantine = group.add_subparsers(dest="subcommand", metavar="COMMAND", required=True)
    listed = add(quarantine, "list", inspect.quarantine_list, "list quarantined lines and their reasons")
    shown = add(quarantine, "show", inspect.quarantine_show, "show one quarantined line")
    shown.add_argument("ref", metavar="REF", help="OBJECT:LINE[:ITEM] as `loader quarantine list` prints it")
    _add_source(add(quarantine, "retry", loading.retry, "load quarantined lines again after a fix"))

    discards = add(commands, "discards", inspect.discards, "show values that no column can hold")
    discards.add_argument("--values", action="store_true", help="show the values, not only their number")
    for command in (listed, discards):
        _add_source(command)
        command.add_argument("--reason", metavar="REASON", help="only this reason")
        command.add_argument(
            "--limit", type=_positive, default=50, metavar="N", help="most rows to show; 50 by default"
        )

    page = add(commands, "report", report.report, "write one HTML page that shows what is in the warehouse")
    page.add_argument(
        "--output",
        metavar="FILE",
        default=report.DEFAULT_FILE,
        help=f"file to write; `{report.DEFAULT_FILE}` in the working folder by default",
    )

    shell = add(commands, "sql", sql.sql, "run a query, or open a prompt, on the read-only warehouse")
    shell.add_argument(
        "query", nargs="?", metavar="QUERY", help="a query; without one a prompt opens, where Ctrl-C stops the query"
    )
    shell.add_argument("--csv", action="store_true", help="print comma-separated values")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Raises nothing but the SystemExit of `--help` and `--version`."""
    given = list(sys.argv[1:] if argv is None else argv)
    _open_streams()
    code = _FAILED
    try:
        try:
            code, say = _answered(given)
            say()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else _FAILED
            raise
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our output has gone, as with `| head`: a command that was not done by then has failed.
        _drop_output()
    except OSError as error:
        _drop_output()
        told = shortage(error) or _unexpected(error)
        print(f"error: {told}", file=sys.stderr)
        code = max(code, told.exit_code)
    return code


def _open_streams() -> None:
    """Let a closed stream swallow what is printed, and spell characters that the encoding of a stream lacks."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - as long as the process
        elif isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _drop_output() -> None:
    """Send the rest of the output nowhere; otherwise Python complains at exit about what it could not print."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _answered(given: Sequence[str]) -> tuple[int, Callable[[], None]]:
    """Run the command. Returns its exit code, and a function that prints why it stopped early, if it did."""
    output = Output("--json" in given)
    is_verbose = any(word == "--verbose" or (word[:2] == "-v" and set(word[1:]) == {"v"}) for word in given)
    try:
        return _run(build_parser().parse_args(given)), lambda: None
    except LoaderError as error:
        told = error
    except KeyboardInterrupt:
        return _FAILED, partial(_say_stopped, output)
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - people get a sentence, not a traceback
        if isinstance(error, RuntimeError) and str(error) == _INTERRUPTED:
            return _FAILED, partial(_say_stopped, output)
        if is_verbose:
            logger.exception("unexpected error")
        told = shortage(error) or _unexpected(error)
    return told.exit_code, partial(output.error, told)


def _say_stopped(output: Output) -> None:
    print(f"\n{_RESUME}", file=sys.stderr)
    output.result({"error": {"kind": "Interrupted", "what": _RESUME, "exit_code": _FAILED}})


def _unexpected(error: Exception) -> LoaderError:
    message = redact(str(error)).splitlines()[0] if str(error) else "no message"
    return LoaderError(
        f"unexpected {type(error).__name__}: {message}",
        "this is a defect",
        "run again with -v for the traceback, and report it",
    )


def _run(arguments: argparse.Namespace) -> int:
    gc.set_threshold(_COLLECTION_OBJECTS)
    output = Output(getattr(arguments, "json", False))
    set_up_logs(getattr(arguments, "log_format", "text"), getattr(arguments, "verbose", 0))
    job: Callable[..., int] = arguments.run
    if getattr(arguments, "without_config", False):
        return job(arguments, output)
    start, until = getattr(arguments, "start", None), getattr(arguments, "until", None)
    if start is not None and until is not None and start >= until:
        raise ConfigError(
            "--from is after --to", f"the command line: loader {arguments.command}", "name the earlier day first"
        )
    config = load_config(find_config(getattr(arguments, "config", None)))
    return job(arguments, config, output)
