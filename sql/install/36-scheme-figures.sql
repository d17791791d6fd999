-- scheme: what a segment's scores are in days, orders and money by given cut points. Words compare customers with each other; figures say where they stand.

CREATE FUNCTION segment.scheme_bounds(cut_points segment.rfm_cut_points, scheme text, OUT segment text, OUT sort integer,
  OUT recency_from integer, OUT recency_to integer, OUT orders_from bigint, OUT orders_to bigint,
  OUT monetary_lower double precision, OUT includes_lower boolean, OUT monetary_upper double precision, OUT includes_upper boolean,
  OUT tenure_from integer, OUT tenure_to integer) RETURNS SETOF record
  LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 15
BEGIN ATOMIC
  WITH score AS MATERIALIZED (SELECT i.* FROM segment.rfm_cut_points_info(scheme_bounds.cut_points) i),
  rule AS (
    SELECT r.segment, r.sort, r.position, r.tenure_days_lower, r.tenure_days_upper, d.*, greatest(d.least_orders, r.orders_lower) AS orders_from, least(d.most_orders, r.orders_upper) AS orders_to
    FROM segment.scheme s JOIN segment.scheme_rule r ON r.scheme = s.name AND r.shipped = s.shipped
    CROSS JOIN LATERAL (
      SELECT max(x.lowest) FILTER (WHERE x.dimension = 'recency') AS recency_from, max(x.most) FILTER (WHERE x.dimension = 'recency') AS recency_to,
             max(x.lowest) FILTER (WHERE x.dimension = 'frequency')::bigint AS least_orders, max(x.most) FILTER (WHERE x.dimension = 'frequency')::bigint AS most_orders,
             max(x.lower) FILTER (WHERE x.dimension = 'monetary') AS monetary_lower, bool_or(x.includes_lower) FILTER (WHERE x.dimension = 'monetary') AS includes_lower,
             max(x.upper) FILTER (WHERE x.dimension = 'monetary') AS monetary_upper, bool_or(x.includes_upper) FILTER (WHERE x.dimension = 'monetary') AS includes_upper
      FROM (
        SELECT b.*, CASE WHEN b.includes_lower THEN ceil(b.lower) ELSE floor(b.lower) + 1 END AS lowest, CASE WHEN b.includes_upper THEN floor(b.upper) ELSE ceil(b.upper) - 1 END AS most
        FROM (
          SELECT i.dimension, CASE WHEN bool_and(i.lower IS NOT NULL) THEN min(i.lower) END AS lower, CASE WHEN bool_and(i.upper IS NOT NULL) THEN max(i.upper) END AS upper,
                 bool_and(i.includes_lower) AS includes_lower, bool_or(i.includes_upper) AS includes_upper
          FROM score i
          WHERE i.score BETWEEN coalesce(CASE i.dimension WHEN 'recency' THEN r.r_lower WHEN 'frequency' THEN r.f_lower ELSE r.m_lower END, 1)
                            AND coalesce(CASE i.dimension WHEN 'recency' THEN r.r_upper WHEN 'frequency' THEN r.f_upper ELSE r.m_upper END, 9)
          GROUP BY i.dimension) b) x) d
    WHERE s.name = scheme_bounds.scheme AND NOT (s.shipped AND EXISTS (SELECT FROM segment.scheme mine WHERE mine.name = s.name AND NOT mine.shipped))
      AND s.bins = (SELECT min(m.bins) FROM (SELECT max(i.score) AS bins FROM score i GROUP BY i.dimension) m)
  )
  SELECT r.segment, coalesce((array_agg(r.sort ORDER BY r.position) FILTER (WHERE r.sort IS NOT NULL))[1], min(r.position))::integer,
         CASE WHEN bool_and(r.recency_from IS NOT NULL) THEN min(r.recency_from)::integer END, CASE WHEN bool_and(r.recency_to IS NOT NULL) THEN max(r.recency_to)::integer END,
         CASE WHEN bool_and(r.orders_from IS NOT NULL) THEN min(r.orders_from) END, CASE WHEN bool_and(r.orders_to IS NOT NULL) THEN max(r.orders_to) END,
         CASE WHEN bool_and(r.monetary_lower IS NOT NULL) THEN min(r.monetary_lower) END, bool_or(r.includes_lower),
         CASE WHEN bool_and(r.monetary_upper IS NOT NULL) THEN max(r.monetary_upper) END, bool_or(r.includes_upper),
         CASE WHEN bool_and(r.tenure_days_lower IS NOT NULL) THEN min(r.tenure_days_lower) END, CASE WHEN bool_and(r.tenure_days_upper IS NOT NULL) THEN max(r.tenure_days_upper) END
  FROM rule r
  -- A rule that nobody can meet by these cut points says nothing.
  WHERE NOT coalesce(r.orders_from > r.orders_to, false) AND NOT coalesce(r.recency_from > r.recency_to, false) AND NOT coalesce(r.monetary_lower > r.monetary_upper, false)
  GROUP BY r.segment;
END;
COMMENT ON FUNCTION segment.scheme_bounds(segment.rfm_cut_points, text) IS
  'what each segment of a scheme holds by these cut points: days since the last order, orders, monetary value (total or average order, as the cut points say) and '
  'days since the first order; NULL: no bound. Where several rules name a segment, from the least to the greatest of them. No row for segments that nobody '
  'can get, for an unknown scheme, for cut points with other bins than the scheme''s, and for NULL';

CREATE FUNCTION segment_internal.range_words(lowest numeric, highest numeric, between_words text, least_words text, most_words text, one_words text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN lowest = highest THEN format(one_words, lowest) WHEN lowest IS NOT NULL AND highest IS NOT NULL THEN format(between_words, lowest, highest)
              WHEN lowest IS NOT NULL THEN format(least_words, lowest) WHEN highest IS NOT NULL THEN format(most_words, highest) END;
END;
COMMENT ON FUNCTION segment_internal.range_words(numeric, numeric, text, text, text, text) IS 'a range in words, by formats for both ends, the lower, the upper and equal ends; NULL without an end';

CREATE FUNCTION segment_internal.scheme_figures(cut_points segment.rfm_cut_points[], scheme text, segment text, late boolean DEFAULT false) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT nullif(concat_ws('; ',
    segment_internal.range_words(nullif(b.recency_from, 0), b.recency_to, 'last order %s to %s days ago', 'last order %s days ago or more', 'last order up to %s days ago', 'last order %s days ago'),
    segment_internal.range_words(nullif(b.orders_from, 0), b.orders_to, '%s to %s orders', '%s orders or more', 'up to %s orders', CASE b.orders_to WHEN 1 THEN '%s order' ELSE '%s orders' END),
    segment_internal.range_words(b.monetary_lower, b.monetary_upper,
      format('%s%s%%s up to %%s', m.opening, b.above), format('%s%s%%s', m.opening, b.above), format('%sup to %%s', m.opening), format('%s%%s', m.opening)) || m.closing,
    segment_internal.range_words(b.tenure_from, b.tenure_to, 'first order %s to %s days ago', 'first order %s days ago or more', 'first order up to %s days ago', 'first order %s days ago')), '')
  FROM (
    -- From the least to the greatest of all cut points; one order is the least there is. Money is rounded outwards, so that it stays true.
    SELECT CASE WHEN bool_and(x.recency_from IS NOT NULL) THEN min(x.recency_from) END AS recency_from,
           CASE WHEN bool_and(x.recency_to IS NOT NULL) AND NOT scheme_figures.late THEN max(x.recency_to) END AS recency_to,
           greatest(CASE WHEN bool_and(x.orders_from IS NOT NULL) THEN min(x.orders_from) END, CASE WHEN bool_and(x.orders_to = 1) THEN 1 END) AS orders_from,
           CASE WHEN bool_and(x.orders_to IS NOT NULL) THEN max(x.orders_to) END AS orders_to,
           CASE WHEN bool_and(x.monetary_lower IS NOT NULL) THEN floor(min(x.monetary_lower)::numeric * 100) / 100 END::numeric(1000, 2) AS monetary_lower,
           CASE WHEN bool_or(x.includes_lower) THEN 'from ' ELSE 'more than ' END AS above,
           CASE WHEN bool_and(x.monetary_upper IS NOT NULL) THEN ceil(max(x.monetary_upper)::numeric * 100) / 100 END::numeric(1000, 2) AS monetary_upper,
           CASE WHEN bool_and(x.tenure_from IS NOT NULL) THEN min(x.tenure_from) END AS tenure_from,
           CASE WHEN bool_and(x.tenure_to IS NOT NULL) AND NOT scheme_figures.late THEN max(x.tenure_to) END AS tenure_to,
           bool_or(c.cut_points::jsonb ->> 'monetary_is' = 'average') AS by_average
    FROM unnest(scheme_figures.cut_points) AS c (cut_points) CROSS JOIN LATERAL segment.scheme_bounds(c.cut_points, scheme_figures.scheme) x
    WHERE x.segment = scheme_figures.segment
    HAVING count(*) > 0) b
  CROSS JOIN LATERAL (SELECT CASE WHEN b.by_average THEN 'an average order of ' ELSE '' END AS opening, CASE WHEN b.by_average THEN '' ELSE ' in all' END AS closing) m;
END;
COMMENT ON FUNCTION segment_internal.scheme_figures(segment.rfm_cut_points[], text, text, boolean) IS
  'what a segment holds by any of these cut points, in words; late: customers are moved late by time, so that nothing is said of how long ago at most. NULL for a segment that nobody can get';

CREATE FUNCTION segment.label_meaning(cut_points segment.rfm_cut_points, scheme text, segment text) RETURNS text
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT concat_ws(' Here: ', g.meaning, segment_internal.scheme_figures(ARRAY[label_meaning.cut_points], label_meaning.scheme, label_meaning.segment) || '.')
  FROM segment.scheme_segments g WHERE g.scheme = label_meaning.scheme AND g.segment = label_meaning.segment;
END;
COMMENT ON FUNCTION segment.label_meaning(segment.rfm_cut_points, text, text) IS
  'who is in a segment of a scheme, with what that is by these cut points in days, orders and money. NULL for an unknown scheme or segment, or a NULL argument';
