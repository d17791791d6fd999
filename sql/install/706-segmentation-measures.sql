-- segmentation: the option measures

CREATE FUNCTION segment_internal.check_measures(m segment.measure_rule) RETURNS segment.measure_rule
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM segment_internal.check_option('measures', 'to_currency', m.to_currency), segment_internal.check_option('measures', 'base', m.base),
    segment_internal.check_option('measures', 'max_age', m.max_age::text), segment_internal.check_option('measures', 'margin', m.margin),
    segment_internal.check_option('measures', 'survey_at', m.survey_at), segment_internal.check_option('measures', 'survey_score', m.survey_score);
  IF (m.currency IS NULL) <> (m.rates IS NULL) THEN
    PERFORM segment_internal.refuse('22023', 'currency and rates need each other', format('%s is given alone.', CASE WHEN m.rates IS NULL THEN 'currency' ELSE 'rates' END),
      'Name the column with the currency by currency and the relation with exchange rates by rates, or leave both out.');
  END IF;
  IF m.survey IS NULL AND num_nonnulls(m.survey_customer, m.survey_name) > 0 THEN
    PERFORM segment_internal.refuse('22023', 'columns of a survey need survey', format('"%s" is given, a column of no relation.', coalesce(m.survey_customer, m.survey_name)),
      'Name the relation with the answers by survey, or leave its columns out.');
  END IF;
  RETURN m;
END
$$;
COMMENT ON FUNCTION segment_internal.check_measures(segment.measure_rule) IS 'the value as it is, if its parts fit: 22004, 22023';

CREATE FUNCTION segment.measures(currency name DEFAULT NULL, rates regclass DEFAULT NULL, to_currency text DEFAULT 'EUR', base text DEFAULT 'EUR', max_age integer DEFAULT 7,
  margin text DEFAULT NULL, survey regclass DEFAULT NULL, survey_customer name DEFAULT NULL, survey_at name DEFAULT 'answered_at', survey_score name DEFAULT 'score', survey_name name DEFAULT NULL)
  RETURNS segment.measure_rule LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT segment_internal.check_measures(ROW(currency, segment_internal.qualified_name(rates), to_currency, base, max_age, margin,
    segment_internal.qualified_name(survey), survey_customer, survey_at, survey_score, survey_name)::segment.measure_rule);
END;
COMMENT ON FUNCTION segment.measures(name, regclass, text, text, integer, text, regclass, name, name, name, name) IS
  'for measures of create_segmentation. currency, rates: column with the currency of the amount, and relation with columns currency, day and rate, by which amounts '
  'are converted to to_currency before they are summed, each by the last rate on or before its day that is at most max_age days old; base: what the rates are quoted per. '
  'What no rate is known for is left out, and counted in data_quality. margin: SQL expression of what is left of the amount, for KPIs. survey and its columns: relation with answers of '
  'customers, for survey_summary. 22004, 22023 for what cannot be';
