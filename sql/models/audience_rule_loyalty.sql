-- Profiles with several recent orders above an amount.
-- grain: one row per profile
-- keys: canonical_segment_id
-- params: as_of, audiences_loyalty_amount, audiences_loyalty_days, audiences_loyalty_orders
-- columns:
--   canonical_segment_id text: profile that meets the rule
select canonical_segment_id
from audience_orders
where ordered_at >= add_days($as_of, -$audiences_loyalty_days) and gross > $audiences_loyalty_amount
group by canonical_segment_id
having count(*) >= $audiences_loyalty_orders
