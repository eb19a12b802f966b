-- What was discarded of some rows?
-- In: discards; $source, $ids.
-- Out: row_id, table_name, column_name, source_path, value_json, column_type, reason. Reader: loader.jobs.verify.sample.
select row_id, table_name, column_name, source_path, value_json, column_type, reason
from discards
where source = $source and row_id in (select unnest($ids::varchar[]))
