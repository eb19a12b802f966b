"""The bundled archives, loaded by the command line, against what plain Python counted in their lines."""

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from e2e.bundled import (
    CONFLICTS,
    COPIES,
    COUNTS,
    EXPECTED,
    PLANT_SHOP,
    ROWS,
    SOURCES,
    Loaded,
    load_archives,
    run_demo,
    union_of_call_tables,
)
from processes import made_once

from loader.config import load_config
from loader.core.naming import table_name
from loader.core.tables import NULLS, PROVENANCE, call_target


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """Both archives, loaded: all call tables of all sources are also there as one view."""
    folder = made_once(tmp_path_factory, "archives", load_archives)
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    connection.execute(f"attach '{folder / 'copy.duckdb'}' as warehouse (read_only)")
    connection.execute("use warehouse")
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    there = Loaded(folder, report["sources"], connection)
    connection.execute(f"create temp view {ROWS} as {union_of_call_tables(there)}")
    connection.execute(
        f"create temp view {COPIES} as select c.source, c.call, c.id, c.received_at, o.received_day "
        "from _loader.copies as c join _loader.objects as o using (object_id)"
    )
    yield there
    connection.close()


def expected(source: str) -> dict[str, Any]:
    return COUNTS[SOURCES[source]]


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


every_source = pytest.mark.parametrize("source", SOURCES)


@pytest.mark.slow
def test_the_demo_ends_well_and_shows_its_proof(demo):
    """Loaded, compared and verified: exit code 0, and the page says so."""
    assert demo.ran.code == 0, demo.ran
    assert "DIFFERENT" not in demo.ran.out
    assert "loader verify: every one of 383 objects adds up" in demo.ran.out
    assert "244,091.94" in demo.ran.out


@pytest.mark.slow
def test_the_demo_says_what_its_checks_warn_of(demo):
    """Orders without a rate are in no amount that it prints."""
    assert "no check failed\n" in demo.ran.out
    assert "  order_values.has_a_rate warns of 1,188 rows\n" in demo.ran.out


@every_source
def test_the_report_of_the_load_says_what_the_tables_say(source, loaded):
    """Objects, lines, duplicates and conflicts of the one load; nothing failed, nothing was set aside."""
    report, want = loaded.report[source], expected(source)

    assert (report["objects"], report["lines"], report["messages"]) == (want["files"], want["lines"], want["lines"])
    assert (report["duplicates"], report["conflicts"]) == (want["duplicate_lines"], CONFLICTS.get(source, 0))
    assert (report["quarantined"], report["discards"], report["failed_objects"]) == ({}, {}, [])


def test_a_second_run_of_the_demo_finds_nothing_new(loaded):
    """The ledger knows every object, so no row is added and the tables still compare."""
    query = "select (select count(*) from web.tracks), (select count(*) from _loader.objects), (select count(*) from _loader.copies)"

    again = run_demo(loaded.folder)

    assert again.returncode == 0, again.stderr
    assert "nothing new was found" in again.stdout
    with duckdb.connect(str(loaded.folder / "warehouse.duckdb"), read_only=True) as connection:
        assert connection.execute(query).fetchall() == loaded.rows(query)


def test_the_project_of_the_demo_is_written_once_and_names_its_archives_relatively(tmp_path):
    """A folder can be moved with the checkout, and a changed configuration stays as it is."""
    assert run_demo(tmp_path, "--project-only").returncode == 0
    config = tmp_path / "loader.yaml"
    uris = [source.archive.uri for source in load_config(config).sources]
    config.write_text(config.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")

    assert run_demo(tmp_path, "--project-only").returncode == 0

    assert all(Path(uri).is_dir() for uri in uris)
    assert "uri: /" not in config.read_text(encoding="utf-8")
    assert config.read_text(encoding="utf-8").endswith("# mine\n")
    assert not (tmp_path / "warehouse.duckdb").exists()


@every_source
def test_every_object_and_line_is_read(source, loaded):
    """Files and lines are those of the archive; none is quarantined, none is blank."""
    query = "select count(*), sum(lines), sum(blank), sum(quarantined_lines) from _loader.objects where source = ? and status = 'done'"

    assert loaded.row(query, source) == (expected(source)["files"], expected(source)["lines"], 0, 0)


def test_every_byte_of_the_archives_is_accounted_for(loaded):
    """The sizes of the objects add up to those of the files."""
    assert loaded.row("select sum(size) from _loader.objects") == (sum(file["bytes"] for file in EXPECTED.values()),)


def test_nothing_of_the_archives_is_quarantined(loaded):
    """Real clients send valid lines."""
    assert loaded.rows("select reason, detail from _loader.quarantine") == []


@every_source
def test_every_message_id_is_one_row_of_its_call(source, loaded):
    """Distinct ids per call, no id twice, and nothing beside them."""
    rows = loaded.counts(f"select call, count(*) from {ROWS} where source = ? group by call", source)
    ids = loaded.counts(f"select call, count(distinct id) from {ROWS} where source = ? group by call", source)

    assert rows == ids == expected(source)["distinct_by_type"]
    assert sum(rows.values()) == expected(source)["distinct_message_ids"]


@every_source
def test_every_duplicate_line_is_a_copy(source, loaded):
    """Copies = lines − distinct ids; a conflict is a copy whose content differs."""
    copies = loaded.row("select count(*) from _loader.copies where source = ?", source)
    conflicts = loaded.row("select count(*) from _loader.conflicts where source = ?", source)

    assert (copies, conflicts) == ((expected(source)["duplicate_lines"],), (CONFLICTS.get(source, 0),))


@every_source
def test_copies_of_other_days_are_found(source, loaded):
    """A message that arrived again in the folder of another day is still one row."""
    query = f"""
        select count(*) from (
            select call, id from (
                select source, call, id, received_day from {ROWS}
                union all select source, call, id, received_day from {COPIES}
            ) where source = ? group by call, id having count(distinct received_day) > 1
        )"""

    assert loaded.row(query, source) == (expected(source)["message_ids_seen_on_more_than_one_received_day"],)


@every_source
def test_every_event_is_in_tracks_and_in_its_own_table(source, loaded):
    """Rows per event name, in `tracks` and in the event table."""
    tracks = loaded.counts(
        f"select event_text, count(*) from {ROWS} where source = ? and call = 'track' group by all", source
    )
    own = {
        event: loaded.row(f"select count(distinct id) from {source}.{table_name(event, 255)}")[0]
        for event in expected(source)["distinct_by_event"]
    }

    assert tracks == own == expected(source)["distinct_by_event"]


@every_source
def test_the_client_libraries_are_those_of_the_archive(source, loaded):
    """`context.library` is two columns of every call table."""
    libraries = loaded.counts(f"select library, count(*) from {ROWS} where source = ? group by all", source)

    assert libraries == expected(source)["distinct_by_library"]


@every_source
def test_received_at_is_that_of_the_archive(source, loaded):
    """First and last arrival of all lines, the number of days, and rows per month."""
    first, last, days = loaded.row(
        "select min(received_at), max(received_at), count(distinct received_at::timestamp::date) from ("
        f"select source, received_at from {ROWS} union all select source, received_at from {COPIES}) where source = ?",
        source,
    )
    months = loaded.counts(
        f"select strftime(received_at::timestamp, '%Y-%m'), count(*) from {ROWS} where source = ? group by all", source
    )
    want = expected(source)["received_at"]

    assert (first, last, days) == (instant(want["first"]), instant(want["last"]), want["days"])
    assert months == expected(source)["distinct_by_received_month"]


@every_source
def test_timestamp_is_that_of_the_archive_however_old(source, loaded):
    """First and last event time, and how many events are older than a day at arrival."""
    first, last, late = loaded.row(
        "select min(timestamp), max(timestamp), count(*) filter (where received_at - timestamp > interval 24 hours) "
        f"from {ROWS} where source = ?",
        source,
    )
    want = expected(source)["timestamp"]

    assert (first, last) == (instant(want["first"]), instant(want["last"]))
    assert late == expected(source)["events_with_timestamp_more_than_a_day_before_received_at"]


@every_source
def test_people_are_those_of_the_archive(source, loaded):
    """Distinct user and anonymous ids; an id that was an explicit null is NULL."""
    found = loaded.row(
        "select count(distinct user_id), count(distinct anonymous_id), "
        f"count(*) filter (where user_id is null and anonymous_id is null) from {ROWS} where source = ?",
        source,
    )
    names = ("user_ids", "anonymous_ids", "events_with_neither_id")

    assert found == tuple(expected(source)[name] for name in names)


@every_source
def test_users_has_one_row_per_identified_user(source, loaded):
    """`users` is keyed by user id; an anonymous identify has a row in `identifies` only."""
    identified, anonymous = loaded.row(
        f"select count(distinct user_id), count(*) filter (where user_id is null) from {source}.identifies"
    )
    users = loaded.row(f"select count(*), count(distinct id) from {source}.users")
    want = expected(source)

    assert (identified, anonymous) == (want["users_identified"], want["identifies_without_user_id"])
    assert users == (want["users_identified"], want["users_identified"])


@every_source
def test_root_traits_are_columns_of_identifies(source, loaded):
    """A client that sends traits in the context only leaves no payload column."""
    core = {*call_target("identify").core, *PROVENANCE, NULLS}
    payload = [
        name
        for name in sorted(loaded.columns(source, "identifies"))
        if name not in core and not name.startswith("context_")
    ]
    with_traits = (
        loaded.row(f"select count(*) from {source}.identifies where coalesce({', '.join(f'{n}::varchar' for n in payload)}) is not null")[0]
        if payload
        else 0
    )  # fmt: skip

    assert with_traits == expected(source)["identifies_with_root_traits"]


@every_source
def test_accounts_has_one_row_per_group(source, loaded):
    """`accounts` is keyed by group id."""
    groups = expected(source)["groups_seen_in_group_calls"]
    if not groups:
        assert not loaded.has_table(source, "accounts") or loaded.row(f"select count(*) from {source}.accounts") == (0,)
        return

    assert loaded.row(f"select count(distinct group_id) from {source}.groups") == (groups,)
    assert loaded.row(f"select count(*), count(distinct id) from {source}.accounts") == (groups, groups)


def test_the_plant_shop_adds_up_over_its_sources(loaded):
    """Messages are summed, people and groups are distinct over all sources."""
    want = EXPECTED["sdk-archive"]["all_sources"]
    names = ", ".join(f"'{name}'" for name in PLANT_SHOP)
    messages, users, anonymous, days = loaded.row(
        "select count(*), count(distinct user_id), count(distinct anonymous_id), count(distinct received_day) "
        f"from {ROWS} where source in ({names})"
    )
    groups = " union ".join(f"select group_id from {name}.groups" for name in PLANT_SHOP if expected(name)["groups_seen_in_group_calls"])  # fmt: skip

    assert (messages, users, anonymous) == (want["distinct_message_ids"], want["user_ids"], want["anonymous_ids"])
    assert days == want["received_at"]["days"]
    assert loaded.row(f"select count(*) from ({groups})") == (want["groups_seen_in_group_calls"],)
    assert loaded.row(
        f"select count(distinct user_id) from {ROWS} where call = 'identify' and source in ({names})"
    ) == (want["users_identified"],)


def figures() -> list[Any]:
    """Every sum of expected.json: archive, event, property, and what was counted."""
    found = []
    for archive, file in EXPECTED.items():
        for figure in file["business"].values():
            each = (
                [figure] if "exact_sum_by_currency" in figure else [v for v in figure.values() if isinstance(v, dict)]
            )
            found += [pytest.param(archive, one, id=f"{archive}-{one['event']}-{one['property']}") for one in each]
    return found


def sources_with(archive: str, event: str) -> list[str]:
    names = PLANT_SHOP if archive == "sdk-archive" else ("music_shop",)
    return [name for name in names if event in expected(name)["distinct_by_event"]]


@pytest.mark.parametrize(("archive", "figure"), figures())
def test_money_adds_up_exactly(archive, figure, loaded):
    """Sums by currency as decimals, over every source that has the event; numbers of any spelling count."""
    table = table_name(figure["event"], 255)
    parts = [
        f"select currency, {loaded.number(source, table, figure['property'])} as value from {source}.{table}"
        for source in sources_with(archive, figure["event"])
    ]
    found = loaded.rows(
        f"select currency, count(value), sum(value), count(*) from ({' union all by name '.join(parts)}) group by all"
    )

    assert {row[0]: row[2] for row in found} == {
        name: Decimal(value) for name, value in figure["exact_sum_by_currency"].items()
    }
    assert {row[0]: row[1] for row in found} == figure["numeric_rows_by_currency"]
    missing = figure["rows_null_or_absent"] + figure["rows_not_a_number"]
    assert sum(row[3] - row[1] for row in found) == missing


@pytest.mark.parametrize("archive", EXPECTED)
def test_orders_are_distinct_and_keep_their_product_lines(archive, loaded):
    """An order is one row; its products are JSON text whose items can be counted."""
    want = EXPECTED[archive]["business"]["Order Completed"]
    parts = [
        f"select {loaded.text(source, 'order_completed', 'order_id')} as order_id, "
        f"json_array_length({loaded.text(source, 'order_completed', 'products')}) as products from {source}.order_completed"
        for source in sources_with(archive, "Order Completed")
    ]
    found = loaded.row(
        f"select count(*), count(distinct order_id), sum(products) from ({' union all by name '.join(parts)})"
    )

    assert found == (want["rows"], want["distinct_order_ids"], want["product_lines"])


def test_ids_that_look_like_numbers_stay_text(loaded):
    """Customer ids of the music shop have leading zeros."""
    lengths = loaded.rows("select distinct length(id) from music_shop.users")

    assert lengths == [(5,)]
    assert loaded.row("select min(id) < '1' from music_shop.users") == (True,)
