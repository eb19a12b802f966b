"""A project for tests of audiences: profiles, orders and scores are stand-ins, so that a test says all that it needs.

The profile of an event is its user id, else its anonymous id; an event without both has none.
"""

from modelling import a_model

AS_OF = "2024-06-10"
"""00:00 UTC, as in the golden vectors."""
PRODUCT_ADDED = "Product Added"
ORDER = "Order Completed"


def a_project(modelling, merges=(), identifiers=(), traits=(), scores=()):
    """`merges`: (profile, what it became part of); `identifiers`: (profile, type, value, first seen) beside those of the events;
    `traits`: (profile, name, value); `scores`: (profile, p_alive, orders expected soon, value)."""
    modelling.settings["as_of"] = AS_OF
    a_model(
        modelling,
        "event_profiles",
        "select e.source, e.call, e.id as event_id, coalesce(e.user_id, e.anonymous_id) as segment_id, "
        "coalesce(m.becomes, e.user_id, e.anonymous_id) as canonical_segment_id from events as e "
        f"left join {_values(merges, 'm', 'profile', 'becomes')} on m.profile = coalesce(e.user_id, e.anonymous_id) "
        "where coalesce(e.user_id, e.anonymous_id) is not null",
        "source text: s; call text: c; event_id text: e; segment_id text: p; canonical_segment_id text: p",
    )
    a_model(
        modelling,
        "id_graph",
        "select distinct segment_id, canonical_segment_id from event_profiles",
        "segment_id text: p; canonical_segment_id text: p",
        keys="segment_id",
    )
    a_model(
        modelling,
        "external_id_mapping",
        "select *, row_number() over (order by timestamp, value) as seq from ("
        "select distinct p.canonical_segment_id, case when e.user_id is null then 'anonymous_id' else 'user_id' end as type, "
        "coalesce(e.user_id, e.anonymous_id) as value, timestamp '2024-01-01' as timestamp from events as e "
        "join event_profiles as p on p.source = e.source and p.call = e.call and p.event_id = e.id union all "
        f"select profile, type, value, cast(at as timestamp) from {_values(identifiers, 'i', 'profile', 'type', 'value', 'at')}) as m",
        "canonical_segment_id text: p; type text: t; value text: v; timestamp timestamp: t; seq integer: s",
    )
    a_model(
        modelling,
        "user_traits",
        f"select canonical_segment_id, name, value from {_values(traits, 't', 'canonical_segment_id', 'name', 'value')}",
        "canonical_segment_id text: p; name text: n; value text: v",
    )
    a_model(
        modelling,
        "orders",
        "select coalesce(o.order_id, o.id) as order_key, p.canonical_segment_id, o.timestamp as ordered_at, "
        "o.total as gross, o.total - coalesce(o.discount, 0) as net, coalesce(o.coupon, '') = 'cancelled' as is_removed "
        "from input_order_completed as o "
        "join event_profiles as p on p.source = o.source and p.call = o.call and p.event_id = o.id",
        "order_key text: o; canonical_segment_id text: p; ordered_at timestamp: t; gross decimal: g; net decimal: n; "
        "is_removed boolean: r",
        keys="order_key",
    )
    a_model(
        modelling,
        "ltv_scores",
        "select canonical_segment_id, cast(p_alive as double) as p_alive, "
        "cast(expected_orders_soon as double) as expected_orders_soon, cast(clv as double) as clv "
        f"from {_values(scores, 's', 'canonical_segment_id', 'p_alive', 'expected_orders_soon', 'clv')}",
        "canonical_segment_id text: p; p_alive float: p; expected_orders_soon float: e; clv float: c",
    )
    return modelling


def meets(modelling, key, **settings):
    """Profiles that meet the rule of an audience."""
    modelling.run(f"audience_rule_{key}", **_nested(settings))
    return {profile for (profile,) in modelling.rows(f"audience_rule_{key}")}


def members(modelling, key):
    """Profiles in an audience, after a run of everything behind it."""
    modelling.run(f"audience_{key}")
    return {profile for (profile,) in modelling.rows(f"audience_{key}", "canonical_segment_id")}


def _nested(settings):
    return {"audiences": settings} if settings else {}


def _values(rows, alias, *columns):
    """Rows of texts, numbers and None as a table of SQL; of tests, so that pasting is no danger."""
    rows = [tuple(row) + (None,) * (len(columns) - len(row)) for row in rows]
    nothing = f"(select {', '.join(f'cast(null as text) as {name}' for name in columns)} where 1 = 0) as {alias}"
    if not rows:
        return nothing
    listed = ", ".join(f"({', '.join(_literal(value) for value in row)})" for row in rows)
    return f"(values {listed}) as {alias}({', '.join(columns)})"


def _literal(value):
    return "null" if value is None else f"'{value}'" if isinstance(value, str) else str(value)
