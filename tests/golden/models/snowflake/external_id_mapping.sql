SELECT
  CAST(made.canonical_segment_id AS VARCHAR) AS canonical_segment_id,
  CAST(made.type AS VARCHAR) AS type,
  CAST(made.value AS VARCHAR) AS value,
  CAST(made.external_id_hash AS VARCHAR) AS external_id_hash,
  CAST(made.timestamp AS TIMESTAMPNTZ) AS timestamp,
  CAST(made.seq AS BIGINT) AS seq
FROM (
  SELECT
    g.canonical_segment_id,
    u.external_id_type AS type,
    u.external_id_value AS value,
    u.external_id_hash,
    u.timestamp,
    u.seq
  FROM models.external_id_mapping_updates AS u
  JOIN (
    SELECT
      external_id_hash,
      MAX(seq) AS seq
    FROM models.external_id_mapping_updates AS external_id_mapping_updates
    GROUP BY
      external_id_hash
  ) AS newest
    ON newest.seq = u.seq
  JOIN models.id_graph AS g
    ON g.segment_id = u.segment_id
  WHERE
    u.operation = 'CREATED'
) AS made
