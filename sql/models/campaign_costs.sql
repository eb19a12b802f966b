-- What campaigns cost, in one currency. If no amount is given, a person costs hours times hourly salary.
-- grain: one line of the input campaign_costs whose first day began before as_of, in the configured time zone
-- keys: none
-- params: as_of, campaigns_hours_per_year, currency, currency_decimals, timezone
-- columns:
--   campaign text: utm_campaign, or (none)
--   cost_type text: person, media or other
--   amount decimal: in `currency`, rounded; empty where the line has no amount, or its currency no rate
--   original_currency text: currency of the line
--   valid_from date: first day of the spending
--   valid_to date: last day of the spending
--   source text: utm_source, where the line is of one alone
--   medium text: utm_medium, where the line is of one alone
-- checks:
--   known_type: cost_type not in ('person', 'media', 'other')
--   not_negative: amount < 0
--   has_an_amount (warn): amount is null
with lines as (
  select coalesce(nullif(trim(campaign), ''), '(none)') as campaign,
    coalesce(lower(nullif(trim(cost_type), '')), 'other') as cost_type,
    coalesce(amount, cast(cast(hours as double) * cast(annual_salary as double) / $campaigns_hours_per_year
      as decimal(28, 6))) as amount,
    upper(coalesce(nullif(trim(currency), ''), $currency)) as original_currency, valid_from, valid_to,
    nullif(trim(source), '') as source, nullif(trim(medium), '') as medium
  from input_campaign_costs
  where valid_from is null or valid_from <= local_day($as_of - interval '1 microsecond', $timezone)
),
currency_days as (
  select distinct original_currency, valid_from from lines
),
dated as (
  select d.original_currency, d.valid_from, r.rate,
    row_number() over (
      partition by d.original_currency, d.valid_from order by r.valid_from desc nulls last, r.rate desc
    ) as place
  from currency_days as d
  join input_currency_rates as r on upper(trim(r.currency)) = d.original_currency
  where r.rate > 0 and (r.valid_from is null or d.valid_from is null or r.valid_from <= d.valid_from)
)
select l.campaign, l.cost_type,
  case
    when l.original_currency = upper($currency) then round(l.amount, $currency_decimals)
    else round(cast(cast(l.amount as double) * d.rate as decimal(28, 6)), $currency_decimals)
  end as amount,
  l.original_currency, l.valid_from, l.valid_to, l.source, l.medium
from lines as l
left join dated as d
  on d.original_currency = l.original_currency and d.valid_from is not distinct from l.valid_from and d.place = 1
