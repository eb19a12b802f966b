"""A Postgres server of this test run, and the models made in it: the same rows as in DuckDB.

def test_a_family_is_the_same_in_postgres(modelling, postgres):
    modelling.page(…)
    modelling.run("sessions")

    assert postgres.differences(modelling, "sessions") == []
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from modelling import NOW, Modelling

NOBODY = 65534
_TYPES = {"VARCHAR": "text", "DOUBLE": "double precision", "UBIGINT": "numeric(20)", "TINYINT": "smallint"}


def is_installed() -> bool:
    return _tool("initdb") is not None and _tool("psql") is not None


def _tool(name: str) -> str | None:
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(versions[-1]) if versions else None)


@dataclass
class Postgres:
    """A server that is reached by a socket in its folder, with text compared by code point."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        data = self.folder / "data"
        self._run(_tool("initdb"), "-D", data, "--locale=C", "--encoding=UTF8", "-A", "trust", "-U", "tester")
        command = [_tool("postgres"), "-D", data, "-k", self.folder, "-c", "listen_addresses=", "-c", "fsync=off"]
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen([*self._as_user(), *map(str, command)], stdout=quiet, stderr=quiet)
        ready = [_tool("pg_isready"), "-h", self.folder, "-t", "1"]
        for _ in range(120):
            if subprocess.run(list(map(str, ready)), stdout=quiet, stderr=quiet, check=False).returncode == 0:
                return
        raise RuntimeError("Postgres did not start")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)

    def run(self, sql: str) -> str:
        """What a script prints, as CSV."""
        command = [_tool("psql"), "-X", "-q", "--csv", "-h", self.folder, "-U", "tester", "-d", "postgres"]
        done = subprocess.run(
            [*map(str, command), "-v", "ON_ERROR_STOP=1"], input=sql, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, f"{done.stderr}\n{sql}"
        return done.stdout

    def differences(self, modelling: Modelling, *names: str) -> list[str]:
        """Rows of these models that one of the two has more often, after everything they read was made here too."""
        from loader.config import load_config
        from loader.jobs.models import catalog_of
        from loader.models.inputs import input_query
        from loader.models.parameters import parameters_of
        from loader.models.render import parse_query, render

        config = load_config(modelling.config_file, {})
        catalog, parameters = catalog_of(config, NOW), parameters_of(config.models, NOW)
        # One script: a process for each statement takes longer than what it does.
        script = ["drop schema if exists models cascade; create schema models;"]
        sources = {}
        for source in modelling.sources:
            sources[source] = _tables(modelling, source)
            script.append(f'drop schema if exists "{source}" cascade; create schema "{source}";')
            script += [self._copy(modelling, source, table) for table in sources[source]]
        for given in catalog.inputs.values():
            if given.is_external:
                script.append(self._copy(modelling, "models", given.name))
                continue
            query = render(parse_query(input_query(given, sources, parameters), given.name), "postgres")
            script.append(f"create view models.{given.name} as {query};")
        for step in catalog.select([f"+{name}" for name in names]):
            for table in step.tables:
                if table not in catalog.queries:
                    script.append(self._copy(modelling, "models", table))
                    continue
                query = render(model_query(catalog, table, parameters), "postgres")
                script.append(f"create table models.{table} as {query};")
        self.run("\n".join(script))
        return [text for name in names for text in self._compared(modelling, name)]

    def _compared(self, modelling: Modelling, name: str) -> list[str]:
        path = self.folder / f"{name}.csv"
        types = dict(_columns(modelling, "models", name))
        path.write_text(self.run(f"select {', '.join(_quoted(types))} from models.{name}"), encoding="utf-8")
        # Sums of floats may be added in another order.
        shown = ", ".join(f'round("{c}", 9) as "{c}"' if kind == "DOUBLE" else f'"{c}"' for c, kind in types.items())
        with duckdb.connect(str(modelling.warehouse), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            theirs = f"(select {shown} from read_csv(?, header = true, columns = {types!r}, nullstr = '\\N'))"
            ours = f"(select {shown} from models.{name})"
            more = connection.execute(f"select * from {ours} except all select * from {theirs}", [str(path)]).fetchall()
            less = connection.execute(f"select * from {theirs} except all select * from {ours}", [str(path)]).fetchall()
        return [f"{name}: only DuckDB has {row}" for row in more] + [f"{name}: only Postgres has {row}" for row in less]

    def _copy(self, modelling: Modelling, schema: str, table: str) -> str:
        """The statements that make a table of DuckDB with its rows."""
        columns = _columns(modelling, schema, table)
        path = self.folder / f"{schema}.{table}.csv"
        with duckdb.connect(str(modelling.warehouse), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            connection.execute(f"copy \"{schema}\".\"{table}\" to '{path}' (header true, nullstr '\\N')")
        made = ", ".join(f'"{name}" {_TYPES.get(kind, kind)}' for name, kind in columns)
        return (
            f'create table "{schema}"."{table}" ({made});\n'
            f"\\copy \"{schema}\".\"{table}\" from '{path}' with (format csv, header true, null '\\N')"
        )

    def _run(self, *command: Any) -> None:
        subprocess.run([*self._as_user(), *map(str, command)], check=True, capture_output=True, timeout=120)

    def _as_user(self) -> list[str]:
        """Postgres refuses to run as root."""
        if os.getuid() != 0:
            return []
        return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


def model_query(catalog: Any, name: str, parameters: Mapping[str, object]) -> Any:
    """The query of a model as it runs: parameters bound, tables qualified, columns typed."""
    from loader.models.render import bind, qualify, table_of, typed

    bound = bind(catalog.queries[name], parameters, name)
    return typed(qualify(bound, lambda table: table_of("models", table)), catalog.models[name].columns)


def _tables(modelling: Modelling, schema: str) -> dict[str, dict[str, str]]:
    """Tables of a schema: name → column → type."""
    found = modelling.query("select table_name from duckdb_tables() where schema_name = ?", schema)
    return {table: dict(_columns(modelling, schema, table)) for (table,) in found}


def _columns(modelling: Modelling, schema: str, table: str) -> list[tuple[str, str]]:
    return modelling.query(
        "select column_name, data_type from duckdb_columns() where schema_name = ? and table_name = ? order by column_index",
        schema,
        table,
    )


def _quoted(types: dict[str, str]) -> list[str]:
    return [f'coalesce(cast("{name}" as text), \'\\N\') as "{name}"' for name in types]


def a_server() -> Postgres:
    """A running server; whoever asks for it stops it and removes its folder."""
    # The path of a socket may be 107 bytes long: the folders of tests are longer.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    if os.getuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    server = Postgres(folder)
    server.start()
    return server
