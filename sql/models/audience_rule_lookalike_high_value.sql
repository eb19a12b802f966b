-- Seed for lookalikes: the profiles in high_ltv that can be matched by email or phone number, and gave consent.
-- grain: one row per profile
-- keys: canonical_segment_id
-- params: audiences_consent_trait
-- columns:
--   canonical_segment_id text: profile that meets the rule
select h.canonical_segment_id
from audience_rule_high_ltv as h
where exists (
    select 1
    from external_id_mapping as m
    where m.canonical_segment_id = h.canonical_segment_id and m.type in ('email', 'phone')
  )
  and exists (
    select 1
    from user_traits as t
    where t.canonical_segment_id = h.canonical_segment_id
      and t.name in ($audiences_consent_trait) and lower(t.value) in ('true', 'yes', '1', 'granted')
  )
