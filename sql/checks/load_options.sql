-- Under which options was each load of a source made?
-- In: loads; $source. Out: started_at, which is `uuid_ts` of the rows that it wrote, and options. Reader: loader.jobs.verify.source.
select started_at, options
from loads
where source = $source
