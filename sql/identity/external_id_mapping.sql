-- The currently mapped identifiers, with their person.
-- In: _identity_mapping. Out: rows of external_id_mapping. Reader: loader/models/identity/tables.py.
select
  n.canonical_segment_id,
  t.name as type,
  i.value,
  md5(t.name || ':' || i.value) as external_id_hash,
  coalesce(u.deleted_at, e.timestamp) as timestamp,
  u.place as seq
from _identity_mapping as u
join _identity_identifiers as i on i.identifier = u.identifier
join _identity_types as t on t.type = i.type
join _identity_names as n on n.profile = u.profile
join _identity_events as e on e.seq = u.seq
where u.is_current
