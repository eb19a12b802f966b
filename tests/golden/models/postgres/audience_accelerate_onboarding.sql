SELECT
  CAST(made.canonical_segment_id AS TEXT) AS canonical_segment_id,
  CAST(made.entered_at AS TIMESTAMP) AS entered_at,
  CAST(made.user_id AS TEXT) AS user_id,
  CAST(made.email AS TEXT) AS email
FROM (
  SELECT
    canonical_segment_id,
    entered_at,
    user_id,
    email
  FROM "models"."audience_members" AS audience_members
  WHERE
    key = 'accelerate_onboarding'
) AS made
