-- The half of coupon_loyal that get the coupon. The half is decided by a hash of the profile.
-- grain: one row per profile
-- keys: canonical_segment_id
-- columns:
--   canonical_segment_id text: profile that meets the rule
select canonical_segment_id
from audience_rule_coupon_loyal
where substring(md5('coupon_loyal' || canonical_segment_id), 1, 1) >= '8'
