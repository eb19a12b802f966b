-- Identifiers of each type, and how many profiles have one.
-- In: external_id_mapping. Out: type, identifiers, profiles. Reader: loader.report.sections.identity.
select "type", count(*) as identifiers, count(distinct canonical_segment_id) as profiles
from external_id_mapping
group by "type"
order by identifiers desc, "type"
