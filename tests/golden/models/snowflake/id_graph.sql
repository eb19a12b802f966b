SELECT
  CAST(made.segment_id AS VARCHAR) AS segment_id,
  CAST(made.canonical_segment_id AS VARCHAR) AS canonical_segment_id
FROM (
  SELECT DISTINCT
    segment_id,
    canonical_segment_id
  FROM models.event_profiles AS event_profiles
) AS made
