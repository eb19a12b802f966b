"""Everything that the configuration declares as models: audiences and computed traits."""

from __future__ import annotations

from pathlib import Path

from loader.config import ModelsSettings
from loader.models.audiences import RULE, audience_models
from loader.models.generated import Generated
from loader.models.traits import trait_models


def configured_models(settings: ModelsSettings, user_folder: Path | None = None) -> Generated:
    """Models and inputs of the section `models`; a file audience_rule_<key>.sql in the user's folder is an audience.

    Raises ConfigError, which names the setting.
    """
    files = user_folder.glob(f"{RULE}*.sql") if user_folder is not None else []
    own_rules = [path.stem.removeprefix(RULE) for path in files]
    return trait_models(settings.traits).plus(audience_models(settings.audiences, settings.traits, own_rules))
