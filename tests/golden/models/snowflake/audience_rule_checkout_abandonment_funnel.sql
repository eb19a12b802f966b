SELECT
  CAST(made.canonical_segment_id AS VARCHAR) AS canonical_segment_id
FROM (
  SELECT DISTINCT
    began.canonical_segment_id
  FROM models.audience_events AS began
  WHERE
    began.call = 'track'
    AND began.event_text IN ('Checkout Started')
    AND began.timestamp >= (
      DATEADD(HOUR, 24 * (
        -7
      ), (
        CAST('2026-04-01 00:00:00' AS TIMESTAMPNTZ)
      ))
    )
    AND began.timestamp <= (
      DATEADD(HOUR, 24 * (
        -1
      ), (
        CAST('2026-04-01 00:00:00' AS TIMESTAMPNTZ)
      ))
    )
    AND NOT EXISTS(
      SELECT
        1
      FROM models.audience_events AS ordered
      JOIN models.input_order_completed AS o
        ON o.source = ordered.source AND o.call = ordered.call AND o.id = ordered.event_id
      WHERE
        ordered.canonical_segment_id = began.canonical_segment_id
        AND ordered.timestamp >= began.timestamp
        AND ordered.timestamp < (
          DATEADD(HOUR, 24 * (
            1
          ), (
            began.timestamp
          ))
        )
    )
) AS made
