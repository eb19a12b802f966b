"""`loader sql`: a read-only shell on the warehouse."""

import argparse
import sys
from contextlib import suppress

from loader.commands.output import Output
from loader.config import Config
from loader.errors import ConfigError, LoaderError
from loader.reading import Answer, Reader, open_reader

_HELP = "End a query with ; and Enter. `tables` lists the tables, Ctrl-C stops a query, `quit` or Ctrl-D ends."
_STOPPED = "\nstopped; Ctrl-C again, Ctrl-D or `quit` ends"
_TABLES = (
    "select table_schema as schema, table_name as name from information_schema.tables "
    "where table_schema not in ('information_schema', 'pg_catalog') order by all"
)


def sql(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Run one query, or read queries from a prompt."""
    if arguments.query is None and output.as_json:
        raise ConfigError("--json needs a query", "loader sql", 'give one: loader sql --json "select 1"')
    with open_reader(config) as reader:
        if arguments.query is None:
            return _prompt(reader, output)
        answer = reader.query(arguments.query)
    _show(answer, arguments.csv, output)
    output.result({"columns": answer.columns, "rows": answer.records()}, is_verbatim=True)
    return 0


def _show(answer: Answer, as_csv: bool, output: Output) -> None:
    if as_csv:
        output.csv(answer.columns, answer.rows)
    else:
        output.table(answer.columns, answer.rows, is_verbatim=True)


def _prompt(reader: Reader, output: Output) -> int:
    is_terminal = sys.stdin.isatty()
    if is_terminal:
        output.line(_HELP)
        with suppress(ImportError):  # some systems have none, and then lines cannot be edited
            import readline  # noqa: F401
    pending, was_stopped = "", False
    while True:
        try:
            text = _typed("sql> " if is_terminal and not pending else "...> " if is_terminal else "", pending)
            was_stopped = False
            pending = f"{pending}\n{text}" if pending else text
            word = pending.strip().rstrip(";").lower()
            if word in {"quit", "exit"}:
                return 0
            if not word:
                pending = ""
            elif word == "tables" or pending.rstrip().endswith(";"):
                query, pending = _TABLES if word == "tables" else pending, ""
                _answer(reader, query, output)
        except KeyboardInterrupt:
            if was_stopped or not is_terminal:
                raise
            pending, was_stopped = "", True
            output.line(_STOPPED)


def _typed(prompt: str, pending: str) -> str:
    try:
        return input(prompt)
    except EOFError:
        return ";" if pending.strip() else "quit"


def _answer(reader: Reader, query: str, output: Output) -> None:
    try:
        _show(reader.query(query), False, output)
    except LoaderError as error:
        output.error(error)
