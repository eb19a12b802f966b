SELECT
  CAST(made.canonical_segment_id AS VARCHAR) AS canonical_segment_id,
  CAST(made.user_id AS VARCHAR) AS user_id,
  CAST(made.email AS VARCHAR) AS email,
  CAST(made.zendesk_id AS VARCHAR) AS zendesk_id,
  CAST(made.stripe_id AS VARCHAR) AS stripe_id,
  CAST(made.salesforce_id AS VARCHAR) AS salesforce_id,
  CAST(made.intercom_id AS VARCHAR) AS intercom_id,
  CAST(made.hubspot_id AS VARCHAR) AS hubspot_id
FROM (
  WITH newest AS (
    SELECT
      m.canonical_segment_id,
      m.type,
      m.value
    FROM models.external_id_mapping AS m
    JOIN (
      SELECT
        canonical_segment_id,
        type,
        MAX(seq) AS seq
      FROM models.external_id_mapping AS external_id_mapping
      WHERE
        type IN ('user_id', 'email')
      GROUP BY
        canonical_segment_id,
        type
    ) AS last_mapped
      ON last_mapped.canonical_segment_id = m.canonical_segment_id
      AND last_mapped.type = m.type
      AND last_mapped.seq = m.seq
  ), people AS (
    SELECT DISTINCT
      canonical_segment_id
    FROM models.id_graph AS id_graph
  ), ids AS (
    SELECT
      canonical_segment_id,
      MAX(CASE WHEN type = 'user_id' THEN value END) AS user_id,
      MAX(CASE WHEN type = 'email' THEN value END) AS email
    FROM newest
    GROUP BY
      canonical_segment_id
  ), links AS (
    SELECT
      canonical_segment_id,
      MIN(CASE WHEN system = 'zendesk' THEN external_key END) AS zendesk_id,
      MIN(CASE WHEN system = 'stripe' THEN external_key END) AS stripe_id,
      MIN(CASE WHEN system = 'salesforce' THEN external_key END) AS salesforce_id,
      MIN(CASE WHEN system = 'intercom' THEN external_key END) AS intercom_id,
      MIN(CASE WHEN system = 'hubspot' THEN external_key END) AS hubspot_id
    FROM models.user_identity_links AS user_identity_links
    GROUP BY
      canonical_segment_id
  )
  SELECT
    p.canonical_segment_id,
    i.user_id,
    i.email,
    l.zendesk_id,
    l.stripe_id,
    l.salesforce_id,
    l.intercom_id,
    l.hubspot_id
  FROM people AS p
  LEFT JOIN ids AS i
    ON i.canonical_segment_id = p.canonical_segment_id
  LEFT JOIN links AS l
    ON l.canonical_segment_id = p.canonical_segment_id
) AS made
