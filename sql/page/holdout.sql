-- Expected and actual orders of each tenth of the buyers.
-- In: ltv_holdout. Out: decile, calibrated_to, compared_to, people, expected_orders, actual_orders, expected_value,
-- actual_value. Reader: loader.report.sections.lifetime.
select decile, calibrated_to, compared_to, people, expected_orders, actual_orders, expected_value, actual_value
from ltv_holdout
order by decile
