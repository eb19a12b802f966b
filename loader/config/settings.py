"""The settings of loader.yaml, except those of the section `models`, which have modules of their own.

Descriptions, bounds and defaults here become docs/configuration.md and the JSON Schema.
"""

import re
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from loader.config.base import ConfigPath, Settings, against_file
from loader.config.models.settings import ModelsSettings
from loader.core.naming import CORE_NAMES, OWN_NAMES
from loader.core.tables import CALL_TABLE
from loader.errors import ConfigError

_UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}
_SIZE = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*([KMGT]I?B)\s*$", re.IGNORECASE)
_MINIMUM_MEMORY_BYTES = 256 * 10**6
_CALLS = "identify|track|page|screen|group|alias"
_JSON_PATH = re.compile(rf"^(?:{_CALLS})\.(?:properties|traits|context)(?:\.[^.]+)+$")

EnvelopeColumn = Literal[
    "type",
    "version",
    "channel",
    "project_id",
    "write_key",
    "integrations",
    "metadata",
    "rudder_id",
    "forwarded_from_project",
]


def size_bytes(text: str) -> int:
    """`1500MB` or `2GiB` in bytes. Raises ValueError, whose text says what is allowed."""
    match = _SIZE.match(text)
    if match is None:
        raise ValueError("must be a number with a unit: KB, MB, GB, TB, KiB, MiB, GiB or TiB, such as 1500MB")
    return int(float(match[1]) * _UNITS[match[2].upper()])


class WarehouseSettings(Settings):
    """Where the tables are."""

    kind: Literal["duckdb"] = Field("duckdb", description="Which warehouse. Only DuckDB in this release.")
    path: ConfigPath = Field(description="The DuckDB file. Relative to the configuration file.")


class ArchiveSettings(Settings):
    """Where the raw events of one source are."""

    uri: str = Field(
        min_length=1,
        description="`s3://bucket/prefix/`, a folder, or `file:///folder`. A relative folder is relative to the "
        "configuration file.",
    )
    layout: Literal["auto", "segment", "rudderstack", "rudderstack-gateway", "flat"] = Field(
        "auto", description="How the object keys are built. `auto` recognises it by looking at the keys."
    )
    source_id: str | None = Field(
        None, min_length=1, description="Only objects of this source, if the archive holds several."
    )
    endpoint_url: str | None = Field(
        None, pattern=r"^https?://[^/@\s]+/?$", description="Another S3 service, such as `http://127.0.0.1:9000`."
    )
    region: str | None = Field(None, min_length=1, description="AWS region of the bucket.")
    profile: str | None = Field(None, min_length=1, description="Profile of the AWS configuration files.")
    role_arn: str | None = Field(None, pattern=r"^arn:[^:\s]+:iam::\d*:role/\S+$", description="Role to assume.")
    anonymous: bool = Field(False, description="Read a public bucket without credentials.")
    recent_days: int | None = Field(
        None,
        ge=1,
        le=36500,
        description="List only this many of the newest days. Schedule a load without it as well: only that "
        "finds objects that arrive late for older days.",
    )

    @field_validator("uri")
    @classmethod
    def _known_scheme(cls, uri: str, info: ValidationInfo) -> str:
        scheme, separator, rest = uri.partition("://")
        if separator and scheme not in {"s3", "file"}:
            raise ValueError("must be s3://bucket/prefix/, a folder, or file:///folder")
        if scheme == "s3" and separator:
            if not rest.strip("/") or "@" in rest.split("/")[0]:
                raise ValueError("must name a bucket and hold no credentials: s3://bucket/prefix/")
            return uri
        return uri if separator else str(against_file(Path(uri), info))


class LoadSettings(Settings):
    """How the messages of one source become rows."""

    exclude: tuple[str, ...] = Field(
        (),
        description="Columns that are not loaded: `context_user_agent_data` into any table, `users.email` into one.",
    )
    json_paths: tuple[str, ...] = Field(
        (), description="Objects that stay together in one column as JSON text: `track.properties.cart`."
    )
    envelope_columns: tuple[EnvelopeColumn, ...] = Field(
        (), description="Envelope fields that are otherwise left out, loaded as columns."
    )
    raw_events: bool = Field(False, description="Also keep every message as JSON text in the state table `raw`.")
    null_traits: Literal["clear", "keep"] = Field(
        "clear", description="Whether an explicit null in traits clears or keeps the value in `users` and `accounts`."
    )
    date_only: Literal["text", "timestamp"] = Field("text", description="What strings such as `2024-05-01` become.")
    users_from_context_traits: bool = Field(False, description="`context.traits` also update `users`.")
    on_conflict: Literal["variant", "discard", "text"] = Field(
        "variant",
        description="What happens to a value whose type does not fit its column: it goes into a second column, it "
        "becomes a discard, or the column becomes text.",
    )
    column_cap: int = Field(
        2000, ge=50, le=10_000, description="Most columns of one table; values of further columns are discarded."
    )
    table_cap: int = Field(5000, ge=0, le=100_000, description="Most event tables of the source.")

    @field_validator("exclude")
    @classmethod
    def _keeps_what_loading_needs(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            table, _, column = name.rpartition(".")
            own = [OWN_NAMES[call] for call, call_table in CALL_TABLE.items() if call_table == table]
            if column in CORE_NAMES.union(*own):
                raise ValueError(f"cannot exclude {name}: every row of such a table has it")
            if not re.fullmatch(r"(?:[a-z0-9_]+\.)?[a-z0-9_]+", name):
                raise ValueError("must be column names as they are in the warehouse: lower case, digits, underscores")
        return names

    @field_validator("json_paths")
    @classmethod
    def _paths_of_a_call(cls, paths: tuple[str, ...]) -> tuple[str, ...]:
        for path in paths:
            if not _JSON_PATH.match(path):
                raise ValueError(
                    "must be CALL.PAYLOAD.KEY: a call (identify, track, page, screen, group, alias), then properties, "
                    "traits or context, then keys, such as track.properties.cart"
                )
        return paths


class SourceSettings(Settings):
    """One source: an app or server that sent events. It owns one schema of the warehouse."""

    name: str = Field(min_length=1, max_length=200, description="Name of the source; in snake case, it is the schema.")
    archive: ArchiveSettings = Field(description="Where the raw events are.")
    start: date | None = Field(None, description="First received day to load. Without it, everything is loaded.")
    load: LoadSettings = Field(LoadSettings(), description="How messages become rows.")


class ResourceSettings(Settings):
    """How much of the machine a run may use."""

    memory: str = Field(
        "1500MB", description="Memory of the engine; in a load, including the lines being processed. At least 256MB."
    )
    threads: int | None = Field(None, ge=1, le=512, description="Threads of the engine. Without it, all cores.")
    work_dir: ConfigPath | None = Field(
        None, description="Folder for staged files, removed after each run. Without it, the system's temporary folder."
    )

    @field_validator("memory")
    @classmethod
    def _enough(cls, memory: str) -> str:
        if size_bytes(memory) < _MINIMUM_MEMORY_BYTES:
            raise ValueError("must be at least 256MB")
        return memory

    @property
    def memory_bytes(self) -> int:
        """`memory` in bytes."""
        return size_bytes(self.memory)


class PublishSettings(Settings):
    """A read-only copy of the warehouse for analysts, so that their queries do not delay loads."""

    path: ConfigPath = Field(description="The DuckDB file that is replaced after each load.")


class Config(Settings):
    """The whole configuration file."""

    warehouse: WarehouseSettings = Field(description="Where the tables are.")
    sources: tuple[SourceSettings, ...] = Field(min_length=1, description="What is loaded.")
    resources: ResourceSettings = Field(ResourceSettings(), description="How much of the machine a run may use.")
    models: ModelsSettings = Field(
        {},  # validated, so that paths in it are relative to the file
        validate_default=True,
        description="What the SQL models are computed with.",
    )
    publish: PublishSettings | None = Field(None, description="A read-only copy after each load.")
    system_schema: str = Field(
        "_loader", pattern=r"^[a-z_][a-z0-9_]{0,54}$", description="Schema of our own tables in the warehouse."
    )

    def source(self, name: str) -> SourceSettings:
        """The source of that name. Raises ConfigError that lists the names."""
        for source in self.sources:
            if source.name == name:
                return source
        names = ", ".join(source.name for source in self.sources)
        raise ConfigError(f"there is no source {name!r}", "sources", f"use one of: {names}")
