-- Days of a named zone: filters, bounds and zones that mean the same in every session.
\ir ../lib/begin.sql
SELECT plan(36);

-- Every session's zone, for what must not depend on it.
CREATE TEMP TABLE session (zone text);
INSERT INTO session VALUES ('UTC'), ('Asia/Tokyo'), ('America/Los_Angeles'), ('Pacific/Kiritimati'), ('Europe/Berlin');

-- The distinct answers that a query of one value has over those sessions.
CREATE FUNCTION answers(query text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
  s record;
  answer text;
  every text[];
BEGIN
  FOR s IN SELECT zone FROM session LOOP
    PERFORM set_config('TimeZone', s.zone, true);
    EXECUTE query INTO answer;
    every := every || coalesce(answer, 'NULL');
  END LOOP;
  PERFORM set_config('TimeZone', 'UTC', true);
  RETURN ARRAY(SELECT DISTINCT unnest(every));
END
$$;

CREATE TABLE late (customer_id int, zoned timestamptz, local timestamp, day date, amount numeric);
INSERT INTO late SELECT g % 50, t, t AT TIME ZONE 'UTC', (t AT TIME ZONE 'UTC')::date, 10
FROM generate_series(1, 500) g, LATERAL (SELECT timestamptz '2025-12-20 00:00+00' + g * interval '37 minutes' AS t) x;

-- The filter that goes with as_of, for each type of time.
SELECT is(answers(format($$SELECT concat(sum(segment.rfm_recency(r, '2025-12-31', %2$L)), ' ', sum(segment.rfm_frequency(r)))
  FROM (SELECT segment.rfm_agg(%1$I, amount) r FROM late WHERE segment.on_or_before(%1$I, '2025-12-31', %2$L) GROUP BY customer_id) x$$, "column", zone)),
  ARRAY[(SELECT concat(sum(recency), ' ', sum(orders)) FROM (SELECT date '2025-12-31' - max(own) AS recency, count(*) AS orders FROM late,
    LATERAL (SELECT CASE "column" WHEN 'zoned' THEN (zoned AT TIME ZONE z.zone)::date ELSE day END AS own) o WHERE own <= '2025-12-31' GROUP BY customer_id) c)],
  format('rows of %s up to a day in %s', "column", zone))
FROM unnest('{zoned,local,day}'::text[]) "column", unnest('{UTC,Asia/Tokyo,America/Los_Angeles}'::text[]) z(zone);

-- The hint of the error, followed.
CREATE FUNCTION follow("column" text, zone text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  query text := format('SELECT count(segment.rfm_recency(r, ''2025-12-28'', %L)) FROM (SELECT segment.rfm_agg(%I, amount) r FROM late ', zone, "column");
  hint text;
  found bigint;
BEGIN
  EXECUTE query || ' GROUP BY customer_id) x';
EXCEPTION WHEN invalid_parameter_value THEN
  GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
  EXECUTE concat(query, replace(substring(hint FROM 'WHERE .*[^.]'), 'ordered_at', "column"), ' GROUP BY customer_id) x') INTO found;
  RETURN found;
END
$$;
SELECT is(answers(format('SELECT follow(%L, %L)', "column", zone)), '{50}', format('the hint works for %s in %s', "column", zone))
FROM unnest('{zoned,local,day}'::text[]) "column", unnest('{UTC,Asia/Tokyo}'::text[]) zone;

-- An aggregate with a zone over times that have none.
SELECT is(answers($$SELECT concat(segment.ledger_agg(t, 10, 1, 'Europe/Amsterdam'), ' ', segment.ledger_agg(t::date, 10, 1, 'Europe/Amsterdam'),
  ' ', segment.ledger_agg(t, 10::float8, NULL::int, 'Asia/Tokyo'), ' ', segment.rfm_last(segment.rfm_agg(t, 10, 1), 'Europe/Amsterdam'))
  FROM (VALUES (timestamp '2025-05-17 22:30')) v(t)$$), '{"{2025-05-17 10} {2025-05-17 10} {2025-05-17 10.000000} 2025-05-17"}', 'a timestamp has its own day in any zone');

-- The planner sees a comparison of the column with a constant.
CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query; END $$;
SELECT is((SELECT trim(p) FROM plan_of($$SELECT FROM late WHERE segment.on_or_before(zoned, '2025-12-31', 'Europe/Berlin')$$) p OFFSET 1),
  'Filter: (zoned < ''2025-12-31 23:00:00+00''::timestamp with time zone)', 'a timestamptz with a bound');
SELECT is((SELECT trim(p) FROM plan_of($$SELECT FROM late WHERE segment.on_or_before(local, '2025-12-31') AND segment.on_or_before(day, '2025-12-31')$$) p OFFSET 1),
  'Filter: ((local < ''2026-01-01''::date) AND (day <= ''2025-12-31''::date))', 'a timestamp and a date with theirs');
SELECT is((SELECT trim(p) FROM plan_of($$SELECT FROM late WHERE NOT segment.on_or_before(zoned, '2025-12-31')$$) p OFFSET 1),
  'Filter: (zoned >= ''2026-01-01 00:00:00+00''::timestamp with time zone)', 'and a bound from below');

-- A day begins at the first moment that lies on it, also where clocks are put back at midnight or skip a whole day.
SELECT is((SELECT count(*) FROM generate_series(timestamp '1975-01-01', '2037-12-31', '1 day') s, LATERAL (SELECT s::date AS d) x,
    LATERAL (SELECT segment.day_start(d, zone) AS begins) b WHERE segment.day_of(begins, zone) < d OR segment.day_of(begins - interval '1 us', zone) >= d), 0::bigint,
  'the first moments of days in ' || zone)
FROM unnest('{UTC,Europe/Berlin,America/Havana,Atlantic/Azores,America/Sao_Paulo,Asia/Beirut,Pacific/Apia,America/St_Johns}'::text[]) zone;
SELECT is(segment.day_start('2025-11-02', 'America/Havana'), '2025-11-02 04:00:00+00', 'of the hour that comes twice, the first');
SELECT results_eq($$VALUES (segment.day_start('infinity'), segment.day_start('-infinity', 'Asia/Tokyo'), segment.day_of(timestamptz 'infinity', 'Asia/Tokyo'), segment.day_of(timestamptz '-infinity'))$$,
  $$VALUES (timestamptz 'infinity', timestamptz '-infinity', date 'infinity', date '-infinity')$$, 'infinity stays infinite');
SELECT throws_ok($$SELECT segment.day_start('294277-01-01')$$, '22008', NULL, 'no day beyond the times');
SELECT throws_ok($$SELECT segment.day_start('4714-11-24 BC', 'Europe/Berlin')$$, '22008', NULL, 'nor before them');

-- Zones are the names that the server lists.
CREATE FUNCTION refusal(zone text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE hint text;
BEGIN
  RETURN segment.rfm_last(segment.rfm_agg(timestamptz '2025-05-17 12:00+00', 10), zone);
EXCEPTION WHEN invalid_parameter_value THEN
  GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
  RETURN hint;
END
$$;
SELECT is((SELECT count(*) FROM pg_timezone_names WHERE refusal(name) !~ '^2025-05-1[678]$' OR refusal(lower(name)) !~ '^2025-05-1[678]$'), 0::bigint, 'every listed name, in any case');
SELECT is(refusal('UTC+14'), 'For clocks 14 hours ahead of UTC, write Etc/GMT-14.', 'UTC+14');
SELECT is(refusal('<+03>-3'), 'For clocks 3 hours ahead of UTC, write Etc/GMT-3; for 3 hours behind, Etc/GMT+3.', '<+03>-3');
SELECT is(array_agg(DISTINCT left(refusal(zone), 4)), '{"For ",Name,SELE}', 'nothing else: POSIX rules, offsets, abbreviations, leap seconds')
FROM unnest('{GMT+3,EST5,XYZ-5:30,EST5EDT4,"EST5EDT,M3.2.0,M11.1.0",UTC0,+02,+02:00,-7,CEST,PDT,right/UTC,right/Europe/Berlin,Berlin,"",:UTC,../UTC}'::text[]) zone;
SELECT is((SELECT count(*) FROM unnest('{GMT+3,EST5,XYZ-5:30,EST5EDT4,"EST5EDT,M3.2.0,M11.1.0",UTC0,+02,+02:00,-7,CEST,PDT,right/UTC,right/Europe/Berlin,Berlin,"",:UTC,../UTC}'::text[]) zone
  WHERE refusal(zone) ~ '^2025'), 0::bigint, 'none of them is taken');

SELECT * FROM finish();
ROLLBACK;
