-- One quarantined line with its text.
-- In: quarantine, objects; $object_id, $line, $item. Out: one row. Reader: `loader quarantine show`.
select
    q.source, q.reason, q.detail, o.key, q.line, q.item, q.byte_offset, q.raw_bytes, q.sha256, q.user_id, q.anonymous_id,
    q.received_at, q.quarantined_at, q.load_id, q.raw_encoding, q.raw
from quarantine as q
left join objects as o using (object_id)
where q.object_id = $object_id and q.line = $line and coalesce(q.item, 0) = $item
order by q.quarantined_at desc
limit 1
