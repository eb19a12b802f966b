"""The base class of all sections of the configuration file, and values that several of them share."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Final, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo, field_validator


def against_file(path: Path, info: ValidationInfo) -> Path:
    """Resolve a relative path against the folder of the configuration file, not the working folder."""
    base = (info.context or {}).get("base")
    return path if base is None else Path(base) / path.expanduser()


_INSTANTS: Final = "must be today, now, a day such as 2026-01-31, or a time: 2026-01-31T12:00:00Z"


def read_instant(text: str) -> str | date | datetime:
    """Read `today`, `now`, a day or a time. Raises ValueError whose text says what is allowed."""
    if text in ("today", "now"):
        return text
    try:
        return date.fromisoformat(text) if len(text) == len("2026-01-31") else datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(_INSTANTS) from None


def as_instant(given: object) -> object:
    """A text as `read_instant` reads it. Raises ValueError for numbers: 20260131 would be seconds since 1970."""
    if isinstance(given, int | float):
        raise ValueError(_INSTANTS)
    return read_instant(given) if isinstance(given, str) else given


def _is_number_alone(kind: Any) -> bool:
    """Whether a setting of this type is a number and never true or false."""
    kinds = [kind]
    for each in kinds:
        kinds += get_args(each)
    return bool not in kinds and (int in kinds or float in kinds)


ConfigPath = Annotated[Path, AfterValidator(against_file)]


class Settings(BaseModel):
    """A section. Unknown keys are errors, numbers are finite, and errors do not repeat values. Immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, given: object, info: ValidationInfo) -> object:
        """`yes` is no 1."""
        if isinstance(given, bool) and _is_number_alone(cls.model_fields[str(info.field_name)].annotation):
            raise ValueError("must be a number, not true or false")
        return given
