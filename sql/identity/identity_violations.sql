-- Identifiers left out of a call, calls without any, and deletions that were refused.
-- In: _identity_dropped (causes are those of loader/models/identity/kernel.py), _identity_blocked, _identity_refused.
-- Out: rows of identity_violations. Reader: loader/models/identity/tables.py.
with found as (
  select
    d.seq,
    case d.cause
      when 0 then 'identifier_value_limit'
      when 1 then 'identifier_value_time_limit'
      when 2 then 'profile_merge_limit'
      when 3 then 'identifier_mapping_limit'
    end as code,
    o.identifier,
    case
      when d.cause < 2 then d.n || ' values of ' || w.name || ', at most ' || d.most
      else 'the profile would have ' || d.n || case d.cause when 2 then ' merges' else ' identifiers' end
        || ', at most ' || d.most
    end as detail
  from _identity_dropped as d
  join _identity_types as w on w.type = d.type
  join _identity_observed as o on o.seq = d.seq
  left join _identity_classes as c on c.identifier = o.identifier
  where d.cause < 4 and coalesce(c.node, o.identifier) = d.node
  union all
  select seq, 'id_value_blocked', identifier, 'a value that is nobody''s id' from _identity_blocked
  union all
  select e.seq, 'no_identifier', null, 'the event has no id that can be used'
  from _identity_events as e
  where e.seq not in (select seq from _identity_resolved)
)
select
  e.source,
  e.call,
  e.id as event_id,
  v.code,
  t.name as id_type,
  i.value as id_value,
  n.canonical_segment_id,
  v.detail
from found as v
join _identity_events as e on e.seq = v.seq
left join _identity_resolved as r on r.seq = v.seq
left join _identity_moved as m on m.seq = v.seq
left join _identity_names as n on n.profile = coalesce(m.profile, r.profile)
left join _identity_identifiers as i on i.identifier = v.identifier
left join _identity_types as t on t.type = i.type
union all
select
  null, null, null, 'deletion_refused', t.name, i.value, null,
  'it is the only user id, belongs to an alias, or was in no profile'
from _identity_refused as x
join _identity_identifiers as i on i.identifier = x.identifier
join _identity_types as t on t.type = i.type
