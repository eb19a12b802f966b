-- Tables and columns of the schema of one source, as the engine knows them; no views.
-- In: the catalogue; names; $schema, $source. Out: table_name, column_name, type, is_registered (whether loads made the
-- table for an event), in the order of the columns. Reader: loader.inventory.
select
    c.table_name, c.column_name, c.data_type as type,
    c.table_name in (select name from names where source = $source and kind = 'table') as is_registered
from duckdb_columns() as c
semi join duckdb_tables() as t using (database_name, schema_name, table_name)
where c.database_name = current_database() and c.schema_name = $schema and not c.internal
order by c.table_name, c.column_index
