SELECT
  CAST(made.segment_id AS TEXT) AS segment_id,
  CAST(made.canonical_segment_id AS TEXT) AS canonical_segment_id,
  CAST(made.timestamp AS TIMESTAMP) AS timestamp,
  CAST(made.seq AS BIGINT) AS seq,
  CAST(made.received_at AS TIMESTAMP) AS received_at,
  CAST(made.uuid_ts AS TIMESTAMP) AS uuid_ts
FROM (
  SELECT
    u.segment_id,
    u.canonical_segment_id,
    u.timestamp,
    u.seq,
    u.received_at,
    u.uuid_ts
  FROM "models"."id_graph_updates" AS u
  JOIN (
    SELECT
      segment_id,
      MAX(seq) AS seq
    FROM "models"."id_graph_updates" AS id_graph_updates
    GROUP BY
      segment_id
  ) AS newest
    ON newest.seq = u.seq
) AS made
