-- Objects that have lines in quarantine.
-- In: quarantine, objects; $source. Out: key, lines. Reader: loader.jobs.retry.
select o.key, count(*) as lines
from quarantine as q
join objects as o using (object_id)
where q.source = $source
group by o.key
order by o.key
