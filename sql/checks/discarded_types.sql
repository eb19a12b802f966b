-- Do discards name a type of their column that it never had?
-- In: discards, schema_log; the catalogue; $source, $schema, $table, the name that the discards have. Out: one row: rows.
-- Reader: loader.jobs.verify.state.
with types as (
    select column_name, unnest([old_type, new_type]) as type from schema_log where source = $source and table_name = $table
    union all
    select column_name, data_type
    from duckdb_columns()
    where database_name = current_database() and schema_name = $schema and table_name = $table
)
select count(*) as "rows"
from discards
anti join types on types.column_name = discards.column_name and types.type = discards.column_type
where source = $source and table_name = $table and reason = 'type_conflict'
