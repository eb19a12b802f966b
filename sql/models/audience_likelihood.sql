-- How likely each buyer is to order soon, compared with all buyers. A model of this name with a better score replaces
-- it.
-- grain: one row per buyer
-- keys: canonical_segment_id
-- columns:
--   canonical_segment_id text: profile
--   likelihood float: probability of an order within `models.audiences.likelihood_days`, 1 - exp(-orders expected in them)
--   likelihood_percentile float: share of the other buyers that are less likely, 0 to 1; of two alike, the smaller id is higher
--   value_percentile float: the same by predicted value; empty where there is none
--   p_alive float: probability that the buyer has not left
-- checks:
--   is_a_probability: likelihood < 0 or likelihood > 1
select canonical_segment_id, 1 - exp(-expected_orders_soon) as likelihood,
  percent_rank() over (order by expected_orders_soon, canonical_segment_id desc) as likelihood_percentile,
  case when clv is not null then
    percent_rank() over (partition by clv is null order by clv, canonical_segment_id desc)
  end as value_percentile, p_alive
from ltv_scores
