-- Buyers whose likelihood of an order is in the middle.
-- grain: one row per profile
-- keys: canonical_segment_id
-- params: audiences_long_shots_from, audiences_long_shots_to
-- columns:
--   canonical_segment_id text: profile that meets the rule
select canonical_segment_id
from audience_likelihood
where likelihood_percentile >= $audiences_long_shots_from and likelihood_percentile < $audiences_long_shots_to
