-- Creations and merges in their order.
-- In: _identity_updates. Out: rows of id_graph_updates. Reader: loader/models/identity/tables.py.
select
  n.segment_id,
  c.segment_id as canonical_segment_id,
  e.call as triggering_event_type,
  e.id as triggering_event_id,
  e.timestamp,
  u.place as seq,
  e.received_at,
  $as_of as uuid_ts,
  md5(n.segment_id || ':' || c.segment_id || ':' || e.source || ':' || e.call || ':' || e.id) as id
from _identity_updates as u
join _identity_events as e on e.seq = u.seq
join _identity_names as n on n.profile = u.profile
join _identity_names as c on c.profile = u.canonical
