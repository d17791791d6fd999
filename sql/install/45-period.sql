-- period: calendar grids as values

CREATE TYPE segment.periods;

CREATE FUNCTION segment_internal.periods_in(cstring) RETURNS segment.periods
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_periods_in';
COMMENT ON FUNCTION segment_internal.periods_in(cstring) IS
  'reads periods such as {2024-01-01,2024-02-01}';

CREATE FUNCTION segment_internal.periods_out(segment.periods) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_periods_out';
COMMENT ON FUNCTION segment_internal.periods_out(segment.periods) IS
  'writes periods as text';

CREATE FUNCTION segment_internal.periods_recv(internal) RETURNS segment.periods
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_periods_recv';
COMMENT ON FUNCTION segment_internal.periods_recv(internal) IS
  'reads the binary form of periods, checking it';

CREATE FUNCTION segment_internal.periods_send(segment.periods) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_periods_send';
COMMENT ON FUNCTION segment_internal.periods_send(segment.periods) IS
  'writes the binary form of periods';

CREATE TYPE segment.periods (
  INPUT = segment_internal.periods_in, OUTPUT = segment_internal.periods_out, RECEIVE = segment_internal.periods_recv, SEND = segment_internal.periods_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = extended
);
COMMENT ON TYPE segment.periods IS
  'a calendar grid: consecutive periods, each from its first day to the day before the next one begins. As text the first '
  'day of each period and the day after the last: {2024-01-01,2024-02-01,2024-03-01} is January and February 2024';

CREATE FUNCTION segment.periods(unit text, from_day date, to_day date, first_day integer DEFAULT 1, first_month integer DEFAULT 1) RETURNS segment.periods
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_periods_calendar';
COMMENT ON FUNCTION segment.periods(text, date, date, integer, integer) IS
  'the whole periods that the days from from_day to the day before to_day lie in. unit is day, week, month, quarter, year, or a number of days or weeks such as 28 days, counted from from_day. first_day: the day a week begins on, 1 is Monday (ISO), 7 Sunday. first_month: the month that the year begins with, for quarters and years. NULL for NULL; 22023 for anything else, 54000 beyond 10000 periods';

CREATE FUNCTION segment.periods(boundaries date[]) RETURNS segment.periods
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_periods_given';
COMMENT ON FUNCTION segment.periods(date[]) IS
  'the periods with these boundaries, for fiscal calendars (4-4-5, 52 and 53 weeks): the first day of each period in order, and the day after the last. NULL for NULL; 22023 unless they ascend';

CREATE FUNCTION segment.period_of(periods segment.periods, day date) RETURNS integer
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_period_of';
COMMENT ON FUNCTION segment.period_of(segment.periods, date) IS
  'the number of the period that the day lies in, counted from 1; NULL outside, and for NULL';

CREATE FUNCTION segment.period_count(periods segment.periods) RETURNS integer
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_period_count';
COMMENT ON FUNCTION segment.period_count(segment.periods) IS
  'how many periods there are; NULL for NULL';

CREATE FUNCTION segment.period_start(periods segment.periods, number integer) RETURNS date
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_period_start';
COMMENT ON FUNCTION segment.period_start(segment.periods, integer) IS
  'the first day of a period, counted from 1; NULL if there is no such period, and for NULL';

CREATE FUNCTION segment.period_end(periods segment.periods, number integer) RETURNS date
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_period_end';
COMMENT ON FUNCTION segment.period_end(segment.periods, integer) IS
  'the day after the last one of a period, counted from 1; NULL if there is no such period, and for NULL';

CREATE FUNCTION segment.periods_array(periods segment.periods) RETURNS date[]
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_periods_array';
COMMENT ON FUNCTION segment.periods_array(segment.periods) IS
  'the boundaries: the first day of each period, and the day after the last; NULL for NULL';

CREATE FUNCTION segment.periods_table(periods segment.periods, as_of date)
RETURNS TABLE (period_no integer, period_start date, period_end date, is_complete boolean)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 36
BEGIN ATOMIC
  SELECT n, segment.period_start(periods, n), segment.period_end(periods, n),
         segment.period_end(periods, n) OPERATOR(pg_catalog.<=) (as_of OPERATOR(pg_catalog.+) 1)
    FROM pg_catalog.generate_series(1, segment.period_count(periods)) AS n;
END;
COMMENT ON FUNCTION segment.periods_table(segment.periods, date) IS
  'one row a period: number, first day, day after the last one, and whether it has ended by the end of as_of (NULL for a NULL as_of). No row for NULL periods';

CREATE FUNCTION segment_internal.periods_to_jsonb(segment.periods) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT pg_catalog.to_jsonb(segment.periods_array($1));
END;
COMMENT ON FUNCTION segment_internal.periods_to_jsonb(segment.periods) IS 'behind the cast: the boundaries as an array of dates';
CREATE CAST (segment.periods AS jsonb) WITH FUNCTION segment_internal.periods_to_jsonb(segment.periods);
COMMENT ON CAST (segment.periods AS jsonb) IS 'the boundaries as an array of dates';
