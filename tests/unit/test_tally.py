"""Counting leaves in arrays says what counting them one by one would."""

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from loader.normalize.columns.tally import Messages, Tally

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECONDS = st.integers(-(10**13), 10**14)
GROUPS = st.lists(
    st.tuples(
        st.integers(1, 10**6),
        st.tuples(MICROSECONDS, MICROSECONDS),
        st.integers(0, 2**64 - 1),
        st.sets(st.integers(0, 9)),
    ),
    min_size=1,
    max_size=12,
)


@given(GROUPS)
def test_every_leaf_is_seen_in_the_groups_that_have_it(groups):
    tally = Tally()
    for count, span, signature, leaves in groups:
        tally.add(Messages(count, min(span), max(span), signature), np.array(sorted(leaves), dtype=np.int64))

    found = dict(tally.seen())

    assert found.keys() == set().union(*(leaves for *_, leaves in groups))
    for leaf, seen in found.items():
        having = [group for group in groups if leaf in group[3]]
        assert seen.count == sum(count for count, *_ in having)
        assert seen.first == EPOCH + timedelta(microseconds=min(min(span) for _, span, *_ in having))
        assert seen.last == EPOCH + timedelta(microseconds=max(max(span) for _, span, *_ in having))
        assert sorted(seen.signatures.tolist()) == sorted(signature for _, _, signature, _ in having)
