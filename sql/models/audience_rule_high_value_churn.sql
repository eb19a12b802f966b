-- Buyers with the highest predicted value who have probably left.
-- grain: one row per profile
-- keys: canonical_segment_id
-- params: audiences_high_value_churn_p_alive, audiences_high_value_churn_share
-- columns:
--   canonical_segment_id text: profile that meets the rule
select canonical_segment_id
from audience_likelihood
where p_alive < $audiences_high_value_churn_p_alive and (value_percentile > 1 - $audiences_high_value_churn_share
  or (value_percentile = 0 and $audiences_high_value_churn_share = 1))
