"""Levels of computed traits and audiences: profiles and accounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from loader.models.header import Column


@dataclass(frozen=True, slots=True)
class Level:
    """One level."""

    noun: str
    key: Column
    population: str
    """Model of all that there are: those with a row in the wide table of traits, and that may be in an audience."""
    shown: tuple[Column, ...]
    """Columns of the population beside the key, shown wherever its traits and audiences are."""
    traits_table: str
    traits_description: str
    candidates: str
    """Model of those that meet the rule of an audience now, for all audiences."""
    members: str
    """Model of those that are in an audience, for all audiences."""


LEVELS: Final[Mapping[str, Level]] = {
    "profile": Level(
        noun="profile",
        key=Column("canonical_segment_id", "text", "profile"),
        population="audience_population",
        shown=(Column("user_id", "text", "user id of the profile"), Column("email", "text", "email of the profile")),
        traits_table="computed_traits",
        traits_description="All computed traits of the profiles that audiences are about.",
        candidates="audience_candidates",
        members="audience_members",
    ),
    "account": Level(
        noun="account",
        key=Column("group_id", "text", "account"),
        population="account_population",
        shown=(
            Column("name", "text", "newest name of the account"),
            Column("members", "integer", "profiles that belong to it"),
        ),
        traits_table="computed_account_traits",
        traits_description="All computed traits of accounts.",
        candidates="account_audience_candidates",
        members="account_audience_members",
    ),
}
"""By the word that the configuration has for it: `level: account`."""
