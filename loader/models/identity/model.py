"""Runs identity resolution: the order of its steps."""

from __future__ import annotations

from loader.models.context import Context
from loader.models.identity.aliases import close_aliases, link_calls
from loader.models.identity.custom import custom_identifiers
from loader.models.identity.deletions import read_deletions
from loader.models.identity.history import write_history
from loader.models.identity.links import contract
from loader.models.identity.observed import observe
from loader.models.identity.tables import write_tables
from loader.models.identity.traits import write_traits
from loader.models.identity.violators import find_violators, replay_violators
from loader.models.identity.work import Work

INPUTS = {
    "identify": "input_identifies",
    "track": "input_tracks",
    "page": "input_pages",
    "screen": "input_screens",
    "group": "input_groups",
    "alias": "input_aliases",
}


def run(context: Context) -> None:
    """Make the tables of identity resolution from all calls of all sources."""
    settings = context.settings.identity
    work = Work(context.connection)
    try:
        inputs = {call: context.table(name) for call, name in INPUTS.items()}
        observe(work, inputs, settings, custom_identifiers(context, inputs))
        read_deletions(work, context.table("input_identity_deletions"), settings)
        resolve(work, context)
        write_tables(work, context)
        write_traits(work, context)
    finally:
        work.close()


def resolve(work: Work, context: Context) -> None:
    """From observed identifiers to profiles, merges and the profile of each event."""
    settings = context.settings.identity
    close_aliases(work)
    link_calls(work)
    contract(work, "_identity_links", "_identity_roots", "_identity_forest")
    find_violators(work, settings)
    replay_violators(work, settings)
    write_history(work)
    work.drop("_identity_forest", "_identity_roots", "_identity_violating", "_identity_members")
