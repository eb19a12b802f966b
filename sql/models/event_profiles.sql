-- Profile of each event. Stands in until identity resolution makes this table: a user is a user id, else a device.
-- grain: one row per call that has an id
-- keys: source, call, event_id
-- columns:
--   source text: source, by its schema
--   call text: identify, track, page, screen, group or alias
--   event_id text: message id
--   segment_id text: profile as it was when the event arrived
--   canonical_segment_id text: profile that it belongs to today
select source, call, id as event_id, coalesce(nullif(user_id, ''), nullif(anonymous_id, '')) as segment_id,
  coalesce(nullif(user_id, ''), nullif(anonymous_id, '')) as canonical_segment_id
from events
where coalesce(nullif(user_id, ''), nullif(anonymous_id, '')) is not null
