-- Stand-in until identity is merged: the profile of each event.
-- grain: one row per event
-- keys: source, call, event_id
-- columns:
--   source text: source
--   call text: call
--   event_id text: message id
--   segment_id text: profile when it arrived
--   canonical_segment_id text: profile
select source, call, id as event_id, coalesce(user_id, anonymous_id) as segment_id,
  coalesce(user_id, anonymous_id) as canonical_segment_id
from events
where coalesce(user_id, anonymous_id) is not null
