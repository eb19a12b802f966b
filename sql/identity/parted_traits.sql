-- The traits of profiles after each call and deletion, if deletions split people. A value counts for the profile of its
-- call from then on, and for each profile into which that one is merged. When a person is split, each resulting profile
-- starts again with the values of the calls that remain with it.
-- In: _identity_traits, _identity_updates, _identity_parted, _identity_removed. Out: a row per profile, call or
-- deletion, and trait. Reader: loader/models/identity/traits.py.
with stays as (
  select seq as sent_seq, profile, seq, 0 as removal from (select distinct seq, profile from _identity_traits)
  union all
  select p.seq, p.profile, r.seq, p.removal
  from _identity_parted as p
  join _identity_removed as r on r.removal = p.removal
  where p.seq in (select seq from _identity_traits)
),
bounded as (
  select *, lead(seq, 1, 2147483647) over (partition by sent_seq order by removal) as until from stays
),
begun as (
  select distinct p.profile, p.removal, r.seq
  from _identity_parted as p
  join _identity_removed as r on r.removal = p.removal
),
reached as (
  select sent_seq, profile, seq, removal from bounded
  union all
  select b.sent_seq, m.canonical, m.seq, 0
  from bounded as b
  join _identity_updates as m on m.profile = b.profile and m.removal = 0 and m.seq > b.seq and m.seq <= b.until
),
lives as (
  select
    a.sent_seq,
    a.profile,
    a.seq,
    a.removal,
    case when a.removal > 0 then a.removal else coalesce(max(b.removal), 0) end as life
  from reached as a
  left join begun as b on b.profile = a.profile and b.seq < a.seq
  group by a.sent_seq, a.profile, a.seq, a.removal
),
counts as (
  select a.profile, a.life, a.seq, a.removal, a.sent_seq, t.name, t.value
  from lives as a
  join _identity_traits as t on t.seq = a.sent_seq
),
with_lost as (
  select * from counts
  union all
  select distinct b.profile, b.removal, b.seq, b.removal, 0, c.name, cast(null as varchar)
  from begun as b
  join counts as c on c.profile = b.profile and c.life < b.removal
)
select profile, seq, removal, name, newest.value as value, newest.sent_seq as sent_seq
from (
  select
    profile,
    seq,
    removal,
    name,
    max({'sent_seq': sent_seq, 'value': value}) over (
      partition by profile, life, name order by seq, removal, sent_seq
      rows between unbounded preceding and current row
    ) as newest,
    row_number() over (partition by profile, name, seq, removal order by sent_seq desc) as place
  from with_lost
)
where place = 1
