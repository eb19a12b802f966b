-- Objects that could not be read, or not to their end.
-- In: objects; $source (null: all). Out: source, key, status, error. Reader: `loader status`.
select source, key, status, error
from objects
where status in ('failed', 'partial') and ($source is null or source = $source)
order by source, key
limit 100
