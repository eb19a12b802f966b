SELECT
  CAST(made.canonical_segment_id AS VARCHAR) AS canonical_segment_id
FROM (
  SELECT DISTINCT
    canonical_segment_id
  FROM models.audience_events AS audience_events
  WHERE
    call = 'track'
    AND event_text IN ('Onboarding Started', 'Onboarding Step Completed')
    AND timestamp >= (
      DATEADD(HOUR, 24 * (
        -90
      ), (
        CAST('2026-04-01 00:00:00' AS TIMESTAMPNTZ)
      ))
    )
) AS made
