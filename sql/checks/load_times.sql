-- Which loads wrote the rows of some tables?
-- In: $tables, qualified names. Out: uuid_ts, each once. Reader: loader.jobs.verify.latest.
select distinct uuid_ts
from query_table($tables, true)
