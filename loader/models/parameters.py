"""Turns the section `models` of the configuration into flat parameters, and their values into SQL literals."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import BaseModel
from sqlglot import exp

from loader.config import ModelsSettings
from loader.errors import ConfigError

NOT_PARAMETERS: Final = frozenset(
    {"schema_name", "folder", "inputs", "traits", "audiences_custom", "audiences_library"}
)


def resolve_as_of(as_of: str | date | datetime, timezone: str, now: datetime) -> datetime:
    """The instant before which behaviour counts, in UTC without a zone. `now` is the time of the caller's clock.

    Raises ConfigError if the time is so far away that windows of days around it would exceed what SQL can hold.
    """
    zone = ZoneInfo(timezone)
    if as_of == "now":
        instant = now
    elif as_of == "today":
        instant = datetime.combine(now.astimezone(zone).date(), time(), zone)
    elif isinstance(as_of, datetime):
        instant = as_of if as_of.tzinfo else as_of.replace(tzinfo=zone)
    elif isinstance(as_of, date):
        instant = datetime.combine(as_of, time(), zone)
    else:
        raise ConfigError(f"as_of cannot be {as_of!r}", "models.as_of", "use today, now, a day or a time")
    if not 1000 <= instant.year <= 9000:
        raise ConfigError(f"as_of cannot be {as_of}", "models.as_of", "use a day of the years 1000 to 9000")
    return instant.astimezone(UTC).replace(tzinfo=None)


def parameters_of(settings: ModelsSettings, now: datetime) -> dict[str, object]:
    """All settings by their name in SQL: `models.sessions.gap_seconds` is `sessions_gap_seconds`.

    `as_of` is resolved. If the `as_of` of a section is not set, it is that of all models.
    """
    flat = dict(_flat("", settings))
    instant = resolve_as_of(settings.as_of, settings.timezone, now)
    for name in flat:
        if name == "as_of" or name.endswith("_as_of"):
            own = flat[name]
            flat[name] = instant if own is None else resolve_as_of(own, settings.timezone, now)  # type: ignore[arg-type]
    return flat


def _flat(prefix: str, settings: BaseModel) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if f"{prefix}{name}" in NOT_PARAMETERS:
            continue
        if isinstance(value, BaseModel):
            found += _flat(f"{prefix}{name}_", value)
        else:
            found.append((f"{prefix}{name}", value))
    return found


def typed_literal(value: object) -> exp.Expr:
    """A value as a literal of its type. Raises ConfigError if SQL has no such literal."""
    if value is None:
        return exp.null()
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, int | Decimal):
        return _number(str(value))
    if isinstance(value, float):
        return exp.cast(_number(repr(value)), "double", dialect="duckdb")
    if isinstance(value, datetime):
        naive = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        return exp.cast(exp.Literal.string(naive.isoformat(sep=" ")), "timestamp", dialect="duckdb")
    if isinstance(value, date):
        return exp.cast(exp.Literal.string(value.isoformat()), "date", dialect="duckdb")
    if isinstance(value, str):
        return exp.Literal.string(value)
    raise ConfigError(
        f"a {type(value).__name__} cannot be written in SQL",
        "a parameter of a model",
        "use a text, number, yes or no, day or time, or a list of them inside IN (…)",
    )


def _number(text: str) -> exp.Expr:
    return exp.Neg(this=exp.Literal.number(text[1:])) if text.startswith("-") else exp.Literal.number(text)


def value_list(value: object) -> list[exp.Expr]:
    """The literals for `IN ($name)`, one per item of a list. An empty list becomes one NULL, which equals nothing."""
    if isinstance(value, tuple | list):
        return [typed_literal(item) for item in value] or [exp.null()]
    return [typed_literal(value)]
