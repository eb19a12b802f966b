-- What was read of each source, and where its lines went.
-- In: objects, copies, quarantine, discards, loads. Out: one row per source. Reader: loader.report.sections.loading.
with read as (
    select
        source, count(*) as objects, count(*) filter (where status in ('failed', 'partial')) as failed_objects,
        min(received_day) as first_day, max(received_day) as last_day,
        coalesce(sum(lines), 0)::bigint as lines, coalesce(sum(messages), 0)::bigint as messages,
        coalesce(sum(bytes_read), 0)::bigint as bytes_read
    from objects
    group by source
),
copied as (select source, count(*) as duplicates from copies group by source),
refused as (select source, count(*) as quarantined from quarantine group by source),
dropped as (select source, count(*) as discards from discards group by source),
newest as (
    select source, (max(started_at) at time zone 'UTC')::timestamp as loaded_at, max_by(status, started_at) as load_status
    from loads
    group by source
)
select
    source, objects, failed_objects, first_day, last_day, lines, messages, bytes_read,
    coalesce(duplicates, 0) as duplicates, coalesce(quarantined, 0) as quarantined, coalesce(discards, 0) as discards,
    loaded_at, load_status
from read
left join copied using (source)
left join refused using (source)
left join dropped using (source)
left join newest using (source)
order by source
