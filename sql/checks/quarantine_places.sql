-- Which places of the archive are in quarantine?
-- In: quarantine; $source, $objects (ids), $first and $last (lines, both included; null: no limit).
-- Out: object_id, line, item. Reader: loader.jobs.places.
select object_id, line, item
from quarantine
where
    source = $source
    and object_id in (select unnest($objects::bigint[]))
    and line >= $first
    and ($last::bigint is null or line <= $last::bigint)
