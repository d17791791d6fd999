-- 01_periods.sql: calendar grids: units, boundaries, finding a day, errors, forms
\ir ../lib/begin.sql
SELECT plan(48);
SET search_path = public, segment;

-- units; the whole periods that the days lie in
SELECT is(periods('month', '2024-01-01', '2024-04-01')::text, '{2024-01-01,2024-02-01,2024-03-01,2024-04-01}', 'three months');
SELECT is(periods('month', '2024-01-31', '2024-02-02')::text, '{2024-01-01,2024-02-01,2024-03-01}', 'days within months: the whole months');
SELECT is(periods('month', '2023-12-31', '2024-01-01')::text, '{2023-12-01,2024-01-01}', 'the last day of a year');
SELECT is(periods('day', '2024-02-28', '2024-03-02')::text, '{2024-02-28,2024-02-29,2024-03-01,2024-03-02}', 'days of a leap year');
SELECT is(periods('week', '2024-12-31', '2025-01-07')::text, '{2024-12-30,2025-01-06,2025-01-13}', 'ISO weeks begin on Monday');
SELECT is(periods('week', '2020-06-10', '2020-06-12', first_day => 7)::text, '{2020-06-07,2020-06-14}', 'weeks from Sunday');
SELECT is(periods('week', '2020-06-07', '2020-06-08', first_day => 1)::text, '{2020-06-01,2020-06-08}', 'a Sunday is the last day of the ISO week');
SELECT is(periods('quarter', '2024-02-10', '2024-07-01')::text, '{2024-01-01,2024-04-01,2024-07-01}', 'quarters');
SELECT is(periods('quarter', '2024-02-10', '2024-03-01', first_month => 3)::text, '{2023-12-01,2024-03-01}', 'quarters of a year from March');
SELECT is(periods('year', '2024-03-31', '2024-04-02', first_month => 4)::text, '{2023-04-01,2024-04-01,2025-04-01}', 'years from April');
SELECT is(periods('28 days', '2024-01-10', '2024-02-08')::text, '{2024-01-10,2024-02-07,2024-03-06}', '28 days, from the first day asked for');
SELECT is(periods('2 weeks', '2024-01-10', '2024-01-11'), periods('14 days', '2024-01-10', '2024-01-11'), 'two weeks are 14 days');
SELECT is(periods('month', '0001-01-15', '0001-02-01')::text, '{0001-01-01,0001-02-01}', 'the first month of all');
SELECT is((SELECT count(*) FROM generate_series(1, 7) first_day, generate_series(date '2023-12-20', '2024-01-10', '1 day') d
  WHERE extract(isodow FROM period_start(periods('week', d::date, d::date + 1, first_day::int), 1)) <> first_day
    OR d::date - period_start(periods('week', d::date, d::date + 1, first_day::int), 1) NOT BETWEEN 0 AND 6), 0::bigint,
  'a week holds its day and begins on its first day, for each day and first day');
SELECT is((SELECT count(*) FROM generate_series(1, 12) first_month, generate_series(date '2023-01-01', '2024-12-31', '1 day') d
  WHERE period_start(periods('quarter', d::date, d::date + 1, first_month => first_month::int), 1)
    <> (date_trunc('quarter', d - (first_month - 1) % 3 * interval '1 month') + (first_month - 1) % 3 * interval '1 month')::date), 0::bigint,
  'quarters as date_trunc finds them, for each first month');

-- boundaries that the caller gives
SELECT is(periods(ARRAY['2024-01-29', '2024-02-26', '2024-04-01']::date[])::text, '{2024-01-29,2024-02-26,2024-04-01}', '4-4-5 weeks');
SELECT is(period_count('{2024-01-29,2024-02-26,2024-04-01}'), 2, 'two periods');
SELECT is(periods_array('{2024-01-29,2024-02-26}'), '{2024-01-29,2024-02-26}', 'the boundaries again');
SELECT is(periods(periods_array(p)), p, 'and back') FROM periods('week', '2024-01-01', '2026-01-01') p;

-- finding
SELECT is(ARRAY(SELECT period_of('{2024-01-01,2024-02-01,2024-03-01}', d) FROM unnest('{2023-12-31,2024-01-01,2024-01-31,2024-02-01,2024-02-29,2024-03-01,infinity,-infinity}'::date[]) d),
  '{NULL,1,1,2,2,NULL,NULL,NULL}', 'half-open; NULL outside');
SELECT is((SELECT count(*) FROM generate_series(date '2019-12-25', '2023-01-10', '1 day') d
  WHERE period_of(periods('month', '2020-01-01', '2023-01-01'), d::date)
    IS DISTINCT FROM CASE WHEN d >= '2020-01-01' AND d < '2023-01-01' THEN (extract(year FROM d) - 2020) * 12 + extract(month FROM d) END), 0::bigint, 'every day of three years');
SELECT is(period_start('{2024-01-01,2024-02-01}', 1), '2024-01-01', 'start');
SELECT is(period_end('{2024-01-01,2024-02-01}', 1), '2024-02-01', 'end: the day after');
SELECT is(period_start('{2024-01-01,2024-02-01}', 0), NULL, 'no period 0');
SELECT is(period_end('{2024-01-01,2024-02-01}', 2), NULL, 'no period 2');
SELECT is(period_of(NULL, '2024-01-01'), NULL, 'NULL for NULL');
SELECT results_eq($$SELECT * FROM periods_table(periods('month', '2024-01-01', '2024-04-01'), '2024-02-29')$$,
  $$VALUES (1, date '2024-01-01', date '2024-02-01', true), (2, '2024-02-01', '2024-03-01', true), (3, '2024-03-01', '2024-04-01', false)$$,
  'complete on its last day');
SELECT results_eq($$SELECT is_complete FROM periods_table('{2024-01-01,2024-03-01}', '2024-02-28')$$, 'VALUES (false)', 'and not the day before');
SELECT is_empty('SELECT * FROM periods_table(NULL, ''2024-01-01'')', 'no rows for NULL');
SELECT is('{2024-01-01,2024-02-01}'::periods::jsonb, '["2024-01-01", "2024-02-01"]', 'as jsonb');

-- forms
SELECT is(' { 2024-01-01 , 2024-02-01 } '::periods::text, '{2024-01-01,2024-02-01}', 'white space is ignored');
SELECT is(encode(segment_internal.periods_send('{2000-01-01,2000-01-03}'), 'hex'), '01000000010000000000000002', 'binary form: version, count, days since 2000-01-01');
SELECT is((SELECT count(DISTINCT p) FROM (SELECT periods('month', '2024-01-01', '2024-04-01') p UNION ALL SELECT '{2024-01-01,2024-02-01,2024-03-01,2024-04-01}') x), 1::bigint, 'equal, however they were made');
SELECT throws_ok($$SELECT '{2024-02-01,2024-01-01}'::periods$$, '22P02', NULL, 'text: must ascend');
SELECT throws_ok($$SELECT '{2024-01-01}'::periods$$, '22P02', NULL, 'text: one boundary is no period');
SELECT throws_ok($$SELECT '{}'::periods$$, '22P02', NULL, 'text: none');
SELECT throws_ok($$SELECT '{2024-01-01,infinity}'::periods$$, '22P02', NULL, 'text: not finite');
SELECT throws_ok($$SELECT '{2024-01-01,2024-02-01}x'::periods$$, '22P02', NULL, 'text: something behind it');

-- errors
SELECT throws_ok($$SELECT periods('fortnight', '2024-01-01', '2024-02-01')$$, '22023', 'unknown unit of periods: "fortnight"', 'an unknown unit');
SELECT throws_ok($$SELECT periods('0 days', '2024-01-01', '2024-02-01')$$, '22023', NULL, 'no days');
SELECT throws_ok($$SELECT periods('4000 days', '2024-01-01', '2024-02-01')$$, '22023', NULL, 'too many days');
SELECT throws_ok($$SELECT periods('month', '2024-02-01', '2024-02-01')$$, '22023', 'from_day must be before to_day', 'no days between');
SELECT throws_ok($$SELECT periods('month', '2024-02-01', 'infinity')$$, '22023', NULL, 'no end');
SELECT throws_ok($$SELECT periods('month', '2024-01-01', '2024-02-01', first_day => 7)$$, '22023', 'first_day is for weeks only', 'first_day with months');
SELECT throws_ok($$SELECT periods('week', '2024-01-01', '2024-02-01', first_month => 4)$$, '22023', 'first_month is for quarters and years only', 'first_month with weeks');
SELECT throws_ok($$SELECT periods('day', '0001-01-01', '2024-02-01')$$, '54000', 'too many periods', 'more than 10000');
SELECT throws_ok($$SELECT periods(ARRAY['2024-01-01', '2024-01-01']::date[])$$, '22023', 'boundaries must ascend', 'the same day twice');
SELECT throws_ok($$SELECT periods(ARRAY['2024-01-01', NULL]::date[])$$, '22004', NULL, 'NULL as boundary');

SELECT * FROM finish();
ROLLBACK;
