"""Compares an archive with what a sensor remembers from its last look, and finds the days that changed."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from loader.archive.base import ArchiveObject

# After everything was seen once, a look lists this many of the newest days. The complete load of the daily schedule
# finds late objects of older days.
RECENT_DAYS = 3
NO_DAY = "all"


@dataclass
class Totals:
    """Totals of the objects of one or more days."""

    objects: int = 0
    size: int = 0
    newest: float = 0.0
    """Latest modification, seconds since 1970."""

    def add(self, other: "Totals") -> None:
        """Add the counts of more objects."""
        self.objects += other.objects
        self.size += other.size
        self.newest = max(self.newest, other.newest)

    @property
    def newest_at(self) -> datetime:
        """The time of the latest modification."""
        return datetime.fromtimestamp(self.newest, UTC)

    def __str__(self) -> str:
        return f"{self.objects}-{self.size}-{self.newest:.6f}"


@dataclass
class Memory:
    """The cursor of a sensor: the days that are listed again, and the totals of all earlier ones."""

    since: date | None = None
    """First day of the next look; None: everything."""
    before: Totals = field(default_factory=Totals)
    """What lies before `since`."""
    days: dict[str, Totals] = field(default_factory=dict)
    """Days from `since` on as they were when they were last requested."""

    @classmethod
    def from_text(cls, text: str | None) -> "Memory":
        """Read a stored cursor. An unknown one means a first look."""
        try:
            stored = json.loads(text or "{}")
            days = {day: Totals(*totals) for day, totals in stored["days"].items()}
            since = stored["since"]
            return cls(date.fromisoformat(since) if since else None, Totals(*stored["before"]), days)
        except (ValueError, KeyError, TypeError, AttributeError):
            return cls()

    def to_text(self) -> str:
        """The cursor to store. The same memory always gives the same text."""
        days = {day: _plain(totals) for day, totals in sorted(self.days.items())}
        since = self.since.isoformat() if self.since else None
        return json.dumps({"since": since, "before": _plain(self.before), "days": days}, separators=(",", ":"))

    def totals(self) -> Totals:
        """The totals of the whole archive."""
        known = Totals()
        for totals in (self.before, *self.days.values()):
            known.add(totals)
        return known


@dataclass(frozen=True)
class Look:
    """The result of one look at an archive."""

    changed: dict[str, Totals]
    """Days with other objects than when they were last requested, oldest first; `all` where there are no days."""
    memory: Memory
    is_complete: bool
    """Whether the listing came to its end; if not, the next look goes on where this one stopped."""


def look(objects: Iterable[ArchiveObject], memory: Memory, today: date, is_over: Callable[[], bool]) -> Look:
    """Compare a listing from `memory.since` on with the memory. Stop after a complete day once `is_over`.

    Days after `today` are left for later, because they have no partition yet.
    """
    seen: dict[str, Totals] = {}
    is_complete = True
    for obj in objects:
        if obj.received_day is not None and obj.received_day > today:
            continue
        day = NO_DAY if obj.received_day is None else obj.received_day.isoformat()
        if day not in seen:
            if seen and is_over():
                is_complete = False
                break
            seen[day] = Totals()
        seen[day].add(Totals(1, obj.size, obj.last_modified.timestamp()))
    changed = {day: totals for day, totals in seen.items() if str(memory.days.get(day)) != str(totals)}
    return Look(changed, _remember(memory, seen, is_complete), is_complete)


def _remember(memory: Memory, seen: dict[str, Totals], is_complete: bool) -> Memory:
    """Add days that the next look will not list to `before`."""
    dated = sorted(day for day in seen if day != NO_DAY)
    if not dated:
        return Memory(memory.since, memory.before, seen)
    newest = date.fromisoformat(dated[-1])
    since = newest - timedelta(days=RECENT_DAYS - 1) if is_complete else newest + timedelta(days=1)
    since = max(since, memory.since) if memory.since else since
    before = Totals()
    before.add(memory.before)
    for day in dated:
        if day < since.isoformat():
            before.add(seen[day])
    # Days after the point where a look stopped are unchanged.
    listed = seen if is_complete else {**memory.days, **seen}
    return Memory(since, before, {day: totals for day, totals in listed.items() if day >= since.isoformat()})


def _plain(totals: Totals) -> list[float]:
    return [totals.objects, totals.size, totals.newest]
