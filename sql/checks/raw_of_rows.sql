-- Does every message that is kept whole belong to a row?
-- In: $table, the qualified name of a call table; raw; $source, $call.
-- Out: one row: alone (without a row), repeated, differing (in received_at). Reader: loader.jobs.verify.state.
select
    count(*) filter (where t.id is null) as alone,
    count(*) - count(distinct r.id) as repeated,
    count(*) filter (where r.received_at is distinct from t.received_at and t.id is not null) as differing
from raw as r
left join query_table([$table]) as t on t.id = r.id
where r.source = $source and r.call = $call
