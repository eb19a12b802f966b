-- What became what?
-- In: names; $source. Out: kind, table_name, source_name, name, rule. Reader: loader.jobs.state_tables.
select kind, table_name, source_name, name, rule
from names
where source = $source
