-- The identifiers of each person.
-- grain: one row per identifier
-- keys: external_id_hash
-- columns:
--   canonical_segment_id text: the person
--   type text: type of the identifier
--   value text: the identifier
--   external_id_hash text: md5 of type, colon and value
--   timestamp timestamp: when the call happened that mapped it
--   seq integer: order of the rows in external_id_mapping_updates
-- checks:
--   type_and_value: type is null or value is null
select
  g.canonical_segment_id,
  u.external_id_type as type,
  u.external_id_value as value,
  u.external_id_hash,
  u.timestamp,
  u.seq
from external_id_mapping_updates as u
join (
  select external_id_hash, max(seq) as seq from external_id_mapping_updates group by external_id_hash
) as newest on newest.seq = u.seq
join id_graph as g on g.segment_id = u.segment_id
where u.operation = 'CREATED'
