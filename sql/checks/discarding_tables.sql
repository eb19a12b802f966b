-- Which tables are discards told of?
-- In: discards; $source. Out: table_name, each once. Reader: loader.jobs.verify.state.
select distinct table_name
from discards
where source = $source
order by table_name
