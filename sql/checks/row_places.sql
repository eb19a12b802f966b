-- Which places of the archive have a row of their own in one call table?
-- In: $table, a qualified name; $objects (ids), $first and $last (lines, both included; null: no limit).
-- Out: object_id, line, item, id. Reader: loader.jobs.verify.places.
select _object as object_id, _line as line, _item as item, id
from query_table([$table])
where
    _object in (select unnest($objects::bigint[]))
    and _line >= $first
    and ($last::bigint is null or _line <= $last::bigint)
