-- The received days whose objects the newest load of a source read.
-- In: objects, loads; $source. Out: received_day, objects. Reader: loader.inventory.
with newest as (select max_by(load_id, started_at) as load_id from loads where source = $source)
select received_day, count(*) as objects
from objects
where source = $source and received_day is not null and load_id = (select load_id from newest)
group by received_day
order by received_day
