-- Profiles, and how many of them were merged into another one.
-- In: id_graph. Out: one row: created, merged, people, largest_merge. Reader: loader.report.sections.identity.
with groups as (select canonical_segment_id, count(*) as members from id_graph group by canonical_segment_id)
select
    coalesce(sum(members), 0)::bigint as created,
    coalesce(sum(members - 1), 0)::bigint as merged,
    count(*) as people,
    count(*) filter (where members > 1) as people_of_several,
    coalesce(max(members), 0) as largest
from groups
