"""The ledger of account audiences: compares the accounts that meet the rules now with what earlier runs recorded."""

from __future__ import annotations

from loader.models.context import Context

LEDGER = "account_audience_membership_changes"

# Accounts are never merged, so one id is enough; profiles need the id that they had at the time as well.
_KNOWN = "select key, group_id, change, run, changed_at from {ledger}"
_NOTHING = """
select cast(null as text) as key, cast(null as text) as group_id, cast(null as text) as change,
  cast(null as bigint) as run, cast(null as timestamp) as changed_at
where 1 = 0
"""
_CHANGES = """
with known as ({known}), latest as (
  select key, group_id, change, row_number() over (partition by key, group_id order by run desc) as place
  from known
), present as (
  select key, group_id from latest where place = 1 and change = 'entered'
), changed as (
  select c.key, c.group_id, 'entered' as change
  from account_audience_candidates as c
  where not exists (select 1 from present as p where p.key = c.key and p.group_id = c.group_id)
  union all
  select p.key, p.group_id, 'left'
  from present as p
  where not exists (
    select 1 from account_audience_candidates as c where c.key = p.key and c.group_id = p.group_id
  )
)
select key, group_id, change, run, changed_at from known
union all
select key, group_id, change, (select coalesce(max(run), 0) + 1 from known), $as_of
from changed
"""


def changes(context: Context) -> None:
    """Write account_audience_membership_changes: the ledger with the changes of this run."""
    previous = context.previous(LEDGER)
    known = _NOTHING if previous is None else _KNOWN.format(ledger=previous)
    context.write(LEDGER, _CHANGES.format(known=known))
