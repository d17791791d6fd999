-- segmentation: what the customers of a pilot did, read from the orders as the segmentation's owner

-- Of one metric: expressions over a row o of the source, aggregates over a customer's rows r, and the values of a customer.
CREATE TYPE segment_internal.metric_sql AS (of_row text[], of_customer text[], y text, x text);
COMMENT ON TYPE segment_internal.metric_sql IS 'SQL of a metric: of a row, of a customer''s rows, and what outcome_agg is given';

CREATE FUNCTION segment_internal.metric_sql(m segment.metric_rule, i bigint) RETURNS segment_internal.metric_sql
  LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  q segment_internal.metric_sql := ROW('{}', '{}', NULL, NULL);
  per_orders boolean := m.per IS NULL OR m.per = 'orders';
BEGIN
  IF m.value IS NULL THEN
    q.y := CASE m.name WHEN 'ordered' THEN 'coalesce(segment.rfm_frequency(s.within), 0) > 0' WHEN 'orders' THEN 'coalesce(segment.rfm_frequency(s.within), 0)::bigint'
                       ELSE 'coalesce(segment.rfm_monetary(s.within), 0)' END;
    IF m.method = 'cuped' THEN
      q.x := replace(q.y, 's.within', 's.before');
    END IF;
  ELSE
    q.of_row := ARRAY[format(E'(%s\n)%s AS y%s', m.value, CASE m.method WHEN 'rate' THEN '::boolean' ELSE '::numeric' END, i)];
    q.of_customer := ARRAY[format('%s(r.y%s) FILTER (WHERE r.is_within) AS y%2$s', CASE m.method WHEN 'rate' THEN 'bool_or' ELSE 'sum' END, i)];
    q.y := format(CASE m.method WHEN 'rate' THEN 'coalesce(s.y%s, false)' ELSE 'coalesce(s.y%s, 0)' END, i);
    IF m.method = 'cuped' THEN
      q.of_customer := q.of_customer || format('sum(r.y%s) FILTER (WHERE r.is_before) AS x%1$s', i);
      q.x := format('coalesce(s.x%s, 0)', i);
    END IF;
  END IF;
  IF m.method = 'ratio' AND per_orders THEN
    q.x := 'coalesce(segment.rfm_frequency(s.within), 0)::numeric';
  ELSIF m.method = 'ratio' THEN
    q.of_row := q.of_row || format(E'(%s\n)::numeric AS x%s', m.per, i);
    q.of_customer := q.of_customer || format('sum(r.x%s) FILTER (WHERE r.is_within) AS x%1$s', i);
    q.x := format('coalesce(s.x%s, 0)', i);
  END IF;
  IF q.x IS NOT NULL AND m.method <> 'rate' THEN
    q.y := format('(%s)::numeric', q.y);
    q.x := format('(%s)::numeric', q.x);
  END IF;
  RETURN q;
END
$$;
COMMENT ON FUNCTION segment_internal.metric_sql(segment.metric_rule, bigint) IS 'SQL of the metric of that number';

CREATE FUNCTION segment_internal.pilot_rows(v segment.segmentation_version, metrics segment.metric_rule[], first_day date, last_day date) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT concat('SELECT ', segment_internal.customer_text(v, format('o.%I', v.customer)), ' COLLATE "C" AS customer, ', format('segment.day_of(o.%1$I, %2$L) AS day, o.%1$I AS at, %3$s AS amount', v.at, (v.days).zone, segment_internal.amount_sql(v)),
    ', o.' || quote_ident(v.order_id) || ' AS order_id',
    (SELECT string_agg(', ' || e.e, '' ORDER BY m.i, e.n) FROM unnest(metrics) WITH ORDINALITY AS m (name, method, value, per, worth, i),
      unnest((segment_internal.metric_sql(ROW(m.name, m.method, m.value, m.per, m.worth)::segment.metric_rule, m.i)).of_row) WITH ORDINALITY AS e (e, n)),
    E'\n', segment_internal.segmentation_source(v, last_day, format('o.%I IS NOT NULL', v.customer), format('NOT segment.on_or_before(o.%I, DATE %L, %L)', v.at, first_day - 1, (v.days).zone)));
END;
COMMENT ON FUNCTION segment_internal.pilot_rows(segment.segmentation_version, segment.metric_rule[], date, date) IS 'query that gives the rows of a version''s source of some days, with what metrics ask of a row';

-- members: a query of customer, arm, segment, sort, assigned_on, is_done (whose days have passed) and is_out (who has opted out since).
CREATE FUNCTION segment_internal.pilot_query(v segment.segmentation_version, metrics segment.metric_rule[], watch_days integer, members text, first_day date, last_day date) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  q record;
  summary text := format('segment.rfm_agg(r.at, r.amount%s) FILTER (WHERE r.%%s) AS %%s', CASE WHEN v.order_id IS NOT NULL THEN ', r.order_id' END);
BEGIN
  SELECT string_agg(format('segment.outcome_agg(%s)::text', concat_ws(', ', f.y, f.x)), E',\n           ' ORDER BY m.i) AS outcomes,
         string_agg(', ' || array_to_string(f.of_customer, ', '), '' ORDER BY m.i) FILTER (WHERE f.of_customer <> '{}') AS of_customer
  INTO q FROM unnest(metrics) WITH ORDINALITY AS m (name, method, value, per, worth, i),
    segment_internal.metric_sql(ROW(m.name, m.method, m.value, m.per, m.worth)::segment.metric_rule, m.i) f;
  RETURN concat(
    E'WITH member AS MATERIALIZED (\n', members, E'\n), watched AS (\n',
    format(E'  SELECT r.*, r.day >= m.assigned_on AND r.day < m.assigned_on + %s AS is_within, r.day < m.assigned_on AND r.day >= m.assigned_on - %1$s AS is_before\n  FROM (\n', watch_days),
    segment_internal.pilot_rows(v, metrics, first_day, last_day),
    E'\n  ) AS r JOIN member AS m ON m.customer = r.customer AND m.is_done AND NOT m.is_out\n), spent AS (\n',
    '  SELECT r.customer, ', format(summary, 'is_within', 'within'), ', ', format(summary, 'is_before', 'before'), q.of_customer,
    E'\n  FROM watched AS r WHERE r.is_within OR r.is_before GROUP BY r.customer\n), outcome AS (\n',
    E'  SELECT m.arm, m.segment, min(m.sort) AS sort, jsonb_build_array(', q.outcomes, E') AS outcomes\n',
    E'  FROM member AS m LEFT JOIN spent AS s ON s.customer = m.customer WHERE m.is_done AND NOT m.is_out GROUP BY m.arm, m.segment\n), arm AS (\n',
    E'  SELECT m.arm, count(*) FILTER (WHERE m.is_done AND NOT m.is_out) AS analysed, count(*) FILTER (WHERE NOT m.is_done AND NOT m.is_out) AS in_progress, count(*) FILTER (WHERE m.is_out) AS opted_out\n',
    E'  FROM member AS m GROUP BY m.arm\n)\n',
    'SELECT (SELECT coalesce(jsonb_agg(to_jsonb(o)), ''[]'') FROM outcome AS o), (SELECT coalesce(jsonb_agg(to_jsonb(a)), ''[]'') FROM arm AS a)');
END
$$;
COMMENT ON FUNCTION segment_internal.pilot_query(segment.segmentation_version, segment.metric_rule[], integer, text, date, date) IS
  'query that gives two JSON arrays: the outcomes by arm and segment of the members whose days have passed, those without orders included, and the numbers of members by arm';

CREATE FUNCTION segment_internal.pilot_members(p segment.pilot, v segment.segmentation_version, as_of date) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT format('  SELECT a.customer, a.arm, a.segment, a.sort, a.assigned_on, a.assigned_on + %s <= DATE %L AS is_done, %s AS is_out FROM segment.pilot_assignment AS a WHERE a.pilot = %s',
    p.watch_days, as_of + 1, segment_internal.pilot_opted_out(v, 'a.customer'), p.id);
END;
COMMENT ON FUNCTION segment_internal.pilot_members(segment.pilot, segment.segmentation_version, date) IS 'query of the members of a pilot, as pilot_query wants them';

CREATE FUNCTION segment_internal.check_readable_pilot(p segment.pilot, v segment.segmentation_version) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  query text := segment_internal.pilot_query(v, p.metrics, p.watch_days, segment_internal.pilot_members(p, v, p.starts), p.starts, p.starts - 1);
  state text;
  message text;
  detail text;
  hint text;
BEGIN
  PERFORM segment_internal.read_as_owner(query);
  PERFORM segment_internal.refuse_blocked((segment_internal.read_as_owner(format('SELECT segment_internal.columns_read(%L)', query)))[1]::text[]);
  IF (p.audience).kind = 'query' THEN
    query := segment_internal.pilot_audience(v, p.audience, NULL);
    PERFORM segment_internal.read_as_owner(format(E'SELECT FROM (\n%s\n) AS a LIMIT 0', query));
    PERFORM segment_internal.refuse_blocked((segment_internal.read_as_owner(format('SELECT segment_internal.columns_read(%L)', query)))[1]::text[]);
  END IF;
EXCEPTION WHEN syntax_error_or_access_rule_violation OR data_exception OR feature_not_supported OR invalid_schema_name THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  PERFORM segment_internal.refuse(state, message, coalesce(nullif(detail, ''), 'It is in the audience or a metric of the pilot, which run as the owner of the segmentation.'),
    coalesce(nullif(hint, ''), 'A metric is an expression over a row of the source, an audience a SELECT of customer ids; names outside pg_catalog carry their schema.'));
END
$$;
COMMENT ON FUNCTION segment_internal.check_readable_pilot(segment.pilot, segment.segmentation_version) IS 'stops unless the owner can run what a pilot''s audience and metrics say: the errors of the queries themselves, 42501 for blocked columns';

CREATE FUNCTION segment_internal.measure_pilot(name text, segmentation text, as_of date, OUT measured date, OUT analysed bigint, OUT in_progress bigint, OUT opted_out bigint) RETURNS record
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  p segment.pilot := segment_internal.pilot_own(name, segmentation);
  v segment.segmentation_version := segment_internal.segmentation_version_of(segmentation);
  source_version segment.segmentation_version := v;
  days record;
  found text[];
BEGIN
  PERFORM segment_internal.check_source(v);
  measured := coalesce(as_of, segment_internal.segmentation_as_of(v));
  PERFORM segment_internal.check_day(v, measured, false);
  IF segment_internal.was_unfit(v) THEN
    source_version := segment_internal.only_fit(v);
  END IF;
  SELECT coalesce(min(a.assigned_on), p.starts) AS first, coalesce(max(a.assigned_on), p.starts) + p.watch_days - 1 AS last INTO days FROM segment.pilot_assignment a WHERE a.pilot = p.id;
  found := segment_internal.read_as_owner(segment_internal.pilot_query(source_version, p.metrics, p.watch_days, segment_internal.pilot_members(p, v, measured),
    days.first - p.watch_days, least(days.last, measured)));
  DELETE FROM segment.pilot_outcome o WHERE o.pilot = p.id;
  INSERT INTO segment.pilot_outcome (pilot, metric, segment_name, arm, segment_sort, outcome)
  SELECT p.id, x.metric, o.segment, o.arm, o.sort, x.outcome::segment.outcome
  FROM jsonb_to_recordset(found[1]::jsonb) AS o (arm smallint, segment text, sort smallint, outcomes jsonb), jsonb_array_elements_text(o.outcomes) WITH ORDINALITY AS x (outcome, metric);
  UPDATE segment.pilot_arm a SET analysed = coalesce(c.analysed, 0), in_progress = coalesce(c.in_progress, 0), opted_out = coalesce(c.opted_out, 0)
  FROM segment.pilot_arm k LEFT JOIN jsonb_to_recordset(found[2]::jsonb) AS c (arm smallint, analysed bigint, in_progress bigint, opted_out bigint) ON c.arm = k.arm
  WHERE a.pilot = p.id AND k.pilot = p.id AND k.arm = a.arm;
  UPDATE segment.pilot t SET measured_on = measured, measured_at = now(), measured_version = v.version WHERE t.id = p.id;
  SELECT sum(a.analysed), sum(a.in_progress), sum(a.opted_out) INTO analysed, in_progress, opted_out FROM segment.pilot_arm a WHERE a.pilot = p.id;
  PERFORM segment_internal.segmentation_log('measure pilot', p.segmentation, v.version, measured, v.source, NULL, analysed, NULL, NULL,
    jsonb_build_object('pilot', p.name, 'in_progress', in_progress, 'opted_out', opted_out));
END
$$;
COMMENT ON FUNCTION segment_internal.measure_pilot(text, text, date) IS 'measure_pilot as the tables'' owner';

CREATE FUNCTION segment.measure_pilot(name text, segmentation text, as_of date DEFAULT NULL, OUT measured date, OUT analysed bigint, OUT in_progress bigint, OUT opted_out bigint) RETURNS record
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'segment_as_owner';
COMMENT ON FUNCTION segment.measure_pilot(text, text, date) IS
  'reads the orders of a pilot''s customers up to as_of (by default the day that refresh would take) and keeps the outcomes, which experiment_result and pilot_summary show. Every customer whose days have passed '
  'counts, as assigned, without orders too; those whose days have not passed are in progress, and those who have opted out since are left out. Returns the day and these numbers. Owner only: 42501; 42704 if there is no such '
  'pilot, 22008 for a day that is not over';

CREATE FUNCTION segment_internal.pilot_outlook(segmentation text, watch_days integer, metric segment.metric_rule, audience segment.audience_rule, shares double precision[], as_of date,
  power double precision, confidence double precision,
  OUT share double precision, OUT n_control bigint, OUT n_treated bigint, OUT difference double precision, OUT lift double precision, OUT verdict text) RETURNS SETOF record
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 4 SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  own segment.segmentation := segment_internal.segmentation_own(segmentation);
  v segment.segmentation_version := segment_internal.segmentation_version_of(segmentation);
  p segment.pilot;
  t segment.snapshot;
  last_day date;
  found text[];
BEGIN
  PERFORM segment_internal.check_option('create_pilot', 'watch_days', watch_days::text), segment_internal.check_source(v);
  last_day := coalesce(as_of, segment_internal.segmentation_as_of(v));
  PERFORM segment_internal.check_day(v, last_day, false);
  p.id := 0;
  p.starts := last_day - watch_days + 1;
  p.watch_days := watch_days;
  p.metrics := ARRAY[segment_internal.check_metric(metric)];
  p.audience := segment_internal.check_audience(audience);
  PERFORM segment_internal.check_readable_pilot(p, v);
  t := segment_internal.pilot_snapshot(segmentation, p.starts);
  IF segment_internal.was_unfit(v) THEN
    v := segment_internal.only_fit(v);
  END IF;
  found := segment_internal.read_as_owner(segment_internal.pilot_query(v, p.metrics, watch_days, format(
    E'  SELECT a.customer, 1 AS arm, \'\' AS segment, 0 AS sort, DATE %L AS assigned_on, true AS is_done, false AS is_out FROM (\n%s\n) AS a WHERE NOT %s',
    p.starts, segment_internal.pilot_audience(v, p.audience, t), segment_internal.pilot_opted_out(v, 'a.customer')), p.starts - watch_days, last_day));
  IF found[1] = '[]' THEN
    PERFORM segment_internal.refuse('P0002', format('nobody was in the audience on %s', t.as_of), 'Hold-outs are judged by what the audience did in the days up to as_of.', 'Take another audience, or refresh the segmentation as of that day.');
  END IF;
  RETURN QUERY SELECT h.* FROM segment.holdout_table((found[1]::jsonb #>> '{0,outcomes,0}')::segment.outcome, shares, power, confidence, 'two-sided', (p.metrics[1]).method) h;
END
$$;
COMMENT ON FUNCTION segment_internal.pilot_outlook(text, integer, segment.metric_rule, segment.audience_rule, double precision[], date, double precision, double precision) IS 'pilot_outlook as the tables'' owner';

CREATE FUNCTION segment.pilot_outlook(segmentation text, watch_days integer DEFAULT 30, metric segment.metric_rule DEFAULT segment.pilot_metric('revenue'),
  audience segment.audience_rule DEFAULT segment.everybody(), shares double precision[] DEFAULT ARRAY[0.05, 0.1, 0.15, 0.5], as_of date DEFAULT NULL, power double precision DEFAULT 0.8,
  confidence double precision DEFAULT 0.95,
  OUT share double precision, OUT n_control bigint, OUT n_treated bigint, OUT difference double precision, OUT lift double precision, OUT verdict text) RETURNS SETOF record
  LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 4 AS 'MODULE_PATHNAME', 'segment_as_owner';
COMMENT ON FUNCTION segment.pilot_outlook(text, integer, segment.metric_rule, segment.audience_rule, double precision[], date, double precision, double precision) IS
  'what hold-outs of these shares can show for the customers of a segmentation, before a pilot: the smallest difference of the metric, and the same as a part of its mean, judged by what the audience of '
  'that time did in the watch_days up to as_of (by default the day that refresh would take). Owner only: 42501; 55000 without a snapshot before these days, P0002 for nobody';
