"""The ledger of audiences: compares the profiles that meet the rules now with what earlier runs recorded."""

from __future__ import annotations

from loader.models.context import Context

LEDGER = "audience_membership_changes"

# A row keeps the id that the profile had when its membership changed. If rows were renamed when profiles merge, then
# one profile that left would end the membership of the other.
_KNOWN = """
select l.key, l.segment_id, coalesce(g.canonical_segment_id, l.segment_id) as canonical_segment_id,
  l.change, l.run, l.changed_at
from {ledger} as l
left join id_graph as g on g.segment_id = l.segment_id
"""
_NOTHING = """
select cast(null as text) as key, cast(null as text) as segment_id, cast(null as text) as canonical_segment_id,
  cast(null as text) as change, cast(null as bigint) as run, cast(null as timestamp) as changed_at
where 1 = 0
"""
_HISTORY = """
with known as ({known}), latest as (
  select key, canonical_segment_id, change, changed_at,
    row_number() over (partition by key, segment_id order by run desc) as place
  from known
)
select key, canonical_segment_id, max(case when place = 1 and change = 'entered' then 1 else 0 end) = 1 as is_member,
  coalesce(
    min(case when place = 1 and change = 'entered' then changed_at end),
    max(case when change = 'entered' then changed_at end)
  ) as entered_at
from latest
group by key, canonical_segment_id
"""
_CHANGES = """
with known as ({known}), latest as (
  select key, segment_id, canonical_segment_id, change,
    row_number() over (partition by key, segment_id order by run desc) as place
  from known
), present as (
  select key, segment_id, canonical_segment_id from latest where place = 1 and change = 'entered'
), changed as (
  select c.key, c.canonical_segment_id as segment_id, c.canonical_segment_id, 'entered' as change
  from audience_candidates as c
  where not exists (
    select 1 from present as p where p.key = c.key and p.canonical_segment_id = c.canonical_segment_id
  )
  union all
  select p.key, p.segment_id, p.canonical_segment_id, 'left'
  from present as p
  where not exists (
    select 1 from audience_candidates as c where c.key = p.key and c.canonical_segment_id = p.canonical_segment_id
  )
)
select key, segment_id, canonical_segment_id, change, run, changed_at from known
union all
select key, segment_id, canonical_segment_id, change, (select coalesce(max(run), 0) + 1 from known), $as_of
from changed
"""


def _known(context: Context) -> str:
    """The SQL of the ledger as the last finished run left it, with today's profiles."""
    previous = context.previous(LEDGER)
    return _NOTHING if previous is None else _KNOWN.format(ledger=previous)


def history(context: Context) -> None:
    """Write audience_history: who was in which audience before this run. Rules may read it."""
    context.write("audience_history", _HISTORY.format(known=_known(context)))


def changes(context: Context) -> None:
    """Write audience_membership_changes: the ledger with the changes of this run."""
    context.write(LEDGER, _CHANGES.format(known=_known(context)))
