SELECT
  CAST(made.canonical_segment_id AS TEXT) AS canonical_segment_id
FROM (
  SELECT
    h.canonical_segment_id
  FROM "models"."audience_rule_high_ltv" AS h
  WHERE
    EXISTS(
      SELECT
        1
      FROM "models"."external_id_mapping" AS m
      WHERE
        m.canonical_segment_id = h.canonical_segment_id AND m.type IN ('email', 'phone')
    )
    AND EXISTS(
      SELECT
        1
      FROM "models"."user_traits" AS t
      WHERE
        t.canonical_segment_id = h.canonical_segment_id
        AND t.name IN ('marketing_consent')
        AND LOWER(t.value) IN ('true', 'yes', '1', 'granted')
    )
) AS made
