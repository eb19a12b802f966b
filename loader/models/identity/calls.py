"""Reads the observed calls with their identifiers, in the order of their arrival."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from loader.models.identity.links import HALF
from loader.models.identity.state import Calls, Longs, Numbers
from loader.models.identity.work import Work

_ROWS_AT_ONCE: Final = 1 << 20
_ROWS_IN_ORDER: Final = 1 << 23
"""Rows that are put in order at once: a quarter of a GiB."""


def types_of(work: Work) -> npt.NDArray[np.int8]:
    """The type of each identifier. Identifiers are numbered from 1 by type and value."""
    rows = work.connection.execute(
        "select type, count(*) from _identity_identifiers group by type order by type"
    ).fetchall()
    kinds, counts = [kind for kind, _ in rows], [count for _, count in rows]
    return np.concatenate([np.zeros(1, dtype=np.int8), np.repeat(np.array(kinds, dtype=np.int8), counts)])


def types_of_nodes(types: npt.NDArray[np.int8], node_of: Numbers, user_type: int) -> npt.NDArray[np.int8]:
    """The type as which each node counts: ids that aliases join count as a user id, whichever ranks first."""
    found = types.copy()
    found[node_of[types == user_type]] = user_type
    return found


def calls_of(work: Work, node_of: Numbers, before: int) -> Iterator[Calls]:
    """Calls with their identifiers, in parts. `before`: how many calls there were in earlier runs."""
    at = _arrivals(work, before)
    for begin, end in _stretches(work):
        reader = work.connection.sql(
            "select cast(seq as integer) as seq, cast(identifier as integer) as identifier from _identity_observed "
            f"where seq between {begin} and {end} order by seq, identifier"
        ).to_arrow_reader(_ROWS_AT_ONCE)
        left: list[Numbers] = [np.zeros(0, dtype=np.int32)] * 2
        for batch in reader:
            rows = [np.concatenate([old, column.to_numpy()]) for old, column in zip(left, batch.columns, strict=True)]
            if len(rows[0]) == 0:
                continue
            whole = int(np.searchsorted(rows[0], rows[0][-1], side="left"))
            left = [column[whole:] for column in rows]
            if whole:
                yield _as_calls(rows[0][:whole], rows[1][:whole], node_of, at, before)
        if len(left[0]):
            yield _as_calls(left[0], left[1], node_of, at, before)


def _arrivals(work: Work, before: int) -> Longs:
    """The time of arrival of each call in microseconds, by its number after `before`."""
    found = work.connection.execute("select seq, epoch_us(received_at) as at from _identity_events").fetchnumpy()
    at = np.zeros(len(found["seq"]) + 1, dtype=np.int64)
    at[found["seq"] - before] = np.ma.filled(found["at"], 0)
    return at


def _stretches(work: Work) -> Iterator[tuple[int, int]]:
    """First and last call number of each part that is sorted at once; all calls may be too many for memory."""
    (found,) = work.connection.execute("select min(seq), max(seq), count(*) from _identity_observed").fetchall()
    first, last, rows = found
    if rows:
        length = -(-(last - first + 1) // -(-rows // _ROWS_IN_ORDER))
        for begin in range(first, last + 1, length):
            yield begin, min(begin + length - 1, last)


def _as_calls(seq: Numbers, identifiers: Numbers, node_of: Numbers, at: Longs, before: int) -> Calls:
    nodes = node_of[identifiers]
    place = (seq.astype(np.int64) << HALF) | nodes
    if (place[1:] < place[:-1]).any():
        order = np.argsort(place, kind="stable")
        nodes, identifiers = nodes[order], identifiers[order]
    starts = np.concatenate([[0], np.flatnonzero(np.diff(seq)) + 1, [len(seq)]]).astype(np.int64)
    seqs = seq[starts[:-1]].astype(np.int64)
    return Calls(seqs, at[seqs - before], starts, nodes, identifiers)


def whole(batches: Iterator[Calls]) -> Iterator[Calls]:
    """All calls at once, because a deletion looks back at the calls of its person."""
    parts = list(batches)
    if parts:
        seq, at, _, nodes, identifiers = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        sizes = np.concatenate([np.diff(part.starts) for part in parts])
        yield Calls(seq, at, np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64), nodes, identifiers)
