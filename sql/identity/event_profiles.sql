-- Every call with its profile, or with the profile to which a deletion moved it.
-- In: _identity_resolved, _identity_moved. Out: rows of event_profiles. Reader: loader/models/identity/tables.py.
select e.source, e.call, e.id as event_id, n.segment_id, n.canonical_segment_id
from _identity_resolved as r
join _identity_events as e on e.seq = r.seq
left join _identity_moved as m on m.seq = r.seq
join _identity_names as n on n.profile = coalesce(m.profile, r.profile)
