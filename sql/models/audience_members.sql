-- Who is in which audience now, with the columns needed for sending, for all audiences. audience_<key> is the table of
-- one audience.
-- grain: one row per audience and profile
-- keys: key, canonical_segment_id
-- columns:
--   key text: audience
--   canonical_segment_id text: profile
--   entered_at timestamp: `as_of` of the run in which it entered
--   user_id text: user id of the profile
--   email text: email of the profile
-- checks:
--   are_candidates: select key, canonical_segment_id from audience_members
--     except select key, canonical_segment_id from audience_candidates
--   all_candidates: select key, canonical_segment_id from audience_candidates
--     except select key, canonical_segment_id from audience_members
with steps as (
  select key, canonical_segment_id, segment_id, change, changed_at,
    row_number() over (partition by key, segment_id order by run desc) as place
  from audience_membership_changes
), present as (
  -- A merged profile is a member as long as one of its profiles is.
  select key, canonical_segment_id, min(changed_at) as entered_at
  from steps
  where place = 1 and change = 'entered'
  group by key, canonical_segment_id
)
select m.key, m.canonical_segment_id, m.entered_at, p.user_id, p.email
from present as m
join audience_population as p on p.canonical_segment_id = m.canonical_segment_id
