-- Some messages that are kept whole.
-- In: raw; $source, $call, $ids. Out: id, raw. Reader: loader.jobs.verify.sample.
select id, raw
from raw
where source = $source and call = $call and id in (select unnest($ids::varchar[]))
