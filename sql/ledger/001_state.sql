-- The state tables, in the system schema of the warehouse.
-- Writer: loader.ledger and loader.normalize. Reader: sql/reports, sql/checks, `loader sql`. See docs/state.md.
create table objects (
    object_id bigint not null,
    source varchar not null,
    key varchar not null,
    etag varchar not null,
    size bigint not null,
    last_modified timestamptz not null,
    received_day date,
    layout varchar,
    status varchar not null,
    error varchar,
    retry boolean not null default false,
    options varchar,
    bytes_read bigint,
    lines bigint,
    blank bigint,
    quarantined_lines bigint,
    messages bigint,
    quarantined_messages bigint,
    exact_lines bigint,
    load_id varchar,
    started_at timestamptz,
    finished_at timestamptz
);
create table loads (
    load_id varchar not null,
    source varchar not null,
    started_at timestamptz not null,
    finished_at timestamptz,
    status varchar not null,
    options varchar,
    counters json
);
create table copies (
    source varchar not null,
    call varchar not null,
    id varchar not null,
    object_id bigint not null,
    line bigint not null,
    item integer not null,
    received_at timestamptz not null,
    fingerprint ubigint not null
);
create table quarantine (
    source varchar not null,
    load_id varchar not null,
    object_id bigint not null,
    line bigint not null,
    item integer not null,
    byte_offset bigint,
    reason varchar not null,
    detail varchar,
    raw varchar,
    raw_encoding varchar,
    raw_bytes bigint,
    sha256 varchar,
    user_id varchar,
    anonymous_id varchar,
    received_at timestamptz,
    quarantined_at timestamptz not null
);
create table discards (
    source varchar not null,
    load_id varchar not null,
    table_name varchar not null,
    row_id varchar not null,
    column_name varchar,
    source_path varchar,
    value_json varchar,
    column_type varchar,
    reason varchar not null,
    user_id varchar,
    anonymous_id varchar,
    received_at timestamptz,
    uuid_ts timestamptz,
    object_id bigint not null,
    line bigint not null,
    item integer not null
);
create table names (
    source varchar not null,
    kind varchar not null,
    table_name varchar not null,
    source_name varchar not null,
    name varchar not null,
    rule varchar not null,
    first_seen timestamptz not null
);
create table schema_log (
    source varchar not null,
    load_id varchar not null,
    table_name varchar not null,
    column_name varchar,
    change varchar not null,
    old_type varchar,
    new_type varchar,
    changed_at timestamptz not null
);
create table observed (
    source varchar not null,
    table_name varchar not null,
    column_name varchar not null,
    type varchar not null,
    count bigint not null,
    first_seen timestamptz,
    last_seen timestamptz
);
create table raw (
    source varchar not null,
    call varchar not null,
    id varchar not null,
    received_at timestamptz not null,
    raw varchar not null
);
create table leases (
    name varchar not null,
    holder varchar not null,
    host varchar not null,
    boot_id varchar not null,
    pid bigint not null,
    acquired_at timestamptz not null,
    expires_at timestamptz not null
);
