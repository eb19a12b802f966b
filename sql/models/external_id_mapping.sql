-- Stand-in until identity is merged: identifiers of the profiles.
-- grain: one row per profile and identifier
-- keys: canonical_segment_id, type, value
-- columns:
--   canonical_segment_id text: profile
--   type text: type
--   value text: identifier
--   timestamp timestamp: when it was first seen
select coalesce(user_id, anonymous_id) as canonical_segment_id, 'user_id' as type, user_id as value,
  min(timestamp) as timestamp
from events
where user_id is not null
group by coalesce(user_id, anonymous_id), user_id
union all
select coalesce(user_id, anonymous_id), 'anonymous_id', anonymous_id, min(timestamp)
from events
where anonymous_id is not null
group by coalesce(user_id, anonymous_id), anonymous_id
