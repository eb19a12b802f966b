-- Do users (or accounts) hold exactly the owners that identifies (or groups) name?
-- In: $calls and $latest, qualified names of the two tables, and $id_column, the column that names the owner.
-- Out: one row: expected, found, missing, unexpected. Reader: loader.jobs.verify.tables.
with calls as (select * from query_table([$calls])),
named as (
    select distinct owner
    from (select columns(lambda c: c = $id_column) as owner from calls)
    where regexp_matches(owner, '\S')
),
latest as (select id from query_table([$latest]))
select
    (select count(*) from named) as expected,
    (select count(*) from latest) as found,
    (select count(*) from named where owner not in (select id from latest)) as missing,
    (select count(*) from latest where id not in (select owner from named)) as unexpected
