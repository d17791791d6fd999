-- 02_errors.sql: every refusal of the rfm room: SQLSTATE, primary line, detail, hint
\ir ../lib/begin.sql
SELECT plan(31);

-- the four parts of the error that a statement raises
CREATE FUNCTION pg_temp.refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  message text; detail text; hint text;
BEGIN
  EXECUTE statement;
  RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', SQLSTATE, message, detail, hint);
END
$$;

SELECT is(pg_temp.refusal($$SELECT segment.rfm_agg(timestamp '2025-01-01 10:00', 'NaN'::numeric)$$),
  '22003 | amount is not a finite number | The amount of the row at 2025-01-01 10:00:00 is NaN; accepted are numbers within +/-10^30. | Leave such rows out with WHERE, or turn the amount into NULL: rows with a NULL amount are skipped.',
  'NaN, numeric');
SELECT matches(pg_temp.refusal($$SELECT segment.rfm_agg(date '2025-01-01', v::numeric) FROM (VALUES ('Infinity'), ('-Infinity')) t(v)$$),
  '^22003 .* 2025-01-01 is Infinity', 'infinity, numeric');
SELECT matches(pg_temp.refusal($$SELECT segment.rfm_agg(date '2025-01-01', 'NaN'::float8)$$), '^22003 .* is NaN', 'NaN, float8');
SELECT matches(pg_temp.refusal($$SELECT segment.rfm_agg(date '2025-01-01', '-Infinity'::float8)$$), '^22003 .* is -Infinity', '-infinity, float8');
SELECT is(pg_temp.refusal($$SELECT segment.rfm_agg(timestamptz '2025-01-01 10:00+00', 1e30)$$),
  '22003 | amount is out of range | The amount of the row at 2025-01-01 10:00:00Z is 1000000000000000000000000000000; accepted are numbers within +/-10^30. | Check the row, or pass the amount in a larger unit.',
  'the first amount that is too large');
SELECT is(pg_temp.refusal($$SELECT segment.rfm_agg(date '2025-01-01', 1e30 - 0.00000000000000000001)$$), 'accepted', 'the last that is not');
SELECT is(pg_temp.refusal($$SELECT segment.rfm_agg(date '2025-01-01', -(1e30 - 0.00000000000000000001))$$), 'accepted', 'nor below zero');
SELECT matches(pg_temp.refusal($$SELECT segment.rfm_agg(date '2025-01-01', -1e30)$$), '^22003 ', '-10^30');
SELECT matches(pg_temp.refusal($$SELECT segment.rfm_agg(date '2025-01-01', 1e1000)$$), '^22003 .*0\.\.\.; accepted', 'a very long number is cut');
SELECT matches(pg_temp.refusal($$SELECT segment.rfm_agg(date '2025-01-01', 1e30::float8)$$), '^22003 ', 'a large float8');
SELECT is(pg_temp.refusal($$SELECT segment.rfm_agg(date '2025-01-01', 0.000000000000000000001)$$),
  '22003 | amount has too many decimals | The amount of the row at 2025-01-01 is 0.000000000000000000001; accepted are up to 20 decimals. | Round it to the decimals of money: round(amount, 2).',
  '21 decimals');
SELECT is(pg_temp.refusal($$SELECT segment.rfm_agg(date 'infinity', 1)$$),
  '22008 | time of an order is not finite | The date is infinity; accepted are finite times. | Leave such rows out with WHERE isfinite(...), or turn the time into NULL: rows with a NULL time are skipped.',
  'an infinite date');
SELECT matches(pg_temp.refusal($$SELECT segment.rfm_agg(timestamptz '-infinity', 1)$$), '^22008 .* is -infinity', 'an infinite timestamptz');
SELECT matches(pg_temp.refusal($$SELECT segment.rfm_agg(timestamp 'infinity', 1, 7)$$), '^22008 ', 'with an order id too');
SELECT matches(pg_temp.refusal($$SELECT segment.rfm_agg(date '2025-01-01', 'NaN'::numeric, 7)$$), '^22003 ', 'NaN with an order id too');

SELECT is(pg_temp.refusal($$SELECT segment.rfm_recency(segment.rfm_agg(date '2025-01-02', 1), date '2025-01-01')$$),
  '22023 | rfm holds orders after as_of | The last order is on 2025-01-02, as_of is 2025-01-01. | Filter the orders before they are aggregated: WHERE segment.on_or_before(ordered_at, DATE ''2025-01-01'').',
  'as_of before an order');
SELECT matches(pg_temp.refusal($$SELECT segment.rfm_tenure(segment.rfm_agg(date '2025-01-02', 1), date '2025-01-01')$$), '^22023 ', 'tenure too');
SELECT is(pg_temp.refusal($$SELECT segment.rfm_recency(segment.rfm_agg(date '2025-01-02', 1), date 'infinity')$$),
  '22023 | as_of must be a finite date | as_of is infinity. | Pass the day as of which to score, such as current_date.', 'as_of infinity');
SELECT is(pg_temp.refusal($$SELECT segment.rfm_last(segment.rfm_agg(timestamptz '2025-01-02 00:00+00', 1), 'Mars/Phobos')$$),
  '22023 | time zone "Mars/Phobos" not recognized | Accepted are names such as UTC, Europe/Berlin or America/New_York; no abbreviations or offsets. | SELECT name FROM pg_timezone_names lists the zones of this server.',
  'an unknown zone');
SELECT matches(pg_temp.refusal(format($$SELECT segment.rfm_last(segment.rfm_agg(date '2025-01-02', 1), %L)$$, repeat('x', 300))), '^22023 ', 'a very long zone');
SELECT is(pg_temp.refusal($$SELECT segment.rfm_rollup(r) FROM (SELECT segment.rfm_agg(date '2025-01-02', 1) UNION ALL SELECT segment.rfm_agg(timestamp '2025-01-02', 1)) q(r)$$),
  '22023 | summaries of different time types cannot be merged | One rfm was made from date, the other from timestamp. | Cast the times to one type where the summaries are made.',
  'mixed kinds');
CREATE AGGREGATE pg_temp.from_a_date(at timestamp, amount int) (SFUNC = segment_internal.rfm_agg_trans, STYPE = segment.rfm, INITCOND = 'date(2025-01-01,2025-01-01,1,1,0,0)');
SELECT matches(pg_temp.refusal($$SELECT pg_temp.from_a_date(timestamp '2025-01-02', 1)$$), '^22023 .*One rfm was made from date, the other from timestamp', 'a state of another kind');
SELECT matches(pg_temp.refusal($$SELECT segment_internal.rfm_agg_trans(NULL::segment.rfm, date '2025-01-01', 1)$$), '^22023 .*support function', 'a support function is not for callers');
SELECT matches(pg_temp.refusal($$SELECT segment_internal.rfm_agg_combine(r, r) FROM (SELECT segment.rfm_agg(date '2025-01-01', 1) r) q$$), '^22023 .*support function', 'nor is the combine function');

-- text input
SELECT matches(pg_temp.refusal('SELECT ' || quote_literal(v) || '::segment.rfm'), '^22P02 .*(Expected|must|An example)', 'text input: ' || v)
FROM unnest(ARRAY['', 'date()', 'date(2025-02-30,2025-03-01,1,1,0,0)', 'date(2025-03-02,2025-03-01,1,1,0,0)',
                  'date(,,0,0,0,0)', 'date(2025-01-01,2025-01-01,1,1.0,0,0)', 'date(,,0,-5,1,-5)']) v;

SELECT * FROM finish();
ROLLBACK;
