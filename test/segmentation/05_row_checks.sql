-- 05_row_checks.sql: a refresh counts in one call a row what preflight counts by a condition a check, over every type of time and amount
\ir ../lib/begin.sql
SELECT plan(4);

CREATE FUNCTION pg_temp.counted(time_type text, amount_type text, amounts text[], OUT by_condition bigint[], OUT by_call bigint[]) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TABLE dirty AS SELECT c.who, t.at::%s AS at, a.amount::%s AS amount FROM unnest(%L::text[]) a (amount), '
    '(VALUES (NULL), (''infinity''), (''-infinity''), (''1989-12-31''), (''1990-01-01''), (''2024-05-05 23:59:59''), (''2024-05-06''), (now()::date::text), ((now()::date + 1)::text), (''2999-01-01'')) t (at), '
    '(VALUES (NULL), (1), (1)) c (who)', time_type, amount_type, amounts);
  EXECUTE (SELECT concat('SELECT ARRAY[count(*), count(*) FILTER (WHERE segment.on_or_before(o.at, DATE ''2024-05-05''))',
      string_agg(format(', count(*) FILTER (WHERE %s)', coalesce(q.condition, 'false')), '' ORDER BY n.i), '] FROM dirty AS o')
    FROM unnest(segment_internal.row_check_names()) WITH ORDINALITY n (name, i)
    LEFT JOIN segment_internal.quality_conditions('dirty', 'who', 'at', 'amount') q ON q.check_name = n.name) INTO by_condition;
  SELECT segment_internal.row_checks_agg(o.who IS NULL, o.at, o.amount, segment.on_or_before(o.at, DATE '2024-05-05'), NOT segment.on_or_before(o.at, segment.day_of(now())))
    INTO by_call FROM dirty o;
  DROP TABLE dirty;
END
$$;
CREATE TEMP TABLE result AS
SELECT t.type AS time_type, a.type AS amount_type, c.*
FROM unnest('{date,timestamp,timestamptz}'::text[]) t (type)
CROSS JOIN (VALUES ('numeric', '{NULL,0,0.00,-0.00,-1,12.34,NaN,Infinity,-Infinity,1e30,-1e30,999999999999999999999999999999,-99999999999999999999.999999,0.00000000000000000001,0.000000000000000000001,-1.000000000000000000000,1e200}'::text[]),
                   ('float8', '{NULL,0,-0,-1,12.34,NaN,Infinity,-Infinity,1e30,-1e30,9.99e29,1e-9,-1e-9,-1e300}'),
                   ('integer', '{NULL,0,-1,7,2147483647}'), ('smallint', '{NULL,0,-1,7}'), ('bigint', '{NULL,0,-9223372036854775808,7}')) a (type, amounts)
CROSS JOIN LATERAL pg_temp.counted(t.type, a.type, a.amounts) c;
SELECT is_empty($$SELECT * FROM result WHERE by_condition IS DISTINCT FROM by_call$$, 'the numbers are the same');
SELECT is(count(*), 15::bigint, 'of each pair of types') FROM result;
SELECT is(min(n), 1::bigint, 'and each check finds something') FROM (SELECT count(*) FILTER (WHERE x > 0) > 0 AS some, x.i FROM result, unnest(by_call) WITH ORDINALITY x (x, i) GROUP BY x.i) s, LATERAL (SELECT s.some::int::bigint AS n) n;

-- Several processes count parts
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
CREATE TABLE many AS SELECT g % 7 = 0 AS nobody, date '1989-01-01' + g AS at, g % 5 - 1 AS amount FROM generate_series(1, 20000) g;
ANALYZE many;
SELECT is(segment_internal.row_checks_agg(nobody, at, amount, at < '2000-01-01', false),
  (SELECT ARRAY[20000, count(*) FILTER (WHERE at < '2000-01-01'), count(*) FILTER (WHERE nobody), 0, 0, 0, 0, 0, 0, count(*) FILTER (WHERE at < '1990-01-01'), 4000, 4000]::bigint[] FROM many),
  'in parts too') FROM many;

SELECT * FROM finish();
ROLLBACK;
