-- How many profiles have how many identifiers. Identifiers are counted, never named.
-- In: external_id_mapping. Out: size, profiles, identifiers. Reader: loader.report.sections.identity.
with sizes as (
    select canonical_segment_id, count(*) as identifiers
    from external_id_mapping
    group by canonical_segment_id
),
grouped as (
    select
        identifiers,
        case
            when identifiers <= 5 then identifiers
            when identifiers <= 10 then 6
            when identifiers <= 50 then 11
            else 51
        end as lower_end
    from sizes
)
select
    case
        when lower_end <= 5 then lower_end::varchar
        when lower_end = 6 then '6 to 10'
        when lower_end = 11 then '11 to 50'
        else 'more than 50'
    end as size,
    count(*) as profiles,
    sum(identifiers)::bigint as identifiers
from grouped
group by lower_end
order by lower_end
