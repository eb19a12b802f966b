-- Which recorded versions of objects were not found in the archive?
-- In: objects; $source, $seen (object ids). Out: one row per version: key. Reader: loader.jobs.verify.source.
select key
from objects
where source = $source and object_id not in (select unnest($seen::bigint[]))
order by key
