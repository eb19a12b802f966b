"""Explains validation errors: what is allowed, and the nearest correct spelling."""

from collections.abc import Iterable, Iterator
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from loader.config.positions import Path, Problem
from loader.config.settings import Config
from loader.core.nearest import nearest


def explain(error: ValidationError, value: object, hidden: Iterable[Path]) -> Iterator[Problem]:
    """One problem per validation error. Values at `hidden` paths came from the environment and are not shown."""
    secret = set(hidden)
    items = error.errors(include_url=False, include_context=True)
    for item in items:
        path: Path = tuple(item["loc"])
        if item["type"] == "too_short" and any(other["loc"][: len(path)] == path != other["loc"] for other in items):
            continue  # the length of a list is not reported beside problems of its items
        yield Problem(path, _text(str(item["type"]), path, item, None if path in secret else _at(value, path)))


def _text(kind: str, path: Path, item: Any, value: object) -> str:
    if kind == "extra_forbidden":
        allowed = sorted(_keys(path[:-1]))
        return f"is not a key here; allowed: {', '.join(allowed)}{nearest(str(path[-1]), allowed)}"
    if kind == "missing":
        return "is required"
    if kind == "literal_error":
        choices = _literals(path)
        return (
            f"{_got(value)}; allowed: {', '.join(choices)}{nearest(str(value), choices) if value is not None else ''}"
        )
    if kind == "value_error":
        return str(item["ctx"]["error"])
    if kind in ("date_parsing", "date_type", "date_from_datetime_parsing", "date_from_datetime_inexact"):
        return f"must be a day such as 2026-01-31{f' ({_got(value)})' if _is_plain(value) else ''}"
    message = str(item["msg"])
    message = message.replace("Input should be", "must be").replace("String should", "must").replace("Tuple", "List")
    message = message.replace("a valid dictionary or instance of", "keys of").replace("must must", "must")
    return f"{message}{f' ({_got(value)})' if _is_plain(value) else ''}"


def _got(value: object) -> str:
    return f"is {str(value)[:80]!r}" if _is_plain(value) else "has a value that is not allowed"


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float | bool)


def _at(value: object, path: Path) -> object:
    for step in path:
        try:
            value = value[step]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _field(model: type[BaseModel], key: str) -> FieldInfo:
    """The field for a key of the file, by its alias if it has one."""
    return next(field for name, field in model.model_fields.items() if key == (field.alias or name))


def _annotation(path: Path) -> Any:
    """The type that the settings declare for a path, without the None of optional keys."""
    found: Any = Config
    for step in path:
        if isinstance(step, int):
            found = get_args(found)[0]
        elif isinstance(found, type) and issubclass(found, BaseModel):
            found = _field(found, step).annotation
        elif get_origin(found) is dict:
            found = get_args(found)[1]
        choices = [arg for arg in get_args(found) if arg is not type(None)]
        if type(None) in get_args(found):
            models = [arg for arg in choices if isinstance(arg, type) and issubclass(arg, BaseModel)]
            found = (models or choices)[0] if models or len(choices) == 1 else found
    return found


def _keys(path: Path) -> list[str]:
    model = _annotation(path)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return []
    return [field.alias or name for name, field in model.model_fields.items()]


def _literals(path: Path) -> list[str]:
    return [str(choice) for choice in get_args(_annotation(path))]
