-- Every table and view.
-- In: the catalogue. Out: schema, name. Reader: loader.report.facts.
select table_schema as schema, table_name as name
from information_schema.tables
where table_catalog = current_database()
