-- Events of one source: how often, by how many ids, when. Ids are counted, never named.
-- In: $table, its qualified table of track calls. Out: event, calls, ids, first_at, last_at.
-- Reader: loader.report.sections.events.
select
    event_text as event,
    count(*) as calls,
    count(distinct coalesce(nullif(user_id, ''), nullif(anonymous_id, ''))) as ids,
    (min(coalesce("timestamp", received_at)) at time zone 'UTC')::date as first_day,
    (max(coalesce("timestamp", received_at)) at time zone 'UTC')::date as last_day
from query_table([$table])
group by event_text
order by calls desc, event
