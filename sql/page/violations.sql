-- Identifiers that were left out of a profile, by rule and type. Values are counted, never named.
-- In: identity_violations. Out: code, id_type, violations, profiles. Reader: loader.report.sections.identity.
select code, id_type, count(*) as violations, count(distinct canonical_segment_id) as profiles
from identity_violations
group by code, id_type
order by violations desc, code, id_type
