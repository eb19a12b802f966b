-- Every profile with its public id, the public id of its person, and its last update.
-- In: _identity_profiles, _identity_segments. Out: a row per profile. Reader: loader/models/identity/tables.py.
select
  p.profile,
  n.segment_id,
  coalesce(c.segment_id, n.segment_id) as canonical_segment_id,
  p.last_place,
  p.last_seq,
  p.last_removal
from _identity_profiles as p
join _identity_segments as n on n.profile = p.profile
left join _identity_segments as c on c.profile = p.canonical and p.canonical <> p.profile
