-- Stand-in until ltv is merged: scores of buyers.
-- grain: one row per buyer
-- keys: canonical_segment_id
-- columns:
--   canonical_segment_id text: profile
--   p_alive float: probability
--   expected_orders float: expected
--   clv float: value
select canonical_segment_id, cast(0.5 as double) as p_alive, cast(count(*) as double) as expected_orders,
  cast(sum(net) as double) as clv
from orders
group by canonical_segment_id
