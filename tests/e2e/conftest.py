"""A project folder, the command line as a process, the demo, and a deployment under Dagster."""

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
import pytest
from processes import Ran, made_once, run

DEMO = Path(__file__).resolve().parents[2] / "examples" / "demo.py"

STATE = """
create schema _loader;
create table _loader.objects(object_id bigint, source varchar, key varchar, etag varchar, size bigint,
  last_modified timestamptz, received_day date, layout varchar, status varchar, error varchar, options varchar,
  bytes_read bigint, lines bigint, blank bigint, quarantined_lines bigint, messages bigint, quarantined_messages bigint,
  exact_lines bigint, load_id varchar, started_at timestamptz, finished_at timestamptz);
create table _loader.loads(load_id varchar, source varchar, started_at timestamptz, finished_at timestamptz,
  status varchar, options varchar, counters json);
create table _loader.names(source varchar, kind varchar, table_name varchar, source_name varchar, name varchar,
  rule varchar, first_seen timestamptz);
create table _loader.quarantine(source varchar, load_id varchar, object_id bigint, line bigint, item integer,
  byte_offset bigint, reason varchar, detail varchar, raw varchar, raw_encoding varchar, raw_bytes bigint,
  sha256 varchar, user_id varchar, anonymous_id varchar, received_at timestamptz, quarantined_at timestamptz);
create table _loader.discards(source varchar, load_id varchar, table_name varchar, row_id varchar, column_name varchar,
  source_path varchar, value_json varchar, column_type varchar, reason varchar, user_id varchar, anonymous_id varchar,
  received_at timestamptz, uuid_ts timestamptz, object_id bigint, line bigint, item integer);
create table _loader.migrations(version integer, name varchar, applied_at timestamptz);
create table _loader.observed(source varchar, table_name varchar, column_name varchar, type varchar, count bigint,
  first_seen timestamptz, last_seen timestamptz);
insert into _loader.objects by name select 1 as object_id, 'web' as source, 'a/1.gz' as key, 'done' as status, 3 as lines,
  2 as messages, date '2026-01-02' as received_day, timestamptz '2026-01-02 10:00:00+00' as last_modified, '{}' as options,
  100 as bytes_read;
insert into _loader.objects by name select 2 as object_id, 'web' as source, 'a/2.gz' as key, 'failed' as status,
  'access denied' as error, '{}' as options;
insert into _loader.loads by name select 'L1' as load_id, 'web' as source, 'warnings' as status,
  timestamptz '2026-01-03 00:00:00+00' as started_at, timestamptz '2026-01-03 00:01:00+00' as finished_at;
insert into _loader.quarantine by name select 'web' as source, 1 as object_id, 3 as line, 0 as item,
  'invalid_json' as reason, 'at byte 9' as detail, '{"type": oops' as raw, 'utf-8' as raw_encoding, 13 as raw_bytes,
  timestamptz '2026-01-03 00:00:30+00' as quarantined_at;
insert into _loader.discards by name select 'web' as source, 'tracks' as table_name, 'm1' as row_id,
  'price' as column_name, 'properties.price' as source_path, '"free"' as value_json, 'type_conflict' as reason;
insert into _loader.observed by name select 'web' as source, 'tracks' as table_name, 'id' as column_name,
  'text' as type, 2 as count, timestamptz '2026-01-02 00:00:00+00' as first_seen;
create schema web;
create table web.tracks as select 'm1' as id, 'order_completed' as event;
"""
CONFIG = """\
warehouse: {path: ./warehouse.duckdb}
sources:
  - {name: web, archive: {uri: ./archive}}
"""


@dataclass(frozen=True)
class Project:
    """A folder with a configuration."""

    folder: Path

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse.duckdb"

    def run(self, *arguments: str, typed: str = "", **environ: str) -> Ran:
        """Run `loader` with the arguments, as a user does."""
        return run(self.folder, *arguments, typed=typed, **environ)


@pytest.fixture
def project(tmp_path):
    """A project whose warehouse does not exist yet."""
    (tmp_path / "loader.yaml").write_text(CONFIG, encoding="utf-8")
    return Project(tmp_path)


@pytest.fixture
def loaded_project(project):
    """A project with state tables and one row."""
    with duckdb.connect(str(project.warehouse)) as connection:
        connection.execute(STATE)
    return project


@dataclass(frozen=True)
class Demo:
    """What `make demo` left in a folder, and what it said. To look at, not to change."""

    folder: Path
    ran: Ran


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """The demo, run in a new folder."""
    folder = made_once(tmp_path_factory, "demo", run_demo)
    return Demo(folder, Ran(**json.loads((folder / "ran.json").read_text(encoding="utf-8"))))


def run_demo(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(DEMO), "--folder", str(folder)], capture_output=True, text=True, timeout=300, check=False
    )
    ran = Ran(done.returncode, done.stdout, done.stderr)
    (folder / "ran.json").write_text(json.dumps(asdict(ran)), encoding="utf-8")


@pytest.fixture
def deployment(tmp_path):
    """Three received days under Dagster, which nobody loaded yet."""
    import dagster as dg
    from e2e.deployment import Deployment
    from e2e.small_archive import write_project

    with dg.DagsterInstance.ephemeral() as instance:
        yield Deployment(write_project(tmp_path), instance)


@pytest.fixture
def small(tmp_path):
    """The configuration of the small project, which is loaded."""
    from e2e.small_archive import write_project

    from loader.config.file import load_config
    from loader.jobs.load import load_source

    config = load_config(write_project(tmp_path))
    load_source(config, config.sources[0])
    return config
