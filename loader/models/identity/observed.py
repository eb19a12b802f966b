"""Puts calls in the order of their arrival, and finds the identifiers on each.

Makes `_identity_events(seq, source, call, id, received_at, timestamp, name)`, one row per call;
`_identity_identifiers(identifier, type, value, is_blocked)`, the distinct identifiers with the type as its place in
the order of priority; `_identity_observed(seq, identifier)` without the blocked ones; `_identity_blocked(seq,
identifier)`; `_identity_aliases(seq, identifier, previous)`, the alias calls with both ids; and
`_identity_previous(seq, value)`, what they name as the previous id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from loader.config.models.identity import IdentitySettings
from loader.core.dialect import literal, literals
from loader.models.identity.work import Work

_NAME_OF_EVENT: Final = {
    "identify": "null",
    "track": "event_text",
    "page": "name",
    "screen": "name",
    "group": "null",
    "alias": "null",
}
_CALLS_IN_ORDER: Final = 1 << 21
"""Calls that are put in order together. The engine needs memory for all of them, ids and names included."""
_WHITE_SPACE: Final = r"E' \t\n\r\f\x0b'"  # to the engine \v is the letter


def _on_device(platform: str, column: str, more: str = "") -> str:
    return f"case when lower(device_type) = '{platform}'{more} then {column} end"


_ALLOWED: Final = " and device_ad_tracking_enabled"
_EVERYWHERE: Final[Mapping[str, str]] = {
    "user_id": "user_id",
    "anonymous_id": "anonymous_id",
    "email": "context_email",
    "android.id": _on_device("android", "device_id"),
    "android.idfa": _on_device("android", "device_advertising_id", _ALLOWED),
    "android.push_token": _on_device("android", "device_token"),
    "ios.id": _on_device("ios", "device_id"),
    "ios.idfa": _on_device("ios", "device_advertising_id", _ALLOWED),
    "ios.push_token": _on_device("ios", "device_token"),
    "braze_id": "braze_id",
    "cross_domain_id": "cross_domain_id",
    "ga_client_id": "ga_client_id",
}
"""Where each type is in every call."""


def normalised(kind: str, value: str) -> str:
    """The SQL of a normalised value: trimmed; emails in lower case; phones as digits, with a plus if it had one."""
    text = f"cast({value} as varchar)"
    # All white space sorts before '!'. Few values have any at their ends, and trimming costs more than this test.
    trimmed = f"case when {text} < '!' or right({text}, 1) < '!' then trim({text}, {_WHITE_SPACE}) else {text} end"
    if kind == "email":
        return f"lower({trimmed})"
    if kind == "phone":
        plus = f"case when starts_with({trimmed}, '+') then '+' else '' end"
        return f"{plus} || regexp_replace({trimmed}, '[^0-9]', '', 'g')"
    return trimmed


def observe(
    work: Work,
    inputs: Mapping[str, str],
    settings: IdentitySettings,
    custom: Sequence[tuple[str, str]] = (),
    before: int = 0,
    extend: Callable[[], None] = lambda: None,
) -> None:
    """Make the tables that the module describes.

    `inputs`: the table of each call. `custom`: the type and query of (source, call, id, value) of each configured
    identifier. `before`: the number of calls in earlier runs. `extend` may add to `_identity_distinct(type, value)`
    before identifiers are numbered.
    """
    columns = _read_calls(work, inputs, settings.types, before)
    places = {name: place for place, name in enumerate(settings.types)}
    branches = [
        f"select seq, cast({places[kind]} as tinyint) as type, {normalised(kind, column)} as value "
        f"from _identity_calls where {column} is not null"
        for kind, column in columns
    ]
    branches += [
        f"select e.seq, cast({places[kind]} as tinyint), {normalised(kind, 'c.value')} from ({query}) as c "
        "join _identity_calls as e on e.source = c.source and e.call = c.call and e.id = c.id where c.value is not null"
        for kind, query in custom
    ]
    kinds = [kind for kind, _ in (*columns, *custom)]
    union = " union all ".join(branches) or "select 0 as seq, cast(0 as tinyint) as type, '' as value limit 0"
    work.make("_identity_values", union if len(set(kinds)) == len(kinds) else f"select distinct * from ({union})")
    is_read = settings.alias_edges and ("user_id", "i_user_id") in columns
    chosen = "previous_id is not null and i_user_id is not null" if is_read else "false"
    work.make(
        "_identity_previous",
        f"select seq, {normalised('user_id', 'previous_id')} as value from _identity_calls where {chosen}",
    )
    _encode(work, settings, places, extend)
    work.make("_identity_events", "select seq, source, call, id, received_at, timestamp, name from _identity_calls")
    work.drop("_identity_calls", "_identity_values")


def _read_calls(work: Work, inputs: Mapping[str, str], types: Sequence[str], before: int) -> list[tuple[str, str]]:
    """Make `_identity_calls`. Returns the type and column of each identifier that occurs."""
    wanted = {f"i_{kind.replace('.', '_')}": (kind, _EVERYWHERE[kind]) for kind in types if kind in _EVERYWHERE}
    if "email" in types:
        wanted["trait_email"] = ("email", "email")
    present = {call: _present(work, table, call, wanted) for call, table in inputs.items()}
    columns = [column for column in wanted if any(column in found for found in present.values())]
    queries = []
    for call, table in inputs.items():
        listed = "".join(
            f", {wanted[column][1] if column in present[call] else 'cast(null as varchar)'} as {column}"
            for column in columns
        )
        previous = "previous_id" if call == "alias" else "cast(null as varchar)"
        queries.append(
            f"select source, call, id, received_at, timestamp, {_NAME_OF_EVENT[call]} as name, "
            f"{previous} as previous_id{listed} from {table}"
        )
    _put_in_order(work, " union all ".join(queries), before)
    return [(wanted[column][0], column) for column in columns]


def _put_in_order(work: Work, calls: str, before: int) -> None:
    """Make `_identity_calls` with `seq`, one span of time after another, because the engine sorts in memory."""
    work.make("_identity_calls", f"select cast(0 as integer) as seq, * from ({calls}) limit 0")
    for span in _spans(work, calls):
        # Numbers continue from the previous spans.
        (count,) = work.connection.execute(
            f"insert into _identity_calls select cast({before} + row_number() over "
            f"(order by received_at, timestamp, source, call, id) as integer), * from ({calls}) where {span}"
        ).fetchall()[0]
        before += count


def _spans(work: Work, calls: str) -> list[str]:
    """Conditions that divide the calls by `received_at` into spans of about `_CALLS_IN_ORDER`; the last has NULLs."""
    parts = -(-work.number(f"select count(*) from ({calls})") // _CALLS_IN_ORDER)
    if parts < 2:
        return ["true"]
    shares = [part / parts for part in range(1, parts)]
    bounds = work.connection.execute(
        f"select cast(bound as varchar) from (select unnest(approx_quantile(received_at, {shares})) as bound "
        f"from ({calls})) where bound is not null group by bound order by bound"
    ).fetchall()
    times = [f"timestamp {literal(bound)}" for (bound,) in bounds]
    begins = ["true", *(f"received_at >= {time}" for time in times)]
    ends = [*(f"received_at < {time}" for time in times), "true"]
    spans = [f"{begin} and {end}" for begin, end in zip(begins, ends, strict=True)]
    return [*spans[:-1], f"({spans[-1]} or received_at is null)"]


def _present(work: Work, table: str, call: str, wanted: Mapping[str, tuple[str, str]]) -> set[str]:
    """The columns that have a value in any call of a table; the others need not be copied."""
    own = [column for column in wanted if column != "trait_email" or call == "identify"]
    if not own:
        return set()
    listed = ", ".join(f"count({wanted[column][1]})" for column in own)
    (counts,) = work.connection.execute(f"select {listed} from {table}").fetchall()
    return {column for column, count in zip(own, counts, strict=True) if count}


def _encode(work: Work, settings: IdentitySettings, places: Mapping[str, int], extend: Callable[[], None]) -> None:
    """Replace texts by integers, which makes everything after this several times faster."""
    blocked = (
        f"value = '' or regexp_matches(value, {literal(settings.blocked_pattern)}) "
        f"or lower(value) in (select unnest({literals(value.strip().lower() for value in settings.blocked_values)}))"
    )
    work.make("_identity_distinct", "select type, value from _identity_values group by type, value")
    extend()
    if work.number("select count(*) from _identity_previous"):
        # An alias names an observed user id or anonymous id; an id that was never observed is a user id.
        pair = [places[name] for name in ("user_id", "anonymous_id") if name in places]
        either = ", ".join(str(place) for place in pair)
        work.connection.execute(
            f"insert into _identity_distinct select distinct {places['user_id']}, p.value from _identity_previous as p "
            f"where not exists (select 1 from _identity_distinct as d where d.type in ({either}) and d.value = p.value)"
        )
    work.make(
        "_identity_identifiers",
        "select cast(row_number() over (order by type, value) as integer) as identifier, type, value, "
        f"{blocked} as is_blocked from _identity_distinct",
    )
    coded = (
        "select v.seq, i.identifier, i.is_blocked from _identity_values as v "
        "join _identity_identifiers as i on i.type = v.type and i.value = v.value"
    )
    work.make("_identity_coded", coded)
    work.make("_identity_blocked", "select seq, identifier from _identity_coded where is_blocked")
    if work.number("select count(*) from _identity_blocked"):
        work.make("_identity_observed", "select seq, identifier from _identity_coded where not is_blocked")
        work.drop("_identity_coded")
    else:
        work.connection.execute("alter table _identity_coded drop column is_blocked")
        work.rename("_identity_coded", "_identity_observed")
    _encode_previous(work, places)
    work.drop("_identity_distinct")


def _encode_previous(work: Work, places: Mapping[str, int]) -> None:
    """Make `_identity_aliases`. The previous id of an alias is an identifier of the call as well."""
    pair = [places[name] for name in ("user_id", "anonymous_id") if name in places]
    either = ", ".join(str(place) for place in pair) or "-1"
    is_user = f"i.type = {places['user_id']}" if "user_id" in places else "false"
    work.make(
        "_identity_aliases",
        "select p.seq, u.identifier as identifier, i.identifier as previous from _identity_previous as p "
        f"join (select o.seq, i.identifier from _identity_observed as o join _identity_identifiers as i "
        f"on i.identifier = o.identifier where {is_user} and o.seq in (select seq from _identity_previous)) as u "
        "on u.seq = p.seq "
        f"join _identity_identifiers as i on i.value = p.value and i.type in ({either}) and not i.is_blocked",
    )
    work.connection.execute(
        "insert into _identity_observed select seq, previous from _identity_aliases "
        "except select seq, identifier from _identity_observed where seq in (select seq from _identity_previous)"
    )
    work.connection.execute(
        "insert into _identity_blocked select p.seq, i.identifier from _identity_previous as p "
        f"join _identity_identifiers as i on i.value = p.value and {is_user} and i.is_blocked "
        "except select seq, identifier from _identity_blocked"
    )
