-- The public ids of new profiles, from the first identifier of the call that created each, so that they do not depend on
-- the order of loads. In: _identity_profiles and their first identifiers. Out: a row per new profile.
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
