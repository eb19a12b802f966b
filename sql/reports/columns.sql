-- Tables and columns of one source, as the engine knows them.
-- In: the catalogue; $schema. Out: table_name, column_name, type, in the order of the columns. Reader: loader.inventory.
select table_name, column_name, data_type as type
from duckdb_columns()
where database_name = current_database() and schema_name = $schema and not internal
order by table_name, column_index
