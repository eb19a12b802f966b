-- Every call of every source, with the columns that all calls have.
-- grain: one row per call
-- keys: source, call, id
-- columns:
--   source text: source, by its schema
--   call text: identify, track, page, screen, group or alias
--   id text: message id, unique within source and call
--   received_at timestamp: when it arrived
--   timestamp timestamp: when it happened; when it arrived where that is not known
--   anonymous_id text: id of the device or browser
--   user_id text: id of the user
--   event_text text: event of a track call, as it was sent
--   name text: name of a page or screen
-- checks:
--   known_call: call not in ('identify', 'track', 'page', 'screen', 'group', 'alias')
--   happened_before_it_arrived (warn): timestamp > received_at + interval '1 day'
select source, call, id, received_at, timestamp, anonymous_id, user_id, event_text, cast(null as text) as name
from input_tracks
union all
select source, call, id, received_at, timestamp, anonymous_id, user_id, null, name from input_pages
union all
select source, call, id, received_at, timestamp, anonymous_id, user_id, null, name from input_screens
union all
select source, call, id, received_at, timestamp, anonymous_id, user_id, null, null from input_identifies
union all
select source, call, id, received_at, timestamp, anonymous_id, user_id, null, null from input_groups
union all
select source, call, id, received_at, timestamp, anonymous_id, user_id, null, null from input_aliases
