"""Markov attribution: which share of the conversions of a chain over channels is lost without each channel.

The warehouse counts transitions, and Python reads only these counts, one row per pair of channels. Removing channel c
sends its inflow to null, so the loss is (chance to ever reach c) × (chance to convert from c). One inverse of a matrix
gives this for all channels.
Source: Anderl et al. 2016, Mapping the customer journey.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from loader.models.context import Context

START: Final = ""
"""Before the first touch; no channel is called so."""
CONVERSION: Final = "order"
NULL: Final = "null"
_DIGITS: Final = 12
"""Effects are rounded, so that the last bits of a matrix product decide nothing."""

Transition = tuple[str, str, str | None, int]
"""Channel or START, what is next (`channel`, CONVERSION, NULL), its channel, and how often."""

# Converting paths are those of orders. People of whom no touch is in such a path have one path: their touches within
# the lookback of the last one. Steps from a channel to itself are left out: they change neither chance.
TRANSITIONS: Final = """
with people as (
  select distinct canonical_segment_id from attribution_paths
),
idle as (
  select t.canonical_segment_id, t.touch_number, t.touch_at, t.channel,
    max(t.touch_at) over (partition by t.canonical_segment_id) as last_at
  from touches as t
  left join people as p on p.canonical_segment_id = t.canonical_segment_id
  where p.canonical_segment_id is null
),
steps as (
  select concat('order ', order_key) as path, 'order' as ending, touch_position as place, channel from attribution_paths
  union all
  select concat('null ', canonical_segment_id), 'null', touch_number, channel from idle
  where touch_at >= add_days(last_at, -$attribution_lookback_days)
),
pairs as (
  select ending, channel, coalesce(lag(channel) over (partition by path order by place), '') as channel_before,
    lead(channel) over (partition by path order by place) as channel_after
  from steps
)
select channel_before, 'channel', channel, count(*) from pairs where channel_before <> channel group by 1, 2, 3
union all
select channel, ending, null, count(*) from pairs where channel_after is null group by 1, 2, 3
order by 1, 2, 3
"""


def run(context: Context) -> None:
    """Write attribution_markov and attribution_markov_fit."""
    transitions: list[Transition] = context.rows(TRANSITIONS)
    effects, rate = removal_effects(transitions)
    conversions = sum(count for _, following, _, count in transitions if following == CONVERSION)
    paths = sum(count for before, _, _, count in transitions if before == START)
    minimum = context.parameters["attribution_markov_min_conversions"]
    assert isinstance(minimum, int)
    total = sum(effects.values())
    rows = [
        (channel, effect, share, share * conversions)
        for channel, effect in sorted(effects.items())
        for share in (effect / total if total else 0.0,)
    ]
    context.write_rows("attribution_markov", rows)
    is_used = conversions >= minimum and total > 0
    context.write_rows("attribution_markov_fit", [(conversions, paths - conversions, rate, is_used)])


def removal_effects(transitions: Sequence[Transition]) -> tuple[dict[str, float], float | None]:
    """The removal effect of each channel, and the conversion rate of the whole chain; None without any path."""
    channels = sorted({after for _, _, after, _ in transitions if after is not None})
    if not channels:
        return {}, None
    index = {channel: i for i, channel in enumerate(channels)}
    size = len(channels)
    first, inner, converts, leaving = np.zeros(size), np.zeros((size, size)), np.zeros(size), np.zeros(size)
    for before, following, after, count in transitions:
        if before == START:
            first[index[str(after)]] += count
            continue
        leaving[index[before]] += count
        if following == CONVERSION:
            converts[index[before]] += count
        elif after is not None:
            inner[index[before], index[after]] += count
    first, inner, converts = first / first.sum(), inner / leaving[:, None], converts / leaving
    visits = np.linalg.inv(np.eye(size) - inner)  # each channel reaches an end, so there is an inverse
    converts_from = visits @ converts
    reached = (first @ visits) / np.diag(visits)
    rate = float(first @ converts_from)
    if rate == 0:
        return dict.fromkeys(channels, 0.0), 0.0
    lost = np.clip(reached * converts_from / rate, 0, 1)
    return {channel: round(float(lost[i]), _DIGITS) for channel, i in index.items()}, round(rate, _DIGITS)
