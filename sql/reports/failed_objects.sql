-- Objects that could not be read, or not to their end, in their newest version.
-- In: objects; $source (null: all). Out: source, key, status, error. Reader: `loader status`.
with newest as (
    select source, key, max_by(status, object_id) as status, max_by(error, object_id) as error
    from objects
    where $source is null or source = $source
    group by source, key
)
select source, key, status, error
from newest
where status in ('failed', 'partial')
order by source, key
limit 100
