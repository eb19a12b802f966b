-- Which values of some rows were discarded?
-- In: discards; $source, $ids. Out: row_id, column_name, source_path, reason. Reader: loader.jobs.sample.
select row_id, column_name, source_path, reason
from discards
where source = $source and row_id in (select unnest($ids::varchar[]))
