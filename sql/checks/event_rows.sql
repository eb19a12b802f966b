-- Does a row of an event table say of its call what the row of tracks says?
-- In: $table and $tracks, qualified names. Out: one row per column that differs somewhere: column, rows, id of one of them.
-- Reader: loader.jobs.verify.tables.
with differing as (
    select
        e.id,
        unnest([
            case when e.received_at is distinct from t.received_at then 'received_at' end,
            case when e.anonymous_id is distinct from t.anonymous_id then 'anonymous_id' end,
            case when e.user_id is distinct from t.user_id then 'user_id' end,
            case when e."timestamp" is distinct from t."timestamp" then 'timestamp' end,
            case when e.original_timestamp is distinct from t.original_timestamp then 'original_timestamp' end,
            case when e.sent_at is distinct from t.sent_at then 'sent_at' end,
            case when e.event is distinct from t.event then 'event' end,
            case when e.event_text is distinct from t.event_text then 'event_text' end
        ]) as "column"
    from query_table([$table]) as e
    join query_table([$tracks]) as t on t.id = e.id
)
select "column", count(*) as "rows", min(id) as id
from differing
where "column" is not null
group by "column"
order by "column"
