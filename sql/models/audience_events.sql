-- Every call before `as_of`, with its profile: the calls that audiences count.
-- grain: one row per call
-- keys: source, call, event_id
-- params: as_of
-- incremental: canonical_segment_id of calls
-- columns:
--   canonical_segment_id text: profile
--   source text: source, by its schema
--   call text: identify, track, page, screen, group or alias
--   event_id text: message id, unique within source and call
--   timestamp timestamp: when it happened
--   received_at timestamp: when it arrived
--   event_text text: event of a track call, as it was sent
with calls as (
  select p.canonical_segment_id, e.source, e.call, e.id as event_id, e.timestamp, e.received_at, e.event_text
  from events as e
  join event_profiles as p on p.source = e.source and p.call = e.call and p.event_id = e.id
  where e.timestamp < $as_of
)
select canonical_segment_id, source, call, event_id, timestamp, received_at, event_text
from calls
