-- Does every copy of a message belong to a row, which comes before it?
-- In: $table, the qualified name of a call table; copies, objects; $source, $call.
-- Out: one row: alone (copies without a row), earlier (copies that should be the row). Reader: loader.jobs.verify.tables.
select
    count(*) filter (where t.id is null) as alone,
    count(*) filter (
        where row(c.received_at, c.fingerprint, o.key, c.line, c.item, o.etag)
            < row(t.received_at, t._fingerprint, p.key, t._line, t._item, p.etag)
    ) as earlier
from copies as c
left join query_table([$table]) as t on t.id = c.id
left join objects as o on o.object_id = c.object_id
left join objects as p on p.object_id = t._object
where c.source = $source and c.call = $call
