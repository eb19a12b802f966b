-- Values that have no column, with the row they belong to.
-- In: discards; $source, $reason (null: all), $limit. Out: one row per value. Reader: `loader discards --values`.
select source, table_name, row_id, column_name, source_path, value_json, column_type, reason, received_at, load_id
from discards
where ($source is null or source = $source) and ($reason is null or reason = $reason)
order by received_at desc, table_name, row_id, column_name
limit $limit
