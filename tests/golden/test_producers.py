"""Lines as real programs write them take the fast way, and load what the exact way makes of them."""

import pytest
from factories import a_group_call, a_page_call, a_track_call, an_alias_call, an_identify_call, as_bytes
from loading import canonical

SUM = '"total":372.99359999999996,"discount":0.30000000000000004,"shipping":4'
LINES = [
    pytest.param(SUM, id="JavaScript: sums of doubles"),
    pytest.param('"total" : 372.99359999999996, "tax": 1.50, "score": 1e-07', id="Python: white space between values"),
    pytest.param('"score":1e-07,"lat":-73.29102993042395,"at":1772359200123456789', id="Go: nanoseconds"),
    pytest.param('"score":1.0E-7,"sum":1.234567890123456E7,"micros":1.772359200123456E15', id="Java: exponents"),
    pytest.param(
        '"total":372.99359999999996,"tax":19.90,"lat":48.85661400000000000', id="PostgreSQL: zeros at the end"
    ),
    pytest.param(
        r'"date":"12\/31\/2026","share":"50\/50","note":"3 \u00d7 4"', id="PHP: escaped slashes behind digits"
    ),
    pytest.param(r'"street":"1 Main St\nApt 2","size":"12\" vinyl","at":"10:30\t"', id="any: escapes behind digits"),
    pytest.param(r'"price":"5 \u003c 7","shop":"24\u0026more"', id="Go: escaped signs behind digits"),
    pytest.param(f'"products":[{{"price":0.1, {SUM}}},{{{SUM}}}]', id="in an array, which becomes text"),
]


def assert_plain(loading, *lines):
    """The fast way takes all lines, and loads what the exact way and the reference make of them."""
    loading.write(*lines)
    report = loading.load()
    plain = canonical(loading.held())
    assert (report["exact_lines"], loading.differences()) == (0, [])

    loading.without_warehouse().load(force_exact=True)

    assert canonical(loading.held()) == plain


@pytest.mark.parametrize("properties", LINES)
def test_values_of_real_producers_are_plain(loading, properties):
    line = as_bytes(a_track_call({})).decode()

    assert_plain(loading, line.replace('"properties":{}', f'"properties":{{{properties}}}'))


@pytest.mark.parametrize(
    "time",
    [
        pytest.param("2026-03-01T09:59:58.250Z", id="JavaScript"),
        pytest.param("2026-03-01T09:59:58.123456789Z", id="Go: nanoseconds"),
        pytest.param("2026-03-01T15:29:58.250+05:30", id="RudderStack: the zone of the server"),
        pytest.param("2026-03-01T09:59:58.250+0000", id="Jackson: a zone without a colon"),
        pytest.param("2026-03-01 09:59:58.123456+00:00", id="Python: str of a time"),
        pytest.param("2026-03-01T09:59:58.123456", id="Python: no zone"),
        pytest.param("2026-03-01 09:59:58+00", id="PostgreSQL: a zone of hours"),
    ],
)
@pytest.mark.parametrize("user_id", ["u-1", r"tenant\/1"], ids=["usual", "escaped"])
def test_times_of_real_producers_are_plain(loading, time, user_id):
    """In the envelope, also of lines whose ids the engine reads."""
    line = as_bytes(a_track_call(userId="@", receivedAt=time, timestamp=time, originalTimestamp=time)).decode()

    assert_plain(loading, line.replace("@", user_id))


@pytest.mark.parametrize("number", [42, -7, 123456789012345678, 1772359200123456789])
def test_whole_numbers_for_ids_are_plain(loading, number):
    """Ids are texts in the tables. Programs with numbered users send numbers."""
    assert_plain(
        loading,
        a_track_call(userId=number, message_id="1"),
        an_identify_call(user_id=number, message_id="2"),
        a_group_call(group_id=number, anonymousId=number, message_id="3"),
        an_alias_call(previous_id=number, message_id="4"),
    )

    assert loading.query("select id from web.users") == [(str(number),)]
    assert loading.query("select id from web.accounts") == [(str(number),)]


def test_the_id_minus_zero_is_kept_as_it_is(loading):
    """The engine would read 0."""
    loading.write(as_bytes(a_group_call(group_id="@")).replace(b'"@"', b"-0"))
    loading.load()

    assert loading.query("select group_id from web.groups") == [("-0",)]
    assert loading.differences() == []


@pytest.mark.parametrize(
    ("name", "inner"),
    [
        pytest.param(r"Caf\u00e9", r"Caf\u00e9 \u2013 Shop", id="two texts"),
        pytest.param(r"Caf\u00e9", "Café", id="one text in two spellings"),
        pytest.param(r"a\/b", r"a\u002fb", id="one text with other escapes"),
    ],
)
def test_escapes_in_the_name_of_a_page_are_plain(loading, name, inner):
    """It is a column, and that in the properties is another one if it says something else."""
    line = as_bytes(a_page_call({"name": "@inner@"}, name="@name@")).decode()

    assert_plain(loading, line.replace("@name@", name).replace("@inner@", inner))
