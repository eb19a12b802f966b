"""Streams of calls on few ids, and a project in memory that resolves them: what tests of identity's runs share."""

from datetime import UTC, datetime, timedelta
from functools import cache

import duckdb
from hypothesis import strategies as st
from modelling import START

from loader.config import ModelsSettings
from loader.models.catalog import read_catalog
from loader.models.parameters import parameters_of
from loader.models.registry import PYTHON_MODELS
from loader.models.run import ModelRun

TABLES = (
    *("id_graph", "id_graph_updates", "external_id_mapping", "external_id_mapping_updates", "event_profiles"),
    *("identity_profiles", "identity_violations", "user_traits", "profile_traits", "profile_traits_updates"),
)
LIMITED = {
    "limits": {"user_id": "1 ever", "anonymous_id": "2 ever", "ios.id": "2 weekly"},
    "max_merges": 2,
    "max_identifiers": 7,
    "max_users_per_profile": 1000,
}
TEXT = "varchar"
IDS = (
    *(("email", "e1"), ("email", "e2"), ("ios.id", "d1"), ("ios.id", "d2"), ("user_id", "u1"), ("user_id", "u2")),
    *(("anonymous_id", "a1"), ("anonymous_id", "a2"), ("anonymous_id", "a3"), ("anonymous_id", "null")),
)
"""What deletions name."""
COLUMNS = {
    "identifies": {"email": TEXT, "plan": TEXT, "_nulls": TEXT},
    "pages": {"name": TEXT},
    "aliases": {"previous_id": TEXT},
}
ENVELOPE = {
    "id": TEXT,
    "received_at": "timestamp",
    "timestamp": "timestamp",
    "user_id": TEXT,
    "anonymous_id": TEXT,
    "context_device_id": TEXT,
    "context_device_type": TEXT,
}


def maybe(values):
    return st.one_of(st.none(), st.sampled_from(values))


@st.composite
def calls(draw):
    """Calls in the order of their arrival, a day and more in all, on few ids, so that much is linked."""
    found = []
    for number in range(draw(st.integers(1, 24))):
        table = draw(st.sampled_from(["identifies", "identifies", "pages", "pages", "pages", "aliases"]))
        row = {
            "id": f"m{number}",
            "received_at": START + timedelta(hours=11 * number + draw(st.integers(0, 10))),
            "user_id": draw(maybe(["u1", "u2", "u3", "u4"])),
            "anonymous_id": draw(maybe(["a1", "a2", "a3", "a4", "a5", "null"])),
            "context_device_id": draw(maybe(["d1", "d2"])),
            "context_device_type": "ios",
        }
        row["timestamp"] = row["received_at"]
        if table == "aliases":
            row["previous_id"] = draw(st.sampled_from(["u1", "u2", "a1", "a2", "x1", "x2"]))
        if table == "identifies":
            row["email"] = draw(maybe(["e1", "e2", "e3"]))
            row["plan"] = draw(maybe(["free", "pro"]))
            row["_nulls"] = '["plan"]' if row["plan"] is None and draw(st.booleans()) else None
        found.append((table, row))
    return found


@st.composite
def deletions(draw):
    """Deletions of any of the ids of `calls`, at times between calls."""
    hours = st.integers(0, 24 * 11).map(lambda hours: START + timedelta(hours=hours, minutes=30))
    found = st.tuples(st.sampled_from(IDS), hours)
    return sorted(
        ((kind, value, at) for (kind, value), at in draw(st.lists(found, min_size=1, max_size=6, unique=True))),
        key=lambda deletion: deletion[2],
    )


@cache
def catalog():
    return read_catalog(python=PYTHON_MODELS)


class Project:
    """A warehouse in memory."""

    def __init__(self, **identity):
        self.connection = duckdb.connect()
        self.connection.execute("set TimeZone = 'UTC'; create schema web")
        self.settings = ModelsSettings.model_validate(
            {
                "as_of": "2026-06-01",
                "identity": {**LIMITED, **identity},
                "inputs": {"identity_deletions": "given.deletions"},
            }
        )
        for table, columns in COLUMNS.items():
            listed = ", ".join(f"{name} {kind}" for name, kind in (ENVELOPE | columns).items())
            self.connection.execute(f"create table web.{table} ({listed})")
        self.connection.execute(
            "create schema given; create table given.deletions (id_type text, id_value text, deleted_at timestamp)"
        )

    def send(self, given_calls):
        for table, row in given_calls:
            names = ", ".join(row)
            values = [v.replace(tzinfo=None) if isinstance(v, datetime) else v for v in row.values()]
            self.connection.execute(
                f"insert into web.{table} ({names}) values ({', '.join('?' * len(values))})", values
            )

    def delete(self, *deletions):
        """Store deletions: type, value, when."""
        for kind, value, at in deletions:
            self.connection.execute(
                "insert into given.deletions values (?, ?, ?)", [kind, value, at.replace(tzinfo=None)]
            )

    def run(self):
        """Resolve; why in full, and how many people were computed otherwise."""
        parameters = parameters_of(self.settings, datetime(2026, 6, 1, tzinfo=UTC))
        run = ModelRun(self.connection, catalog(), self.settings, parameters, ["web"])
        result = run.run(catalog().select(["identity"]))
        assert result.failed == []
        self.facts = {made.name: made.facts for made in result.made}
        return result.made[0].full_because, result.made[0].keys_recomputed

    def rows(self, table):
        return self.connection.execute(f"select * from models.{table} order by all").fetchall()


def assert_same(one, other):
    for table in TABLES:
        assert one.rows(table) == other.rows(table), table
