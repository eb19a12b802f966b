SELECT
  CAST(made.key AS VARCHAR) AS key,
  CAST(made.canonical_segment_id AS VARCHAR) AS canonical_segment_id
FROM (
  SELECT
    'accelerate_first_purchase' AS key,
    r.canonical_segment_id
  FROM models.audience_rule_accelerate_first_purchase AS r
  JOIN models.audience_population AS p
    ON p.canonical_segment_id = r.canonical_segment_id
  UNION ALL
  SELECT
    'accelerate_onboarding' AS key,
    r.canonical_segment_id
  FROM models.audience_rule_accelerate_onboarding AS r
  JOIN models.audience_population AS p
    ON p.canonical_segment_id = r.canonical_segment_id
  UNION ALL
  SELECT
    'cart_abandonment' AS key,
    r.canonical_segment_id
  FROM models.audience_rule_cart_abandonment AS r
  JOIN models.audience_population AS p
    ON p.canonical_segment_id = r.canonical_segment_id
  UNION ALL
  SELECT
    'cart_abandonment_funnel' AS key,
    r.canonical_segment_id
  FROM models.audience_rule_cart_abandonment_funnel AS r
  JOIN models.audience_population AS p
    ON p.canonical_segment_id = r.canonical_segment_id
  UNION ALL
  SELECT
    'checkout_abandonment' AS key,
    r.canonical_segment_id
  FROM models.audience_rule_checkout_abandonment AS r
  JOIN models.audience_population AS p
    ON p.canonical_segment_id = r.canonical_segment_id
  UNION ALL
  SELECT
    'checkout_abandonment_funnel' AS key,
    r.canonical_segment_id
  FROM models.audience_rule_checkout_abandonment_funnel AS r
  JOIN models.audience_population AS p
    ON p.canonical_segment_id = r.canonical_segment_id
  UNION ALL
  SELECT
    'coupon_loyal' AS key,
    r.canonical_segment_id
  FROM models.audience_rule_coupon_loyal AS r
  JOIN models.audience_population AS p
    ON p.canonical_segment_id = r.canonical_segment_id
  UNION ALL
  SELECT
    'coupon_loyal_holdout' AS key,
    r.canonical_segment_id
  FROM models.audience_rule_coupon_loyal_holdout AS r
  JOIN models.audience_population AS p
    ON p.canonical_segment_id = r.canonical_segment_id
  UNION ALL
  SELECT
    'coupon_loyal_offer' AS key,
    r.canonical_segment_id
  FROM models.audience_rule_coupon_loyal_offer AS r
  JOIN models.audience_population AS p
    ON p.canonical_segment_id = r.canonical_segment_id
  UNION ALL
  SELECT
    'dormant' AS key,
    r.canonical_segment_id
  FROM models.audience_rule_dormant AS r
  JOIN models.audience_population AS p
    ON p.canonical_segment_id = r.canonical_segment_id
  UNION ALL
  SELECT
    'email_ignored' AS key,
    r.canonical_segment_id
  FROM models.audience_rule_email_ignored AS r
  JOIN models.audience_population AS p
    ON p.canonical_segment_id = r.canonical_segment_id
  UNION ALL
  SELECT
    'high_ltv' AS key,
    r.canonical_segment_id
  FROM models.audience_rule_high_ltv AS r
  JOIN models.audience_population AS p
    ON p.canonical_segment_id = r.canonical_segment_id
  UNION ALL
  SELECT
    'high_value_churn' AS key,
    r.canonical_segment_id
  FROM models.audience_rule_high_value_churn AS r
  JOIN models.audience_population AS p
    ON p.canonical_segment_id = r.canonical_segment_id
  UNION ALL
  SELECT
    'long_shots' AS key,
    r.canonical_segment_id
  FROM models.audience_rule_long_shots AS r
  JOIN models.audience_population AS p
    ON p.canonical_segment_id = r.canonical_segment_id
  UNION ALL
  SELECT
    'lookalike_app_install' AS key,
    r.canonical_segment_id
  FROM models.audience_rule_lookalike_app_install AS r
  JOIN models.audience_population AS p
    ON p.canonical_segment_id = r.canonical_segment_id
  UNION ALL
  SELECT
    'lookalike_high_value' AS key,
    r.canonical_segment_id
  FROM models.audience_rule_lookalike_high_value AS r
  JOIN models.audience_population AS p
    ON p.canonical_segment_id = r.canonical_segment_id
  UNION ALL
  SELECT
    'lookalike_signup' AS key,
    r.canonical_segment_id
  FROM models.audience_rule_lookalike_signup AS r
  JOIN models.audience_population AS p
    ON p.canonical_segment_id = r.canonical_segment_id
  UNION ALL
  SELECT
    'loyalty' AS key,
    r.canonical_segment_id
  FROM models.audience_rule_loyalty AS r
  JOIN models.audience_population AS p
    ON p.canonical_segment_id = r.canonical_segment_id
  UNION ALL
  SELECT
    'nurture' AS key,
    r.canonical_segment_id
  FROM models.audience_rule_nurture AS r
  JOIN models.audience_population AS p
    ON p.canonical_segment_id = r.canonical_segment_id
  UNION ALL
  SELECT
    'one_time_purchasers' AS key,
    r.canonical_segment_id
  FROM models.audience_rule_one_time_purchasers AS r
  JOIN models.audience_population AS p
    ON p.canonical_segment_id = r.canonical_segment_id
  UNION ALL
  SELECT
    'potential_vip' AS key,
    r.canonical_segment_id
  FROM models.audience_rule_potential_vip AS r
  JOIN models.audience_population AS p
    ON p.canonical_segment_id = r.canonical_segment_id
  UNION ALL
  SELECT
    'push_ignored' AS key,
    r.canonical_segment_id
  FROM models.audience_rule_push_ignored AS r
  JOIN models.audience_population AS p
    ON p.canonical_segment_id = r.canonical_segment_id
  UNION ALL
  SELECT
    're_engage_60' AS key,
    r.canonical_segment_id
  FROM models.audience_rule_re_engage_60 AS r
  JOIN models.audience_population AS p
    ON p.canonical_segment_id = r.canonical_segment_id
  UNION ALL
  SELECT
    'ready_to_buy' AS key,
    r.canonical_segment_id
  FROM models.audience_rule_ready_to_buy AS r
  JOIN models.audience_population AS p
    ON p.canonical_segment_id = r.canonical_segment_id
  UNION ALL
  SELECT
    'suppress_based_on_time' AS key,
    r.canonical_segment_id
  FROM models.audience_rule_suppress_based_on_time AS r
  JOIN models.audience_population AS p
    ON p.canonical_segment_id = r.canonical_segment_id
  UNION ALL
  SELECT
    'suppress_with_purchase' AS key,
    r.canonical_segment_id
  FROM models.audience_rule_suppress_with_purchase AS r
  JOIN models.audience_population AS p
    ON p.canonical_segment_id = r.canonical_segment_id
  UNION ALL
  SELECT
    'trial_not_converted' AS key,
    r.canonical_segment_id
  FROM models.audience_rule_trial_not_converted AS r
  JOIN models.audience_population AS p
    ON p.canonical_segment_id = r.canonical_segment_id
  UNION ALL
  SELECT
    'upsell' AS key,
    r.canonical_segment_id
  FROM models.audience_rule_upsell AS r
  JOIN models.audience_population AS p
    ON p.canonical_segment_id = r.canonical_segment_id
  UNION ALL
  SELECT
    'winback_180' AS key,
    r.canonical_segment_id
  FROM models.audience_rule_winback_180 AS r
  JOIN models.audience_population AS p
    ON p.canonical_segment_id = r.canonical_segment_id
  UNION ALL
  SELECT
    'winback_180_high_value' AS key,
    r.canonical_segment_id
  FROM models.audience_rule_winback_180_high_value AS r
  JOIN models.audience_population AS p
    ON p.canonical_segment_id = r.canonical_segment_id
  UNION ALL
  SELECT
    'winback_180_other' AS key,
    r.canonical_segment_id
  FROM models.audience_rule_winback_180_other AS r
  JOIN models.audience_population AS p
    ON p.canonical_segment_id = r.canonical_segment_id
) AS made
