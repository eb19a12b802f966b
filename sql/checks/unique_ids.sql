-- Does an id occur more than once in a call table, or is one missing?
-- In: $table, a qualified name. Out: one row: rows, repeated, missing. Reader: loader.checking.
select count(*) as "rows", count(id) - count(distinct id) as repeated, count(*) - count(id) as missing
from query_table([$table])
