-- Rules that every statement of the normalizing engine shares.
-- In: values. Out: values. Reader: the statements of loader/normalize and loader/warehouses/duckdb.

-- A string that is a timestamp: date, time with at least minutes, optional fraction and zone of less than a day.
-- See docs/tables.md.
create or replace macro is_timestamp(v) as
    regexp_full_match(v, '\d{4}-\d\d-\d\d[T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?([Zz]|[+-](([01]\d|2[0-2])(:?\d\d)?|23(:?[0-5]\d)?))?');

-- The instant of a timestamp string, null for other strings. Strings in a spelling that the engine does not read are
-- respelled first: older engines read a zone only with a colon.
create or replace macro in_range(t) as
    case when t between timestamptz '0001-01-01 00:00:00Z' and timestamptz '9999-12-31 23:59:59.999999Z' then t end;
create or replace macro timestamp_of(v) as
    case
        when regexp_full_match(v, '\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-](([01]\d|2[0-2]):\d\d|23:[0-5]\d))')
            then in_range(try_cast(v as timestamptz))
        when is_timestamp(v)
            then in_range(try_cast(regexp_replace(upper(v), '([+-]\d\d)(\d\d)$', '\1:\2') as timestamptz))
    end;

-- The instant of a string known to be a timestamp with a date and `Z`.
create or replace macro instant(v) as try_cast(v as timestamptz);

-- A day without a time, if the configuration takes days as timestamps.
create or replace macro day_of(v) as
    case when regexp_full_match(v, '\d{4}-\d\d-\d\d') and year(try_cast(v as date)) between 1 and 9999
        then try_cast(v as date)::timestamp::timestamptz end;

-- Both in one macro: a timestamp, or a day.
create or replace macro timestamp_or_day_of(v) as coalesce(timestamp_of(v), day_of(v));

-- The value of a JSON leaf in a column of a type, or null if it does not survive the round trip.
-- `t` is the json_type of the leaf, `x` its text; a missing leaf and a null are null.
create or replace macro is_number(t) as t in ('BIGINT', 'UBIGINT', 'DOUBLE');
create or replace macro fit_bool(t, x) as case when t = 'BOOLEAN' then x = 'true' end;
create or replace macro fit_int(t, x) as
    case t
        when 'BIGINT' then try_cast(x as bigint)
        when 'UBIGINT' then try_cast(x as bigint)
        when 'DOUBLE' then case when abs(try_cast(x as double)) <= 9007199254740992
            and trunc(try_cast(x as double)) = try_cast(x as double) then try_cast(x as double)::bigint end
        when 'VARCHAR' then case when try_cast(x as bigint)::varchar = x then try_cast(x as bigint) end
    end;
create or replace macro fit_dec(t, x) as
    coalesce(fit_int(t, x)::decimal(38, 0), case when t in ('BIGINT', 'UBIGINT')
        or regexp_full_match(x, '-?[1-9][0-9]{0,37}') then try_cast(x as decimal(38, 0)) end);
create or replace macro fit_dec9(t, x) as
    case when t = 'DOUBLE'
        then case when abs(try_cast(x as double)) < 1e15
            and try_cast(x as decimal(38, 9))::double = try_cast(x as double) then try_cast(x as decimal(38, 9)) end
        else try_cast(fit_dec(t, x) as decimal(38, 9)) end;
create or replace macro fit_float(t, x) as
    case
        when t = 'DOUBLE' then case when regexp_matches(x, '[.eE]') then try_cast(x as double) end
        when t = 'VARCHAR' then case
            when try_cast(x as double)::varchar = x and isfinite(try_cast(x as double)) then try_cast(x as double)
            when try_cast(x as bigint)::varchar = x and abs(try_cast(x as hugeint)) <= 9007199254740992
                then try_cast(x as bigint)::double end
        when t in ('BIGINT', 'UBIGINT') then case when abs(try_cast(x as hugeint)) <= 9007199254740992
            then try_cast(x as bigint)::double end
    end;
create or replace macro fit_ts(t, x) as case when t = 'VARCHAR' then timestamp_of(x) end;
create or replace macro fit_ts_or_day(t, x) as case when t = 'VARCHAR' then coalesce(timestamp_of(x), day_of(x)) end;

-- Values beside the message, which JSON numbers cannot express, as JSON: a string for JSON text, else a number.
create or replace macro special(entries, path) as
    case when entries[path][1] = 'd' then (entries[path][3:])::json
        when entries[path] is not null then to_json(entries[path][3:]) end;
