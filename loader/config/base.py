"""What every section of the configuration file has in common."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo


def against_file(path: Path, info: ValidationInfo) -> Path:
    """A relative path is relative to the folder of the configuration file, not to where the command runs."""
    base = (info.context or {}).get("base")
    return path if base is None else Path(base) / path.expanduser()


def read_instant(text: str) -> str | date | datetime:
    """`today`, `now`, a day or a time. Raises ValueError, whose text says what is allowed."""
    if text in ("today", "now"):
        return text
    try:
        return date.fromisoformat(text) if len(text) == len("2026-01-31") else datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("must be today, now, a day such as 2026-01-31, or a time: 2026-01-31T12:00:00Z") from None


ConfigPath = Annotated[Path, AfterValidator(against_file)]


class Settings(BaseModel):
    """A section: unknown keys are errors, numbers are finite, values never change and are not repeated in errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)
