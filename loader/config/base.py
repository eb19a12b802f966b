"""What every section of the configuration file has in common."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo


def against_file(path: Path, info: ValidationInfo) -> Path:
    """A relative path is relative to the folder of the configuration file, not to where the command runs."""
    base = (info.context or {}).get("base")
    return path if base is None else Path(base) / path.expanduser()


ConfigPath = Annotated[Path, AfterValidator(against_file)]


class Settings(BaseModel):
    """A section: unknown keys are errors, values never change and are not repeated in errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
