"""The tables that readers see, from the whole numbers of the resolution."""

from __future__ import annotations

from typing import Final

from loader.core.dialect import literal
from loader.models.context import Context
from loader.models.identity.replay import Cause
from loader.models.identity.work import Work

_CODES: Final = {
    Cause.VALUE_LIMIT: "identifier_value_limit",
    Cause.TIME_LIMIT: "identifier_value_time_limit",
    Cause.MERGE_CAP: "profile_merge_limit",
    Cause.IDENTIFIER_CAP: "identifier_mapping_limit",
}
EVENT: Final = "e.call as triggering_event_type, e.id as triggering_event_id"


def write_tables(work: Work, context: Context) -> None:
    """Write every table that is ours: a file of the user may stand for one of them."""
    _name_types(work, context)
    _name_profiles(work)
    _map_identifiers(work)
    for name, query in (
        ("id_graph_updates", _id_graph_updates()),
        ("external_id_mapping_updates", _external_id_mapping_updates()),
        ("event_profiles", _event_profiles()),
        ("identity_profiles", _identity_profiles(context)),
        ("identity_violations", _identity_violations()),
    ):
        if context.owns(name):
            context.write(name, query)


def _name_types(work: Work, context: Context) -> None:
    """Make `_identity_types(type, name)`."""
    names = enumerate(context.settings.identity.types)
    listed = ", ".join(f"({place}, {literal(name)})" for place, name in names)
    work.make("_identity_types", f"select * from (values {listed}) as t(type, name)")


def _name_profiles(work: Work) -> None:
    """Make `_identity_kept(seq, identifier)`, `_identity_canonical(profile, canonical)` and `_identity_names(profile,
    segment_id)`: called after the first identifier of the event that created it, the same whatever was loaded when."""
    kept = "select seq, identifier from _identity_observed"
    if work.number("select count(*) from _identity_dropped"):
        kept = (
            "select o.seq, o.identifier from _identity_observed as o join _identity_nodes as n "
            "on n.identifier = o.identifier anti join _identity_dropped as d on d.seq = o.seq and d.node = n.node"
        )
    work.make("_identity_kept", kept)
    work.make(
        "_identity_canonical",
        "select c.profile, coalesce(m.canonical, c.profile) as canonical from _identity_created as c left join ("
        "select profile, arg_max(canonical, seq) as canonical from _identity_moves group by profile) as m "
        "on m.profile = c.profile",
    )
    work.make(
        "_identity_names",
        "select f.profile, 'use_' || md5(t.name || ':' || i.value || case when r.seq < f.profile then ':' || e.id "
        "else '' end) "
        "as segment_id from (select c.profile, min(k.identifier) as identifier from _identity_created as c "
        "join _identity_kept as k on k.seq = c.profile group by c.profile) as f "
        "join _identity_identifiers as i on i.identifier = f.identifier join _identity_types as t on t.type = i.type "
        "join _identity_events as e on e.seq = f.profile "
        "left join (select identifier, min(seq) as seq from _identity_removed group by identifier) as r "
        "on r.identifier = f.identifier",
    )


def _map_identifiers(work: Work) -> None:
    """Make `_identity_mapped(identifier, profile, seq)`: the first event that mapped an identifier, again after a
    removal."""
    removed = work.number("select count(*) from _identity_removed")
    epoch = "(select count(*) from _identity_removed as r where r.identifier = k.identifier and r.seq < k.seq)"
    part = epoch if removed else "0"
    first = f"select k.identifier, {part} as epoch, min(k.seq) as seq from _identity_kept as k group by 1, 2"
    work.make(
        "_identity_mapped",
        f"select f.identifier, r.profile, f.seq from ({first}) as f join _identity_resolved as r on r.seq = f.seq",
    )
    if work.number("select count(*) from _identity_dropped"):
        # One of an alias class that was itself on dropped places only belongs to where its class is.
        work.connection.execute(
            "insert into _identity_mapped select n.identifier, c.profile, c.seq from _identity_nodes as n join ("
            "select o.node, arg_min(m.profile, m.seq) as profile, min(m.seq) as seq from _identity_mapped as m "
            "join _identity_nodes as o on o.identifier = m.identifier group by o.node) as c on c.node = n.node "
            "where n.identifier not in (select identifier from _identity_mapped)"
        )


def _id_graph_updates() -> str:
    return (
        "select n.segment_id, c.segment_id as canonical_segment_id, "
        f"{EVENT}, e.timestamp, row_number() over (order by u.seq, u.is_move, u.profile) as seq, e.received_at, "
        "$as_of as uuid_ts, md5(n.segment_id || ':' || c.segment_id || ':' || e.source || ':' || e.call || ':' || "
        "e.id) as id "
        "from (select profile, profile as canonical, profile as seq, 0 as is_move from _identity_created union all "
        "select profile, canonical, seq, 1 from _identity_moves) as u join _identity_events as e on e.seq = u.seq "
        "join _identity_names as n on n.profile = u.profile join _identity_names as c on c.profile = u.canonical"
    )


def _external_id_mapping_updates() -> str:
    changes = (
        "select m.identifier, m.profile, m.seq, 0 as is_removal, cast(null as timestamp) as removed_at from "
        "_identity_mapped as m "
        "union all select r.identifier, r.profile, r.seq, 1, r.deleted_at from _identity_removed as r"
    )
    return (
        "select md5(h.external_id_hash || ':' || h.operation || ':' || coalesce(h.source || ':' || h.call || ':' "
        "|| h.event_id, "
        "cast(h.timestamp as text))) as id, "
        "h.segment_id, h.external_id_type, h.external_id_value, h.external_id_hash, h.timestamp, h.received_at, h.seq, "
        "h.event_id as triggering_event_id, h.event_name as triggering_event_name, h.call as triggering_event_type, "
        "h.source as triggering_event_source_id, h.source as triggering_event_source_name, "
        "h.source as triggering_event_source_slug, $as_of as uuid_ts, h.operation from ("
        "select n.segment_id, t.name as external_id_type, i.value as external_id_value, "
        "md5(t.name || ':' || i.value) as external_id_hash, coalesce(u.removed_at, e.timestamp) as timestamp, "
        "coalesce(u.removed_at, e.received_at) as received_at, "
        "row_number() over (order by u.seq, u.is_removal, u.removed_at, u.identifier) as seq, "
        "case when u.is_removal = 0 then e.id end as event_id, case when u.is_removal = 0 then e.name end as "
        "event_name, "
        "case when u.is_removal = 0 then e.call end as call, case when u.is_removal = 0 then e.source end as source, "
        "case when u.is_removal = 0 then 'CREATED' else 'REMOVED' end as operation "
        f"from ({changes}) as u join _identity_identifiers as i on i.identifier = u.identifier "
        "join _identity_types as t on t.type = i.type left join _identity_events as e on e.seq = u.seq "
        "join _identity_names as n on n.profile = u.profile) as h"
    )


def _event_profiles() -> str:
    return (
        "select e.source, e.call, e.id as event_id, n.segment_id, c.segment_id as canonical_segment_id "
        "from _identity_resolved as r join _identity_events as e on e.seq = r.seq "
        "join _identity_names as n on n.profile = r.profile join _identity_canonical as k on k.profile = r.profile "
        "join _identity_names as c on c.profile = k.canonical"
    )


def _identity_profiles(context: Context) -> str:
    """Sizes, and the identifier of each profile that most others are linked through."""
    places = {name: place for place, name in enumerate(context.settings.identity.types)}
    user = places.get("user_id", -1)
    degrees = (
        "select node, count(*) as degree from (select a as node from _identity_links union all "
        "select b from _identity_links) as l group by node"
    )
    nodes = (
        "select k.canonical, o.node, count(*) as n from _identity_mapped as m "
        "join _identity_canonical as k on k.profile = m.profile join _identity_nodes as o on o.identifier = "
        "m.identifier "
        "where not exists (select 1 from _identity_removed as r where r.identifier = m.identifier and r.seq >= m.seq) "
        "group by k.canonical, o.node"
    )
    return (
        "select s.segment_id as canonical_segment_id, p.users, p.identifiers, p.events, t.name as hub_type, "
        "i.value as hub_value, p.hub_degree from (select x.canonical, max(v.events) as events, sum(x.n) as "
        "identifiers, "
        f"count(case when i.type = {user} then 1 end) as users, coalesce(max(d.degree), 0) as hub_degree, "
        "arg_max(k.rank, coalesce(d.degree, 0) * 1000000000000 - k.rank) as hub "
        f"from ({nodes}) as x join _identity_ranks as k on k.node = x.node "
        f"join _identity_identifiers as i on i.identifier = k.rank left join ({degrees}) as d on d.node = x.node "
        "left join (select c.canonical, count(*) as events from _identity_resolved as r "
        "join _identity_canonical as c on c.profile = r.profile group by c.canonical) as v on v.canonical = "
        "x.canonical "
        "group by x.canonical) as p join _identity_names as s on s.profile = p.canonical "
        "join _identity_identifiers as i on i.identifier = p.hub join _identity_types as t on t.type = i.type"
    )


def _identity_violations() -> str:
    codes = " ".join(f"when {cause.value} then {literal(code)}" for cause, code in _CODES.items())
    profile = (
        "left join _identity_resolved as r on r.seq = v.seq left join _identity_canonical as k on k.profile = "
        "r.profile "
        "left join _identity_names as c on c.profile = k.canonical"
    )
    found = (
        f"select d.seq, case d.cause {codes} end as code, o.identifier, case when d.cause < 2 "
        "then d.n || ' values of ' || w.name || ', at most ' || d.most else 'the profile would have ' || d.n || "
        "case d.cause when 2 then ' merges' else ' identifiers' end || ', at most ' || d.most end as detail "
        "from _identity_dropped as d join _identity_types as w on w.type = d.type "
        "join _identity_nodes as n on n.node = d.node "
        "join _identity_observed as o on o.seq = d.seq and o.identifier = n.identifier "
        f"where d.cause < {Cause.OTHER_PROFILE.value} "
        "union all select seq, 'id_value_blocked', identifier, 'a value that is nobody''s id' from _identity_blocked "
        "union all select e.seq, 'no_identifier', null, 'the event has no id that can be used' from "
        "_identity_events as e "
        "where e.seq not in (select seq from _identity_observed)"
    )
    return (
        "select e.source, e.call, e.id as event_id, v.code, t.name as id_type, i.value as id_value, "
        "c.segment_id as canonical_segment_id, v.detail "
        f"from ({found}) as v join _identity_events as e on e.seq = v.seq {profile} "
        "left join _identity_identifiers as i on i.identifier = v.identifier left join _identity_types as t on "
        "t.type = i.type "
        "union all select null, null, null, 'deletion_refused', t.name, i.value, null, "
        "'it is the only user id, belongs to an alias, or was in no profile' "
        "from _identity_refused as x join _identity_identifiers as i on i.identifier = x.identifier "
        "join _identity_types as t on t.type = i.type"
    )
