-- Which versions of some keys were read, and what was counted in each?
-- In: objects; $source, $keys. Out: one row per version: object_id, key, etag, size, last_modified, received_day, status,
-- error, retry, options, and its counts bytes_read, lines, blank, quarantined_lines, messages, quarantined_messages; the
-- newest first. Reader: loader.jobs.verify.source.
select
    object_id, key, etag, size, last_modified, received_day, status, error, retry, options,
    coalesce(bytes_read, 0) as bytes_read,
    coalesce(lines, 0) as lines,
    coalesce(blank, 0) as blank,
    coalesce(quarantined_lines, 0) as quarantined_lines,
    coalesce(messages, 0) as messages,
    coalesce(quarantined_messages, 0) as quarantined_messages
from objects
where source = $source and key in (select unnest($keys::varchar[]))
order by object_id desc
