-- Which records of other systems belong to which person: matched by user id, and by email only if no user id matches.
-- grain: one row per person and record of another system
-- keys: canonical_segment_id, system, external_key
-- columns:
--   canonical_segment_id text: the person
--   system text: zendesk, stripe, salesforce, intercom or hubspot
--   external_key text: id of the record there
--   matched_by text: external_id or email
-- checks:
--   known_person: select canonical_segment_id from user_identity_links except select canonical_segment_id from id_graph
with records as (
  select 'zendesk' as system, id, external_id, lower(trim(email)) as email from input_zendesk_users
  union all
  select 'stripe' as system, id, external_id, lower(trim(email)) as email from input_stripe_customers
  union all
  select 'salesforce' as system, id, external_id, lower(trim(email)) as email from input_salesforce_contacts
  union all
  select 'intercom' as system, id, external_id, lower(trim(email)) as email from input_intercom_contacts
  union all
  select 'hubspot' as system, id, external_id, lower(trim(email)) as email from input_hubspot_contacts
),
by_external_id as (
  select distinct m.canonical_segment_id, r.system, r.id as external_key
  from records as r
  join external_id_mapping as m on m.type = 'user_id' and m.value = trim(r.external_id)
  where r.id is not null
),
by_email as (
  select distinct m.canonical_segment_id, r.system, r.id as external_key
  from records as r
  join external_id_mapping as m on m.type = 'email' and m.value = r.email
  where r.id is not null
)
select canonical_segment_id, system, external_key, 'external_id' as matched_by from by_external_id
union all
select e.canonical_segment_id, e.system, e.external_key, 'email' as matched_by
from by_email as e
left join (select distinct canonical_segment_id, system from by_external_id) as x
  on x.canonical_segment_id = e.canonical_segment_id and x.system = e.system
where x.system is null
