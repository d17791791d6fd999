-- segmentation: why a customer is in a segment, in words

CREATE FUNCTION segment.explain_segment(name text, customer text, as_of date DEFAULT NULL) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT segment_internal.check_seen(name, as_of);
  SELECT concat(
    format('Segment %s on %s, since %s', c.segment, t.as_of, c.since),
    CASE WHEN c.from_day = t.as_of THEN CASE WHEN c.moved_by = 'new' THEN '; new' ELSE '; moved by ' || c.moved_by || coalesce(', from ' || c.previous_segment, '') END END, E'.\n',
    CASE (v.label).kind
      WHEN 'scheme' THEN segment.explain_label(coalesce(own.cut_points, everybody.cut_points), c.rfm, d.held, (v.label).scheme, (v.days).zone) ||
        CASE WHEN own.market <> '' THEN format(E'\nScored among the customers of market %s', own.market) ELSE '' END
      ELSE concat(format('%s (%s): %s.', c.segment, replace((v.label).kind, '_', ' '), rtrim(g.meaning, '.')), E'\nWhat to do: ' || rtrim(g.action, '.') || '.') END,
    CASE WHEN d.held < t.as_of THEN format(E'\nTime alone moves this customer %s days late: the above is as of %s, and what it says of days without an order shows so many days after them. By the scores of %s alone: %s.', w.days, d.held, t.as_of,
      segment.label(c.score, (v.label).scheme, c.rfm, t.as_of, (v.days).zone)) END)
  FROM segment.published_snapshot t
  JOIN segment.segmentation_version v ON v.id = t.version_id
  JOIN segment.state c ON c.version_id = t.version_id AND c.customer = explain_segment.customer AND c.from_day <= t.as_of AND c.until_day > t.as_of AND c.rfm IS NOT NULL
  CROSS JOIN LATERAL (SELECT segment_internal.wait_days(c.rfm, (v.label).hold_days, (v.label).hold_gaps, (v.days).look_back_days, (v.days).zone) AS days) w
  CROSS JOIN LATERAL (SELECT CASE WHEN (v.label).hold_days IS NULL THEN t.as_of ELSE greatest(t.as_of - w.days, segment.rfm_last(c.rfm, (v.days).zone)) END AS held) d
  CROSS JOIN LATERAL (SELECT max(p.as_of) AS as_of FROM segment.segmentation_cut_points p
                      WHERE p.segmentation = v.segmentation AND p.version = v.version AND p.as_of <= CASE (v.scores).cut_points WHEN 'frozen' THEN 'infinity' ELSE t.as_of END) made
  LEFT JOIN segment.segmentation_cut_points own ON own.segmentation = v.segmentation AND own.version = v.version AND own.as_of = made.as_of AND own.market = c.market
  LEFT JOIN segment.segmentation_cut_points everybody ON everybody.segmentation = v.segmentation AND everybody.version = v.version AND everybody.as_of = made.as_of AND everybody.market = ''
  LEFT JOIN segment.segment_meaning g ON g.segmentation = v.segmentation AND g.version = v.version AND g.segment = c.segment
  WHERE t.segmentation = explain_segment.name AND CASE WHEN explain_segment.as_of IS NULL THEN t.is_latest ELSE t.as_of = explain_segment.as_of END;
END;
COMMENT ON FUNCTION segment.explain_segment(text, text, date) IS
  'why a customer, given by the id that customer_profile shows (of a pseudonymous segmentation the hash), is in a segment of a declared segmentation, in words: since when, by what, and for a scheme what explain_label says: values, scores, '
  'the rule, what would lead up and down. as_of: a snapshot''s day, by default the newest. NULL if the customer is in none then; 42704 if there is no such segmentation or snapshot';
