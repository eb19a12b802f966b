"""Counts the messages of a stage that deserve a warning: one scan of its columns, and one message per object."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from loader.core.dialect import WHITE_SPACE, literal, pointer
from loader.core.warnings import FUTURE_HOURS, LONGEST_MESSAGE_ID, WarningName
from loader.normalize.messages.stage import Stage
from loader.staging import Part

_FOLDER: Final = re.compile(r"(?:^|/)segment-logs/([^/]+)/")

# Few texts sort before '!'. All blank ones do, except those of Unicode spaces; others cost one comparison.
_CONDITIONS: Final = {
    "is_future": f'epoch_us("timestamp") - epoch_us(received_at) > {FUTURE_HOURS * 3_600_000_000}',
    "is_of_nobody": "user_id is null and anonymous_id is null",
    "has_long_id": f"strlen(id) > {LONGEST_MESSAGE_ID} and length(id) > {LONGEST_MESSAGE_ID}",
    # What Python strips, because that decides the table of an event.
    "has_no_event": "case when event is null then true when event between '!' and '~' then false "
    r"else regexp_full_match(event, '[\p{Z}\t-\r\x1c-\x1f\x{85}]*') end",
    "has_no_user": "case when user_id is null then true when user_id >= '!' then false "
    f"else trim(user_id, {WHITE_SPACE}) = '' end",
}
_EVERY_CALL: Final[dict[str, WarningName]] = {
    "is_future": "timestamp_future",
    "is_of_nobody": "no_identity",
    "has_long_id": "long_message_id",
}
_OF_ONE_CALL: Final[dict[tuple[str, str], WarningName]] = {
    ("track", "has_no_event"): "empty_event",
    ("identify", "has_no_user"): "identify_without_user",
}
_KEY_OF_CALL: Final[dict[str, tuple[str, WarningName]]] = {
    "group": ("groupId", "group_without_group"),
    "alias": ("previousId", "alias_without_previous"),
}
"""Calls whose own id is not a column of the stage."""


def stage_warnings(stage: Stage, parts: Iterable[Part]) -> Counter[WarningName]:
    """The warning counts of the messages of a stage, including copies. `parts` are those of its batch."""
    found: Counter[WarningName] = Counter()
    sums = ", ".join(f"count_if({condition})" for condition in _CONDITIONS.values())
    rows = stage.engine.execute(f"select call, {sums} from {stage.name} group by call").fetchall()
    for call, *counts in rows:
        for condition, count in zip(_CONDITIONS, counts, strict=True):
            name = _EVERY_CALL.get(condition) or _OF_ONE_CALL.get((call, condition))
            if name is not None:
                found[name] += count
        if call in _KEY_OF_CALL:
            key, name = _KEY_OF_CALL[call]
            found[name] += _count_without(stage, call, key)
    found["source_mismatch"] = _mismatches(stage, parts)
    return found


def _count_without(stage: Stage, call: str, key: str) -> int:
    """Count messages of a call whose own id is missing or blank."""
    with stage.rows(f"call = {literal(call)}", leaves={(key,): "VARCHAR"}) as rows:
        value = rows.leaves.get((key,), f"json_extract_string(text, {literal(pointer((key,)))})")
        (row,) = stage.engine.execute(
            f"select count(*) from {rows.name} where coalesce(trim({value}, {WHITE_SPACE}) = '', true)"
        ).fetchall()
    return int(row[0])


def _mismatches(stage: Stage, parts: Iterable[Part]) -> int:
    """Count objects whose first plain message in the batch names another project than their folder.

    An object comes from one source, so one message is enough. Odd messages do not keep the project.
    """
    folders = {
        number: folder[1]
        for number, part in enumerate(parts)
        if part.first_line == 1 and (folder := _FOLDER.search(part.obj.key))
    }
    if not folders:
        return 0
    first = f"row in (select arg_min(row, line) from {stage.name} where specials is null group by part)"
    with stage.rows(first, ["part"]) as rows:
        projects = stage.engine.execute(
            f"select part, json_extract_string(text, '/projectId') from {rows.name}"
        ).fetchall()
    return sum(project is not None and folders.get(part, project) != project for part, project in projects)
