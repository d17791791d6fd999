-- Calendar days of a named zone: the same in every session, whatever its time zone is.

CREATE FUNCTION segment.day_of(at date, zone text DEFAULT 'UTC') RETURNS date
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT at;
END;
COMMENT ON FUNCTION segment.day_of(date, text) IS 'The date as it is: zone matters for timestamptz only.';

CREATE FUNCTION segment.day_of(at timestamp, zone text DEFAULT 'UTC') RETURNS date
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT at::date;
END;
COMMENT ON FUNCTION segment.day_of(timestamp, text) IS 'The timestamp''s own day: zone matters for timestamptz only.';

CREATE FUNCTION segment.day_of(at timestamptz, zone text DEFAULT 'UTC') RETURNS date
  AS 'MODULE_PATHNAME', 'segment_day_of_timestamptz' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.day_of(timestamptz, text) IS 'The calendar day of a moment in time zone zone, the same in every session: segment.day_of(now(), ''Europe/Berlin'') is today in Berlin. Infinity stays infinite; NULL for NULL. 22023 for a zone that pg_timezone_names does not list.';

CREATE FUNCTION segment.day_start(day date, zone text DEFAULT 'UTC') RETURNS timestamptz
  AS 'MODULE_PATHNAME', 'segment_day_start' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.day_start(date, text) IS 'The first moment of a calendar day in time zone zone, the same in every session, also where the clocks change at midnight: the bound for a timestamptz column. Infinity stays infinite; NULL for NULL. 22008 beyond the range of timestamptz, 22023 for a zone that pg_timezone_names does not list.';

-- One condition for a column of any of the three types. The planner inlines it: the scan compares the column with a constant.

CREATE FUNCTION segment.on_or_before(at date, day date, zone text DEFAULT 'UTC') RETURNS boolean
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT at <= day;
END;
COMMENT ON FUNCTION segment.on_or_before(date, date, text) IS 'True for a date up to day, that day included: the filter that goes with as_of. zone matters for timestamptz only. NULL for NULL. The planner makes it a comparison of the column with a constant.';

CREATE FUNCTION segment.on_or_before(at timestamp, day date, zone text DEFAULT 'UTC') RETURNS boolean
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT at < day + 1;
END;
COMMENT ON FUNCTION segment.on_or_before(timestamp, date, text) IS 'True for a timestamp up to the end of day: the filter that goes with as_of. zone matters for timestamptz only. NULL for NULL. The planner makes it a comparison of the column with a constant.';

CREATE FUNCTION segment.on_or_before(at timestamptz, day date, zone text DEFAULT 'UTC') RETURNS boolean
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT at < segment.day_start(day + 1, zone);
END;
COMMENT ON FUNCTION segment.on_or_before(timestamptz, date, text) IS 'True for a moment up to the end of day in time zone zone, the same in every session: the filter that goes with as_of. NULL for NULL. 22023 for a zone that pg_timezone_names does not list. The planner makes it a comparison of the column with a constant.';
