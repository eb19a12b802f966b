-- How often each event happened on each day.
-- grain: one row per day, source, call and event
-- keys: day, source, call, event
-- params: as_of, timezone
-- columns:
--   day date: day on which it happened, in the configured time zone
--   source text: source, by its schema
--   call text: identify, track, page, screen, group or alias
--   event text: event of a track call as it was sent, empty when it has none; of other calls the call
--   events integer: how often
-- checks:
--   every_event: select sum(events) from events_daily having sum(events) <>
--     (select count(*) from events where timestamp < $as_of)
select local_day(timestamp, $timezone) as day, source, call,
  case when call = 'track' then coalesce(event_text, '') else call end as event, count(*) as events
from events
where timestamp < $as_of
group by local_day(timestamp, $timezone), source, call,
  case when call = 'track' then coalesce(event_text, '') else call end
