-- Does the newest load that read anything quarantine a larger share of its lines than the loads before it?
-- In: objects; $source. Out: one row: lines and quarantined of the newest load, and of all loads before.
-- Reader: loader.checking.
with per_load as (
    select
        load_id,
        max(started_at) as started_at,
        sum(lines) as lines,
        sum(coalesce(quarantined_lines, 0) + coalesce(quarantined_messages, 0)) as quarantined
    from objects
    where source = $source and lines > 0 and load_id is not null
    group by load_id
),
newest as (select max_by(load_id, started_at) as load_id from per_load)
select
    coalesce(sum(lines) filter (where per_load.load_id = newest.load_id), 0)::bigint as lines,
    coalesce(sum(quarantined) filter (where per_load.load_id = newest.load_id), 0)::bigint as quarantined,
    coalesce(sum(lines) filter (where per_load.load_id <> newest.load_id), 0)::bigint as lines_before,
    coalesce(sum(quarantined) filter (where per_load.load_id <> newest.load_id), 0)::bigint as quarantined_before
from per_load, newest
