-- What became what?
-- In: names; $source. Out: kind, table_name, source_name, name, rule. Reader: loader.jobs.verify.state.
select kind, table_name, source_name, name, rule
from names
where source = $source
