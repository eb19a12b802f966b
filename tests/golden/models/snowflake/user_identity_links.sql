SELECT
  CAST(made.canonical_segment_id AS VARCHAR) AS canonical_segment_id,
  CAST(made.system AS VARCHAR) AS system,
  CAST(made.external_key AS VARCHAR) AS external_key,
  CAST(made.matched_by AS VARCHAR) AS matched_by
FROM (
  WITH records AS (
    SELECT
      'zendesk' AS system,
      id,
      external_id,
      LOWER(TRIM(email)) AS email
    FROM models.input_zendesk_users AS input_zendesk_users
    UNION ALL
    SELECT
      'stripe' AS system,
      id,
      external_id,
      LOWER(TRIM(email)) AS email
    FROM models.input_stripe_customers AS input_stripe_customers
    UNION ALL
    SELECT
      'salesforce' AS system,
      id,
      external_id,
      LOWER(TRIM(email)) AS email
    FROM models.input_salesforce_contacts AS input_salesforce_contacts
    UNION ALL
    SELECT
      'intercom' AS system,
      id,
      external_id,
      LOWER(TRIM(email)) AS email
    FROM models.input_intercom_contacts AS input_intercom_contacts
    UNION ALL
    SELECT
      'hubspot' AS system,
      id,
      external_id,
      LOWER(TRIM(email)) AS email
    FROM models.input_hubspot_contacts AS input_hubspot_contacts
  ), by_external_id AS (
    SELECT DISTINCT
      m.canonical_segment_id,
      r.system,
      r.id AS external_key
    FROM records AS r
    JOIN models.external_id_mapping AS m
      ON m.type = 'user_id' AND m.value = TRIM(r.external_id)
    WHERE
      NOT r.id IS NULL
  ), by_email AS (
    SELECT DISTINCT
      m.canonical_segment_id,
      r.system,
      r.id AS external_key
    FROM records AS r
    JOIN models.external_id_mapping AS m
      ON m.type = 'email' AND m.value = r.email
    WHERE
      NOT r.id IS NULL
  )
  SELECT
    canonical_segment_id,
    system,
    external_key,
    'external_id' AS matched_by
  FROM by_external_id
  UNION ALL
  SELECT
    e.canonical_segment_id,
    e.system,
    e.external_key,
    'email' AS matched_by
  FROM by_email AS e
  LEFT JOIN (
    SELECT DISTINCT
      canonical_segment_id,
      system
    FROM by_external_id
  ) AS x
    ON x.canonical_segment_id = e.canonical_segment_id AND x.system = e.system
  WHERE
    x.system IS NULL
) AS made
