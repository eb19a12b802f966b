SELECT
  CAST(made.canonical_segment_id AS VARCHAR) AS canonical_segment_id
FROM (
  SELECT
    canonical_segment_id
  FROM models.audience_events AS audience_events
  WHERE
    call = 'track'
    AND timestamp >= (
      DATEADD(HOUR, 24 * (
        -7
      ), (
        CAST('2026-04-01 00:00:00' AS TIMESTAMPNTZ)
      ))
    )
  GROUP BY
    canonical_segment_id
  HAVING
    SUM(CASE WHEN event_text IN ('Push Notification Received') THEN 1 ELSE 0 END) >= 1
    AND SUM(
      CASE
        WHEN event_text IN ('Push Notification Tapped', 'Push Notification Opened')
        THEN 1
        ELSE 0
      END
    ) = 0
) AS made
