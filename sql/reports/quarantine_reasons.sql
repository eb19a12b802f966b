-- How many lines did not become messages, and why.
-- In: quarantine; $source (null: all). Out: source, reason, count. Reader: `loader quarantine list`.
select source, reason, count(*) as "count"
from quarantine
where $source is null or source = $source
group by source, reason
order by source, "count" desc, reason
