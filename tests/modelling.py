"""Arrange, act and look at models: calls as rows of a DuckDB file, a run of chosen models, rows of their tables.

def test_a_rule(modelling):
    modelling.page(anonymous_id="a1", url="https://shop.example/", at=0)      # seconds after START
    modelling.track("Order Completed", user_id="u1", total=25.0, at="2026-03-02 10:00")

    modelling.run("orders", as_of="2026-04-01")                               # with everything that it reads

    assert modelling.rows("orders", "order_id", "total") == [("o1", 25)]
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from factories import Line
from loading import Loading

START = datetime(2026, 3, 1, 10, tzinfo=UTC)
"""When things happen that say no time: the first call here, each further one a minute later."""
NOW = datetime(2026, 4, 1, tzinfo=UTC)
"""The clock of runs that do not say `as_of`."""
SOURCE = "web"
_ROWS_OF_A_STATEMENT = 100
CALL_TABLES = {
    "identify": "identifies",
    "track": "tracks",
    "page": "pages",
    "screen": "screens",
    "group": "groups",
    "alias": "aliases",
}
_ENVELOPE = {
    "id": "VARCHAR",
    "received_at": "TIMESTAMP WITH TIME ZONE",
    "uuid_ts": "TIMESTAMP WITH TIME ZONE",
    "anonymous_id": "VARCHAR",
    "user_id": "VARCHAR",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
}
_OWN = {
    "tracks": {"event": "VARCHAR", "event_text": "VARCHAR"},
    "pages": {"name": "VARCHAR", "category": "VARCHAR"},
    "screens": {"name": "VARCHAR", "category": "VARCHAR"},
    "groups": {"group_id": "VARCHAR"},
    "aliases": {"previous_id": "VARCHAR"},
}
_PROVENANCE = {"_object": "BIGINT", "_line": "BIGINT", "_item": "INTEGER", "_fingerprint": "UBIGINT"}


def an_instant(at: Any) -> datetime:
    """Seconds after START, a text such as `2026-03-02 10:00`, or a time; UTC."""
    if isinstance(at, int | float):
        return START + timedelta(seconds=at)
    instant = datetime.fromisoformat(at) if isinstance(at, str) else at
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


@dataclass
class Modelling:
    """One project in a folder. Calls are kept until `run`, which writes them as the loader would have."""

    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)
    """The section `models` of the configuration."""
    result: Any = None
    """RunResult of the last run."""
    pending: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    sources: dict[str, None] = field(default_factory=lambda: {SOURCE: None})
    calls: int = 0

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse.duckdb"

    # Calls -------------------------------------------------------------------------------------------------

    def identify(self, **columns: Any) -> str:
        """An identify call; returns its id. `at` is when it happened and arrived, `received_at` when it arrived."""
        return self.call("identify", **columns)

    def page(self, **columns: Any) -> str:
        return self.call("page", **columns)

    def screen(self, **columns: Any) -> str:
        return self.call("screen", **columns)

    def group(self, **columns: Any) -> str:
        return self.call("group", **columns)

    def alias(self, **columns: Any) -> str:
        return self.call("alias", **columns)

    def track(self, event: str, **columns: Any) -> str:
        """A track call; a row of `tracks` and, with its properties, one of the table of its event."""
        return self.call("track", event_text=event, **columns)

    def call(self, call: str, source: str = SOURCE, at: Any = None, **columns: Any) -> str:
        """A call of any kind. Columns have the names of the table (`context_campaign_name`); id, times are filled in."""
        from loader.core.naming import event_slug, table_name

        self.calls += 1
        instant = START + timedelta(minutes=self.calls - 1) if at is None else an_instant(at)
        given = {"id": f"m{self.calls}", "received_at": instant, "timestamp": instant, **columns}
        for name in ("received_at", "timestamp"):
            given[name] = None if given[name] is None else an_instant(given[name])
        row = {"uuid_ts": NOW, **given}
        if call == "track":
            row["event"] = event_slug(row["event_text"], 255)
            kept = {*_ENVELOPE, *_OWN["tracks"]}
            self.write("tracks", {k: v for k, v in row.items() if k in kept or k.startswith("context_")}, source=source)
            self.write(table_name(row["event_text"], 255), row, source=source)
        else:
            self.write(CALL_TABLES[call], row, source=source)
        return str(row["id"])

    def write(self, table: str, *rows: Mapping[str, Any], source: str = SOURCE) -> None:
        """Rows of any table of a source, as they are."""
        self.sources[source] = None
        self.pending.setdefault((source, table), []).extend(dict(row) for row in rows)

    def load(self, *lines: Line) -> None:
        """Archive lines through the loader itself, into the source `web`."""
        loading = Loading(self.folder)
        loading.write(*lines, key=f"segment-logs/8kz3Vq1bXw/1772323200000/{self.calls:04}.jsonl.gz")
        self.calls += 1
        loading.load()

    def csv(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """An external input as a CSV file, and its entry in `models.inputs`."""
        path = self.folder / f"{name}.csv"
        header = list(rows[0]) if rows else []
        lines = [header, *([("" if row.get(k) is None else str(row[k])) for k in header] for row in rows)]
        path.write_text("\n".join(",".join(f'"{v}"' for v in line) for line in lines) + "\n", encoding="utf-8")
        self.settings.setdefault("inputs", {})[name] = f"./{name}.csv"

    # Runs --------------------------------------------------------------------------------------------------

    @property
    def config_file(self) -> Path:
        """loader.yaml, written anew."""
        path = self.folder / "loader.yaml"
        config = {
            "warehouse": {"path": "./warehouse.duckdb"},
            "sources": [{"name": name, "archive": {"uri": "./archive"}} for name in self.sources],
            "resources": {"memory": "500MB", "threads": 2, "work_dir": "./work"},
            "models": self.settings,
        }
        path.write_text(json.dumps(config), encoding="utf-8")
        return path

    def run(
        self, *names: str, as_of: Any = None, passes: bool = True, python: Sequence[Any] = (), **settings: Any
    ) -> Any:
        """Run models and all they read; everything when none is named. `settings` are those of the section `models`.

        A check that fails fails the test, unless `passes` is False. Returns the RunResult.
        """
        from loader.config import load_config
        from loader.jobs.models import catalog_of, run_models
        from loader.models.registry import PYTHON_MODELS

        if as_of is not None:
            settings["as_of"] = as_of.isoformat() if isinstance(as_of, date) else as_of
        self.settings = {**self.settings, **settings}
        self.flush()
        config = load_config(self.config_file, {})
        catalog = catalog_of(config, NOW, (*PYTHON_MODELS, *python))
        self.result = run_models(config, NOW, [f"+{name}" for name in names], catalog).result
        if passes:
            assert self.result.failed == []
        return self.result

    def flush(self) -> None:
        """Write the calls that are kept."""
        with duckdb.connect(str(self.warehouse)) as connection:
            connection.execute("set TimeZone = 'UTC'")
            for (source, table), rows in self.pending.items():
                _insert(connection, source, table, rows)
        self.pending.clear()

    def change(self, statement: str) -> None:
        """What a user does to the warehouse."""
        with duckdb.connect(str(self.warehouse)) as connection:
            connection.execute(statement)

    # Rows --------------------------------------------------------------------------------------------------

    def rows(self, table: str, *columns: str, order: str | None = None) -> list[tuple[Any, ...]]:
        """Rows of a model or input, in the order of these columns; all columns when none is named."""
        chosen = ", ".join(f'"{name}"' for name in columns) or "*"
        schema = self.settings.get("schema", "models")
        return self.query(f'select {chosen} from "{schema}"."{table}" order by {order or "all"}')

    def query(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of any query on the warehouse."""
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            return connection.execute(query, list(values)).fetchall()


def a_model(
    modelling: Modelling, name: str, sql: str, columns: str = "n integer: a number", more: str = "", keys: str = "none"
) -> Path:
    """A model in the user's folder; its path. `more`: further header lines without `-- `; `columns`: separated by `; `."""
    folder = modelling.folder / "models"
    folder.mkdir(exist_ok=True)
    header = [f"What {name} answers.", "grain: one row", f"keys: {keys}", *more.splitlines(), "columns:"]
    header += [f"  {column}" for column in columns.split("; ")]
    path = folder / f"{name}.sql"
    path.write_text("\n".join(f"-- {line}" for line in header) + f"\n{sql}\n", encoding="utf-8")
    return path


def _type(values: Iterable[Any]) -> str:
    kinds = {type(value) for value in values if value is not None}
    for kind, name in (
        (str, "VARCHAR"),
        (Decimal, "DECIMAL(38,9)"),
        (float, "DOUBLE"),
        (bool, "BOOLEAN"),
        (int, "BIGINT"),
        (datetime, "TIMESTAMP WITH TIME ZONE"),
    ):
        if kind in kinds:
            return name
    return "VARCHAR"


def _insert(connection: duckdb.DuckDBPyConnection, source: str, table: str, rows: list[dict[str, Any]]) -> None:
    is_call_table = table in CALL_TABLES.values()
    core = {**_ENVELOPE, **_OWN.get(table, {} if is_call_table else _OWN["tracks"])}
    if is_call_table:
        core |= _PROVENANCE
    for name in dict.fromkeys(name for row in rows for name in row):
        core.setdefault(name, _type(row.get(name) for row in rows))
    connection.execute(f'create schema if not exists "{source}"')
    columns = ", ".join(f'"{name}" {kind}' for name, kind in core.items())
    connection.execute(f'create table if not exists "{source}"."{table}" ({columns})')
    for name, kind in core.items():
        connection.execute(f'alter table "{source}"."{table}" add column if not exists "{name}" {kind}')
    names = ", ".join(f'"{name}"' for name in core)
    if is_call_table:
        rows = [{"_object": 1, "_line": i, "_item": 0, "_fingerprint": i, **row} for i, row in enumerate(rows, 1)]
    insert_rows(connection, f'"{source}"."{table}" ({names})', [[row.get(name) for name in core] for row in rows])


def insert_rows(connection: duckdb.DuckDBPyConnection, into: str, rows: Sequence[Sequence[Any]]) -> None:
    """Rows of values into a table, many in a statement: one statement for each row takes ten times as long."""
    for start in range(0, len(rows), _ROWS_OF_A_STATEMENT):
        some = rows[start : start + _ROWS_OF_A_STATEMENT]
        marks = ", ".join(f"({', '.join('?' for _ in row)})" for row in some)
        connection.execute(f"insert into {into} values {marks}", [value for row in some for value in row])


def plain_profiles(modelling: Modelling) -> None:
    """Take a user id, else a device, for a person: a rule that says nothing of identity reads better with `u1`."""
    person = "coalesce(nullif(user_id, ''), nullif(anonymous_id, ''))"
    a_model(
        modelling,
        "event_profiles",
        f"select source, call, id as event_id, {person} as segment_id, {person} as canonical_segment_id "
        f"from events where {person} is not null",
        "source text: s; call text: c; event_id text: e; segment_id text: p; canonical_segment_id text: p",
    )
