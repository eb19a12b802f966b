-- The profile that each profile belongs to now.
-- grain: one row per profile that ever was
-- keys: segment_id
-- columns:
--   segment_id text: the profile
--   canonical_segment_id text: the profile that it was merged into; itself where it was not
--   timestamp timestamp: when the call happened that did it
--   seq integer: order of the rows in id_graph_updates
--   received_at timestamp: when that call arrived
--   uuid_ts timestamp: as_of of the run
-- checks:
--   canonical_is_its_own: select g.segment_id from id_graph as g join id_graph as c on c.segment_id = g.canonical_segment_id
--     where c.canonical_segment_id <> c.segment_id
--   canonical_is_known: select canonical_segment_id from id_graph except select segment_id from id_graph
select u.segment_id, u.canonical_segment_id, u.timestamp, u.seq, u.received_at, u.uuid_ts
from id_graph_updates as u
join (
  select segment_id, max(seq) as seq from id_graph_updates group by segment_id
) as newest on newest.seq = u.seq
