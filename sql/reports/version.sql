-- The newest change of the state tables that was applied.
-- In: nothing. Out: version. Reader: loader.reading.
select max(version) as version from migrations
