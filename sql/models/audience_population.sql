-- Profiles that audiences and computed traits are about: those with a user id, an email or an advertising id. With
-- `include_anonymous`, also those that only have an anonymous id.
-- grain: one row per profile
-- keys: canonical_segment_id
-- params: audiences_include_anonymous
-- columns:
--   canonical_segment_id text: profile
--   user_id text: its user id, the newest of several
--   email text: its email, the newest of several
with identifiers as (
  select canonical_segment_id, type, value,
    row_number() over (partition by canonical_segment_id, type order by seq desc) as place
  from external_id_mapping
  where type in ('user_id', 'email', 'android.idfa', 'ios.idfa')
    or (type = 'anonymous_id' and $audiences_include_anonymous)
)
select canonical_segment_id,
  max(case when type = 'user_id' then value end) as user_id,
  max(case when type = 'email' then value end) as email
from identifiers
where place = 1
group by canonical_segment_id
