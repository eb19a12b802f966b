-- What each person did, newest first: pages, screens and events of all their devices and user ids.
-- grain: one row per page, screen or track call of a person, before as_of
-- keys: source, call, event_id
-- params: as_of
-- incremental: canonical_segment_id of calls
-- columns:
--   canonical_segment_id text: profile
--   place integer: 1 is the newest
--   timestamp timestamp: when it happened
--   call text: page, screen or track
--   activity text: URL of a page or its name, name of a screen, event of a track call
--   source text: source, by its schema
--   event_id text: message id
--   user_id text: user id of the call
--   anonymous_id text: anonymous id of the call
-- checks:
--   places: place < 1
--   every_event: select count(*) from user_timeline having count(*) <> (select count(*) from events as e
--     join event_profiles as p on p.source = e.source and p.call = e.call and p.event_id = e.id
--     where e.call in ('page', 'screen', 'track') and e.timestamp < $as_of)
with activities as (
  select source, call, id, timestamp, coalesce(nullif(url, ''), name) as activity, user_id, anonymous_id from input_pages
  union all
  select source, call, id, timestamp, name, user_id, anonymous_id from input_screens
  union all
  select source, call, id, timestamp, event_text, user_id, anonymous_id from input_tracks
),
-- Of the calls in question only: then the engine keeps these few columns in memory for the join, and not the rows above.
profiles as (
  select source, call, event_id, canonical_segment_id from event_profiles where call in ('page', 'screen', 'track')
),
calls as (
  select p.canonical_segment_id, a.source, a.call, a.id as event_id, a.timestamp, a.activity, a.user_id, a.anonymous_id
  from activities as a
  join profiles as p on p.source = a.source and p.call = a.call and p.event_id = a.id
  where a.timestamp < $as_of
)
select canonical_segment_id,
  row_number() over (
    partition by canonical_segment_id order by timestamp desc, event_id desc, source desc, call desc
  ) as place,
  timestamp, call, activity, source, event_id, user_id, anonymous_id
from calls
