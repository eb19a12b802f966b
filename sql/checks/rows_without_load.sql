-- Are there rows that no load of the source can have written?
-- In: $table, a qualified name; loads; $source. Out: one row: rows. Reader: loader.jobs.verify.tables.
select count(*) as "rows"
from query_table([$table])
where uuid_ts is null or uuid_ts not in (select started_at from loads where source = $source)
