-- Does a discard say of its row what the row says?
-- In: $calls, the qualified name of the call table of the rows; discards; $source, $table, the name that the discards have.
-- Out: one row per column that differs somewhere: column, rows, id of one of them. Reader: loader.jobs.verify.state.
with differing as (
    select
        d.row_id,
        unnest([
            case when t.id is null then 'row_id' end,
            case when t.id is not null and d.object_id is distinct from t._object then 'object_id' end,
            case when t.id is not null and d.line is distinct from t._line then 'line' end,
            case when t.id is not null and d.item is distinct from t._item then 'item' end,
            case when t.id is not null and d.user_id is distinct from t.user_id then 'user_id' end,
            case when t.id is not null and d.anonymous_id is distinct from t.anonymous_id then 'anonymous_id' end,
            case when t.id is not null and d.received_at is distinct from t.received_at then 'received_at' end
        ]) as "column"
    from discards as d
    left join query_table([$calls]) as t on t.id = d.row_id
    where d.source = $source and d.table_name = $table
)
select "column", count(*) as "rows", min(row_id) as id
from differing
where "column" is not null
group by "column"
order by "column"
