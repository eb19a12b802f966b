-- Runs of models: begun when the lease is taken, ended in the transaction that swaps their tables in.
-- Writer: loader.model_runs. Reader: sql/reports, `loader sql`. See docs/state.md.
create table model_runs (
    run_id varchar not null,
    started_at timestamptz not null,
    finished_at timestamptz,
    status varchar not null,
    as_of timestamptz not null,
    selection json,
    replaced boolean not null default false,
    error varchar,
    counters json
);
