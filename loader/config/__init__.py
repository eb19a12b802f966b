"""The configuration file `loader.yaml`: its models, and how it is found, read and checked as a whole."""

from loader.config.file import find_config, load_config
from loader.config.interpolate import redact
from loader.config.models.settings import ModelsSettings
from loader.config.settings import (
    ArchiveSettings,
    Config,
    LoadSettings,
    PublishSettings,
    ResourceSettings,
    SourceSettings,
    WarehouseSettings,
)

__all__ = [
    "ArchiveSettings",
    "Config",
    "LoadSettings",
    "ModelsSettings",
    "PublishSettings",
    "ResourceSettings",
    "SourceSettings",
    "WarehouseSettings",
    "find_config",
    "load_config",
    "redact",
]
