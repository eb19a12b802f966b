-- Which places of the archive hold a further copy of a message?
-- In: copies; $source, $objects (ids), $first and $last (lines, both included; null: no limit).
-- Out: object_id, line, item, call, id, received_at, fingerprint. Reader: loader.jobs.verify.places.
select object_id, line, item, call, id, received_at, fingerprint
from copies
where
    source = $source
    and object_id in (select unnest($objects::bigint[]))
    and line >= $first
    and ($last::bigint is null or line <= $last::bigint)
