"""Traits in SQL: what the contract wants of the file is said before anything runs, what it wants of the rows is checked."""

import pytest
from audiences import a_project
from modelling import NOW, a_model

from loader.errors import ConfigError


@pytest.fixture
def shop(modelling):
    modelling.settings["audiences"] = {"library": []}
    return a_project(modelling)


def sql_traits(project, sql, columns="user_id text: id; plan text: plan", keys="user_id"):
    return a_model(project, "sql_traits_mine", sql, columns, keys=keys)


def wrong(project, columns, keys="user_id"):
    """The error of a file with these columns."""
    path = sql_traits(project, "select 1", columns, keys)
    with pytest.raises(ConfigError) as raised:
        project.run("sql_traits_mine")
    assert raised.value.where == f"{path}:1"
    return raised.value


def failing(project):
    """Checks that did not pass, with their rows."""
    result = project.run("sql_traits_mine", passes=False)
    return {check.name: (check.severity, check.failures) for check in result.checks if not check.passed}


def test_texts_and_numbers_by_one_id_are_a_table(shop):
    sql_traits(
        shop,
        "select 'u1' as user_id, 'pro' as plan, 3 as seats, 9.5 as price, 0.25 as share",
        "user_id text: id; plan text: p; seats integer: s; price decimal: p; share float: s",
    )

    assert failing(shop) == {}
    assert shop.rows("sql_traits_mine", "user_id", "plan", "seats", "share") == [("u1", "pro", 3, 0.25)]


@pytest.mark.parametrize("given", ["user_id", "email", "anonymous_id", "group_id"])
def test_each_kind_of_id_may_be_the_key(given, shop):
    sql_traits(shop, f"select 'x' as {given}, 'pro' as plan", f"{given} text: id; plan text: p", keys=given)

    assert failing(shop) == {}


def test_without_an_id_column_it_says_which_there_are(shop):
    error = wrong(shop, "canonical_segment_id text: p; plan text: p", keys="canonical_segment_id")

    assert error.what.startswith("sql_traits_mine has no id column")
    assert error.fix == "select exactly one of user_id, email, anonymous_id, group_id"


def test_two_id_columns_are_refused(shop):
    error = wrong(shop, "user_id text: id; anonymous_id text: id; plan text: p")

    assert "user_id and anonymous_id: more than one id" in error.what
    assert "drop or rename the others" in error.fix


def test_an_id_is_text(shop):
    error = wrong(shop, "user_id integer: id; plan text: p")

    assert (error.what, error.fix) == (
        "sql_traits_mine.user_id is declared integer; ids are text",
        "write `user_id text: …` under columns",
    )


@pytest.mark.parametrize("keys", ["none", "plan", "user_id, plan"])
def test_the_id_is_the_key_so_that_there_is_one_row_each(keys, shop):
    error = wrong(shop, "user_id text: id; plan text: p", keys)

    assert f"must have one row per user_id, and its keys are {keys}" in error.what
    assert "-- keys: user_id" in error.fix


def test_an_id_alone_is_no_trait(shop):
    assert wrong(shop, "user_id text: id").what == "sql_traits_mine has no trait beside user_id"


def test_more_than_25_columns_are_refused(shop):
    def columns(number):
        return "; ".join(["user_id text: id", *(f"t{n} integer: t" for n in range(number - 1))])

    error = wrong(shop, columns(26))
    assert "has 26 columns; 25 can be sent, the id among them" in error.what
    assert "split it" in error.fix
    numbers = ", ".join(f"{n} as t{n}" for n in range(24))
    sql_traits(shop, f"select 'u1' as user_id, {numbers}", columns(25))
    assert failing(shop) == {}


@pytest.mark.parametrize("kind", ["boolean", "timestamp", "date"])
def test_other_types_than_text_and_number_are_refused_with_a_cast(kind, shop):
    error = wrong(shop, f"user_id text: id; since {kind}: s")

    assert error.what == f"sql_traits_mine.since is declared {kind}; traits are texts and numbers"
    assert "cast(since as text)" in error.fix


def test_ids_that_are_missing_or_there_twice_replace_nothing(shop):
    sql_traits(
        shop,
        "select * from (values ('u1', 'a'), ('u1', 'b'), (null, 'c')) as v(user_id, plan)".replace(
            "*", "user_id, plan"
        ),
    )

    assert failing(shop) == {"keys_are_unique": ("fail", 1), "keys_are_not_null": ("fail", 1)}
    assert not shop.result.is_swapped


def test_a_row_of_16_kb_is_too_large_whatever_its_letters(shop):
    """Bytes of all columns, and not letters, are counted: ü has two."""
    sql_traits(
        shop,
        "select 'small' as user_id, repeat('x', 16378) as plan union all select 'large', repeat('x', 16379) "
        "union all select 'umlaut', repeat('ü', 8189)",
    )

    result = shop.run("sql_traits_mine", passes=False)
    (failed,) = [check for check in result.checks if not check.passed]

    assert (failed.name, failed.severity, failed.columns) == ("row_is_below_16_kb", "fail", ("user_id", "row_bytes"))
    assert list(failed.rows) == [("large", 16384), ("umlaut", 16384)]


def test_two_ids_of_one_profile_are_warned_about(modelling):
    """Their traits would overwrite each other."""
    modelling.settings["audiences"] = {"library": []}
    project = a_project(modelling, merges=[("u2", "u1")])
    for user in ("u1", "u2", "u3"):
        project.page(user_id=user, at="2024-06-01")
    sql_traits(project, "select 'u1' as user_id, 'a' as plan union all select 'u2', 'b' union all select 'u3', 'c'")
    project.run("external_id_mapping")

    assert failing(project) == {"one_row_per_profile": ("warn", 1)}


def test_the_contract_is_for_files_of_that_name_only(shop):
    a_model(shop, "mine", "select true as n", "n boolean: b")

    assert shop.run("mine").failed == []


def test_the_checks_find_the_same_rows_in_postgres(shop, postgres):
    """`loader models export-dbt` writes them for Postgres as well."""
    from loader.config import load_config
    from loader.jobs.models import catalog_of
    from loader.models.checks import check_queries
    from loader.models.render import qualify, render, table_of

    shop.page(user_id="u1", at="2024-06-01")
    sql_traits(
        shop, "select 'u1' as user_id, repeat('ü', 8192) as plan union all select 'u1', 'b' union all select 'u2', 'c'"
    )
    expected = failing(shop)

    catalog = catalog_of(load_config(shop.config_file, {}), NOW)
    postgres.run("drop schema if exists models cascade; create schema models;")
    postgres.run("create table models.sql_traits_mine (user_id text, plan text)")
    postgres.run("insert into models.sql_traits_mine values ('u1', repeat('ü', 8192)), ('u1', 'b'), ('u2', 'c')")
    postgres.run("create table models.external_id_mapping (canonical_segment_id text, type text, value text)")
    postgres.run("insert into models.external_id_mapping values ('u1', 'user_id', 'u1')")
    found = {}
    for check, query in check_queries(catalog.models["sql_traits_mine"]):
        rows = postgres.run(render(qualify(query, lambda name: table_of("models", name)), "postgres")).splitlines()[1:]
        found |= {check.name: (check.severity, len(rows))} if rows else {}

    assert found == {**expected, "one_row_per_profile": ("warn", 1)}
    assert found.keys() == {"keys_are_unique", "row_is_below_16_kb", "one_row_per_profile"}
