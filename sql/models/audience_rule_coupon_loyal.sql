-- Profiles with several recent orders whose amounts are worth a coupon: their average is above the amount, or one of
-- them is above it or at least equal to it.
-- grain: one row per profile
-- keys: canonical_segment_id
-- params: as_of, audiences_coupon_loyal_amount, audiences_coupon_loyal_days, audiences_coupon_loyal_orders, audiences_coupon_loyal_rule
-- columns:
--   canonical_segment_id text: profile that meets the rule
select canonical_segment_id
from audience_orders
where ordered_at >= add_days($as_of, -$audiences_coupon_loyal_days)
group by canonical_segment_id
having count(*) >= $audiences_coupon_loyal_orders
  and case $audiences_coupon_loyal_rule
    when 'average_above' then sum(gross) > $audiences_coupon_loyal_amount * count(gross)
    when 'any_above' then max(gross) > $audiences_coupon_loyal_amount
    else max(gross) >= $audiences_coupon_loyal_amount
  end
