"""The runner: dependencies, inputs over whatever the sources have, parameters, checks, and the swap."""

from datetime import datetime

import pytest
from modelling import a_model

from loader.errors import ConfigError, TerminalError
from loader.models.registry import PythonModel


def test_events_are_all_calls_of_all_sources(modelling):
    """One row per call, whichever source it came from."""
    modelling.page(anonymous_id="a1", name="Home")
    modelling.track("Order Completed", user_id="u1", source="shop", total=25.0)

    modelling.run("events")

    assert modelling.rows("events", "source", "call", "id", "user_id", "event_text", "name") == [
        ("shop", "track", "m2", "u1", "Order Completed", None),
        ("web", "page", "m1", None, None, "Home"),
    ]


def test_a_source_without_the_table_gives_an_empty_input_of_the_declared_types(modelling):
    """A shop without pages is no error."""
    modelling.track("Order Completed", total=25.0)

    modelling.run("events")

    assert modelling.rows("input_pages") == []
    types = modelling.query(
        "select data_type from duckdb_columns() where table_name = 'input_pages' and column_name in ('url', 'received_at') order by 1"
    )
    assert types == [("TIMESTAMP",), ("VARCHAR",)]


@pytest.mark.parametrize(
    "own",
    [
        "create table web.screens as select 1 as id, 1024 as width",
        "create view web.screens as select * from web.pages",
        "create table web.order_completed as select 'x' as id",
    ],
)
def test_what_users_keep_in_the_schema_of_a_source_is_no_call(modelling, own):
    """Views, and tables without what every call has, whatever their names."""
    modelling.page(anonymous_id="a1")
    modelling.flush()
    modelling.change(own)

    modelling.run("events", "order_events")

    assert modelling.rows("events", "call") == [("page",)]
    assert modelling.rows("order_events") == []


def test_variants_of_a_number_are_one_number(modelling):
    """`total` sent as number and as text is a number in the input; what is none is empty."""
    modelling.track("Order Completed", total=25.0)
    modelling.track("Order Completed", total=None, total__v_text="12.50")
    modelling.track("Order Completed", total=None, total__v_text="N/A")

    modelling.run("events")

    assert modelling.query("select total::double from models.input_order_completed order by id") == [
        (25.0,),
        (12.5,),
        (None,),
    ]


def test_a_number_is_the_same_text_whatever_numbers_stand_beside_it(modelling):
    """An id that is a number finds its order in a source where another one has a fraction."""
    modelling.track("Order Completed", user_id="u1", order_id=1200.0, total=10.0)
    modelling.track("Order Completed", user_id="u1", order_id=1.5, total=10.0)
    modelling.track("Order Refunded", order_id=1200, total=4.0, source="till")

    modelling.run("orders")

    assert modelling.rows("orders", "order_key", "net") == [("1.5", 10), ("1200", 6)]


def test_a_missing_timestamp_is_the_time_of_arrival(modelling):
    modelling.page(at="2026-03-02 10:00", timestamp=None)

    modelling.run("events")

    assert modelling.rows("events", "timestamp") == [(datetime(2026, 3, 2, 10),)]


def test_a_model_is_made_after_what_it_reads(modelling):
    """The order comes from the SQL, not from names."""
    a_model(modelling, "a_second", "select n + 1 as n from z_first")
    a_model(modelling, "z_first", "select 1 as n")

    modelling.run("a_second")

    assert modelling.rows("a_second") == [(2,)]


def test_a_parameter_is_a_typed_literal(modelling):
    """`as_of` is a timestamp in UTC, a list stands inside IN."""
    a_model(
        modelling,
        "bound",
        "select case when $order_event in ($order_event, 'x') then $as_of end as t",
        columns="t timestamp: the bound",
        more="params: as_of, order_event",
    )

    modelling.run("bound", as_of="2026-03-05", timezone="Europe/Berlin")

    assert modelling.rows("bound") == [(datetime(2026, 3, 4, 23),)]


def test_an_unknown_table_is_named_with_file_line_and_nearest_name(modelling):
    path = a_model(modelling, "wrong", "select n\nfrom evnts")

    with pytest.raises(ConfigError) as error:
        modelling.run("wrong")

    assert error.value.where == f"{path}:7"
    assert "did you mean events?" in error.value.fix


def test_a_file_may_begin_with_a_mark_of_its_encoding(modelling):
    """As editors on Windows write it."""
    path = a_model(modelling, "counted", "select 2 as n")
    path.write_text(path.read_text(encoding="utf-8"), encoding="utf-8-sig")

    modelling.run("counted")

    assert modelling.rows("counted") == [(2,)]


def test_sql_that_is_nested_too_deeply_is_an_error_of_its_file(modelling):
    path = a_model(modelling, "deep", f"select {'abs(' * 500}1{')' * 500} as n")

    with pytest.raises(ConfigError, match="nested too deeply") as error:
        modelling.run("deep")

    assert error.value.where == f"{path}:1"


def test_what_follows_the_last_semicolon_may_be_a_comment(modelling):
    a_model(modelling, "counted", "select 2 as n; -- of them; for now")

    modelling.run("counted")

    assert modelling.rows("counted") == [(2,)]


def test_a_circle_of_models_is_an_error_that_names_it(modelling):
    a_model(modelling, "hen", "select n from egg")
    a_model(modelling, "egg", "select n from hen")

    with pytest.raises(ConfigError, match="circle: (hen → egg → hen|egg → hen → egg)"):
        modelling.run("egg")


def test_a_failed_check_names_rows_and_leaves_the_old_table(modelling):
    """Readers never see what did not pass."""
    a_model(modelling, "counted", "select 1 as n", more="checks:\n  small: n > 1")
    modelling.run("counted")
    a_model(modelling, "counted", "select 2 as n", more="checks:\n  small: n > 1")

    result = modelling.run("counted", passes=False)

    (failed,) = result.failed
    assert (failed.name, failed.failures, failed.rows) == ("small", 1, ((2,),))
    assert modelling.rows("counted") == [(1,)]


@pytest.mark.parametrize(("condition", "row"), [("1 < 2", (True,)), ("N > 1", (2,))])
def test_a_check_shows_columns_that_it_names_or_else_that_a_row_is_wrong(modelling, condition, row):
    """A table without keys has nothing else to tell the row by."""
    a_model(modelling, "counted", "select 2 as n", more=f"checks:\n  small: {condition}")

    (failed,) = modelling.run("counted", passes=False).failed

    assert failed.rows == (row,)


def test_a_check_that_warns_does_not_stop_the_run(modelling):
    a_model(modelling, "counted", "select 2 as n", more="checks:\n  small (warn): n > 1")

    result = modelling.run("counted")

    assert result.is_swapped
    assert [check.name for check in result.checks if not check.passed] == ["small"]


def test_a_check_that_names_a_model_that_was_never_made_is_not_asked(modelling):
    """Choosing one model must not need all that its checks compare it with."""
    a_model(modelling, "other", "select 1 as n")
    a_model(
        modelling, "counted", "select 2 as n", more="checks:\n  same: select n from counted except select n from other"
    )

    (asked,) = modelling.run("counted").checks
    assert (asked.passed, asked.missing) == (True, "other")

    (asked,) = [check for check in modelling.run("counted", "other", passes=False).checks if check.name == "same"]
    assert (asked.passed, asked.missing) == (False, None)


def test_a_check_that_names_nothing_known_is_an_error_with_its_line(modelling):
    path = a_model(modelling, "counted", "select 2 as n", more="checks:\n  same: select n from countd")

    with pytest.raises(ConfigError) as error:
        modelling.run("counted")

    assert (error.value.where, "did you mean counted?" in error.value.fix) == (f"{path}:5", True)


@pytest.mark.parametrize("name", ["events", "Events"])
def test_a_with_may_not_have_the_name_of_a_model(modelling, name):
    """It would be guesswork which of the two is meant; the case of letters tells no names apart."""
    path = a_model(modelling, "wrong", f"with {name} as (select 1 as n)\nselect n from events")

    with pytest.raises(ConfigError, match=f"has a WITH named '{name}'") as error:
        modelling.run("wrong")

    assert error.value.where == f"{path}:6"


def test_keys_are_unique_and_not_null(modelling):
    """Each key is a check of its own."""
    a_model(modelling, "keyed", "select n from (values (1), (1), (null)) as given(n)", keys="n")

    result = modelling.run("keyed", passes=False)

    assert [(check.name, check.rows) for check in result.failed] == [
        ("keys_are_unique", ((1, 2),)),
        ("keys_are_not_null", ((None,),)),
    ]


def test_a_model_of_the_user_replaces_ours_of_its_name(modelling):
    a_model(modelling, "events", "select 1 as n")

    modelling.run("events")

    assert modelling.rows("events") == [(1,)]


def test_a_model_that_fails_names_those_of_the_user_that_it_reads_in_place_of_ours(modelling):
    """Our SQL is rarely what has to be corrected then."""
    a_model(modelling, "events", "select 1 as n")

    with pytest.raises(TerminalError, match="model events_daily failed") as error:
        modelling.run("events_daily")

    assert "your events, which it reads in place of ours" in str(error.value)
    a_model(modelling, "ltv_rfm", "select 1 as n")
    with pytest.raises(TerminalError, match="the Python model ltv failed") as error:
        modelling.run("ltv_params")
    assert "your ltv_rfm, which it reads in place of ours" in str(error.value)


def test_a_model_that_needs_more_memory_than_there_is_is_named(modelling):
    """One text cannot be written aside."""
    a_model(
        modelling, "too_large", "select string_agg(repeat('x', 1000000), '') as n from (select unnest(range(2000)))"
    )

    with pytest.raises(
        TerminalError, match="the model too_large needs more memory than resources.memory allows"
    ) as error:
        modelling.run("too_large")

    assert "raise resources.memory" in str(error.value)


def test_sql_that_is_not_understood_is_told_with_its_line_and_no_token_of_the_parser(modelling):
    path = a_model(modelling, "wrong", "select 1 as n\nfrom from")

    with pytest.raises(ConfigError) as error:
        modelling.run("wrong")

    assert error.value.args[:2] == ("the SQL is not understood: Expected table name", f"{path}:7")


def test_an_external_input_comes_from_a_csv_file_and_is_empty_without_one(modelling):
    """Declared columns only, typed."""
    (modelling.folder / "models" / "inputs").mkdir(parents=True)
    (modelling.folder / "models" / "inputs" / "ads.yaml").write_text(
        "description: Ads.\nexternal: true\ncolumns: {spend: {type: decimal}, day: {type: date}}\n"
    )
    a_model(modelling, "spent", "select count(*) as n from input_ads where spend > 1")
    modelling.run("spent")
    assert modelling.rows("spent") == [(0,)]
    modelling.csv("ads", [{"spend": "2.50", "other": "x"}, {"spend": "", "other": "y"}])

    modelling.run("spent")

    assert modelling.rows("spent") == [(1,)]


def test_a_file_with_none_of_the_columns_of_an_external_input_is_an_error(modelling):
    """A first line that is missing, or in other words, would make rows of nothing."""
    modelling.csv("campaign_costs", [{"autumn_sale": "spring_sale", "100": "50"}])

    with pytest.raises(ConfigError) as raised:
        modelling.run("+campaign_costs")

    assert "has none of the columns of input_campaign_costs" in raised.value.what
    assert raised.value.what.endswith("it has: 100, autumn_sale")
    assert "`loader models docs input_campaign_costs`" in raised.value.fix


def test_a_value_of_an_external_input_that_has_another_type_is_named_with_its_place(modelling):
    """The first of them; nothing is made."""
    modelling.csv("campaign_costs", [{"campaign": "a", "amount": "1.5"}, {"campaign": "b", "amount": "much"}])

    with pytest.raises(ConfigError) as raised:
        modelling.run("campaign_costs")

    what, where, fix = raised.value.args
    assert what == "the input input_campaign_costs cannot be read: 'much' is not of the type decimal"
    assert where.startswith("models.inputs.campaign_costs: ")
    assert where.endswith(".csv, row 2, column amount")
    assert fix == "correct the file or table"


def test_a_python_model_reads_and_writes_tables(modelling):
    """It writes the tables whose header says that it makes them."""
    a_model(modelling, "given", "select 1 as n")
    a_model(modelling, "doubled", "", more="made by: doubling")
    a_model(modelling, "after", "select n + 1 as n from doubled")
    python = (PythonModel("doubling", ("given",), "a_python_model:run"),)

    modelling.run("after", python=python)

    assert modelling.rows("after") == [(3,)]


def test_a_python_model_may_write_values_that_it_computed(modelling):
    """Fitted parameters, for instance."""
    a_model(
        modelling, "fitted", "", columns="n integer: n; at timestamp: when; share float: s", more="made by: fitting"
    )

    modelling.run("fitted", python=(PythonModel("fitting", ("events",), "a_python_model:fit"),), as_of="2026-03-01")

    assert modelling.rows("fitted") == [(1, datetime(2026, 3, 1), 0.5), (2, None, None)]


def test_a_python_model_writes_its_own_tables_only(modelling):
    a_model(modelling, "given", "select 1 as n")
    a_model(modelling, "stolen", "", more="made by: stealing")

    with pytest.raises(TerminalError, match="stealing must not write 'given'"):
        modelling.run("stolen", python=(PythonModel("stealing", ("given",), "a_python_model:steal"),))


def test_a_python_model_may_have_columns_that_its_header_does_not_list(modelling):
    """One per trait, for instance: they are kept as they are, after the listed ones."""
    a_model(modelling, "wide", "", more="made by: widening\nfurther columns: one per trait")
    modelling.identify(user_id="u1", plan="pro")

    modelling.run("wide", python=(PythonModel("widening", ("input_identifies",), "a_python_model:widen"),))

    assert modelling.query("select * from models.wide") == [(1, "pro")]


def test_lines_that_the_loader_loaded_can_be_modelled(modelling):
    """From an archive line to a model, whole."""
    from factories import a_track_call

    modelling.load(a_track_call(message_id="m7"))

    modelling.run("events")

    assert modelling.rows("events", "id", "event_text") == [("m7", "Order Completed")]
