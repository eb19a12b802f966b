-- Buyers whose likelihood of an order is among the highest.
-- grain: one row per profile
-- keys: canonical_segment_id
-- params: audiences_ready_to_buy_share
-- columns:
--   canonical_segment_id text: profile that meets the rule
select canonical_segment_id
from audience_likelihood
where likelihood_percentile > 1 - $audiences_ready_to_buy_share or $audiences_ready_to_buy_share = 1
