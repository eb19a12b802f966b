-- Where in the archive is a call of an owner, the one whose place is the greatest?
-- In: objects; $calls, a qualified name; $id_column, the column that names the owner; $id.
-- Out: one row: key, line. Reader: loader.jobs.verify.latest.
with calls as (
    select columns(lambda c: c = $id_column) as owner, _object as object_id, _line as line from query_table([$calls])
)
select o.key, calls.line
from calls
left join objects as o using (object_id)
where calls.owner = $id
order by calls.object_id desc, calls.line desc
limit 1
