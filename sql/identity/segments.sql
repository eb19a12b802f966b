-- New profiles by their public names: the first identifier of the call that created each, the same whatever was loaded
-- when. In: _identity_profiles and what they are named after. Out: a row per new profile.
-- Reader: loader/models/identity/tables.py.
select
  p.profile,
  'use_' || md5(t.name || ':' || i.value || case when r.seq < p.seq then ':' || e.id else '' end) as segment_id
from _identity_profiles as p
join _identity_identifiers as i on i.identifier = p.identifier
join _identity_types as t on t.type = i.type
join _identity_events as e on e.seq = p.seq
left join (
  select identifier, min(seq) as seq from _identity_removed group by identifier
) as r on r.identifier = p.identifier
