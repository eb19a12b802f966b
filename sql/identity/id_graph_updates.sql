-- Creations, merges, and profiles that a deletion split off again, in order.
-- In: _identity_updates, _identity_removed. Out: rows of id_graph_updates. Reader: loader/models/identity/tables.py.
select
  n.segment_id,
  c.segment_id as canonical_segment_id,
  case when u.removal = 0 then e.call end as triggering_event_type,
  case when u.removal = 0 then e.id end as triggering_event_id,
  coalesce(r.deleted_at, e.timestamp) as timestamp,
  u.place as seq,
  coalesce(r.deleted_at, e.received_at) as received_at,
  $as_of as uuid_ts,
  md5(
    n.segment_id || ':' || c.segment_id || ':'
    || case when u.removal = 0 then e.source || ':' || e.call || ':' || e.id else r.key end
  ) as id
from _identity_updates as u
join _identity_events as e on e.seq = u.seq
join _identity_names as n on n.profile = u.profile
join _identity_names as c on c.profile = u.canonical
left join _identity_removed as r on r.removal = u.removal
