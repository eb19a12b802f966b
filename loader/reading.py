"""Reads the warehouse without changing it: a read-only connection, opened late and closed early."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import duckdb

from loader.config import Config
from loader.core.dialect import identifier
from loader.errors import BusyError, ConfigError, TerminalError
from loader.sqlfiles import read_sql
from loader.waiting import Deadline
from loader.warehouses.duckdb import refuse_folder, refuse_newer
from loader.warehouses.locks import holder_of, is_locked


@dataclass(frozen=True)
class Answer:
    """The rows of a query, and the names of its columns."""

    columns: tuple[str, ...]
    rows: list[tuple[object, ...]]

    def records(self) -> list[dict[str, object]]:
        """Each row as {column: value}."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


class Reader:
    """Runs queries on the state tables and the user's tables, over one read-only connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, config: Config) -> None:
        self._connection = connection
        self._path = config.warehouse.path
        self._system_schema = config.system_schema

    def report(self, name: str, values: Mapping[str, object] | None = None) -> Answer:
        """Run a file of `sql/reports` on the state tables. Raises TerminalError if the warehouse lacks them."""
        return self._file(f"reports/{name}.sql", values, self._system_schema)

    def check(self, name: str, values: Mapping[str, object] | None = None) -> Answer:
        """Run a file of `sql/checks` on the state tables. Raises TerminalError if the warehouse lacks them."""
        return self._file(f"checks/{name}.sql", values, self._system_schema)

    def page(self, name: str, schema: str, values: Mapping[str, object]) -> Answer:
        """Run a file of `sql/page` on the tables of a schema. Raises TerminalError if it does not fit them."""
        return self._file(f"page/{name}.sql", values, schema)

    def _file(self, name: str, values: Mapping[str, object] | None, schema: str) -> Answer:
        from sqlglot import exp  # takes half a second to import, and most commands do not need it

        # A cursor gets the schema of the tables, so that the connection keeps its own.
        cursor = self._connection.cursor()
        use = exp.Use(this=exp.Table(this=exp.to_identifier(schema, quoted=True)))
        try:
            cursor.execute(use.sql(dialect="duckdb"))
            return _answer(cursor.execute(read_sql(name), dict(values or {})))
        except duckdb.CatalogException as error:
            raise TerminalError(
                f"the file has no state tables of this program: {str(error).splitlines()[0]}",
                f"{self._path}, schema {schema}",
                "run `loader load` first, or correct warehouse.path or system_schema",
            ) from None
        except duckdb.Error as error:
            raise TerminalError(
                f"a table does not have the columns that {name} needs: {str(error).splitlines()[0]}",
                f"{self._path}, schema {schema}",
                "use the version that wrote it; a model of yours that replaces one of ours must have its columns",
            ) from None
        finally:
            cursor.close()

    def query(self, text: str) -> Answer:
        """Run a query of the user; Ctrl-C stops it. Raises TerminalError with the engine's message."""
        try:
            if self._connection.extract_statements(text):
                return self._interruptible(lambda: _answer(self._connection.execute(text)))
        except duckdb.Error as error:
            raise TerminalError(
                f"the query failed: {error}", "the query", "correct it; the warehouse is read-only here"
            ) from None
        raise TerminalError("the query is empty", "the query", 'give one, such as: loader sql "select 1"')

    def _interruptible(self, work: Callable[[], Answer]) -> Answer:
        """Run `work` in a thread: where the engine works in the main thread, it may not notice Ctrl-C."""
        answer: Future[Answer] = Future()
        try:
            Thread(target=_fulfil, args=(answer, work), name="query", daemon=True).start()
            return answer.result()
        except KeyboardInterrupt:
            # What has not begun never does. An interruption before the first row has no effect.
            while not (answer.cancel() or answer.done()):
                with suppress(KeyboardInterrupt):
                    self._connection.interrupt()
                    wait([answer], 0.1)
            raise


def _fulfil(answer: Future[Answer], work: Callable[[], Answer]) -> None:
    if answer.set_running_or_notify_cancel():
        try:
            answer.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised where the answer is awaited
            answer.set_exception(error)


def _answer(cursor: duckdb.DuckDBPyConnection) -> Answer:
    description = cursor.description or []
    return Answer(tuple(str(column[0]) for column in description), cursor.fetchall() if description else [])


def require_warehouse(path: Path) -> None:
    """Raises ConfigError if there is no warehouse yet, or if its path is a folder."""
    refuse_folder(path)
    if not path.is_file():
        raise ConfigError("the warehouse does not exist yet", str(path), "run `loader load` first")


@contextmanager
def open_reader(config: Config, wait_seconds: float = 5.0, copy: Path | None = None) -> Iterator[Reader]:
    """A reader of the warehouse of `config`, or of a copy of its file.

    Raises ConfigError if there is no warehouse yet, BusyError if a load holds it for longer than `wait_seconds`,
    TerminalError if a newer version wrote it.
    """
    path = config.warehouse.path
    require_warehouse(path)
    connection = _connect(copy or path, wait_seconds)
    try:
        _refuse_newer(connection, config)
        yield Reader(connection, config)
    finally:
        connection.close()


def _refuse_newer(connection: duckdb.DuckDBPyConnection, config: Config) -> None:
    cursor = connection.cursor()
    try:
        cursor.execute(f"use {identifier(config.system_schema)}")
        found = cursor.execute(read_sql("reports/version.sql")).fetchall()
    except duckdb.CatalogException:
        return  # without state tables there is no version
    finally:
        cursor.close()
    refuse_newer(found, config.warehouse.path)


def _connect(path: Path, wait_seconds: float) -> duckdb.DuckDBPyConnection:
    # No files, no network, no settings: a query may only read this one file.
    settings: dict[str, str | bool | int | float | list[str]] = {
        "enable_external_access": False,
        "lock_configuration": True,
    }
    deadline = Deadline(wait_seconds)
    while True:
        try:
            return duckdb.connect(str(path), read_only=True, config=settings)
        except duckdb.Error as error:
            if not is_locked(error):
                raise TerminalError(
                    f"the warehouse cannot be opened: {str(error).splitlines()[0]}",
                    str(path),
                    "check that it is a DuckDB file",
                ) from None
            if deadline.has_passed:
                raise busy(error, path) from None
            deadline.pause()


def busy(error: duckdb.Error, path: Path) -> BusyError:
    """The error that names the process which holds the file, from the engine's error."""
    return BusyError(
        f"the warehouse is open for writing in {holder_of(error)}",
        str(path),
        "wait until it is closed there, or read a copy: set publish.path in loader.yaml",
    )
