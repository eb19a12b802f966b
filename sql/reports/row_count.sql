-- Rows of one table.
-- In: $table, a qualified name. Out: rows. Reader: loader.inventory.
select count(*) as "rows" from query_table([$table])
