"""Rebuilding a source, one of its tables, or some received days of it."""

import shutil
from dataclasses import replace

import pytest
from e2e.four_days import fill, lines_of, of_day
from factories import a_group_call, a_key, a_track_call, an_identify_call, received
from loading import Loading, canonical, discards_of

from loader.config import load_config
from loader.errors import BusyError, ConfigError, GuardError
from loader.jobs.verify.source import verify_source


@pytest.fixture(scope="module")
def once_loaded(tmp_path_factory):
    """A source whose four days are loaded; tests work on copies of it."""
    loading = fill(Loading(tmp_path_factory.mktemp("loaded") / "project"))
    loading.load()
    assert loading.differences() == []
    return loading


@pytest.fixture
def loaded(once_loaded, tmp_path):
    """A source whose four days are loaded."""
    folder = shutil.copytree(once_loaded.folder, tmp_path / "project")
    return replace(once_loaded, folder=folder, stored=dict(once_loaded.stored))


DAMAGES = {
    "rows of a call were deleted": "delete from web.tracks where _object in {objects}",
    "rows of an event were deleted": "delete from web.paid where id in (select id from web.tracks where _object in {objects})",
    "values were changed": "update web.order_completed set total = 99 where id in (select id from web.tracks where _object in {objects})",
    "rows stand twice": "insert into web.identifies select * from web.identifies where _object in {objects}",
    "a row belongs to another user": "update web.identifies set user_id = 'stranger' where _object in {objects}; insert into web.users (id, received_at) values ('stranger', now())",
    "copies were deleted": "delete from _loader.copies where object_id in {objects}",
    "discards were deleted": "delete from _loader.discards where object_id in {objects}",
    "quarantine was deleted": "delete from _loader.quarantine where object_id in {objects}",
    "the ledger lost an object": "delete from _loader.objects where object_id in {objects} and key like '%part-0%'",
}


@pytest.mark.parametrize("day", [2, 3])
@pytest.mark.parametrize("damage", [pytest.param(sql, id=name) for name, sql in DAMAGES.items()])
def test_rebuilding_a_day_undoes_any_damage_to_it(loaded, damage, day):
    """Tables, places, copies, conflicts, quarantine and discards are those of a load of everything."""
    whole = canonical(loaded.held())
    for statement in damage.format(objects=of_day(day)).split(";"):
        loaded.change(statement)

    report = loaded.rebuild(first=day, last=day)

    assert canonical(loaded.held()) == whole
    assert loaded.differences() == []
    assert report["objects"] == (2 if day == 2 else 1)
    assert loaded.load()["objects"] == 0


def test_rebuilding_two_days_at_once(loaded):
    """A range has its first and its last day."""
    whole = canonical(loaded.held())
    loaded.change(f"delete from web.tracks where _object in {of_day(2)} or _object in {of_day(3)}")

    report = loaded.rebuild(first=2, last=3)

    assert canonical(loaded.held()) == whole
    assert report["objects"] == 3


def test_days_without_rows_or_objects_change_nothing(loaded):
    """Neither before nor after all objects is there anything to do."""
    whole = canonical(loaded.held())

    assert loaded.rebuild(last=0)["objects"] == loaded.rebuild(first=9)["objects"] == 0

    assert canonical(loaded.held()) == whole


def test_changed_options_hold_for_the_days_that_were_rebuilt(loaded):
    """The rows of other days stay as they were loaded; users follow from both."""
    before = canonical(loaded.held())["tables"]
    loaded.with_options(exclude=["note", "plan"], raw_events=True)

    loaded.rebuild(first=2, last=2)

    after = canonical(loaded.held())["tables"]
    assert [row_id for row_id, row in loaded.held().rows("order_completed").items() if "note" in row] == ["t1"]
    plans = {row_id: row.get("plan") for row_id, row in loaded.held().rows("identifies").items()}
    assert plans["i2"] is None
    assert plans["i1"] == "plan 1"
    assert after.keys() == before.keys()
    assert after["tracks"] == before["tracks"]
    raw = loaded.query("select call, id from _loader.raw")
    assert len(raw) == len(set(raw)) > 0
    assert {("track", "t2"), ("identify", "i2")} <= set(raw)
    assert ("track", "t1") not in raw

    loaded.rebuild(first=2, last=2)

    assert sorted(loaded.query("select call, id from _loader.raw")) == sorted(raw)


def test_days_rebuilt_one_after_the_other_make_a_whole_rebuild(loaded, tmp_path):
    """With changed options as well."""
    options = {"exclude": ["note"], "users_from_context_traits": True, "null_traits": "keep", "raw_events": True}
    fresh = fill(Loading(tmp_path / "fresh", options))
    fresh.load()
    loaded.with_options(**options)

    for day in (3, 1, 4, 2):
        loaded.rebuild(first=day, last=day)

    assert canonical(loaded.held()) == canonical(fresh.held())
    raw = "select call, id, received_at, raw from _loader.raw order by all"
    assert loaded.query(raw) == fresh.query(raw)


def test_new_objects_of_the_days_are_loaded_too(loaded):
    """An earlier copy among them takes over the row of another day."""
    loaded.write(
        a_track_call({"total": 3}, message_id="t4", receivedAt=received(1)),
        a_track_call(message_id="new", receivedAt=received(1)),
        key=a_key(1, "late"),
    )

    loaded.rebuild(first=1, last=1)

    assert loaded.differences() == []
    assert loaded.load()["objects"] == 0


def test_objects_without_a_day_belong_to_every_range(tmp_path):
    """A flat folder is rebuilt whole, whatever the days."""
    loading = Loading(tmp_path / "project", layout="flat")
    loading.write(a_track_call(), key="a.jsonl.gz")
    loading.load()
    whole = canonical(loading.held())
    loading.change("delete from web.tracks")

    loading.rebuild(first=3, last=3)

    assert canonical(loading.held()) == whole


def test_values_seen_are_not_counted_again(loaded):
    """`loader schema` says the same after a rebuild of some days."""
    seen = "select table_name, column_name, type, count, first_seen, last_seen from _loader.observed order by all"
    before = loaded.query(seen)

    loaded.rebuild(first=2, last=3)

    assert loaded.query(seen) == before


def test_a_rebuild_of_days_is_in_the_history(loaded):
    """Its run is beside the others; the log of changes keeps what it had."""
    log = loaded.query("select table_name, column_name from _loader.schema_log order by all")

    report = loaded.rebuild(first=2, last=2)

    assert (report["load_id"],) in loaded.query("select load_id from _loader.loads")
    assert len(loaded.query("select load_id from _loader.loads")) == 2
    assert loaded.query("select table_name, column_name from _loader.schema_log order by all") == log


# What is refused ------------------------------------------------------------------------------------------------------


def assert_refused(loading: Loading, message: str, **arguments) -> None:
    """Exit code 3, and the warehouse is as it was."""
    before = canonical(loading.held())
    with pytest.raises(GuardError, match=message):
        loading.rebuild(**arguments)
    assert canonical(loading.held()) == before
    assert not list(loading.folder.glob(".*rebuild*"))
    assert loading.query("select * from _loader.leases") == []


@pytest.mark.parametrize("days", [{}, {"first": 3, "last": 3}], ids=["whole", "a day"])
def test_an_object_that_is_gone_keeps_its_rows(loaded, days):
    """They cannot come back, so nothing is touched."""
    (loaded.archive / a_key(3)).unlink()

    assert_refused(loaded, "1 row of track calls would be lost", **days)


@pytest.mark.parametrize("days", [{}, {"first": 3, "last": 3}], ids=["whole", "a day"])
def test_an_object_that_has_lost_lines_keeps_its_rows(loaded, days):
    """Another version without some of the messages."""
    loaded.write(*lines_of(3)[:5], *lines_of(3)[6:], key=a_key(3))

    assert_refused(loaded, "1 row of identify calls would be lost", **days)


@pytest.mark.parametrize("days", [{}, {"first": 2, "last": 2}], ids=["whole", "a day"])
def test_quarantined_lines_of_an_object_that_is_gone_are_kept(loaded, days):
    """Nobody else has their text."""
    loaded.write("{nobody else has this", key=a_key(2, "bad"))
    loaded.load()
    (loaded.archive / a_key(2, "bad")).unlink()

    assert_refused(loaded, "1 quarantined line would be lost", **days)


def test_a_row_that_a_copy_of_another_day_should_have_needs_a_whole_rebuild(loaded):
    """The new version of an object says that its message came later than the copy elsewhere."""
    later = [{**line, "receivedAt": received(9)} if isinstance(line, dict) else line for line in lines_of(1)]
    loaded.write(*later, key=a_key(1))

    assert_refused(loaded, "from copies in objects of other days", first=1, last=1)

    loaded.rebuild()
    assert loaded.differences() == []


def test_an_object_that_cannot_be_read_stops_the_rebuild(loaded):
    """Its rows would be lost."""
    (loaded.archive / a_key(3)).write_bytes("no bytes of ours".encode("utf-16"))

    assert_refused(loaded, "1 object cannot be read", first=3, last=3)


def test_other_days_need_no_archive(loaded):
    """Only objects of the days are read."""
    (loaded.archive / a_key(4)).unlink()
    whole = canonical(loaded.held())

    loaded.rebuild(first=1, last=1)

    assert canonical(loaded.held()) == whole


def test_nobody_else_loads_the_source_meanwhile(loaded, monkeypatch):
    """What such a load wrote would be lost."""
    from loader.jobs import rebuild

    refused = []

    def step(name):
        if name in ("carried", "loaded"):
            with pytest.raises(BusyError, match="another load of 'web' is running"):
                loaded.load()
            refused.append(name)

    monkeypatch.setattr(rebuild, "step", step)
    loaded.rebuild(first=1, last=1)

    assert refused == ["carried", "loaded"]
    assert loaded.load()["objects"] == 0


# One table ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["tracks", "paid", "users", "identifies"])
@pytest.mark.parametrize("days", [{}, {"first": 2, "last": 3}], ids=["whole", "two days"])
def test_rebuilding_one_table_leaves_the_others_and_the_ledger_alone(loaded, table, days):
    """The others, and the ledger, are left alone; `users` and `identifies` go together."""
    whole = canonical(loaded.held())
    values = {"tracks": "event_text", "paid": "event_text", "users": "plan", "identifies": "plan"}
    of_days = f"(select id from web.identifies where _object in {of_day(2)} union select id from web.tracks where _object in {of_day(2)} union select 'u-0')"
    loaded.change(f"update web.{table} set {values[table]} = 'damaged' where id in {of_days}")
    loaded.change("update web.pages set name = 'stays damaged'")
    objects = loaded.query("select * from _loader.objects order by all")

    report = loaded.rebuild(table, **days)

    held = canonical(loaded.held())
    assert held["tables"].pop("pages") != whole["tables"].pop("pages")
    assert held == whole
    assert report["tables"] == (2 if table in ("users", "identifies") else 1)
    assert loaded.query("select * from _loader.objects order by all") == objects


@pytest.mark.parametrize("table", ["identifies", "users", "groups", "accounts"])
def test_latest_values_have_the_columns_of_their_calls_whichever_of_the_two_is_rebuilt(tmp_path, table):
    """A rebuild sees all values at once, so a column may get another type than loads gave it one after the other."""
    loading = Loading(tmp_path)
    loading.write(an_identify_call({"age": 1.5}, message_id="i1"), a_group_call({"age": 1.5}, message_id="g1"))
    loading.load()
    for n, age in enumerate(("old", "young"), 2):
        of_user, of_group = (
            an_identify_call({"age": age}, f"u-{n}", f"i{n}"),
            a_group_call({"age": age}, f"g-{n}", f"g{n}"),
        )
        loading.write(of_user, of_group, key=a_key(n))
        loading.load()

    loading.rebuild(table)

    pair = ("identifies", "users") if table in ("identifies", "users") else ("groups", "accounts")
    assert [loading.types(each)["age"] for each in pair] == ["VARCHAR", "VARCHAR"]
    assert loading.differences() == []
    config = load_config(loading.config_file)
    assert verify_source(config, config.sources[0]).findings.kept == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({}, {"on_conflict": "discard"}, id="values of another type"),
        pytest.param({"on_conflict": "discard"}, {}, id="values of another type, the other way round"),
        pytest.param({}, {"exclude": ["paid"]}, id="an excluded column"),
        pytest.param({"exclude": ["paid"]}, {}, id="a column that was excluded"),
        pytest.param({}, {"json_paths": ["track.properties.cart"]}, id="an object as text"),
        pytest.param({}, {"envelope_columns": ["channel"]}, id="a property called like a column of the envelope"),
        pytest.param({"table_cap": 0}, {}, id="an event that found no room"),
    ],
)
def test_rebuilding_one_table_under_other_options_replaces_its_discards(tmp_path, before, after):
    """What its rows discard is replaced with them, and the recount asks for what these options load."""
    loading = Loading(tmp_path, before)
    payloads = ({"n": 1, "cart": {"id": 1}}, {"n": 2, "channel": "web"}, {"n": "x", "Paid": 1, "paid": 2})
    loading.write(*(a_track_call(payload, message_id=f"t{n}") for n, payload in enumerate(payloads)))
    loading.write(a_track_call({"n": 1}, message_id="t9"), key=a_key(2))
    loading.load()
    fresh = Loading(tmp_path / "fresh", after)
    fresh.write_objects({key: stored.body for key, stored in loading.stored.items()})
    fresh.load()

    loading.with_options(**after).rebuild("order_completed")

    assert discards_of(loading.held()) == discards_of(fresh.held())
    assert loading.held().tables["order_completed"] == fresh.held().tables["order_completed"]
    config = load_config(loading.config_file)
    report = verify_source(config, config.sources[0])
    assert (report.findings.kept, report.objects) == ([], 2)


@pytest.mark.parametrize("table", ["tracks", "identifies"])
@pytest.mark.parametrize("is_kept", [True, False], ids=["kept from now on", "no longer kept"])
def test_rebuilding_one_table_adds_or_removes_its_whole_messages(tmp_path, table, is_kept):
    """`raw` has the messages of the rebuilt table if its options say so, and those of the others as before."""
    loading = Loading(tmp_path, {"raw_events": not is_kept})
    loading.write(a_track_call(message_id="t1"), an_identify_call(message_id="i1"))
    loading.load()

    loading.with_options(raw_events=is_kept).rebuild(table)

    rebuilt, other = ({"t1"}, {"i1"}) if table == "tracks" else ({"i1"}, {"t1"})
    assert {row_id for (row_id,) in loading.query("select id from _loader.raw")} == (rebuilt if is_kept else other)
    config = load_config(loading.config_file)
    assert verify_source(config, config.sources[0]).findings.kept == []


def test_one_table_cannot_run_ahead_of_the_others(loaded):
    """An object that was not loaded yet belongs in all of them."""
    loaded.write(a_track_call(message_id="new"), key=a_key(4, "late"))

    assert_refused(loaded, "the archive has 1 object not loaded yet", table="tracks")

    loaded.load()
    loaded.rebuild("tracks")
    assert loaded.differences() == []


def test_without_a_warehouse_there_is_nothing_to_rebuild(tmp_path):
    """Exit code 2 leaves none behind, whatever is wrong with the archive."""
    loading = Loading(tmp_path)

    with pytest.raises(ConfigError, match="the warehouse does not exist yet"):
        loading.rebuild()

    assert not loading.warehouse.exists()


def test_an_unknown_table_is_named_with_those_that_exist(loaded):
    """Before anything is replaced."""
    with pytest.raises(ConfigError, match="no table 'trakcs'") as caught:
        loaded.rebuild("trakcs")
    assert "tracks" in caught.value.fix


# The whole source -----------------------------------------------------------------------------------------------------


def test_a_whole_rebuild_gives_what_a_first_load_gives(loaded, tmp_path):
    """Options of today, columns and all."""
    fresh = fill(Loading(tmp_path / "fresh", {"exclude": ["note"]}))
    fresh.load()
    loaded.change("delete from web.users; update web.tracks set event_text = 'damaged'")
    loaded.with_options(exclude=["note"])

    loaded.rebuild()

    assert canonical(loaded.held()) == canonical(fresh.held())
    assert loaded.types("order_completed") == fresh.types("order_completed")


def test_a_table_of_the_user_stays(loaded):
    """In the schema of the source, made by nobody of us."""
    loaded.change("create table web.my_own as select 1 as id")

    loaded.rebuild(first=2, last=2)
    loaded.rebuild()

    assert loaded.query("select id from web.my_own") == [(1,)]


def test_recent_days_do_not_limit_a_rebuild(loaded, monkeypatch):
    """They limit what a frequent load looks at."""
    whole = canonical(loaded.held())
    text = loaded.config_file.read_text().replace('"layout"', '"recent_days": 1, "layout"')
    monkeypatch.setattr(Loading, "config_file", loaded.folder / "recent.yaml")
    loaded.config_file.write_text(text)

    loaded.rebuild()
    loaded.rebuild(first=1, last=2)

    assert canonical(loaded.held()) == whole
