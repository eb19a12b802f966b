-- When each identifier was mapped and removed, in order. Needed only if identifiers were removed, or if an alias mapped
-- an identifier that was always dropped itself; otherwise the replay already gives this order.
-- In: _identity_mapped, _identity_removed, _identity_moves. Out: a row per change.
-- Reader: loader/models/identity/tables.py.
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
moves as (
  select m.identifier, m.old, m.new, r.seq, r.removal, r.deleted_at
  from _identity_moves as m
  join _identity_removed as r on r.removal = m.removal
  where m.is_mapped = 1 or m.identifier in (select identifier from added)
),
changes as (
  select identifier, profile, seq, 0 as removal, 0 as is_removal, 0 as step, cast(null as timestamp) as deleted_at
  from _identity_mapped
  union all
  select identifier, profile, seq, 0, 0, 0, null from added
  union all
  select identifier, profile, seq, removal, 1, 1, deleted_at from _identity_removed
  union all
  select identifier, old, seq, removal, 1, 1, deleted_at from moves
  union all
  select identifier, new, seq, removal, 0, 2, deleted_at from moves
)
select
  row_number() over (order by seq, removal, identifier, step) as place,
  identifier,
  profile,
  seq,
  is_removal,
  deleted_at,
  is_removal = 0 and row_number() over (
    partition by identifier order by seq desc, removal desc, step desc
  ) = 1 as is_current
from changes
