-- Which places of the archive are in quarantine, and what is told of each?
-- In: quarantine; $source, $objects (ids), $first and $last (lines, both included; null: no limit).
-- Out: object_id, line, item, and what was recorded; of the text its SHA-256, because it may be long.
-- Reader: loader.jobs.verify.places.
select
    object_id, line, item,
    byte_offset, reason, detail, sha256(raw) as raw, raw_encoding, raw_bytes, sha256, user_id, anonymous_id, received_at
from quarantine
where
    source = $source
    and object_id in (select unnest($objects::bigint[]))
    and line >= $first
    and ($last::bigint is null or line <= $last::bigint)
