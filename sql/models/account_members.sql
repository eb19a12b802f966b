-- Which profiles belong to which accounts, from the group calls before `as_of`.
-- grain: one row per account and profile
-- keys: group_id, canonical_segment_id
-- params: as_of
-- columns:
--   group_id text: account
--   canonical_segment_id text: profile
--   first_at timestamp: when a group call said so first
select trim(g.group_id) as group_id, p.canonical_segment_id, min(g.timestamp) as first_at
from input_groups as g
join event_profiles as p on p.source = g.source and p.call = g.call and p.event_id = g.id
where g.timestamp < $as_of and trim(g.group_id) <> ''
group by trim(g.group_id), p.canonical_segment_id
