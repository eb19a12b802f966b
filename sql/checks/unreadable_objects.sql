-- Of which objects could the newest version not be read, or not to its end?
-- In: objects; $source. Out: one row per object: key, status, error; at most 100. Reader: loader.checking.
with newest as (
    select key, max_by(status, object_id) as status, max_by(error, object_id) as error
    from objects
    where source = $source
    group by key
)
select key, status, error
from newest
where status in ('failed', 'partial')
order by status, key
limit 100
