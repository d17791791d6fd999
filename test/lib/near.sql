-- near.sql: near(have, want, tolerance, text): a pgTAP test that a number is within an absolute tolerance.
CREATE FUNCTION pg_temp.near(have float8, want float8, tolerance float8, description text) RETURNS text LANGUAGE sql AS $$
  SELECT ok(coalesce(abs(have - want) <= tolerance, false), description)
      || CASE WHEN coalesce(abs(have - want) <= tolerance, false) THEN ''
              ELSE E'\n' || diag(format('have: %s, want: %s within %s', have, want, tolerance)) END
$$;
-- several tests in one SELECT stand on lines of their own
\pset fieldsep '\n'
