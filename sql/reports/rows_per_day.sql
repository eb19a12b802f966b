-- Rows of one call table by the received day of the object that each row came from.
-- In: $table, a qualified name; objects; $source, $start and $until (exclusive; null: no limit).
-- Out: received_day, rows. Reader: loader.inventory.
select o.received_day, count(*) as "rows"
from query_table([$table]) as t
join objects as o on o.object_id = t._object
where
    o.source = $source
    and ($start::date is null or o.received_day >= $start::date)
    and ($until::date is null or o.received_day < $until::date)
group by o.received_day
order by o.received_day
