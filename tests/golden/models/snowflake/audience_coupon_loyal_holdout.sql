SELECT
  CAST(made.canonical_segment_id AS VARCHAR) AS canonical_segment_id,
  CAST(made.entered_at AS TIMESTAMPNTZ) AS entered_at,
  CAST(made.user_id AS VARCHAR) AS user_id,
  CAST(made.email AS VARCHAR) AS email
FROM (
  SELECT
    canonical_segment_id,
    entered_at,
    user_id,
    email
  FROM models.audience_members AS audience_members
  WHERE
    key = 'coupon_loyal_holdout'
) AS made
