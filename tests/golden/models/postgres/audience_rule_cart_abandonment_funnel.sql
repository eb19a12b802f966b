SELECT
  CAST(made.canonical_segment_id AS TEXT) AS canonical_segment_id
FROM (
  SELECT DISTINCT
    began.canonical_segment_id
  FROM "models"."audience_events" AS began
  WHERE
    began.call = 'track'
    AND began.event_text IN ('Product Added')
    AND began.timestamp >= (
      (
        CAST('2026-04-01 00:00:00' AS TIMESTAMP)
      ) + (
        -7
      ) * INTERVAL '24 HOURS'
    )
    AND began.timestamp <= (
      (
        CAST('2026-04-01 00:00:00' AS TIMESTAMP)
      ) + (
        -1
      ) * INTERVAL '24 HOURS'
    )
    AND NOT EXISTS(
      SELECT
        1
      FROM "models"."audience_events" AS ordered
      JOIN "models"."input_order_completed" AS o
        ON o.source = ordered.source AND o.call = ordered.call AND o.id = ordered.event_id
      WHERE
        ordered.canonical_segment_id = began.canonical_segment_id
        AND ordered.timestamp >= began.timestamp
        AND ordered.timestamp < (
          (
            began.timestamp
          ) + (
            1
          ) * INTERVAL '24 HOURS'
        )
    )
) AS made
