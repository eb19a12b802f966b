-- Tables, columns, types and how often each was seen.
-- In: observed; $source (null: all). Out: one row per column and type. Reader: `loader schema`.
select source, table_name, column_name, type, "count", first_seen, last_seen
from observed
where $source is null or source = $source
order by source, table_name, column_name, type
