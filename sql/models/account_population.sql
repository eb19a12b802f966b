-- Accounts that audiences and computed traits are about: all that a group call named before `as_of`.
-- grain: one row per account
-- keys: group_id
-- params: as_of
-- columns:
--   group_id text: account
--   name text: its newest name
--   members integer: profiles that belong to it
with named as (
  select trim(group_id) as group_id, name,
    row_number() over (
      partition by trim(group_id)
      order by case when name is null then 1 else 0 end, timestamp desc, received_at desc, source desc, id desc
    ) as place
  from input_groups
  where timestamp < $as_of and trim(group_id) <> ''
), counted as (
  select group_id, count(*) as members
  from account_members
  group by group_id
)
select n.group_id, n.name, coalesce(c.members, 0) as members
from named as n
left join counted as c on c.group_id = n.group_id
where n.place = 1
