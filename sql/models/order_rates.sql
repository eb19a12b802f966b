-- Rates of the currencies, other than `currency`, in which orders were placed or paid back.
-- grain: one row per currency and day of an order for which there is a rate
-- keys: currency, order_day
-- params: currency, timezone
-- columns:
--   currency text: currency of an order or a refund
--   order_day date: day of an order in `timezone`
--   rate float: units of `currency` for one unit of it; the newest that was valid on that day
with currencies as (
  select distinct currency from order_events where currency <> upper($currency)
),
days as (
  select distinct local_day(timestamp, $timezone) as order_day from order_events where kind = 'completed'
),
dated as (
  select c.currency, d.order_day, r.rate,
    row_number() over (
      partition by c.currency, d.order_day order by r.valid_from desc nulls last, r.rate desc
    ) as place
  from currencies as c
  join input_currency_rates as r on upper(trim(r.currency)) = c.currency
  join days as d on r.valid_from is null or r.valid_from <= d.order_day
  where r.rate > 0
)
select currency, order_day, rate from dated where place = 1
