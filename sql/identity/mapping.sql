-- When each identifier was mapped and removed, in order: where identifiers were removed, or an alias mapped one that was
-- dropped wherever it was itself. Otherwise the order of the replay is this one.
-- In: _identity_mapped, _identity_removed. Out: a row per change. Reader: loader/models/identity/tables.py.
with added as (
  select n.identifier, c.profile, c.seq
  from _identity_classes as n
  join (
    select o.node, arg_min(m.profile, m.seq) as profile, min(m.seq) as seq
    from _identity_mapped as m
    join _identity_classes as o on o.identifier = m.identifier
    group by o.node
  ) as c on c.node = n.node
  where n.identifier not in (select identifier from _identity_mapped)
),
changes as (
  select identifier, profile, seq, 0 as is_removal, cast(null as timestamp) as deleted_at from _identity_mapped
  union all
  select identifier, profile, seq, 0, null from added
  union all
  select identifier, profile, seq, 1, deleted_at from _identity_removed
)
select
  row_number() over (order by seq, is_removal, deleted_at, identifier) as place,
  identifier,
  profile,
  seq,
  is_removal,
  deleted_at,
  is_removal = 0 and row_number() over (
    partition by identifier order by seq desc, is_removal desc, deleted_at desc
  ) = 1 as is_current
from changes
