"""`loader init` writes a first configuration; `loader check` tests whether everything it names can be reached."""

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from loader.commands.output import Output
from loader.config import Config, SourceSettings
from loader.errors import ConfigError, LoaderError
from loader.jobs.textfiles import write_texts
from loader.reading import open_reader

CONFIG_TEMPLATE = """\
# Configuration of loader. Every key is explained in docs/configuration.md.
# yaml-language-server: $schema=./loader.schema.json

# The tables are in this DuckDB file. Paths are relative to this file.
warehouse:
  kind: duckdb
  path: ./warehouse.duckdb

# One entry per app or server that sends events; each gets a schema of its own in the warehouse.
sources:
  - name: web
    archive:
      uri: ./archive                # a folder, or s3://bucket/prefix/
      layout: auto                  # auto, segment, rudderstack, rudderstack-gateway or flat
      # source_id: 8kz3aBcD         # where one archive holds several sources
      # region: eu-west-1           # credentials come from the environment, a profile or a role:
      # profile: events
      # role_arn: arn:aws:iam::123456789012:role/read-events
      # endpoint_url: ${env:S3_ENDPOINT}
    # start: 2026-01-01             # first received day to load
    # load:
    #   exclude: [context_user_agent_data]
    #   json_paths: [track.properties.cart]

# resources:
#   memory: 1500MB
#   threads: 2

# What the SQL models are computed with: `loader models run`. Your own are in the folder models/.
# models:
#   as_of: today
#   timezone: UTC
#   order_event: Order Completed

# A read-only copy for analysts, replaced after each load, so that no open query delays a load.
# publish:
#   path: ./analytics.duckdb
"""
ENV_TEMPLATE = """\
# Copy to .env: loader reads it beside loader.yaml. The environment wins over it. Never commit .env.
# AWS_ACCESS_KEY_ID=
# AWS_SECRET_ACCESS_KEY=
# S3_ENDPOINT=http://127.0.0.1:9000
"""


@dataclass(frozen=True)
class Finding:
    """The result of one check."""

    check: str
    ok: bool
    detail: str
    fix: str = ""
    exit_code: int = 0


def init(arguments: argparse.Namespace, output: Output) -> int:
    """Write loader.yaml, its JSON Schema and .env.example. Existing files are not overwritten."""
    folder = Path(arguments.folder)
    contents = {"loader.yaml": CONFIG_TEMPLATE, ".env.example": ENV_TEMPLATE, "loader.schema.json": schema_text()}
    present = [name for name in contents if (folder / name).exists()]
    if present:
        where = ", ".join(str(folder / name) for name in present)
        raise ConfigError("there is a file already", where, "choose another folder: loader init FOLDER")
    write_texts(folder, contents, "the project")
    for name in contents:
        output.line(f"wrote {folder / name}")
    output.line("next: name your archive in loader.yaml, then run `loader check` and `loader load`")
    output.result({"written": [str(folder / name) for name in contents]})
    return 0


def schema_text() -> str:
    """The JSON Schema of loader.yaml, for editors."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Config.model_json_schema()}
    schema["title"] = "loader.yaml"
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def check(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Check configuration, archives and warehouse; print what is missing and what to do about it."""
    findings = [Finding("configuration", ok=True, detail="every key is valid"), *_checks(config)]
    rows = [("ok" if finding.ok else "FAILED", finding.check, finding.detail) for finding in findings]
    output.table(("", "check", "result"), rows)
    failed = [finding for finding in findings if not finding.ok]
    for finding in failed:
        output.line(f"{finding.check}: {finding.fix}")
    output.result({"ok": not failed, "checks": [asdict(finding) for finding in findings]})
    return max((finding.exit_code for finding in failed), default=0)


def _checks(config: Config) -> Iterator[Finding]:
    for source in config.sources:
        yield _check_archive(source)
    yield _check_warehouse(config)
    yield _check_models(config)
    work_dir = config.resources.work_dir
    yield _check_folder("work folder", work_dir if work_dir is not None else Path(tempfile.gettempdir()))
    if config.publish is not None:
        yield _check_folder("published copy", config.publish.path.parent)


def _failure(name: str, error: LoaderError) -> Finding:
    return Finding(name, ok=False, detail=f"{error.what} ({error.where})", fix=error.fix, exit_code=error.exit_code)


def _check_archive(source: SourceSettings) -> Finding:
    from loader.archive import open_archive

    name = f"archive of {source.name}"
    try:
        found = list(islice(open_archive(source.archive).objects(), 1))
    except LoaderError as error:
        return _failure(name, error)
    if not found:
        fix = "check archive.uri, archive.layout and archive.source_id"
        return Finding(name, ok=False, detail=f"no data objects in {source.archive.uri}", fix=fix, exit_code=1)
    return Finding(name, ok=True, detail=f"{source.archive.uri} can be listed; the first object is {found[0].key}")


def _check_warehouse(config: Config) -> Finding:
    path = config.warehouse.path
    if not path.exists():
        found = _check_folder("warehouse", path.parent)
        return found if not found.ok else Finding("warehouse", ok=True, detail=f"{path} is written by the first load")
    try:
        with open_reader(config, wait_seconds=0) as reader:
            reader.report("status", {"source": None})
    except LoaderError as error:
        return _failure("warehouse", error)
    if not os.access(path, os.W_OK):
        return Finding("warehouse", ok=False, detail=f"{path} is read-only", fix=f"chmod u+w {path}", exit_code=1)
    return Finding("warehouse", ok=True, detail=f"{path} can be opened")


def _check_models(config: Config) -> Finding:
    from loader.jobs.models import catalog_of
    from loader.models.external import check_files

    try:
        catalog = catalog_of(config, datetime.now(UTC))
        check_files(config.models.inputs)
    except LoaderError as error:
        return _failure("models", error)
    own = sum(model.path.is_relative_to(config.models.folder) for model in catalog.models.values())
    return Finding("models", ok=True, detail=f"{len(catalog.models)} models fit together, {own} of them yours")


def _check_folder(name: str, folder: Path) -> Finding:
    near = folder
    while not near.exists() and near != near.parent:
        near = near.parent
    if not near.is_dir() or not os.access(near, os.W_OK | os.X_OK):
        return Finding(name, ok=False, detail=f"cannot write in {folder}", fix=f"make {folder} writable", exit_code=1)
    return Finding(name, ok=True, detail=f"{folder} can be written")
