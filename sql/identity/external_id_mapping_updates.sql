-- Changes of the mapping of identifiers, in order.
-- In: _identity_mapping. Out: rows of external_id_mapping_updates. Reader: loader/models/identity/tables.py.
select
  md5(
    h.external_id_hash || ':' || h.operation || ':'
    || coalesce(h.source || ':' || h.call || ':' || h.event_id, h.segment_id || ':' || cast(h.timestamp as text))
  ) as id,
  h.segment_id,
  h.external_id_type,
  h.external_id_value,
  h.external_id_hash,
  h.timestamp,
  h.received_at,
  h.seq,
  h.event_id as triggering_event_id,
  h.event_name as triggering_event_name,
  h.call as triggering_event_type,
  h.source as triggering_event_source_id,
  h.source as triggering_event_source_name,
  h.source as triggering_event_source_slug,
  $as_of as uuid_ts,
  h.operation
from (
  select
    n.segment_id,
    t.name as external_id_type,
    i.value as external_id_value,
    md5(t.name || ':' || i.value) as external_id_hash,
    coalesce(u.deleted_at, e.timestamp) as timestamp,
    coalesce(u.deleted_at, e.received_at) as received_at,
    u.place as seq,
    case when u.deleted_at is null then e.id end as event_id,
    case when u.deleted_at is null then e.name end as event_name,
    case when u.deleted_at is null then e.call end as call,
    case when u.deleted_at is null then e.source end as source,
    case when u.is_removal = 0 then 'CREATED' else 'REMOVED' end as operation
  from _identity_mapping as u
  join _identity_identifiers as i on i.identifier = u.identifier
  join _identity_types as t on t.type = i.type
  join _identity_names as n on n.profile = u.profile
  left join _identity_events as e on e.seq = u.seq
) as h
