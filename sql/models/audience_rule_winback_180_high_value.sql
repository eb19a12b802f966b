-- Profiles in winback_180 whose orders, less refunds, are worth more than an amount.
-- grain: one row per profile
-- keys: canonical_segment_id
-- params: audiences_winback_180_amount
-- columns:
--   canonical_segment_id text: profile that meets the rule
select o.canonical_segment_id
from audience_orders as o
join audience_rule_winback_180 as w on w.canonical_segment_id = o.canonical_segment_id
group by o.canonical_segment_id
having sum(o.net) > $audiences_winback_180_amount
