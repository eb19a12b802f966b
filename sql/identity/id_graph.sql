-- The profile that each one belongs to, with the call that did it.
-- In: _identity_names. Out: rows of id_graph. Reader: loader/models/identity/tables.py.
select
  n.segment_id,
  n.canonical_segment_id,
  e.timestamp,
  n.last_place as seq,
  e.received_at,
  $as_of as uuid_ts
from _identity_names as n
join _identity_events as e on e.seq = n.last_seq
