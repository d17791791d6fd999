-- segmentation: what the declaration of a pilot is made of

CREATE FUNCTION segment_internal.check_audience(a segment.audience_rule) RETURNS segment.audience_rule
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF a.kind IS NULL THEN
    PERFORM segment_internal.refuse('22004', 'audience of create_pilot must not be NULL', 'Audiences are made by everybody, in_segments and by_query.', 'Leave it out for everybody.');
  ELSIF a.kind = 'segments' AND (cardinality(a.segments) = 0 OR a.segments IS NULL OR array_position(a.segments, NULL) IS NOT NULL) THEN
    PERFORM segment_internal.refuse('22023', 'in_segments needs names of segments', format('They are %s.', coalesce(a.segments::text, 'NULL')),
      'Name segments as segment.segment_meaning does, such as in_segments(''At Risk'', ''Champions'').');
  ELSIF a.kind = 'query' AND a.query IS NULL THEN
    PERFORM segment_internal.refuse('22004', 'query of by_query must not be NULL', 'It is a SELECT whose first column is the customer id.', 'Write the query, or take everybody().');
  ELSIF a.kind NOT IN ('everybody', 'segments', 'query') THEN
    PERFORM segment_internal.refuse('22023', format('unknown kind of audience: "%s"', a.kind), 'Audiences are made by everybody, in_segments and by_query.', 'Call one of these functions.');
  END IF;
  RETURN a;
END
$$;
COMMENT ON FUNCTION segment_internal.check_audience(segment.audience_rule) IS 'the value as it is, if it says whom a pilot is for: 22004, 22023';

CREATE FUNCTION segment.everybody() RETURNS segment.audience_rule
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT ROW('everybody', NULL, NULL)::segment.audience_rule;
END;
COMMENT ON FUNCTION segment.everybody() IS 'for audience of create_pilot: all customers of the segmentation';

CREATE FUNCTION segment.in_segments(VARIADIC segments text[]) RETURNS segment.audience_rule
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT segment_internal.check_audience(ROW('segments', segments, NULL)::segment.audience_rule);
END;
COMMENT ON FUNCTION segment.in_segments(text[]) IS 'for audience of create_pilot: the customers that are in these segments on the day of assignment. 22023 for no names';

CREATE FUNCTION segment.by_query(query text) RETURNS segment.audience_rule
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT segment_internal.check_audience(ROW('query', NULL, query)::segment.audience_rule);
END;
COMMENT ON FUNCTION segment.by_query(text) IS
  'for audience of create_pilot: the customers whose ids are the first column of a SELECT, also those that never ordered. It runs as the segmentation''s owner when customers are '
  'assigned; names outside pg_catalog carry their schema. 22004 for NULL';

CREATE FUNCTION segment_internal.check_metric(m segment.metric_rule) RETURNS segment.metric_rule
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known boolean := m.name IN ('revenue', 'orders', 'ordered', 'average_order') AND m.value IS NULL;
BEGIN
  IF m.name IS NULL OR char_length(m.name) NOT BETWEEN 1 AND 63 THEN
    PERFORM segment_internal.refuse(CASE WHEN m.name IS NULL THEN '22004' ELSE '22023' END, 'a metric needs a name of 1 to 63 characters', format('It is %s.', coalesce('"' || m.name || '"', 'NULL')),
      'Name it revenue, orders, ordered or average_order, or as you like with a value of its own.');
  ELSIF NOT known AND m.value IS NULL THEN
    PERFORM segment_internal.refuse('22023', format('metric "%s" needs a value', m.name), 'What revenue, orders, ordered and average_order are is known; others say by value what is summed.',
      format('Pass an expression over a row of the source: pilot_metric(%L, value => ''...'').', m.name));
  END IF;
  m.method := coalesce(m.method, CASE WHEN NOT known THEN CASE WHEN m.per IS NOT NULL THEN 'ratio' ELSE 'mean' END WHEN m.name = 'ordered' THEN 'rate' WHEN m.name = 'average_order' THEN 'ratio' ELSE 'mean' END);
  m.worth := coalesce(m.worth, CASE WHEN known THEN CASE m.name WHEN 'revenue' THEN 'revenue' WHEN 'orders' THEN 'orders' WHEN 'ordered' THEN 'orders' END END);
  IF m.method NOT IN ('mean', 'rate', 'ratio', 'cuped') OR m.worth NOT IN ('revenue', 'margin', 'orders') THEN
    PERFORM segment_internal.refuse('22023', format('unknown method or worth of metric "%s"', m.name),
      format('They are %s and %s; accepted are the methods mean, rate, ratio and cuped, and the worths revenue, margin and orders.', m.method, coalesce(m.worth, 'none')),
      'Leave them out for what is usual.');
  ELSIF known AND (m.method = 'rate') <> (m.name = 'ordered') OR known AND (m.method = 'ratio') <> (m.name = 'average_order') OR (m.method = 'ratio') <> (known AND m.name = 'average_order' OR m.per IS NOT NULL) THEN
    PERFORM segment_internal.refuse('22023', format('metric "%s" cannot be compared by method %s', m.name, m.method),
      'ordered is a rate, average_order a ratio; others are means, or cuped with what was before; a ratio of your own, and no other method, has a per.', 'Leave the method out, or give the metric a value and a per that fit.');
  END IF;
  PERFORM segment_internal.check_filter(m.value), segment_internal.check_filter(m.per);
  RETURN m;
END
$$;
COMMENT ON FUNCTION segment_internal.check_metric(segment.metric_rule) IS 'the value with what follows from its parts, if they fit: 22004, 22023, 42601';

CREATE FUNCTION segment.pilot_metric(name text, method text DEFAULT NULL, value text DEFAULT NULL, per text DEFAULT NULL, worth text DEFAULT NULL) RETURNS segment.metric_rule
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT segment_internal.check_metric(ROW(name, method, value, per, worth)::segment.metric_rule);
END;
COMMENT ON FUNCTION segment.pilot_metric(text, text, text, text, text) IS
  'for metrics of create_pilot: what is measured of each customer from the orders of the days that it is watched. name: revenue, orders, ordered (yes or no), average_order, or any other with value, '
  'an expression over a row of the source, as after SELECT: summed by customer, or for method rate a condition that some row meets. per: the denominator of a ratio, likewise. method: mean, rate, ratio, or cuped, which '
  'takes out what the same number of days before explains. worth: revenue or margin, from which ROI follows, or orders, what each more of which cost. 22004, 22023, 42601 for what cannot be';
