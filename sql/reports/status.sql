-- What is loaded, per source.
-- In: objects, quarantine, discards, loads; $source (null: all). Out: one row per source. Reader: `loader status`.
-- Objects are counted as they are in their newest version; lines and messages are those of all versions, whose rows stay.
with versions as (
    select *, object_id = max(object_id) over (partition by source, key) as is_newest from objects
),
loaded as (
    select
        source,
        count(*) filter (where is_newest) as objects,
        count(*) filter (where is_newest and status = 'done') as done,
        count(*) filter (where is_newest and status = 'partial') as partial,
        count(*) filter (where is_newest and status = 'failed') as failed,
        count(*) filter (where is_newest and status = 'loading') as unfinished,
        max(received_day) filter (where status = 'done') as watermark_day,
        max(last_modified) filter (where status = 'done') as newest_object,
        sum(lines)::bigint as lines,
        sum(messages)::bigint as messages,
        sum(bytes_read)::bigint as bytes_read
    from versions
    group by source
),
last_load as (
    select source, load_id, status as load_status, started_at as load_started_at, finished_at as load_finished_at
    from loads
    qualify row_number() over (partition by source order by started_at desc) = 1
),
quarantined as (select source, count(*) as quarantined from quarantine group by source),
discarded as (select source, count(*) as discards from discards group by source)
select
    source, objects, done, partial, failed, unfinished, watermark_day, newest_object, lines, messages, bytes_read,
    coalesce(quarantined, 0) as quarantined,
    coalesce(discards, 0) as discards,
    load_id as last_load, load_status as last_load_status, load_started_at, load_finished_at
from loaded
full join last_load using (source)
left join quarantined using (source)
left join discarded using (source)
where $source is null or source = $source
order by source
