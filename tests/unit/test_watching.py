"""What the sensor remembers of an archive: which days changed, what is listed again, what only counts."""

from datetime import UTC, date, datetime, timedelta

import pytest

from dagster_defs.watching import NO_DAY, Memory, Totals, look
from loader.archive.base import ArchiveObject

TODAY = date(2026, 3, 31)
FIRST = date(2026, 3, 1)


def an_object(day: date | None, number: int = 0, size: int = 10) -> ArchiveObject:
    """One object of a received day."""
    modified = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=number)
    return ArchiveObject(f"{day}/{number}.gz", f"etag-{number}", size, modified, day)


def days(count: int) -> list[ArchiveObject]:
    """One object on each of the first days of a month."""
    return [an_object(FIRST + timedelta(days=index), index) for index in range(count)]


def never() -> bool:
    return False


def always() -> bool:
    return True


def test_a_first_look_finds_every_day_and_counts_everything():
    """Nothing is known, so everything is new."""
    seen = look(days(5), Memory(), TODAY, never)

    assert list(seen.changed) == [(FIRST + timedelta(days=index)).isoformat() for index in range(5)]
    assert (seen.memory.totals().objects, seen.memory.totals().size, seen.is_complete) == (5, 50, True)


def test_afterwards_only_the_newest_three_days_are_listed():
    """The memory stays small however long the history is."""
    memory = look(days(30), Memory(), TODAY, never).memory

    assert memory.since == date(2026, 3, 28)
    assert sorted(memory.days) == ["2026-03-28", "2026-03-29", "2026-03-30"]
    assert memory.totals().objects == 30


def test_a_look_without_news_changes_neither_days_nor_text():
    """The cursor of a quiet archive is the same text."""
    first = look(days(5), Memory(), TODAY, never)

    again = look(days(5)[2:], Memory.from_text(first.memory.to_text()), TODAY, never)

    assert again.changed == {}
    assert again.memory.to_text() == first.memory.to_text()


def test_a_new_object_changes_its_day_alone():
    """Late objects of a listed day count too."""
    first = look(days(5), Memory(), TODAY, never)

    again = look([*days(5)[2:4], an_object(FIRST + timedelta(days=3), 99), *days(5)[4:]], first.memory, TODAY, never)

    assert list(again.changed) == ["2026-03-04"]
    assert again.memory.totals().objects == 6


@pytest.mark.parametrize("changed", [{"size": 11}, {"number": 77}], ids=["size", "modification"])
def test_a_rewritten_object_changes_its_day(changed):
    """The number of objects alone does not tell."""
    first = look([an_object(FIRST)], Memory(), TODAY, never)

    assert list(look([an_object(FIRST, **changed)], first.memory, TODAY, never).changed) == ["2026-03-01"]


def test_a_look_that_takes_too_long_stops_after_a_whole_day_and_goes_on():
    """Looks that are cut off find the same days in the end as one long look."""
    memory, found = Memory(), []
    for _ in range(4):
        listing = [obj for obj in days(4) if memory.since is None or obj.received_day >= memory.since]
        seen = look(listing, memory, TODAY, always)
        memory, found = seen.memory, [*found, *seen.changed]

    assert found == ["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04"]
    assert (memory.totals().objects, seen.is_complete) == (4, True)


def test_a_day_to_come_waits_for_its_day():
    """There is no partition for it yet."""
    tomorrow = [an_object(TODAY + timedelta(days=1))]
    first = look(tomorrow, Memory(), TODAY, never)

    assert first.changed == {}
    assert list(look(tomorrow, first.memory, TODAY + timedelta(days=1), never).changed) == ["2026-04-01"]


def test_an_archive_without_days_is_one_whole():
    """Flat folders are listed completely each time."""
    first = look([an_object(None, 1), an_object(None, 2)], Memory(), TODAY, never)

    assert list(first.changed) == [NO_DAY]
    assert look([an_object(None, 1), an_object(None, 2)], first.memory, TODAY, never).changed == {}
    assert first.memory.since is None


@pytest.mark.parametrize("text", [None, "", "{}", "not json", '{"since": 3}', "[]"])
def test_an_unknown_cursor_is_a_first_look(text):
    """A cursor of another version costs one more listing, no error."""
    assert Memory.from_text(text) == Memory()


def test_a_cursor_survives_being_stored():
    """What is written is what is read."""
    memory = Memory(FIRST, Totals(3, 30, 1.5), {"2026-03-01": Totals(1, 10, 2.25)})

    assert Memory.from_text(memory.to_text()) == memory
