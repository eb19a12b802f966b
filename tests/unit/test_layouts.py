"""Object keys → received day, source, data or not. No store: a tree of names in memory."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest

from loader.archive.base import StoredFile
from loader.archive.layouts import Walk, is_flat_object, is_marker, received_day
from loader.errors import ConfigError

THEN = datetime(2026, 9, 1, tzinfo=UTC)
DAY = date(2026, 9, 14)


@dataclass(frozen=True)
class Options:
    layout: str = "auto"
    source_id: str | None = None
    recent_days: int | None = None
    uri: str = "memory"


class Names:
    """Keys as a tree, in S3's order; `listed` remembers what was listed in full."""

    def __init__(self, *keys: str, parts: tuple[str, ...] = ()) -> None:
        self.keys = sorted(keys)
        self.parts = parts
        self.listed: list[str] = []

    def entries(self, folder):
        names = {key[len(folder) :].partition("/")[:2] for key in self.keys if key.startswith(folder)}
        return iter(
            [name for name, slash in sorted(names) if slash]
            + [StoredFile(folder + name, "e", 1, THEN) for name, slash in sorted(names) if not slash]
        )

    def files(self, folder):
        self.listed.append(folder)
        return (StoredFile(key, "e", 1, THEN) for key in self.keys if key.startswith(folder))


def walked(tree, start=None, until=None, **options):
    walk = Walk(tree, Options(**options))
    return [(obj.key, obj.received_day) for obj in walk.objects(start, until)], walk.skipped


@pytest.mark.parametrize(
    ("name", "day"),
    [
        pytest.param("1432684800000", date(2015, 5, 27), id="milliseconds"),
        pytest.param("1432684800", date(2015, 5, 27), id="seconds"),
        pytest.param("1432771199999", date(2015, 5, 27), id="last millisecond of the UTC day"),
        pytest.param("2026-09-14", DAY, id="ISO"),
        pytest.param("09-14-2026", DAY, id="older RudderStack"),
        pytest.param("2026-02-30", None, id="no such day"),
        pytest.param("14-09-2026", None, id="no fourteenth month"),
        pytest.param("20260914", None, id="eight digits"),
        pytest.param("14326848000000", None, id="fourteen digits"),
        pytest.param("١٤٣٢٦٨٤٨٠٠", None, id="digits of another script"),
        pytest.param("", None, id="empty"),
    ],
)
def test_the_name_of_a_day_folder_is_a_utc_day(name, day):
    """Both generations of Segment, ISO days and RudderStack's older order are read; nothing else is guessed."""
    assert received_day(name) == day


def test_markers_and_dummies_are_not_data():
    """What tools leave beside data is left out."""
    markers = ["a/", "a/_SUCCESS", "segment-logs/dummy-object.txt", "a/.DS_Store", "a/._x.gz"]
    assert [key for key in [*markers, "a/x.gz", "a/1_2.gz"] if not is_marker(key)] == ["a/x.gz", "a/1_2.gz"]


def test_a_flat_folder_holds_json_lines_and_gzip():
    """Names decide in a folder without structure, whatever their case."""
    names = ["a.jsonl", "a.ndjson.gz", "A.JSON", "a.gz", "a.csv", "README.md", "json", "_a.json"]
    assert [name for name in names if is_flat_object(name)] == ["a.jsonl", "a.ndjson.gz", "A.JSON", "a.gz"]


@pytest.mark.parametrize("prefix", ["", "backup/", "acme/prod/eu/"])
def test_segment_logs_are_found_at_any_depth(prefix):
    """The bucket string of a Segment destination may carry a prefix."""
    key = f"{prefix}segment-logs/src/1789344000000/x.gz"

    assert walked(Names(key)) == ([(key, DAY)], 0)


@pytest.mark.parametrize(
    "cut",
    [
        pytest.param(("segment-logs",), id="the marking folder"),
        pytest.param(("segment-logs", "src"), id="the source"),
        pytest.param(("old", "segment-logs", "src", "1789344000000"), id="one day"),
    ],
)
def test_the_root_may_lie_inside_the_layout(cut):
    """A URI that points below segment-logs still knows source and day."""
    inside = cut[cut.index("segment-logs") + 1 :]
    rest = "/".join(("src", "1789344000000", "x.gz")[len(inside) :])

    assert walked(Names(rest, parts=cut)) == ([(rest, DAY)], 0)


def test_days_come_oldest_first_however_their_names_sort():
    """Ten-digit, thirteen-digit and ISO names of one archive are ordered by the day they mean."""
    days = ["2026-09-13", "1789344000", "1432684800000", "1789430400000"]
    objects, _ = walked(Names(*(f"segment-logs/src/{day}/x.gz" for day in days)))

    assert [key.split("/")[2] for key, _ in objects] == ["1432684800000", "2026-09-13", "1789344000", "1789430400000"]


def test_what_stands_beside_the_archive_is_skipped_and_counted():
    """Sibling folders count once, files each; the migration test folder never marks an archive."""
    tree = Names(
        "segment-logs/dummy-object.txt",
        "segment-logs/src/1789344000000/x.gz",
        "segment-logs/src/1789344000000/_SUCCESS",
        "segment-logs/src/1789344000000/",
        "segment-logs/src/notes/x.gz",
        "segment-stage/a.gz",
        "segment-stage/b.gz",
        "logs/a.gz",
        "test/segment-logs/src/1789344000000/x.gz",
        "readme.txt",
    )
    objects, skipped = walked(tree)

    assert [key for key, _ in objects] == ["segment-logs/src/1789344000000/x.gz"]
    # dummy, _SUCCESS, the folder's marker, notes/, segment-stage/, logs/, test/, readme.txt
    assert skipped == 8


def test_only_days_asked_for_are_listed():
    """Dates and recent_days limit the listing itself, not only its result."""
    tree = Names(*(f"segment-logs/src/2026-09-{day}/x.gz" for day in range(10, 20)))

    objects, _ = walked(tree, start=date(2026, 9, 12), until=date(2026, 9, 18), recent_days=2)

    assert tree.listed == ["segment-logs/src/2026-09-16/", "segment-logs/src/2026-09-17/"]
    assert len(objects) == 2


def test_rudderstack_objects_have_a_day():
    """Both spellings of the date; warehouse staging beside it is left alone."""
    keys = ["rudder-logs/src/2026-09-15/1.src.u.json.gz", "rudder-logs/src/09-14-2026/1.src.u.json.gz"]
    objects, skipped = walked(Names(*keys, "rudder-warehouse-staging-logs/src/2026-09-14/a.json.gz"))

    assert objects == [(keys[1], DAY), (keys[0], date(2026, 9, 15))]
    assert skipped == 1


@pytest.mark.parametrize("prefix", ["", "prod/"])
def test_a_gateway_archive_is_marked_by_gw(prefix):
    """SOURCE/gw/DAY/HOUR/INSTANCE/file."""
    key = f"{prefix}src/gw/2026-09-14/7/node-0/1_2_ws_u.json.gz"

    assert walked(Names(key)) == ([(key, DAY)], 0)
    assert walked(Names(key), layout="rudderstack-gateway", source_id="src") == ([(key, DAY)], 0)


def test_several_sources_need_a_choice():
    """One source is one schema: which one must be said, and the message says which there are."""
    tree = Names("segment-logs/one/1789344000000/x.gz", "segment-logs/two/1789344000000/y.gz")

    with pytest.raises(ConfigError, match=r"several sources\n.*\n.*archive\.source_id to one of: one, two"):
        walked(tree)
    with pytest.raises(ConfigError, match=r"no source 'three'"):
        walked(tree, source_id="three")
    assert walked(tree, source_id="two") == ([("segment-logs/two/1789344000000/y.gz", DAY)], 1)


def test_several_layouts_need_a_choice():
    """auto does not guess between a Segment and a RudderStack archive."""
    tree = Names("segment-logs/a/1789344000000/x.gz", "rudder-logs/b/2026-09-14/y.json.gz")

    with pytest.raises(ConfigError, match=r"archive\.layout to one of: rudderstack, segment; seen: rudder-logs/"):
        walked(tree)
    assert walked(tree, layout="segment") == ([("segment-logs/a/1789344000000/x.gz", DAY)], 1)


@pytest.mark.parametrize("layout", ["auto", "segment", "flat"])
def test_warehouse_staging_is_refused(layout):
    """Its lines are rows already; loading them as messages would make nonsense."""
    with pytest.raises(ConfigError, match="warehouse staging"):
        walked(Names("src/2026-09-14/a.json.gz", parts=("rudder-warehouse-staging-logs",)), layout=layout)
    with pytest.raises(ConfigError, match="warehouse staging"):
        walked(Names("rudder-warehouse-staging-logs/src/2026-09-14/a.json.gz"))


def test_files_without_structure_are_flat():
    """auto falls back to a flat folder where event files lie; they have no day, and dates do not hide them."""
    tree = Names("a.jsonl", "sub/b.json.gz", "notes.txt")

    assert walked(tree, start=date(2030, 1, 1)) == ([("a.jsonl", None), ("sub/b.json.gz", None)], 1)


def test_an_unknown_structure_is_an_error_that_says_what_was_seen():
    """A wrong prefix must not look like an empty archive."""
    with pytest.raises(ConfigError, match=r"no layout was recognised\n.*\n.*seen: pictures/"):
        walked(Names("pictures/cat.png"))
    with pytest.raises(ConfigError, match=r"no segment archive\n.*\n.*seen: a\.jsonl.*folder above segment-logs/"):
        walked(Names("a.jsonl"), layout="segment")


@pytest.mark.parametrize("layout", ["auto", "segment", "rudderstack", "rudderstack-gateway", "flat"])
def test_an_empty_archive_has_no_objects(layout):
    """A destination that has not delivered yet is no error."""
    assert walked(Names(), layout=layout) == ([], 0)
