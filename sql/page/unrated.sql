-- Orders whose currency has no rate, so that they are in no amount.
-- In: order_values. Out: orders. Reader: loader.report.sections.sales.
select count(*) as orders
from order_values
where rate is null
