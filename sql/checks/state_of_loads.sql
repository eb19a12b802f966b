-- Does what the state tables say of loads and objects fit together?
-- In: loads, objects, quarantine, discards, copies, names, schema_log; $source.
-- Out: one row per rule that does not hold: table, what, rows. Reader: loader.jobs.verify.state.
with l as (select *, counters::json as counted from loads where source = $source),
o as (select * from objects where source = $source),
sums as (
    select
        load_id, count(*) as objects, sum(lines) as lines, sum(blank) as blank, sum(messages) as messages,
        sum(bytes_read) as bytes_read, sum(exact_lines) as exact_lines,
        sum(quarantined_lines + quarantined_messages) as quarantined
    from o
    where status <> 'loading'
    group by load_id
),
counted as (
    select
        s.*,
        try_cast(l.counted ->> 'objects' as bigint) as all_objects,
        try_cast(l.counted ->> 'lines' as bigint) as all_lines,
        try_cast(l.counted ->> 'blank' as bigint) as all_blank,
        try_cast(l.counted ->> 'messages' as bigint) as all_messages,
        try_cast(l.counted ->> 'bytes_read' as bigint) as all_bytes_read,
        try_cast(l.counted ->> 'exact_lines' as bigint) as all_exact_lines,
        try(list_sum(map_values(from_json(l.counted -> 'quarantined', '"MAP(VARCHAR, BIGINT)"')))) as all_quarantined
    from l
    join sums as s using (load_id)
    where json_exists(l.counted, '$.objects')
),
times as (
    select 'objects' as "table", o.load_id, o.finished_at as at from o
    union all
    select 'quarantine', load_id, quarantined_at from quarantine where source = $source
    union all
    select 'schema_log', load_id, changed_at from schema_log where source = $source
),
rules as (
    select t."table", 'load_id of no load' as what, count(*) as n
    from (
        select 'discards' as "table", load_id from discards where source = $source
        union all
        select "table", load_id from times
    ) as t
    where load_id is null or load_id not in (select load_id from l)
    group by t."table"
    union all
    select t."table", 'times that are not within the load', count(*)
    from times as t
    join l using (load_id)
    where t.at < l.started_at or t.at > l.finished_at
    group by t."table"
    union all
    select 'objects', 'started_at that is not of the load', count(*)
    from o
    join l using (load_id)
    where o.started_at is distinct from l.started_at
    union all
    select 'objects', 'options that are not of the load', count(*)
    from o
    join l using (load_id)
    where o.options is distinct from l.options
    union all
    select 'objects', 'finished_at without an end, or an end without finished_at', count(*)
    from o
    where (status = 'loading') <> (finished_at is null)
    union all
    select 'objects', 'an error without its status, or a status without its error', count(*)
    from o
    where status <> 'loading' and (error is null) <> (status = 'done')
    union all
    select 'objects', 'exact_lines that are no part of the lines', count(*)
    from o
    where exact_lines is null or exact_lines < 0 or exact_lines > lines - blank
    union all
    select 'objects', 'object_id that is there twice', count(*) - count(distinct object_id)
    from objects
    union all
    select 'discards', 'uuid_ts that is not the start of the load', count(*)
    from discards as d
    join l using (load_id)
    where d.source = $source and d.uuid_ts is distinct from l.started_at
    union all
    select 'quarantine', 'object_id of no object', count(*)
    from quarantine
    where source = $source and object_id not in (select object_id from o)
    union all
    select 'copies', 'object_id of no object', count(*)
    from copies
    where source = $source and object_id not in (select object_id from o)
    union all
    select 'names', 'name that is there twice', count(*) - count(distinct row(kind, table_name, source_name))
    from names
    where source = $source
    union all
    select 'loads', 'load_id that is there twice', count(*) - count(distinct load_id)
    from l
    union all
    select 'loads', 'status that no load has', count(*)
    from l
    where status not in ('running', 'done', 'warnings', 'failed')
    union all
    select 'loads', 'finished_at before the start, or none', count(*)
    from l
    where finished_at < started_at or (finished_at is null and status in ('done', 'warnings'))
    union all
    select 'loads', 'counters of another load or status, or none', count(*)
    from l
    where
        status <> 'running'
        and row(counted ->> 'load_id', counted ->> 'status') is distinct from row(load_id, status)
        and not (status = 'failed' and coalesce(counted, '{}') = '{}')
    union all
    select 'loads', 'counters that are not the sum of the objects', count(*)
    from counted
    where objects > all_objects
        or objects = all_objects
        and row(lines, blank, messages, bytes_read, exact_lines, quarantined) is distinct from
            row(all_lines, all_blank, all_messages, all_bytes_read, all_exact_lines, coalesce(all_quarantined, 0))
)
select "table", what, n
from rules
where n > 0
order by "table", what
