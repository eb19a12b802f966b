-- Profile of each event. Stands in until identity resolution makes this table: a user is a user id, else a device.
-- grain: one row per call that has an id
-- Whose call it is: the profile of every call that has an identifier.
-- grain: one row per call that belongs to a profile
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
--   event_id text: message id of the call
--   segment_id text: profile at the time when the call arrived
--   canonical_segment_id text: profile as it is now, after all merges; the person
-- checks:
--   every_event_resolved_or_explained: select source, call, id as event_id from events
--     except select source, call, event_id from event_profiles
--     except select source, call, event_id from identity_violations where code = 'no_identifier'
--   canonical_is_current: select p.segment_id, p.canonical_segment_id from event_profiles as p
--     left join id_graph as g on g.segment_id = p.segment_id
--     where g.canonical_segment_id is null or g.canonical_segment_id <> p.canonical_segment_id
-- made by: identity
