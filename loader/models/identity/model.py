"""Runs identity resolution: decides the order of its steps."""

from __future__ import annotations

from collections.abc import Mapping

from loader.models.context import Context
from loader.models.identity.aliases import close_aliases
from loader.models.identity.apply import apply
from loader.models.identity.changes import (
    Last,
    Marks,
    definition_of,
    forget_last,
    marks,
    newest,
    obstacle,
    read_last,
    write_last,
)
from loader.models.identity.custom import custom_identifiers
from loader.models.identity.deletions import read_deletions
from loader.models.identity.facts import report_calls, report_changed
from loader.models.identity.found import write_found
from loader.models.identity.increment import FullRunNeededError, replay_new
from loader.models.identity.kept import keep
from loader.models.identity.observed import observe
from loader.models.identity.resolve import Resolver, resolve
from loader.models.identity.tables import TABLES, write_tables
from loader.models.identity.traits import TRAIT_TABLES, count_trait_updates, identify_tables, patch_traits, write_traits
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
    """Make the tables of identity resolution from all calls, in part if that gives the same result."""
    work = Work(context.connection)
    try:
        inputs = {call: context.table(name) for call, name in INPUTS.items()}
        if (never := _never_in_part(work, context)) is not None:
            context.full_because = never
            _make(work, context, inputs)
            forget_last(context)
            return
        last = read_last(context)
        definition = definition_of(context, identify_tables(context))
        found = marks(work, inputs, identify_tables(context), None if last is None else last.until)
        if last is not None:
            context.full_because = _change(work, context, inputs, definition, found, last)
            if context.full_because is None:
                return
            work.close()
        resolver = _make(work, context, inputs)
        keep(work, context, resolver)
        write_last(context, _numbers(work, definition, found), found)
    finally:
        work.close()


def _never_in_part(work: Work, context: Context) -> str | None:
    """Why a project can never be computed in part; None if it can."""
    if context.settings.identity.custom:
        return "custom identifiers are configured"
    if work.number(f"select count(*) from {context.table('input_identity_deletions')}"):
        return "identifiers were deleted"
    if not all(context.owns(name) for name in (*TABLES, *TRAIT_TABLES)):
        return "one of the tables of identity is yours"
    return None


def _make(work: Work, context: Context, inputs: Mapping[str, str]) -> Resolver:
    """Make everything in full."""
    settings = context.settings.identity
    observe(work, inputs, settings, custom_identifiers(context, inputs))
    read_deletions(work, context.table("input_identity_deletions"), settings)
    resolver = resolve(work, settings, close_aliases(work))
    write_found(work, resolver)
    write_tables(work, context, resolver)
    write_traits(work, context)
    report_calls(work, context)
    report_changed(work, context)
    return resolver


def _numbers(work: Work, definition: str, found: Mapping[str, Marks], before: Last | None = None) -> Last:
    """The highest numbers that this run used, from those of the run before."""
    counted = (
        *("_identity_events", "_identity_updates", "_identity_mapping"),
        *("_identity_identifiers", "_identity_profiles"),
    )
    calls, updates, mapped, identifiers, profiles = (work.number(f"select count(*) from {name}") for name in counted)
    traits, until = count_trait_updates(work), newest(found)
    if before is None:
        return Last(definition, calls, updates, mapped, identifiers, profiles, traits, until)
    return Last(
        definition,
        before.calls + calls,
        before.updates + updates,
        before.mapped + mapped,
        before.identifiers + identifiers - work.number("select count(*) from _identity_known"),
        before.profiles + profiles - work.number("select count(*) from _identity_touched"),
        before.traits + traits,
        until,
    )


def _change(
    work: Work, context: Context, inputs: Mapping[str, str], definition: str, found: Mapping[str, Marks], last: Last
) -> str | None:
    """Take in the new calls. Returns the reason if everything must be made in full instead."""
    if any(context.previous(name) is None for name in (*TABLES, *TRAIT_TABLES)):
        return "a table of the last run is gone"
    if (reason := obstacle(context, definition, found, last)) is not None:
        return reason
    try:
        resolver, earlier_node = replay_new(work, context, inputs, last)
    except FullRunNeededError as needed:
        return str(needed)
    apply(work, context, resolver, earlier_node, last)
    patch_traits(work, context, last.traits)
    write_last(context, _numbers(work, definition, found, last), found)
    context.keys_recomputed = work.number("select count(*) from _identity_people")
    report_calls(work, context, last.calls)
    return None
