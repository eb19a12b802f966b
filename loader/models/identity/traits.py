"""Traits of profiles: the newest value wins, a null removes it, an empty text is a value.

The newest value is the one that arrived last. When profiles merge, this applies to the values of all of them.
Steps: `_identity_traits(seq, profile, name, value)`, every value sent, null where it was removed;
`_identity_states(profile, seq, removal, name, value, sent_seq)`, what a profile had after each call or deletion that
could change it; `_identity_trait_updates(profile, seq, removal, place)`, those of this run that did change something,
in their order.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from loader.core.dialect import identifier, literal
from loader.core.plan import SchemaTables
from loader.core.tables import NULLS, PROVENANCE, call_target
from loader.models.context import Context
from loader.models.header import LogicalType
from loader.models.identity.work import Work
from loader.models.inputs import Input, InputColumn, input_query
from loader.models.passes import Spans
from loader.models.render import SQL_TYPES
from loader.normalize.columns.values import FAMILIES
from loader.sqlfiles import read_sql

_TABLE: Final = "identifies"
TRAIT_TABLES: Final = ("user_traits", "profile_traits", "profile_traits_updates")
_OURS: Final = frozenset({"canonical_segment_id", "merged_to", "segment_id", "seq"})
"""Columns of our tables that a trait cannot have."""
_TYPES: Final[Mapping[str, LogicalType]] = {
    "BIGINT": "integer",
    "DOUBLE": "float",
    "BOOLEAN": "boolean",
    "TIMESTAMP WITH TIME ZONE": "timestamp",
}


def write_traits(work: Work, context: Context) -> None:
    """Write the tables of traits that are ours."""
    tables = identify_tables(context)
    types = trait_types(tables)
    _read_traits(work, tables, types)
    _find_states(work)
    for name, query, spans in (
        ("user_traits", _USER_TRAITS, Spans("_identity_newest", "canonical")),
        ("profile_traits", _profile_traits(types), Spans("_identity_profiles", "profile")),
        ("profile_traits_updates", _profile_traits_updates(types), Spans("_identity_changes", "profile")),
    ):
        if context.owns(name):
            context.write(name, query, spans)


def patch_traits(work: Work, context: Context, before: int) -> None:
    """Change the tables of traits after an increment; `before`: rows of profile_traits_updates so far.

    People whom it touched start with the traits that they had, as if these had been sent to the person itself.
    """
    tables = identify_tables(context)
    types = trait_types(tables)
    _read_traits(work, tables, types)
    user_traits, removed = context.previous("user_traits"), context.state("identity_removed_traits")
    work.connection.execute(
        "insert into _identity_traits by name select u.seq, t.profile, u.name, u.value from _identity_touched as t "
        f"join {user_traits} as u on u.canonical_segment_id = t.segment_id where t.person = t.profile union all "
        f"select r.seq, t.profile, r.name, null from _identity_touched as t join {removed} as r on r.profile = t.old"
    )
    _find_states(work)
    people = "select segment_id as value from _identity_touched where person = profile"
    kept = (
        f"select u.* replace (n.segment_id as canonical_segment_id) from {user_traits} as u "
        "join _identity_touched as t on t.segment_id = u.canonical_segment_id "
        "join _identity_profiles as p on p.profile = t.profile "
        "join _identity_newest as w on w.canonical = p.canonical and w.name = u.name and w.seq = u.seq "
        "join _identity_names as n on n.profile = p.canonical"
    )
    context.patch(
        "user_traits",
        "canonical_segment_id",
        people,
        f"select * from ({_USER_TRAITS}) as added union all by name {kept}",
    )
    work.make(
        "_identity_shown",
        "select p.profile, t.segment_id from _identity_profiles as p left join _identity_touched as t "
        "on t.profile = p.profile where t.person is null or t.person = t.profile or p.canonical <> t.person",
    )
    shown = "select segment_id as value from _identity_shown where segment_id is not null"
    chosen = "where c.profile in (select profile from _identity_shown)"
    context.patch("profile_traits", "canonical_segment_id", shown, _profile_traits(types, chosen))
    updates = context.previous("profile_traits_updates")
    context.patch(
        "profile_traits_updates",
        "canonical_segment_id",
        "select old_name as value from _identity_merged",
        f"select a.* replace ({before} + a.seq as seq) from ({_profile_traits_updates(types)}) as a union all by name "
        f"select u.* replace (m.new_name as canonical_segment_id) from {updates} as u "
        "join _identity_merged as m on m.old_name = u.canonical_segment_id",
    )
    context.patch_state(
        "identity_removed_traits",
        "profile",
        "select old as value from _identity_touched",
        "select n.number as profile, w.name, w.seq from _identity_newest as w "
        "join _identity_profile_numbers as n on n.profile = w.canonical where w.value is null",
    )


def count_trait_updates(work: Work) -> int:
    """How many rows this run adds to profile_traits_updates."""
    return work.number("select count(*) from _identity_trait_updates")


def identify_tables(context: Context) -> dict[str, SchemaTables]:
    """The table of identify calls of each source that has one."""
    return {schema: {_TABLE: t[_TABLE]} for schema, t in context.sources.items() if _TABLE in t}


def trait_types(tables: Mapping[str, SchemaTables]) -> dict[str, LogicalType]:
    """Each trait of any source, with its type; text if sources or messages disagree."""
    found: dict[str, set[str]] = {}
    own = {*call_target("identify").core, *PROVENANCE, NULLS, "loaded_at", "uuid"}
    suffixes = tuple(f"__v_{family}" for family in FAMILIES)
    for schema_tables in tables.values():
        for column, sql_type in schema_tables[_TABLE].items():
            if column in own or column.startswith("context_"):
                continue
            base = next((column.removesuffix(suffix) for suffix in suffixes if column.endswith(suffix)), column)
            found.setdefault(base, set()).add(sql_type if base == column else "VARCHAR")
    return {
        name: _TYPES.get(next(iter(kinds)), "text") if len(kinds) == 1 else "text"
        for name, kinds in sorted(found.items())
    }


def column_of(trait: str) -> str:
    """The name of a trait's column in our wide tables."""
    return f"trait_{trait}" if trait in _OURS else trait


def _read_traits(work: Work, tables: Mapping[str, SchemaTables], types: Mapping[str, LogicalType]) -> None:
    none = "select '' as source, '' as id, '' as name, cast(null as varchar) as value where false"
    if not types:
        sent = none
    else:
        # The text of each value, in the type of the trait, is the same whichever variant holds the value.
        aliases = {name: f"t{number}" for number, name in enumerate(types)}
        declared = tuple(
            InputColumn(aliases[name], "text" if kind == "float" else kind, (name,), "") for name, kind in types.items()
        )
        given = Input("input_traits", Path(), "", declared, "identify")
        texts = ", ".join(f"cast({alias} as varchar) as {alias}" for alias in aliases.values())
        names = " ".join(f"when {literal(alias)} then {literal(name)}" for name, alias in aliases.items())
        sent = (
            f"select source, id, case name {names} end as name, value from (unpivot (select source, id, {texts} "
            f"from ({input_query(given, tables, {})})) on {', '.join(aliases.values())} into name name value value)"
        )
    removed = [
        f"select {literal(schema)} as source, id, unnest(from_json({identifier(NULLS)}, '[\"VARCHAR\"]')) as name, "
        f"cast(null as varchar) as value from {identifier(schema, _TABLE)} where {identifier(NULLS)} is not null"
        for schema, schema_tables in tables.items()
        if NULLS in schema_tables[_TABLE]
    ]
    work.make(
        "_identity_traits",
        f"select e.seq, r.profile, t.name, t.value from ({' union all '.join([sent, *removed])}) as t "
        "join _identity_events as e on e.source = t.source and e.call = 'identify' and e.id = t.id "
        "join _identity_resolved as r on r.seq = e.seq",
    )


def _find_states(work: Work) -> None:
    """Find the states: a value counts for its profile and, after a merge, for the profile merged into."""
    is_parted = work.number("select count(*) from _identity_parted") > 0
    work.make("_identity_states", read_sql("identity/parted_traits.sql") if is_parted else _STATES)
    work.make(
        "_identity_changes",
        "select profile, seq, removal, name, value from (select *, lag(value) over (partition by profile, name "
        "order by seq, removal) as old from _identity_states) where value is distinct from old",
    )
    work.make(
        "_identity_trait_updates",
        "select profile, seq, removal, row_number() over (order by seq, removal, profile) as place "
        "from (select distinct profile, seq, removal from _identity_changes "
        "where seq in (select seq from _identity_events))",
    )
    work.make("_identity_newest", _NEWEST_OF_PARTED if is_parted else _NEWEST)


_STATES: Final = (
    "select profile, seq, 0 as removal, name, newest.value as value, newest.sent_seq as sent_seq from ("
    "select profile, seq, name, max({'sent_seq': sent_seq, 'value': value}) over (partition by profile, name "
    "order by seq, sent_seq rows between unbounded preceding and current row) as newest, "
    "row_number() over (partition by profile, name, seq order by sent_seq desc) as place from ("
    "select profile, seq, seq as sent_seq, name, value from _identity_traits union all "
    "select m.canonical, m.seq, t.seq, t.name, t.value from _identity_traits as t "
    "join _identity_updates as m on m.profile = t.profile and m.seq > t.seq)) where place = 1"
)
_NEWEST: Final = (
    "select c.canonical, s.name, arg_max({'value': s.value}, s.sent_seq).value as value, max(s.sent_seq) as seq "
    "from _identity_states as s join _identity_profiles as c on c.profile = s.profile "
    "where c.canonical = s.profile group by c.canonical, s.name"
)
_NEWEST_OF_PARTED: Final = (
    "select c.canonical, t.name, arg_max({'value': t.value}, t.seq).value as value, max(t.seq) as seq "
    "from _identity_traits as t left join _identity_moved as m on m.seq = t.seq "
    "join _identity_profiles as c on c.profile = coalesce(m.profile, t.profile) group by c.canonical, t.name"
)
_USER_TRAITS: Final = (
    "select n.segment_id as canonical_segment_id, t.name, t.value, e.timestamp, t.seq, e.received_at, "
    "$as_of as uuid_ts from _identity_newest as t join _identity_names as n on n.profile = t.canonical "
    "join _identity_events as e on e.seq = t.seq where t.value is not null"
)


def _profile_traits(types: Mapping[str, LogicalType], chosen: str = "") -> str:
    values = "".join(
        f", cast(max(case when t.name = {literal(name)} then t.value end) as {SQL_TYPES[kind]}) "
        f"as {identifier(column_of(name))}"
        for name, kind in types.items()
    )
    return (
        "select n.segment_id as canonical_segment_id, max(case when c.canonical <> c.profile then m.segment_id end) "
        f"as merged_to{values} from _identity_profiles as c join _identity_names as n on n.profile = c.profile "
        "join _identity_names as m on m.profile = c.canonical "
        f"left join _identity_newest as t on t.canonical = c.profile {chosen} group by n.segment_id"
    )


def _profile_traits_updates(types: Mapping[str, LogicalType]) -> str:
    """The query of all traits of a profile after each event that changed one of them."""
    at_event = "".join(
        f", max(case when name = {literal(name)} then coalesce(value, '') end) as v{number}, "
        f"max(case when name = {literal(name)} then case when value is null then 0 else 1 end end) as k{number}"
        for number, name in enumerate(types)
    )
    filled = "".join(
        f", last_value(v{number} ignore nulls) over w as v{number}"
        f", last_value(k{number} ignore nulls) over w as k{number}"
        for number in range(len(types))
    )
    shown = "".join(
        f", cast(case when s.k{number} = 1 then s.v{number} end as {SQL_TYPES[kind]}) as {identifier(column_of(name))}"
        for number, (name, kind) in enumerate(types.items())
    )
    return (
        "select md5(n.segment_id || ':' || case when s.removal = 0 then e.source || ':' || e.call || ':' || e.id "
        "else x.key end) as id, n.segment_id, "
        "m.segment_id as canonical_segment_id, u.place as seq, "
        "coalesce(x.deleted_at, e.timestamp) as timestamp, coalesce(x.deleted_at, e.received_at) as received_at, "
        f"$as_of as uuid_ts{shown} from (select profile, seq, removal{filled} from ("
        f"select profile, seq, removal{at_event} from _identity_changes group by profile, seq, removal) as c "
        "window w as (partition by profile order by seq, removal "
        "rows between unbounded preceding and current row)) as s "
        "join _identity_trait_updates as u on u.profile = s.profile and u.seq = s.seq and u.removal = s.removal "
        "join _identity_events as e on e.seq = s.seq join _identity_names as n on n.profile = s.profile "
        "join _identity_profiles as k on k.profile = s.profile join _identity_names as m on m.profile = k.canonical "
        "left join _identity_removed as x on x.removal = s.removal"
    )
