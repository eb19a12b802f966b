-- Active buyers with a high predicted value and a high likelihood of an order.
-- grain: one row per profile
-- keys: canonical_segment_id
-- params: as_of, audiences_high_ltv_share, audiences_potential_vip_days, audiences_ready_to_buy_share
-- columns:
--   canonical_segment_id text: profile that meets the rule
select l.canonical_segment_id
from audience_likelihood as l
where (l.value_percentile > 1 - $audiences_high_ltv_share or (l.value_percentile = 0 and $audiences_high_ltv_share = 1))
  and (l.likelihood_percentile > 1 - $audiences_ready_to_buy_share or $audiences_ready_to_buy_share = 1)
  and exists (
    select 1
    from audience_events as e
    where e.canonical_segment_id = l.canonical_segment_id
      and e.timestamp >= add_days($as_of, -$audiences_potential_vip_days)
  )
