-- The profile to which each profile belongs, with the call or deletion that caused it.
-- In: _identity_names, _identity_removed. Out: rows of id_graph. Reader: loader/models/identity/tables.py.
select
  n.segment_id,
  n.canonical_segment_id,
  coalesce(r.deleted_at, e.timestamp) as timestamp,
  n.last_place as seq,
  coalesce(r.deleted_at, e.received_at) as received_at,
  $as_of as uuid_ts
from _identity_names as n
join _identity_events as e on e.seq = n.last_seq
left join _identity_removed as r on r.removal = n.last_removal
