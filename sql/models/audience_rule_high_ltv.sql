-- Buyers with the highest predicted value.
-- grain: one row per profile
-- keys: canonical_segment_id
-- params: audiences_high_ltv_share
-- columns:
--   canonical_segment_id text: profile that meets the rule
select canonical_segment_id
from audience_likelihood
where value_percentile > 1 - $audiences_high_ltv_share or (value_percentile = 0 and $audiences_high_ltv_share = 1)
