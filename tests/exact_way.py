"""Odd lines for the exact way, and what it makes of them."""

import json
from datetime import UTC, date, datetime

from loader.core.samples import WalkRules
from loader.normalize.exact.reader import ExactMessage, ExactReader, ObjectDates, Refusal

DATES = ObjectDates(date(2026, 3, 1), datetime(2026, 3, 9, 12, tzinfo=UTC))
AT = "2026-03-01T10:00:00.000000Z"
NO_RULES = WalkRules()


def a_reader(rules=NO_RULES, reserved=frozenset(), excluded=frozenset()):
    return ExactReader(rules, 255, frozenset(reserved), frozenset(excluded))


def read(line, is_cut=False, reader=None, key="k", dates=DATES):
    """Everything that the exact way finds in a line: messages and refusals."""
    raw = line if isinstance(line, bytes) else line.encode("utf-8")
    return (reader or a_reader()).read(key, dates, raw, is_cut)


def track(members="", **fields):
    """The text of a track call; `members` is JSON text that is added as it is, fields replace (None leaves out)."""
    known = {"type": '"track"', "messageId": '"m"', "event": '"E"', "receivedAt": f'"{AT}"', "timestamp": f'"{AT}"'}
    known |= fields
    listed = [f'"{key}":{value}' for key, value in known.items() if value is not None]
    return "{" + ",".join([*listed, *([members] if members else [])]) + "}"


def one(line, **kwargs):
    """The only message of a line."""
    found = read(line, **kwargs)
    assert len(found) == 1, found
    assert isinstance(found[0], ExactMessage), found
    return found[0]


def parsed(message):
    """The repaired message."""
    return json.loads(message.text)


def losses(message):
    """What a message loses, as (reason, path, value)."""
    return [(loss.reason, ".".join(loss.path), loss.value_json) for loss in message.losses]


def refusals(found):
    """The refusals among what was found, as (item, reason)."""
    return [(item.item, item.reason) for item in found if isinstance(item, Refusal)]
