-- Person of each call, as the call itself says. Stands in until identity resolution is merged; it then goes.
-- grain: one row per call that has an id of a user or device
-- keys: source, call, event_id
-- columns:
--   source text: source, by its schema
--   call text: identify, track, page, screen, group or alias
--   event_id text: message id
--   segment_id text: profile at the time
--   canonical_segment_id text: profile now
select source, call, id as event_id, coalesce(user_id, anonymous_id) as segment_id,
  coalesce(user_id, anonymous_id) as canonical_segment_id
from events
where coalesce(user_id, anonymous_id) is not null
