"""All models and inputs that the configuration declares: audiences and computed traits."""

from __future__ import annotations

from pathlib import Path

from loader.config import ModelsSettings
from loader.models.configured.audience_rules import RULE
from loader.models.configured.audiences import audience_models
from loader.models.configured.generated import Generated
from loader.models.configured.levels import LEVELS
from loader.models.configured.traits import trait_models
from loader.models.header import read_model


def configured_models(settings: ModelsSettings, user_folder: Path | None = None) -> Generated:
    """The declared models and inputs. A file audience_rule_<key>.sql in the user's folder is an audience as well.

    Raises ConfigError that names the setting, or the file and line.
    """
    files = user_folder.glob(f"{RULE}*.sql") if user_folder is not None else []
    own_rules = {path.stem.removeprefix(RULE): _level_of(path) for path in files}
    return trait_models(settings.traits).plus(audience_models(settings.audiences, settings.traits, own_rules))


def _level_of(path: Path) -> str:
    """The level of a rule in a file, by the columns of its header."""
    columns = read_model(path).column_names
    is_of_accounts = LEVELS["account"].key.name in columns and LEVELS["profile"].key.name not in columns
    return "account" if is_of_accounts else "profile"
