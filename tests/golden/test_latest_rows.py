"""`users` and `accounts`: the latest value of every trait, over several loads."""

import pytest
from factories import a_group_call, a_key, an_identify_call, received


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
def test_an_explicit_null_clears_a_trait_of_a_user_or_leaves_it_as_the_option_says(loading, option, plan):
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
def test_traits_in_the_context_fill_users_where_the_option_says_so(loading, option, plan):
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


def test_an_identify_of_an_earlier_copy_replaces_the_user(loading):
    """When an earlier copy takes over a row, the user follows it, and a user without identify disappears."""
    loading.write(an_identify_call({"plan": "late"}, user_id="u-2", receivedAt=received(1, 5)))
    loading.load()
    assert set(loading.held().rows("users")) == {"u-2"}
    loading.write(an_identify_call({"plan": "early"}, user_id="u-1"), key=a_key(name="early"))

    loading.load()

    assert set(loading.held().rows("users")) == {"u-1"}
    assert loading.differences() == []
