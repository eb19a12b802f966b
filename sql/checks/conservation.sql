-- Is every message that was read a row, a copy of one, or in quarantine?
-- In: objects, copies, the call tables $tables (qualified names); $source.
-- Out: one row with totals, the number of objects that do not add up, and some of their keys. Reader: loader.checking.
with stored as (select _object as object_id, count(*) as n from query_table($tables, true) group by _object),
repeated as (select object_id, count(*) as n from copies where source = $source group by object_id),
counted as (
    select
        o.key, o.lines, o.messages,
        coalesce(o.blank, 0) as blank,
        coalesce(o.quarantined_lines, 0) as quarantined_lines,
        coalesce(o.quarantined_messages, 0) as quarantined_messages,
        coalesce(stored.n, 0) as "rows",
        coalesce(repeated.n, 0) as copies
    from objects as o
    left join stored using (object_id)
    left join repeated using (object_id)
    where o.source = $source and o.messages is not null
),
judged as (
    select
        *,
        messages = "rows" + copies + quarantined_messages and lines >= blank + quarantined_lines as is_conserved
    from counted
)
select
    count(*) as objects,
    coalesce(sum(lines), 0)::bigint as lines,
    coalesce(sum(messages), 0)::bigint as messages,
    coalesce(sum("rows"), 0)::bigint as "rows",
    coalesce(sum(copies), 0)::bigint as copies,
    coalesce(sum(quarantined_messages), 0)::bigint as quarantined_messages,
    coalesce(sum(quarantined_lines), 0)::bigint as quarantined_lines,
    count(*) filter (where not is_conserved) as wrong_objects,
    (list(key order by key) filter (where not is_conserved))[:10] as wrong_keys
from judged
