"""Identity in increments: however calls are split into runs, the tables are those of one run over all of them."""

import random
from datetime import timedelta

import pytest
from modelling import START, Modelling

_TABLES = (
    *("id_graph", "id_graph_updates", "external_id_mapping", "external_id_mapping_updates", "event_profiles"),
    *("identity_profiles", "identity_violations", "user_traits", "profile_traits", "profile_traits_updates"),
)
_LIMITED = {"limits": {"user_id": "1 ever", "anonymous_id": "2 ever", "ios.id": "2 weekly"}, "max_merges": 2}


def stream(seed, count, worlds=3, aliases=0.1):
    """Calls of a few small worlds, in the order of their arrival."""
    chance = random.Random(seed)
    calls = []
    for number in range(count):
        world = chance.randrange(worlds)
        columns = {"id": f"m{number}", "at": START + timedelta(hours=chance.choice([1, 20]) + 20 * number)}
        if chance.random() < 0.6:
            columns["user_id"] = f"{world}u{chance.randint(1, 3)}"
        if chance.random() < 0.7:
            columns["anonymous_id"] = f"{world}a{chance.randint(1, 5)}"
        if chance.random() < 0.3:
            columns |= {"context_device_id": f"{world}d{chance.randint(1, 3)}", "context_device_type": "ios"}
        call = chance.choice(["page", "identify", "track"])
        if "user_id" in columns and chance.random() < aliases:
            call = "alias"
            columns["previous_id"] = f"{world}{chance.choice('uau')}{chance.randint(1, 9)}"
        elif call == "identify":
            columns |= {"plan": chance.choice(["free", "pro", None]), "email": f"{world}e{chance.randint(1, 3)}"}
            if columns["plan"] is None and chance.random() < 0.6:
                columns["_nulls"] = '["plan"]'
        if chance.random() < 0.05:
            columns["anonymous_id"] = "null"
        calls.append((call, columns))
    return calls


def send(modelling, calls):
    for call, columns in calls:
        if call == "track":
            modelling.track("Clicked", **columns)
        else:
            modelling.call(call, **columns)


def first(modelling):
    """A call of each kind, so that every table and column is there from the beginning."""
    modelling.identify(
        id="x1", user_id="x", anonymous_id="x", email="x", plan="free", _nulls="[]", context_device_id="x",
        context_device_type="ios", at=START,
    )  # fmt: skip
    modelling.page(id="x2", user_id="x", anonymous_id="x", context_device_id="x", context_device_type="ios", at=START)
    modelling.track("Clicked", id="x3", user_id="x", anonymous_id="x", context_device_id="x", context_device_type="ios", at=START)  # fmt: skip
    modelling.alias(id="x4", user_id="x", previous_id="y", anonymous_id="x", context_device_id="x", context_device_type="ios", at=START)  # fmt: skip


def parts_of(calls, cuts):
    edges = [0, *sorted(cuts), len(calls)]
    return [calls[a:b] for a, b in zip(edges, edges[1:], strict=False)]


def reasons(modelling):
    return {made.full_because for made in modelling.result.made if made.name == "id_graph"}


@pytest.mark.parametrize("resolver", ["components", "unify"])
@pytest.mark.parametrize("seed", range(4))
def test_any_split_into_increments_gives_the_tables_of_a_full_run(tmp_path, resolver, seed):
    calls = stream(seed, 60)
    settings = {"resolver": resolver, "max_users_per_profile": 1000, **_LIMITED}
    (tmp_path / "whole").mkdir()
    (tmp_path / "parts").mkdir()
    whole, parts = Modelling(tmp_path / "whole"), Modelling(tmp_path / "parts")
    first(whole)
    send(whole, calls)
    whole.run(*_TABLES, identity=settings)
    first(parts)
    parts.run(*_TABLES, identity=settings)
    seen = []
    for part in parts_of(calls, random.Random(seed).sample(range(61), 4)):
        send(parts, part)
        parts.run(*_TABLES, identity=settings)
        seen.append(reasons(parts))
    print(seen)
    for table in _TABLES:
        assert parts.rows(table) == whole.rows(table), table
