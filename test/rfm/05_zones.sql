-- The day of a time in a zone, by offsets that are remembered: what core's AT TIME ZONE gives.
\ir ../lib/begin.sql
SELECT plan(17);

CREATE FUNCTION wrong_days(zone text, first timestamptz, last timestamptz, step interval) RETURNS bigint LANGUAGE sql AS $$
  SELECT count(*) FROM (SELECT at, segment.rfm_agg(at, 1) AS rfm FROM generate_series(first, last, step) at GROUP BY at) times
  WHERE segment.rfm_last(rfm, zone) IS DISTINCT FROM (at AT TIME ZONE zone)::date
$$;

-- Clocks that change twice a year, twice within Ramadan, by half an hour, once and never again, and across the date line.
SELECT is(wrong_days(zone, '2005-01-01 00:20 UTC', '2030-01-01 UTC', '53 minutes'), 0::bigint, zone || ', 2005 to 2029')
FROM unnest('{UTC,Europe/Berlin,America/New_York,Africa/Casablanca,Australia/Lord_Howe,Pacific/Apia,Asia/Pyongyang,America/Sao_Paulo,Antarctica/Troll,Asia/Tehran}'::text[]) zone;
SELECT is(wrong_days(zone, '1850-01-01 UTC', '2250-01-01 UTC', '29 hours 13 minutes'), 0::bigint, zone || ', 1850 to 2249')
FROM unnest('{Europe/Berlin,Africa/Monrovia,America/Argentina/San_Luis,Asia/Manila}'::text[]) zone;
SELECT is(wrong_days(zone, '4713-02-02 BC', '4700-01-01 BC', '61 days') + wrong_days(zone, '294270-01-01', '294276-10-30', '17 days'), 0::bigint, zone || ', the ends of time')
FROM unnest('{Europe/Berlin,America/Anchorage}'::text[]) zone;
-- One statement, a zone a row. Core takes a few names, such as CET, for abbreviations, which know no summer time.
SELECT is((SELECT count(*) FROM pg_timezone_names n, LATERAL (SELECT at, segment.rfm_agg(at, 1) AS rfm FROM generate_series(timestamptz '1999-12-31 UTC', '2024-01-01 UTC', '797 hours') at GROUP BY at) t
           WHERE n.name NOT IN (SELECT abbrev FROM pg_timezone_abbrevs) AND segment.rfm_last(rfm, n.name) IS DISTINCT FROM (at AT TIME ZONE n.name)::date), 0::bigint, 'every zone, from row to row');
SELECT * FROM finish();
ROLLBACK;
