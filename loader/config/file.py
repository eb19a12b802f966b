"""Finds, reads and checks the configuration file. All problems are in one error, each with its line."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml
from dotenv import dotenv_values
from pydantic import ValidationError

from loader.config.explain import explain
from loader.config.interpolate import Interpolation, remember_secrets
from loader.config.positions import Document, Problem, dotted, read_document
from loader.config.settings import Config
from loader.core.dialect import DUCKDB
from loader.core.naming import schema_name
from loader.core.nearest import nearest
from loader.errors import ConfigError

DEFAULT_FILE = "loader.yaml"
CONFIG_VARIABLE = "LOADER_CONFIG"
# Schemas of the engine, of our own tables and of what models and syncs write.
RESERVED_SCHEMAS = (
    "main",
    "temp",
    "system",
    "information_schema",
    "pg_catalog",
    "_loader",
    "models",
    "sync",
    "replay",
    "archive",
)


def find_config(given: str | None = None, environ: Mapping[str, str] = os.environ) -> Path:
    """The file that `--config` names, else LOADER_CONFIG, else ./loader.yaml. Raises ConfigError when absent."""
    if given is not None:
        path, chosen_by = Path(given), "--config"
    elif environ.get(CONFIG_VARIABLE):
        path, chosen_by = Path(environ[CONFIG_VARIABLE]), CONFIG_VARIABLE
    else:
        path, chosen_by = Path(DEFAULT_FILE), "the working folder"
    if not path.is_file():
        raise ConfigError(
            "there is no configuration file",
            f"{path} ({chosen_by})",
            "write one with `loader init`, or name it with --config FILE or LOADER_CONFIG",
        )
    return path


def load_config(path: Path | str, environ: Mapping[str, str] | None = None) -> Config:
    """Load the configuration from a file. A `.env` beside it supplies variables that the environment lacks.

    Raises one ConfigError that lists every problem as `file:line key: problem`.
    """
    path = Path(path)
    document = _read(path)
    variables = _environment(path, environ)
    remember_secrets(variables)
    interpolation = Interpolation(variables)
    value = interpolation.apply(document.value)
    problems = [*document.problems, *interpolation.problems]
    config: Config | None = None
    if not isinstance(value, dict):
        problems.append(Problem((), "must hold keys: at least warehouse and sources"))
    else:
        try:
            config = Config.model_validate(value, context={"base": path.absolute().parent})
        except ValidationError as error:
            known = {problem.path for problem in problems}
            problems += [p for p in explain(error, value, interpolation.touched) if p.path not in known]
        problems += _schema_problems(value)
        problems += _model_problems(value)
        if config is not None and config.publish is not None and config.publish.path == config.warehouse.path:
            problems.append(Problem(("publish", "path"), "must be another file than warehouse.path"))
    if problems or config is None:
        raise _all_problems(path, document, problems)
    return config


def _read(path: Path) -> Document:
    try:
        return read_document(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"cannot read the configuration file: {error.strerror}", str(path), "check the path"
        ) from None
    except UnicodeDecodeError:
        raise ConfigError("the configuration file is not UTF-8", str(path), "save it as UTF-8") from None
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark is not None else str(path)
        problem = getattr(error, "problem", None) or "a value cannot be read"
        raise ConfigError(f"the configuration file is not valid YAML: {problem}", where, "correct the line") from None


def _environment(path: Path, environ: Mapping[str, str] | None) -> Mapping[str, str]:
    """The environment, completed by `.env`. AWS variables of `.env` are exported: the S3 client reads them itself."""
    dotenv = path.absolute().parent / ".env"
    found = {name: value for name, value in dotenv_values(dotenv).items() if value} if dotenv.is_file() else {}
    if environ is not None:
        return {**found, **environ}
    for name, value in found.items():
        if name.startswith("AWS_"):
            os.environ.setdefault(name, value)
    return {**found, **os.environ}


def _section(value: Mapping[str, object], *keys: str) -> Mapping[str, object]:
    """A section of the plain values; empty if it is missing or not a mapping."""
    for key in keys:
        found = value.get(key)
        value = found if isinstance(found, dict) else {}
    return value


def _reserved(value: Mapping[str, object]) -> set[str]:
    """Schemas that neither sources nor models may use; `models` is reserved for the models."""
    path = _section(value, "warehouse").get("path")
    stem = [Path(path).stem.lower()] if isinstance(path, str) else []
    return {*RESERVED_SCHEMAS, str(value.get("system_schema", "_loader")), *stem}


def _source_names(value: Mapping[str, object]) -> Iterator[tuple[int, str]]:
    sources = value.get("sources")
    for index, source in enumerate(sources if isinstance(sources, list) else []):
        name = source.get("name") if isinstance(source, dict) else None
        if isinstance(name, str) and name:
            yield index, name


def _model_problems(value: Mapping[str, object]) -> Iterator[Problem]:
    """Problems of the schemas that the section `models` names: its own, and those of sources."""
    own, reserved = _section(value, "models").get("schema"), _reserved(value) - {"models"}
    if isinstance(own, str) and own in reserved:
        yield Problem(("models", "schema"), f"{own!r} is reserved; reserved are: {', '.join(sorted(reserved))}")
    schemas = sorted({schema_name(name, DUCKDB.identifier_bytes) for _, name in _source_names(value)})
    for path in (("models", "ltv", "sources"), ("models", "usage", "exclude_sources")):
        listed = _section(value, *path[:-1]).get(path[-1])
        for index, schema in enumerate(listed if isinstance(listed, list) else []):
            if isinstance(schema, str) and schema not in schemas:
                text = (
                    f"no source has the schema {schema!r}; use one of: {', '.join(schemas)}{nearest(schema, schemas)}"
                )
                yield Problem((*path, index), text)


def _schema_problems(value: Mapping[str, object]) -> Iterator[Problem]:
    """Schemas that are reserved or used twice. Reads the plain values, so it works on a file with other problems."""
    own = _section(value, "models").get("schema")
    reserved = _reserved(value) | ({own} if isinstance(own, str) else set())
    names: dict[str, str] = {}
    for index, name in _source_names(value):
        schema, path = schema_name(name, DUCKDB.identifier_bytes), ("sources", index, "name")
        if schema in reserved or name.lower() in reserved:
            listed = ", ".join(sorted(reserved))
            yield Problem(path, f"the name is reserved, or its schema {schema!r} is; reserved are: {listed}")
        elif schema in names:
            yield Problem(path, f"has the schema {schema!r}, as has the source {names[schema]!r}; rename one of them")
        names.setdefault(schema, name)


def _all_problems(path: Path, document: Document, problems: list[Problem]) -> ConfigError:
    ordered = sorted(dict.fromkeys(problems), key=lambda problem: (document.line(problem.path), dotted(problem.path)))
    listed = [f"{path}:{document.line(problem.path)} {dotted(problem.path)}: {problem.text}" for problem in ordered]
    count = "1 problem" if len(listed) == 1 else f"{len(listed)} problems"
    return ConfigError(
        f"the configuration has {count}",
        "\n         ".join(listed),
        "correct the lines above; docs/configuration.md lists every key",
    )
