-- The ids of each person in all systems, side by side.
-- grain: one row per person
-- keys: canonical_segment_id
-- columns:
--   canonical_segment_id text: the person
--   user_id text: the user id; where aliases join several, the one that was mapped last
--   email text: the email that was mapped last
--   zendesk_id text: id in Zendesk; of several the smallest, all are in user_identity_links
--   stripe_id text: id in Stripe
--   salesforce_id text: id in Salesforce
--   intercom_id text: id in Intercom
--   hubspot_id text: id in HubSpot
-- checks:
--   one_per_person: select canonical_segment_id from id_graph except select canonical_segment_id from user_identities
with newest as (
  select m.canonical_segment_id, m.type, m.value
  from external_id_mapping as m
  join (
    select canonical_segment_id, type, max(seq) as seq
    from external_id_mapping
    where type in ('user_id', 'email')
    group by canonical_segment_id, type
  ) as last_mapped on last_mapped.canonical_segment_id = m.canonical_segment_id and last_mapped.type = m.type
    and last_mapped.seq = m.seq
),
people as (
  select distinct canonical_segment_id from id_graph
),
ids as (
  select
    canonical_segment_id,
    max(case when type = 'user_id' then value end) as user_id,
    max(case when type = 'email' then value end) as email
  from newest
  group by canonical_segment_id
),
links as (
  select
    canonical_segment_id,
    min(case when system = 'zendesk' then external_key end) as zendesk_id,
    min(case when system = 'stripe' then external_key end) as stripe_id,
    min(case when system = 'salesforce' then external_key end) as salesforce_id,
    min(case when system = 'intercom' then external_key end) as intercom_id,
    min(case when system = 'hubspot' then external_key end) as hubspot_id
  from user_identity_links
  group by canonical_segment_id
)
select
  p.canonical_segment_id,
  i.user_id,
  i.email,
  l.zendesk_id,
  l.stripe_id,
  l.salesforce_id,
  l.intercom_id,
  l.hubspot_id
from people as p
left join ids as i on i.canonical_segment_id = p.canonical_segment_id
left join links as l on l.canonical_segment_id = p.canonical_segment_id
