-- Stand-in until identity is merged: profiles and what they were merged into.
-- grain: one row per profile
-- keys: segment_id
-- columns:
--   segment_id text: profile
--   canonical_segment_id text: what it is part of
select distinct segment_id, canonical_segment_id from event_profiles
