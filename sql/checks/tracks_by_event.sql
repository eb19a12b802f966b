-- How many rows of tracks belong in an event table, by the name of the event?
-- In: $table, the qualified name of tracks; discards; $source. Rows whose event has no table because there are too many
-- tables do not count. Out: event_text, rows. Reader: loader.jobs.verify.tables.
select event_text, count(*) as "rows"
from query_table([$table])
where id not in (select row_id from discards where source = $source and reason = 'table_cap')
group by event_text
