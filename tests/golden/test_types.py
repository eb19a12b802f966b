"""Types of columns over several loads, and variants."""

import json

import pytest
from factories import ABSENT, a_call, a_key, a_track_call, an_alias_call, received
from golden.cases import with_properties

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


def test_a_column_widens_and_gets_variants_over_four_loads(amounts):
    """`amount`, step by step."""
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
def test_a_day_without_a_time_is_text_or_midnight_utc_as_the_option_says(loading, option, kind):
    """A day without a time is text, or midnight UTC for those who ask for it."""
    amounts = Amounts(loading, date_only=option)
    amounts.load('"2024-01-31"', '"2024-02-29"')

    assert amounts.types[""] == kind
    assert loading.differences() == []


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
