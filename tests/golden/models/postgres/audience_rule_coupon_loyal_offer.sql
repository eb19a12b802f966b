SELECT
  CAST(made.canonical_segment_id AS TEXT) AS canonical_segment_id
FROM (
  SELECT
    canonical_segment_id
  FROM "models"."audience_rule_coupon_loyal" AS audience_rule_coupon_loyal
  WHERE
    SUBSTRING(MD5('coupon_loyal' || canonical_segment_id) FROM 1 FOR 1) >= '8'
) AS made
