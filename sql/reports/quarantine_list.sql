-- Quarantined lines, newest first, without their text.
-- In: quarantine, objects; $source, $reason (null: all), $limit. Out: one row per line. Reader: `loader quarantine list`.
select
    concat_ws(':', q.object_id::varchar, q.line::varchar, q.item::varchar) as ref,
    q.source, q.reason, q.detail, o.key, q.line, q.item, q.quarantined_at
from quarantine as q
left join objects as o using (object_id)
where ($source is null or q.source = $source) and ($reason is null or q.reason = $reason)
order by q.quarantined_at desc, q.object_id, q.line, q.item
limit $limit
