-- Which part of the history was loaded under which options.
-- In: objects; $source (null: all). Out: source, options, objects, days. Reader: `loader status`.
select source, options, count(*) as objects, min(received_day) as first_day, max(received_day) as last_day
from objects
where $source is null or source = $source
group by source, options
order by source, first_day, options
