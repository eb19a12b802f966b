-- Which accounts are in which audience now, for all audiences of accounts. audience_<key> is the table of one audience.
-- grain: one row per audience and account
-- keys: key, group_id
-- columns:
--   key text: audience
--   group_id text: account
--   entered_at timestamp: `as_of` of the run in which it entered
--   name text: newest name of the account
--   members integer: profiles that belong to it
-- checks:
--   are_candidates: select key, group_id from account_audience_members
--     except select key, group_id from account_audience_candidates
--   all_candidates: select key, group_id from account_audience_candidates
--     except select key, group_id from account_audience_members
with steps as (
  select key, group_id, change, changed_at,
    row_number() over (partition by key, group_id order by run desc) as place
  from account_audience_membership_changes
)
select s.key, s.group_id, s.changed_at as entered_at, p.name, p.members
from steps as s
join account_population as p on p.group_id = s.group_id
where s.place = 1 and s.change = 'entered'
