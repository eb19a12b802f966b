-- Are there rows of a call table that no object of the source accounts for?
-- In: $table, a qualified name; objects; $source. Out: one row: rows. Reader: loader.jobs.verify.tables.
select count(*) as "rows"
from query_table([$table])
where _object is null or _object not in (select object_id from objects where source = $source)
