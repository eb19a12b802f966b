"""Cheap checks of the warehouse that should always pass. `loader verify` is the full proof."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from loader.config import SourceSettings
from loader.core.plurals import counted
from loader.core.tables import CALL_TABLES
from loader.inventory import tables
from loader.reading import Reader

# A load may quarantine this share of its lines, or twice the share of the loads before it.
QUIET_SHARE = 0.001
GROWTH = 2.0


@dataclass(frozen=True)
class Finding:
    """The result of one check."""

    passed: bool
    text: str
    is_warning: bool = False
    """Worth a look, but nothing is lost."""
    numbers: Mapping[str, int | float] = field(default_factory=dict)
    examples: tuple[str, ...] = ()


def conservation(reader: Reader, source: SourceSettings) -> Finding:
    """Every message that was read is a row, a copy of one, or in quarantine."""
    stored = tables(reader, source)
    calls = [stored[name].qualified for name in CALL_TABLES if name in stored]
    if not calls:
        return Finding(True, "there are no rows yet")
    (answer,) = reader.check("conservation", {"tables": calls, "source": source.name}).records()
    keys = answer.pop("wrong_keys")
    wrong = _count(answer, "wrong_objects")
    verb = "does" if wrong == 1 else "do"
    advice = f"{counted(wrong, 'object')} {verb} not add up: run `loader verify {source.name}`"
    text = advice if wrong else "every object adds up"
    return Finding(not wrong, text, numbers=_numbers(answer), examples=_texts(keys))


def unique_ids(reader: Reader, source: SourceSettings, table: str) -> Finding:
    """Every row of a call table has an id of its own."""
    stored = tables(reader, source).get(table)
    if stored is None:
        return Finding(True, "the table does not exist yet")
    (answer,) = reader.check("unique_ids", {"table": stored.qualified}).records()
    repeated, missing = _count(answer, "repeated"), _count(answer, "missing")
    text = (
        f"{counted(repeated, 'id')} repeated, {missing:,} missing"
        if repeated or missing
        else "every row has its own id"
    )
    return Finding(not (repeated or missing), text, numbers=_numbers(answer))


def quarantine_growth(reader: Reader, source: SourceSettings) -> Finding:
    """The newest load did not quarantine a clearly larger share of its lines than the loads before."""
    (answer,) = reader.check("quarantine_growth", {"source": source.name}).records()
    share = _share(_count(answer, "quarantined"), _count(answer, "lines"))
    before = _share(_count(answer, "quarantined_before"), _count(answer, "lines_before"))
    passed = share <= max(QUIET_SHARE, GROWTH * before)
    text = f"{share:.2%} of the lines of the newest load are in quarantine, {before:.2%} before it"
    numbers = {**_numbers(answer), "share": share, "share_before": before}
    return Finding(passed, text, is_warning=True, numbers=numbers)


def objects_readable(reader: Reader, source: SourceSettings) -> Finding:
    """The newest version of every object could be read to its end. A torn end is a warning: its lines are loaded."""
    rows = reader.check("unreadable_objects", {"source": source.name}).rows
    failed = sum(status == "failed" for _, status, _ in rows)
    examples = tuple(f"{key}: {status}: {error}" for key, status, error in rows[:20])
    text = (
        f"{counted(failed, 'object')} could not be read, {len(rows) - failed} not to their end"
        if rows
        else "all were read"
    )
    return Finding(not rows, text, not failed, {"failed": failed, "partial": len(rows) - failed}, examples)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _count(answer: Mapping[str, object], name: str) -> int:
    value = answer[name]
    assert isinstance(value, int)
    return value


def _numbers(answer: Mapping[str, object]) -> dict[str, int | float]:
    return {name: value for name, value in answer.items() if isinstance(value, int | float)}


def _texts(values: object) -> tuple[str, ...]:
    return tuple(str(value) for value in values) if isinstance(values, list) else ()
