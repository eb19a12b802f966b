-- The newest run of models, and the newest run whose tables readers see.
-- In: model_runs. Out: no row or one. Reader: `loader status`.
select
    run_id as last_run, status as last_run_status, as_of, selection, started_at, finished_at, error,
    (counters ->> '$.models')::bigint as models,
    (counters ->> '$.checks_failed')::bigint as checks_failed,
    (counters ->> '$.checks_warned')::bigint as checks_warned,
    (select max(finished_at) from model_runs where replaced) as last_replaced_at
from model_runs
order by started_at desc, run_id desc
limit 1
