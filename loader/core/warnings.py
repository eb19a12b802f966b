"""Names of the warning counters: input that loads without loss but still deserves a look."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, Literal, get_args

from loader.core.tables import STANDARD_TABLES

WarningName = Literal[
    "received_at_imputed",
    "timestamp_future",
    "no_identity",
    "long_message_id",
    "empty_event",
    "identify_without_user",
    "group_without_group",
    "alias_without_previous",
    "key_case",
    "empty_batch",
    "concatenated_json",
    "trailing_bytes",
    "source_mismatch",
    "table_growth",
]
WARNING_NAMES: Final[tuple[WarningName, ...]] = get_args(WarningName)

FUTURE_HOURS: Final = 24
"""A timestamp so long after its receipt comes from a wrong clock."""
LONGEST_MESSAGE_ID: Final = 100
"""Characters that Segment allows."""
_GROWTH_SHARE: Final = 10


def table_growth(created: Collection[str], refused: Collection[str], table_cap: int) -> int:
    """How many new event tables a load wanted, if they are too many, else 0. `refused` are those above the cap.

    More than a tenth of the cap in one load is too many, and so is any that was refused. The usual cause are event
    names that contain an id or a number, each of which makes a table. Standard tables in `created` do not count.
    """
    wanted = (set(created) - STANDARD_TABLES) | set(refused)
    return len(wanted) if refused or len(wanted) * _GROWTH_SHARE > table_cap else 0
