-- The size of each person, and the identifier that is linked to most others.
-- In: _identity_people. Out: rows of identity_profiles. Reader: loader/models/identity/tables.py.
select
  n.segment_id as canonical_segment_id,
  p.users,
  p.identifiers,
  p.events,
  t.name as hub_type,
  i.value as hub_value,
  p.hub_degree
from _identity_people as p
join _identity_names as n on n.profile = p.profile
join _identity_identifiers as i on i.identifier = p.hub
join _identity_types as t on t.type = i.type
