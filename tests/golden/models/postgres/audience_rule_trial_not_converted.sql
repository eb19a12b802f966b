SELECT
  CAST(made.canonical_segment_id AS TEXT) AS canonical_segment_id
FROM (
  SELECT
    canonical_segment_id
  FROM "models"."audience_events" AS audience_events
  WHERE
    call = 'track'
  GROUP BY
    canonical_segment_id
  HAVING
    SUM(
      CASE
        WHEN event_text IN ('Trial Started')
        AND timestamp <= (
          (
            CAST('2026-04-01 00:00:00' AS TIMESTAMP)
          ) + (
            -5
          ) * INTERVAL '24 HOURS'
        )
        THEN 1
        ELSE 0
      END
    ) >= 1
    AND SUM(CASE WHEN event_text IN ('Subscription Started') THEN 1 ELSE 0 END) = 0
) AS made
