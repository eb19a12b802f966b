-- Are there rows whose list of explicit nulls is none?
-- In: $table, the qualified name of identifies or groups. Out: one row: rows. Reader: loader.jobs.verify.latest.
select count(*) as "rows"
from query_table([$table])
where _nulls is not null and try(from_json(_nulls, '["VARCHAR"]')) is null
