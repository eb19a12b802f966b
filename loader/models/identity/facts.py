"""Facts that a run reports: how many calls limits affected, and from which row on updates changed."""

from __future__ import annotations

from typing import Final

from loader.models.context import Context
from loader.models.identity.work import Work

_UPDATES: Final = ("id_graph_updates", "external_id_mapping_updates")
_COMPARED: Final = ("seq", "id", "segment_id", "timestamp", "received_at")
_CALLS_OF_LIMITED: Final = (
    "select coalesce(sum(events), 0) from identity_profiles where canonical_segment_id in (select canonical_segment_id "
    "from identity_violations where code in ('identifier_value_limit', 'identifier_value_time_limit', "
    "'profile_merge_limit', 'identifier_mapping_limit'))"
)


def report_calls(work: Work, context: Context, before: int = 0) -> None:
    """Report all calls, those that this run took in, and those of people of whom a limit left an identifier out.

    `before`: how many calls earlier runs took in.
    """
    if not all(context.owns(name) for name in ("event_profiles", "identity_profiles", "identity_violations")):
        return
    replayed = work.number("select count(*) from _identity_events")
    is_limited = context.settings.identity.resolver == "unify"
    limited = int(context.rows(_CALLS_OF_LIMITED)[0][0]) if is_limited else 0
    calls = before + replayed
    context.facts["event_profiles"] = {
        "calls": calls,
        "calls_replayed": replayed,
        "calls_limited": limited,
        "share_limited": round(limited / calls, 4) if calls else 0.0,
    }


def report_changed(work: Work, context: Context) -> None:
    """After a full run, report the first row of each table of updates that differs from the last run."""
    for name in _UPDATES:
        previous = context.previous(name)
        if previous is None or not context.owns(name):
            continue
        columns = {row[0] for row in work.connection.execute(f"describe select * from {previous}").fetchall()}
        if not columns.issuperset(_COMPARED):
            continue
        is_same = " and ".join(f"n.{column} is not distinct from p.{column}" for column in _COMPARED[1:])
        ((first,),) = work.connection.execute(
            f"select min(p.seq) from {previous} as p left join {context.table(name)} as n on n.seq = p.seq "
            f"where n.seq is null or not ({is_same})"
        ).fetchall()
        if first is not None:
            context.facts[name] = {"changed_from_seq": first}
