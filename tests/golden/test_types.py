"""Types of columns over several loads, variants, and every option of a source's `load` section."""

import json

import pytest
from factories import (
    ABSENT,
    a_call,
    a_group_call,
    a_key,
    a_page_call,
    a_track_call,
    an_alias_call,
    an_identify_call,
    received,
)
from golden.cases import with_properties
from loading import discards_of

from loader.config import load_config
from loader.jobs.verify.source import verify_source

TABLE = "paid"


class Amounts:
    """Loads of event `Paid`, one object each; messages are named by load and position: `1.0`."""

    def __init__(self, loading, **options):
        self.loading = loading.with_options(**options)
        self._loads = 0

    def load(self, *values):
        """One more load; a value is JSON text."""
        self._loads += 1
        lines = (
            with_properties(f'{{"amount":{value}}}', message_id=f"{self._loads}.{n}", event="Paid")
            for n, value in enumerate(values)
        )
        self.loading.write(*lines, key=a_key(name=f"load-{self._loads}"))
        self.loading.load()

    @property
    def types(self):
        """Types of the column and its variants."""
        types = self.loading.types(TABLE).items()
        return {name.removeprefix("amount"): kind for name, kind in types if name.startswith("amount")}

    def values(self, suffix="", load=None):
        """Values of the column or a variant, by message."""
        rows = self.loading.query(f'select id, "amount{suffix}" from web.{TABLE} order by id')
        return [value for row_id, value in rows if load is None or row_id.startswith(f"{load}.")]

    @property
    def discards(self):
        """(id, reason, value)."""
        return self.loading.query("select row_id, reason, value_json from _loader.discards order by row_id")


@pytest.fixture
def amounts(loading):
    return Amounts(loading)


def test_the_worked_example(amounts):
    """Contract 4.5: `amount` over four loads, step by step."""
    amounts.load("10", "20", "null")
    assert (amounts.types, amounts.values()) == ({"": "BIGINT"}, [10, 20, None])

    amounts.load("9.99")
    assert (amounts.types, amounts.values()) == ({"": "DOUBLE"}, [10.0, 20.0, None, 9.99])
    log = amounts.loading.query(
        "select count(*) from _loader.schema_log where column_name = 'amount' and old_type is not null"
    )
    assert log == [(1,)]

    amounts.load('"12"', '"N/A"', "true")
    assert amounts.values(load=3) == [12.0, None, None]
    assert amounts.values("__v_text", load=3) == [None, "N/A", None]
    assert amounts.values("__v_bool", load=3) == [None, None, True]

    amounts.load("9007199254740993", "1e400")
    assert amounts.values(load=4) == [None, None]
    assert [str(value) for value in amounts.values("__v_num", load=4)] == ["9007199254740993", "None"]
    assert amounts.discards == [("4.1", "number_out_of_range", "1e400")]
    assert amounts.types[""] == "DOUBLE"
    assert amounts.loading.differences() == []


def test_most_values_decide_the_type_of_a_new_column(amounts):
    """One stray text does not turn a number into text."""
    amounts.load('"N/A"', "1", "2", "3")

    assert (amounts.types, amounts.values()) == ({"": "BIGINT", "__v_text": "VARCHAR"}, [None, 1, 2, 3])
    assert amounts.values("__v_text") == ["N/A", None, None, None]


FAMILIES = [
    ("bool", ("true", "false"), "BOOLEAN"),
    ("int", ("1", "-9223372036854775808"), "BIGINT"),
    ("float", ("1.0", "2e3"), "DOUBLE"),
    ("int and float", ("1", "2.5"), "DOUBLE"),
    ("int up to 2^53 and float", ("9007199254740992", "2.5"), "DOUBLE"),
    ("int beyond 2^53 and float", ("9007199254740993", "2.5"), "DECIMAL(38,9)"),
    ("int beyond 2^53 and a float that no decimal holds", ("9007199254740993", "1e-300"), "VARCHAR"),
    ("beyond 64 bits", ("1", "9223372036854775808"), "DECIMAL(38,0)"),
    ("timestamp", ('"2024-01-31T10:00:00Z"', '"2024-01-31 10:00"'), "TIMESTAMP WITH TIME ZONE"),
    ("text", ('"a"', '"12"'), "VARCHAR"),
    ("day", ('"2024-01-31"',), "VARCHAR"),
    ("array", ("[1]",), "VARCHAR"),
    ("tie of text and number", ('"a"', "1"), "VARCHAR"),
    ("tie of bool and number", ("true", "1"), "VARCHAR"),
    ("timestamps and one text", ('"2024-01-31T10:00Z"', '"2024-02-01T10:00Z"', '"later"'), "TIMESTAMP WITH TIME ZONE"),
]


@pytest.mark.parametrize(("values", "kind"), [pytest.param(*each[1:], id=each[0]) for each in FAMILIES])
def test_the_family_of_a_new_column(amounts, values, kind):
    """Each mixture of values in one load has its type, and every value is kept."""
    amounts.load(*values)

    assert amounts.types[""] == kind
    assert amounts.loading.differences() == []


WIDENINGS = [
    ("int → float", ("1",), ("2.5",), "DOUBLE"),
    ("int → decimal", ("1",), ("9223372036854775808",), "DECIMAL(38,0)"),
    ("int beyond 2^53 → decimal", ("9007199254740993",), ("2.5",), "DECIMAL(38,9)"),
    ("decimal → decimal with fraction", ("9223372036854775808",), ("2.5",), "DECIMAL(38,9)"),
    ("int keeps integral floats", ("1",), ("2.0",), "BIGINT"),
    ("int keeps canonical strings", ("1",), ('"2"',), "BIGINT"),
    ("float keeps int", ("1.5",), ("2",), "DOUBLE"),
    ("text keeps everything", ('"a"',), ("2", "true", '"2024-01-31T10:00:00Z"', "[1]", "2.50"), "VARCHAR"),
]


@pytest.mark.parametrize(("first", "then", "kind"), [pytest.param(*each[1:], id=each[0]) for each in WIDENINGS])
def test_a_number_column_widens_where_it_stays_exact(amounts, first, then, kind):
    """The column itself takes the later values: no variant appears."""
    amounts.load(*first)
    amounts.load(*then)

    assert amounts.types == {"": kind}
    assert amounts.loading.differences() == []


MISFITS = [
    ("text in int", ("1",), '"N/A"', "__v_text"),
    ("padded number in int", ("1",), '"012"', "__v_text"),
    ("number with an exponent, as text, in int", ("1",), '"1e3"', "__v_text"),
    ("bool in int", ("1",), "true", "__v_bool"),
    ("timestamp in int", ("1",), '"2024-01-31T10:00:00Z"', "__v_ts"),
    ("number in bool", ("true",), "1", "__v_num"),
    ("text in bool", ("true",), '"true"', "__v_text"),
    ("number in timestamp", ('"2024-01-31T10:00:00Z"',), "1706695200", "__v_num"),
    ("text in timestamp", ('"2024-01-31T10:00:00Z"',), '"soon"', "__v_text"),
    ("array in float", ("1.5",), "[1]", "__v_text"),
    ("integer beyond 2^53 in float", ("1.5",), "9007199254740993", "__v_num"),
]


@pytest.mark.parametrize(("first", "misfit", "suffix"), [pytest.param(*each[1:], id=each[0]) for each in MISFITS])
def test_what_does_not_fit_goes_beside_its_column(amounts, first, misfit, suffix):
    """Same row, typed variant; the base column keeps its type and is null there."""
    amounts.load(*first)
    before = amounts.types[""]
    amounts.load(misfit)

    assert amounts.types[""] == before
    assert set(amounts.types) == {"", suffix}
    assert (amounts.values(load=2), amounts.values(suffix, load=2)[0] is not None) == ([None], True)
    assert amounts.loading.differences() == []


@pytest.mark.parametrize("first", [("1", "2", '"N/A"'), ("true", "false", '"N/A"')], ids=["numbers", "bools"])
def test_a_timestamp_goes_where_texts_of_its_column_went_before(amounts, first):
    """Beside a variant of texts there is none of timestamps; the value is that text, as it was sent."""
    amounts.load(*first)
    amounts.load('"2026-03-01T10:00:00Z"', '"later"')

    assert amounts.values("__v_text", load=2) == ["2026-03-01T10:00:00Z", "later"]
    assert "__v_ts" not in amounts.types
    assert amounts.loading.differences() == []


def test_widening_is_logged_once_per_load(amounts):
    """Many wider values are one change."""
    amounts.load("1", "2")
    amounts.load("1.5", "2.5", "3.5")

    log = amounts.loading.query(
        "select table_name, column_name from _loader.schema_log where old_type is not null and source = 'web'"
    )
    assert log == [(TABLE, "amount")]


def test_on_conflict_discard_keeps_no_second_column(loading):
    """The misfit is a discard with its value; the row is loaded."""
    amounts = Amounts(loading, on_conflict="discard")
    amounts.load("1", "2")
    amounts.load('"N/A"', "3")

    assert (amounts.types, amounts.values()) == ({"": "BIGINT"}, [1, 2, None, 3])
    assert [(row_id, json.loads(value)) for row_id, _, value in amounts.discards] == [("2.0", "N/A")]


def test_on_conflict_text_turns_the_column_into_text(loading):
    """Every value, old and new, is text from then on."""
    amounts = Amounts(loading, on_conflict="text")
    amounts.load("1", "2")
    amounts.load('"N/A"', "true", "2.5")

    assert amounts.types == {"": "VARCHAR"}
    assert amounts.values() == ["1", "2", "N/A", "true", "2.5"]
    assert loading.differences() == []


def test_on_conflict_text_spells_decimals_as_they_were_sent(loading):
    """A column that becomes text says what it would say, had it been text from the start."""
    amounts = Amounts(loading, on_conflict="text")
    amounts.load("9007199254740993", "100", "1.5")
    amounts.load('"N/A"')

    assert amounts.types == {"": "VARCHAR"}
    assert amounts.values() == ["9007199254740993", "100", "1.5", "N/A"]


@pytest.mark.parametrize(
    "pair", [('"x"', '["y"]'), ('["y"]', '"x"'), ('["y"]', '" "'), ('"x"', "[]")], ids=lambda pair: " and ".join(pair)
)
def test_keys_that_share_a_column_may_hold_a_text_and_a_list(loading, pair):
    """Two spellings of a key, of which one has lists, are one column of texts."""
    one, other = pair
    loading.write(
        with_properties(f'{{"tags":{one}}}', event="Paid"),
        with_properties(f'{{"Tags":{other}}}', event="Paid", message_id="m2"),
    )

    loading.load()

    rows = loading.held().rows(TABLE)
    assert (rows["m1"]["tags"], rows["m2"]["tags"]) == tuple(text.strip('"') for text in pair)
    assert loading.differences() == []


@pytest.mark.parametrize(
    ("option", "kind"), [("text", "VARCHAR"), ("timestamp", "TIMESTAMP WITH TIME ZONE")], ids=["text", "timestamp"]
)
def test_date_only(loading, option, kind):
    """A day without a time is text, or midnight UTC for those who ask for it."""
    amounts = Amounts(loading, date_only=option)
    amounts.load('"2024-01-31"', '"2024-02-29"')

    assert amounts.types[""] == kind
    assert loading.differences() == []


def test_json_paths_keep_a_subtree_as_text(loading):
    """One column of JSON instead of one per key."""
    loading.with_options(json_paths=["track.properties.cart", "track.context.app"])
    loading.write(a_track_call({"cart": {"id": 1, "lines": [{"n": 1.5}]}}, context={"app": {"name": "x"}}))

    loading.load()

    row = loading.held().rows("order_completed")["m1"]
    assert (row["cart"], row["context_app"]) == ('{"id":1,"lines":[{"n":1.5}]}', '{"name":"x"}')
    assert loading.differences() == []


def test_exclude_leaves_columns_out(loading):
    """Everywhere, or in one table; nothing is discarded."""
    loading.with_options(exclude=["context_ip", "secret", "identifies.plan"])
    loading.write(
        a_track_call({"secret": 1, "plan": "a"}),
        an_identify_call({"plan": "pro", "age": 3, "secret": "x"}, message_id="m2"),
    )

    loading.load()

    held = loading.held()
    assert not any("context_ip" in row or "secret" in row for table in held.tables for row in held.rows(table).values())
    assert (held.rows("order_completed")["m1"]["plan"], "plan" in held.rows("identifies")["m2"]) == ("a", False)
    assert held.discards == {}


def test_what_is_left_out_of_a_table_is_no_discard(loading):
    """Where another key of the message has its column, or where digits are lost."""
    loading.with_options(exclude=["identifies.plan", "identifies.weight", "identifies.rank"])
    line = json.dumps(an_identify_call({"plan": "a", "Plan": "b", "weight": "@", "rank": None}))
    loading.write(line.replace('"@"', "0.1234567890123456789"))

    loading.load()

    assert loading.held().discards == {}
    assert loading.differences() == []


def test_what_is_left_out_of_tracks_is_in_the_table_of_the_event(loading):
    """Each table is left out by its own name; a value that lost its column there is a discard, and verify says so."""
    loading.with_options(exclude=["tracks.context_ip", "tracks.total", "order_completed.context_locale"])
    loading.write(a_track_call({"total": 7}, context={"IP": "192.0.2.1", "ip": "192.0.2.2", "locale": "en"}))

    loading.load()

    held = loading.held()
    call, event = held.rows("tracks")["m1"], held.rows("order_completed")["m1"]
    assert ("context_ip" in call, event["context_ip"]) == (False, "192.0.2.2")
    assert (call["context_locale"], "context_locale" in event) == ("en", False)
    assert event["total"] == "7"
    assert discards_of(held) == {("m1", "name_collision", "context.IP")}
    assert loading.differences() == []
    config = load_config(loading.config_file, {})
    assert verify_source(config, config.sources[0]).findings.kept == []

    loading.change("alter table web.order_completed drop total")
    loading.change("alter table web.order_completed drop context_ip")

    missing = [each["what"] for each in verify_source(config, config.sources[0]).findings.kept]
    assert missing == [f"value missing: order_completed.{name} of m1" for name in ("context_ip", "total")]


def test_envelope_columns_load_what_is_left_out(loading):
    """Fields of the exclusion list become columns of every table of the call."""
    loading.with_options(envelope_columns=["channel", "project_id", "version", "integrations"])
    loading.write(a_track_call({"n": 1}, integrations={"All": False, "Some Tool": True}))

    loading.load()

    for table in ("tracks", "order_completed"):
        row = loading.held().rows(table)["m1"]
        assert (row["channel"], row["project_id"], row["version"]) == ("client", "8kz3Vq1bXw", "2")
        assert (row["integrations_all"], row["integrations_some_tool"]) == ("false", "true")
    assert loading.differences() == []


@pytest.mark.parametrize("sent", ["track", "Track", " TRACK\t", "track\u00a0"], ids=ascii)
def test_the_column_of_the_type_says_which_call_it_is(loading, sent):
    """However the type is spelled."""
    loading.with_options(envelope_columns=["type"])
    loading.write(a_track_call({"n": 1}, type=sent))

    loading.load()

    assert [loading.held().rows(table)["m1"]["type"] for table in ("tracks", "order_completed")] == ["track"] * 2
    assert loading.differences() == []
    config = load_config(loading.config_file, {})
    assert verify_source(config, config.sources[0]).findings.kept == []


def test_envelope_columns_are_of_calls_and_payload_keys_get_out_of_their_way(loading):
    """Of `users` and `accounts` they say nothing. A trait of the same name has an underscore, also below an object."""
    loading.with_options(envelope_columns=["channel", "metadata"])
    traits = {"channel": "mail", "metadata": {"bundled": 1, "x": 2}}
    loading.write(
        an_identify_call(traits, _metadata={"bundled": ["a"]}), a_group_call(traits, _metadata={"bundled": ["a"]})
    )

    loading.load()

    for table, row_id in (("identifies", "m1"), ("users", "u-1"), ("groups", "m1"), ("accounts", "g-1")):
        row = loading.held().rows(table)[row_id]
        assert (row["_channel"], row["_metadata_bundled"], row["_metadata_x"]) == ("mail", "1", "2")
        is_of_a_call = table in ("identifies", "groups")
        assert (row.get("channel"), row.get("metadata_bundled")) == (
            ("client", '["a"]') if is_of_a_call else (None, None)
        )
    assert loading.differences() == []


def test_a_trait_may_be_left_out_of_users_alone(loading):
    """Then it is in `identifies` only."""
    loading.with_options(exclude=["users.plan", "users.context_ip", "accounts.seats"])
    loading.write(an_identify_call({"plan": "pro", "age": 3}), a_group_call({"seats": 5, "name": "Acme"}))

    loading.load()

    held = loading.held()
    assert (held.rows("identifies")["m1"]["plan"], held.rows("groups")["m1"]["seats"]) == ("pro", "5")
    assert not {"plan", "context_ip"} & set(loading.types("users"))
    assert "seats" not in loading.types("accounts")
    assert (held.rows("users")["u-1"]["age"], held.rows("accounts")["g-1"]["name"]) == ("3", "Acme")
    assert loading.differences() == []


def test_without_envelope_columns_they_are_neither_loaded_nor_discarded(loading):
    """The exclusion list is published; it is no loss."""
    loading.write(a_track_call({"n": 1}, writeKey="k", _metadata={"bundled": []}, rudderId="r"))

    loading.load()

    assert not {"channel", "version", "write_key", "rudder_id"} & set(loading.types("tracks"))
    assert loading.held().discards == {}


def test_raw_events_keep_the_whole_message(loading):
    """One JSON text per winner, in the state table raw."""
    loading.with_options(raw_events=True)
    call = a_track_call({"n": 1, "list": [1, {"k": "ü"}]})
    loading.write(call, call, a_page_call(message_id="m2"))

    loading.load()

    raw = dict(loading.query("select id, raw from _loader.raw where source = 'web' and call = 'track'"))
    assert {row_id: json.loads(text) for row_id, text in raw.items()} == {"m1": call}
    assert loading.query("select count(*) from _loader.raw") == [(2,)]


def test_the_latest_identify_that_has_a_trait_sets_it(loading):
    """Traits that later calls do not name stay, whatever the order of arrival."""
    loading.write(an_identify_call({"plan": "pro", "city": "Graz"}, message_id="m2", receivedAt=received(1, 2)))
    loading.load()
    loading.write(
        an_identify_call({"plan": "free", "age": 30}, receivedAt=received(1, 1)),
        an_identify_call({"city": "Linz"}, message_id="m3", receivedAt=received(1, 3)),
        key=a_key(name="late"),
    )

    loading.load()

    row = loading.held().rows("users")["u-1"]
    assert (row["plan"], row["city"], row["age"]) == ("pro", "Linz", "30")
    assert row["received_at"] == "2026-03-01T10:00:03.000000Z"
    assert loading.differences() == []


def test_a_user_of_many_loads_is_that_of_all_calls(loading):
    """Later calls change a row, a call between stored ones fills what later ones left open, a null clears what was before."""
    calls = [
        {"plan": "free", "city": "Graz", "age": 30},
        {"plan": "pro", "rank": 3, "place": "first"},
        {"city": None, "age": "unknown"},
        {"rank": 1},
    ]
    for second in (0, 2, 3, 1):
        loading.write(
            an_identify_call(calls[second], message_id=f"m{second}", receivedAt=received(1, second)),
            key=a_key(name=f"object-{second}"),
        )
        loading.load()

    row = loading.held().rows("users")["u-1"]
    assert (row["plan"], row.get("city"), row["age"]) == ("pro", None, "unknown")
    assert (row["rank"], row["place"]) == ("1", "first")
    assert loading.differences() == []


@pytest.mark.parametrize(("option", "plan"), [("clear", None), ("keep", "pro")])
def test_null_traits(loading, option, plan):
    """An explicit null clears the trait of the user, or leaves it; the identify says which were null."""
    loading.with_options(null_traits=option)
    loading.write(
        an_identify_call({"plan": "pro", "city": "Graz"}),
        an_identify_call({"plan": None, "city": ""}, message_id="m2", receivedAt=received(1, 1)),
    )

    loading.load()

    row = loading.held().rows("users")["u-1"]
    assert (row.get("plan"), row["city"]) == (plan, "")
    assert loading.held().nulls["identifies", "m2"] == ["plan"]
    assert loading.differences() == []


def test_a_null_clears_a_variant_too(loading):
    """A column and its variants are one value: the latest sets one, the others are cleared."""
    loading.write(*(an_identify_call({"age": n}, user_id=f"u-{n}", message_id=f"m{n}") for n in range(3)))
    loading.write(
        an_identify_call({"age": 40}, message_id="a"),
        an_identify_call({"age": "old"}, message_id="b", receivedAt=received(1, 1)),
        an_identify_call({"age": "young"}, message_id="c", user_id="u-2", receivedAt=received(1, 1)),
        an_identify_call({"age": None}, message_id="d", user_id="u-2", receivedAt=received(1, 2)),
        key=a_key(name="late"),
    )

    loading.load()

    users = loading.held().rows("users")
    assert (users["u-1"]["age"], users["u-2"].get("age")) == ("old", None)
    assert loading.differences() == []


@pytest.mark.parametrize(
    ("owner", "is_blank"), [(" \t\v", True), ("", True), ("\u00a0", False), ("\u3000", False)], ids=ascii
)
def test_a_blank_id_is_nobody(loading, owner, is_blank):
    """Blank are the six kinds of white space of ASCII, as to identity; other spaces are an id like any other."""
    loading.write(an_identify_call(user_id=owner), a_group_call(group_id=owner))

    loading.load()

    held = loading.held()
    assert [sorted(held.rows(table)) for table in ("users", "accounts")] == [[] if is_blank else [owner]] * 2
    assert loading.differences() == []


def test_accounts_follow_groups(loading):
    """The same rules for groups: the latest traits by group id."""
    loading.write(
        a_group_call({"seats": 5, "name": "Acme"}),
        a_group_call({"seats": 7}, message_id="m2", receivedAt=received(1, 1)),
        a_group_call({"seats": 9}, group_id="  ", message_id="m3"),
    )

    loading.load()

    accounts = loading.held().rows("accounts")
    assert set(accounts) == {"g-1"}
    assert (accounts["g-1"]["seats"], accounts["g-1"]["name"]) == ("7", "Acme")
    assert loading.differences() == []


@pytest.mark.parametrize(("option", "plan"), [(True, "pro"), (False, None)])
def test_users_from_context_traits(loading, option, plan):
    """context.traits fill users where asked; they are context columns in any case."""
    loading.with_options(users_from_context_traits=option)
    loading.write(an_identify_call({"age": 3}, context={"traits": {"plan": "pro", "age": 2}}))

    loading.load()

    row = loading.held().rows("users")["u-1"]
    assert (row.get("plan"), row["age"], row["context_traits_plan"]) == (plan, "3", "pro")
    assert loading.differences() == []


@pytest.mark.parametrize(("stand_in", "own"), [("pro", 1), (1, "pro"), (1, 2.5)])
def test_a_context_trait_gives_way_to_the_trait_of_its_name(loading, stand_in, own):
    """Also where it came first, and in rows of people who are not heard of again."""
    loading.with_options(users_from_context_traits=True)
    loading.write(
        an_identify_call({}, user_id="u-1", context={"traits": {"plan": stand_in}}),
        an_identify_call({}, user_id="u-2", message_id="m2", context={"traits": {"plan": stand_in}}),
    )
    loading.load()
    loading.write(
        an_identify_call({"plan": own}, user_id="u-1", message_id="m3", receivedAt=received(1, 1)),
        key=a_key(name="late"),
    )

    loading.load()

    users = loading.held().rows("users")
    assert (users["u-1"]["plan"], users["u-2"]["plan"]) == (str(own), str(stand_in))
    assert loading.differences() == []
    whole = loading.query("select id, columns('^plan.*') from web.users order by id")
    loading.rebuild()
    assert loading.query("select id, columns('^plan.*') from web.users order by id") == whole


def test_context_traits_that_are_no_object_are_no_trait(loading):
    """They stay one column of the context, with variants where their types differ."""
    loading.with_options(users_from_context_traits=True)
    values = (5, 6, "x")
    calls = [an_identify_call(message_id=f"m{n}", context={"traits": value}) for n, value in enumerate(values)]
    loading.write(*calls)

    loading.load()

    assert {"context_traits", "context_traits__v_text"} <= set(loading.types("identifies"))
    assert not any(name.startswith("_v") for name in loading.types("users"))
    assert loading.differences() == []


def test_a_context_trait_never_takes_a_column_of_ours(loading):
    """Its name gets the same prefix as that of a trait that was sent itself."""
    loading.with_options(users_from_context_traits=True, envelope_columns=["version"])
    traits = {"contextIp": "mine", "version": 7, "order": 1}
    loading.write(
        an_identify_call({}, context={"ip": "192.0.2.7"}),
        an_identify_call({}, message_id="m2", receivedAt=received(1, 1), context={"ip": None, "traits": traits}),
    )

    loading.load()

    row = loading.held().rows("users")["u-1"]
    assert (row["context_ip"], row["_context_ip"], row["_version"], row["_order"]) == ("192.0.2.7", "mine", "7", "1")
    assert loading.differences() == []


def test_the_column_cap_also_holds_over_several_loads(loading):
    """A full table takes no further columns; known ones are filled."""
    loading.with_options(column_cap=50)
    loading.write(a_track_call({f"p{n}": n for n in range(60)}))
    loading.load()
    before = set(loading.types("order_completed"))
    first = loading.held().rows("order_completed")["m1"]
    known = next(name for name in first if name.startswith("p"))
    loading.write(a_track_call({known: 1, "new_one": 2}, message_id="m2"), key=a_key(name="late"))

    loading.load()

    assert (set(loading.types("order_completed")), len(before) <= 50) == (before, True)
    assert loading.held().rows("order_completed")["m2"][known] == "1"
    rows = loading.query("select distinct row_id from _loader.discards where reason = 'column_cap' order by row_id")
    assert rows == [("m1",), ("m2",)]


@pytest.mark.parametrize("table", ["order_completed", "tracks", "identifies"])
def test_a_new_table_has_no_more_columns_than_the_cap(loading, table):
    """Those that say where a row is from count as well."""
    loading.with_options(column_cap=50)
    values = {f"p{n}": n for n in range(60)}
    loading.write(a_track_call(values, context=values), an_identify_call(values))

    loading.load()

    assert len(loading.types(table)) == 50


def test_the_table_cap_also_holds_over_several_loads(loading):
    """Known events keep their table; new ones have none."""
    loading.with_options(table_cap=1)
    loading.write(a_track_call({"n": 1}, event="First"))
    loading.load()
    loading.write(
        a_track_call({"n": 2}, event="Second", message_id="m2"),
        a_track_call({"n": 3}, event="First", message_id="m3"),
        key=a_key(name="late"),
    )

    loading.load()

    held = loading.held()
    assert (set(held.rows("first")), "second" in held.tables) == ({"m1", "m3"}, False)
    assert set(held.rows("tracks")) == {"m1", "m2", "m3"}


def test_a_discard_of_the_table_cap_has_every_value_that_is_loaded(loading):
    """By column, with integers of any length, and without what is excluded. A row without properties has one too."""
    loading.with_options(table_cap=0, exclude=["secret"])
    properties = {"n": 1, "cart": {"id": "x"}, "big": 2**64, "list": [2**64], "secret": "s", "nothing": None}
    loading.write(a_track_call(properties), a_track_call({}, message_id="m2"))

    loading.load()

    rows = loading.query("select row_id, value_json from _loader.discards where reason = 'table_cap'")
    values = {row_id: json.loads(value) for row_id, value in rows}
    listed = "[18446744073709551616]"
    assert values == {"m1": {"n": 1, "cart_id": "x", "big": 2**64, "list": listed}, "m2": {}}


def test_core_columns_exist_from_the_start_and_others_with_their_first_value(loading):
    """A column of nulls alone is not created; those of the envelope are."""
    loading.write(a_track_call({"n": None, "e": {}}, userId=ABSENT, sentAt=ABSENT), an_alias_call(message_id="m2"))

    loading.load()

    assert {"id", "received_at", "uuid_ts", "anonymous_id", "user_id", "sent_at"} <= set(
        loading.types("order_completed")
    )
    assert not {"n", "e"} & set(loading.types("order_completed"))
    assert "previous_id" in loading.types("aliases")
    assert "total" not in loading.types("tracks")


def test_an_identify_of_an_earlier_copy_replaces_the_user(loading):
    """When an earlier copy takes over a row, the user follows it, and a user without identify disappears."""
    loading.write(an_identify_call({"plan": "late"}, user_id="u-2", receivedAt=received(1, 5)))
    loading.load()
    assert set(loading.held().rows("users")) == {"u-2"}
    loading.write(an_identify_call({"plan": "early"}, user_id="u-1"), key=a_key(name="early"))

    loading.load()

    assert set(loading.held().rows("users")) == {"u-1"}
    assert loading.differences() == []


@pytest.mark.parametrize("kind", ["identify", "page", "screen", "group", "alias"])
@pytest.mark.parametrize("value", ["x", 0], ids=["text", "number"])
def test_a_key_may_be_called_as_the_engine_calls_the_number_of_a_row(loading, kind, value):
    """A column `rowid` is one like any other: users, accounts and earlier copies are found all the same."""
    ids = {"userId": "u-1", "groupId": "g-1", "previousId": "p-1"}
    root = "properties" if kind in ("page", "screen") else "traits"
    calls = [a_call(kind, f"m{n}", **ids, **{root: {"rowid": value, "n": n}}) for n in range(3)]
    loading.write(*calls)
    loading.load()
    assert loading.differences() == []
    earlier = a_call(kind, "m1", **ids, **{root: {"rowid": value, "n": 9}}, receivedAt=received(1, -5))
    loading.write(earlier, key=a_key(2))

    loading.load()

    assert loading.differences() == []


def test_traits_beside_properties_are_no_payload(loading):
    """One message of an event has traits alone, another has properties too: only the former's traits are columns."""
    alone = a_track_call({}, "Paid", "m1", traits={"plan": "pro"})
    beside = a_track_call({"amount": 1}, "Paid", "m2", traits={"plan": "free"})
    loading.write({k: v for k, v in alone.items() if k != "properties"}, beside)

    loading.load()

    rows = loading.held().rows(TABLE)
    assert (rows["m1"]["plan"], rows["m2"].get("plan"), rows["m2"]["amount"]) == ("pro", None, "1")
    assert loading.differences() == []


def test_a_batch_is_unpacked_whatever_its_line_says(loading):
    """A line with a type of its own and a batch is an envelope."""
    loading.write({**a_track_call(message_id="outer"), "batch": [a_track_call(message_id="inner")]})

    loading.load()

    assert set(loading.held().rows("tracks")) == {"inner"}
    assert loading.differences() == []
