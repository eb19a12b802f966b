-- The half of coupon_loyal that gets no coupon, so that the effect can be measured. A hash of the profile decides the
-- half.
-- grain: one row per profile
-- keys: canonical_segment_id
-- columns:
--   canonical_segment_id text: profile that meets the rule
select canonical_segment_id
from audience_rule_coupon_loyal
where substring(md5('coupon_loyal' || canonical_segment_id), 1, 1) < '8'
