-- Lines that did not become messages, by the received day of their object.
-- In: quarantine, objects. Out: received_day, reason, lines. Reader: loader.report.sections.set_aside.
select o.received_day, q.reason, count(*) as lines
from quarantine as q
join objects as o using (object_id)
where o.received_day is not null
group by all
order by all
