-- segmentation: amounts in several currencies, converted before anything is summed

CREATE FUNCTION segment_internal.rates_sql(m segment.measure_rule) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT format('(SELECT segment.rates_agg(r.currency::text, r.day, r.rate::numeric, %L) FROM %s AS r)', m.base, m.rates) WHERE m.rates IS NOT NULL;
END;
COMMENT ON FUNCTION segment_internal.rates_sql(segment.measure_rule) IS 'SQL of the rates of a version, all of them as one value; NULL without';

CREATE FUNCTION segment_internal.converted_sql(v segment.segmentation_version, money text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN (v.measures).currency IS NULL THEN money
    ELSE format('CASE WHEN o.%1$I::text = %2$L THEN %3$s::numeric ELSE segment.convert_currency(%4$s, %3$s::numeric, o.%1$I::text, %2$L, segment.day_of(o.%5$I, %6$L), %7$s) END',
      (v.measures).currency, (v.measures).to_currency, money, segment_internal.rates_sql(v.measures), v.at, (v.days).zone, (v.measures).max_age) END;
END;
COMMENT ON FUNCTION segment_internal.converted_sql(segment.segmentation_version, text) IS
  'SQL of an amount of a row o of a version''s source, given as SQL, in the version''s currency: NULL where no rate is known';

CREATE FUNCTION segment_internal.amount_sql(v segment.segmentation_version) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT segment_internal.converted_sql(v, format('o.%I', v.amount));
END;
COMMENT ON FUNCTION segment_internal.amount_sql(segment.segmentation_version) IS
  'SQL of the amount of a row o of a version''s source: the column, or what it is in the version''s currency, NULL where no rate is known';

-- What is no amount that a ledger takes is a cost that is not known.
CREATE FUNCTION segment_internal.cost_sql(v segment.segmentation_version) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT format('CASE WHEN %1$s > -1e30 AND %1$s < 1e30 THEN trim_scale(round(%1$s, 10)) END',
                segment_internal.converted_sql(v, format(E'(o.%I::numeric - (%s\n)::numeric)', v.amount, (v.measures).margin)))
  WHERE (v.measures).margin IS NOT NULL;
END;
COMMENT ON FUNCTION segment_internal.cost_sql(segment.segmentation_version) IS
  'SQL of what the goods of a row o of a version''s source cost: amount less margin; NULL where nothing is said of it';

CREATE FUNCTION segment_internal.check_margin(v segment.segmentation_version) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  state text;
  message text;
  hint text;
BEGIN
  IF (v.measures).margin IS NOT NULL THEN
    PERFORM segment_internal.check_filter((v.measures).margin);
    PERFORM segment_internal.read_as_owner(format(E'SELECT (%s\n)::numeric FROM %s AS o LIMIT 0', (v.measures).margin, v.source));
  END IF;
EXCEPTION WHEN syntax_error_or_access_rule_violation OR data_exception OR feature_not_supported OR invalid_schema_name THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
  PERFORM segment_internal.refuse(state, message, format('The margin is: %s', left((v.measures).margin, 400)),
    coalesce(nullif(hint, ''), 'Write one expression of numbers over the columns of the source, such as amount - cost; functions outside pg_catalog carry their schema.'));
END
$$;
COMMENT ON FUNCTION segment_internal.check_margin(segment.segmentation_version) IS
  'stops unless the owner can compute a version''s margin: the errors of the query itself, with the expression beside them';

CREATE FUNCTION segment_internal.not_converted(v segment.segmentation_version) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT format('(o.%I IS NOT NULL AND isfinite(o.%I) AND %s AND %s IS NULL)', v.amount, v.at, segment_internal.fit_rows(v), segment_internal.amount_sql(v))
  WHERE (v.measures).currency IS NOT NULL;
END;
COMMENT ON FUNCTION segment_internal.not_converted(segment.segmentation_version) IS
  'SQL of whether a row o of a version''s source has an amount that cannot be converted; NULL where nothing is converted';

CREATE FUNCTION segment_internal.unconverted_amounts(v segment.segmentation_version) RETURNS text
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (segment_internal.read_as_owner(format(
    'SELECT string_agg(concat_ws('' '', c.amount, coalesce(c.currency, ''without a currency'')), '', '' ORDER BY c.currency COLLATE "C") || CASE WHEN max(c.n) > 10 THEN '', ...'' ELSE '''' END '
    'FROM (SELECT o.%I::text AS currency, sum(o.%I::numeric) AS amount, count(*) OVER () AS n %s GROUP BY 1 ORDER BY 1 LIMIT 10) AS c',
    (v.measures).currency, v.amount, segment_internal.segmentation_source(v, NULL, segment_internal.not_converted(v)))))[1];
END
$$;
COMMENT ON FUNCTION segment_internal.unconverted_amounts(segment.segmentation_version) IS
  'sums of what could not be converted, by currency, in words';

-- A rate that is published late, or corrected, changes the amounts of its day and of later ones.
CREATE FUNCTION segment_internal.rates_changes(v segment.segmentation_version, s segment.ledger_set, OUT rates segment.rates, OUT since date) RETURNS record
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF (v.measures).rates IS NULL THEN
    RETURN;
  END IF;
  rates := (segment_internal.read_as_owner(concat('SELECT ', segment_internal.rates_sql(v.measures))))[1];
  SELECT min(coalesce(o.day, n.day)) INTO since
  FROM segment.rates_table(s.rates) o FULL JOIN segment.rates_table(rates_changes.rates) n ON n.currency = o.currency AND n.day = o.day
  WHERE o.rate IS DISTINCT FROM n.rate;
END
$$;
COMMENT ON FUNCTION segment_internal.rates_changes(segment.segmentation_version, segment.ledger_set) IS
  'a version''s rates, and the first day that has others than when its ledgers were last read; NULL without such a day';

CREATE FUNCTION segment_internal.has_unfit(v segment.segmentation_version, further text) RETURNS boolean
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (segment_internal.read_as_owner(concat('SELECT EXISTS (SELECT', E'\n',
    segment_internal.segmentation_source(v, NULL, further, concat_ws(' OR ', format('(NOT (%s)', segment_internal.fit_rows(v)), segment_internal.not_converted(v)) || ')'), E'\n)')))[1];
END
$$;
COMMENT ON FUNCTION segment_internal.has_unfit(segment.segmentation_version, text) IS 'whether a version''s source has rows, among those of a further condition, that only_fit leaves out, or whose amounts cannot be converted';
