-- Stand-in until identity is merged: traits of the profiles.
-- grain: one row per profile and trait
-- keys: canonical_segment_id, name
-- columns:
--   canonical_segment_id text: profile
--   name text: trait
--   value text: its newest value
select user_id as canonical_segment_id, 'email' as name, max(user_id) as value
from input_identifies
where user_id is not null
group by user_id
