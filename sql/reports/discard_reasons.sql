-- How many values have no column, and why.
-- In: discards; $source (null: all). Out: source, table, column, reason, count. Reader: `loader discards`.
select source, table_name, column_name, reason, count(*) as "count"
from discards
where $source is null or source = $source
group by source, table_name, column_name, reason
order by source, "count" desc, table_name, column_name, reason
