-- Rows of one table, whole.
-- In: $table, a qualified name; $ids. Out: every column of the rows with one of the ids. Reader: loader.jobs.verify.sample.
select *
from query_table([$table])
where id in (select unnest($ids::varchar[]))
