-- segmentation: whether words are true: what a segment is in figures, and what became of those who carried its name

CREATE FUNCTION segment_internal.segment_figures(version_id integer, as_of date, market text, segment text) RETURNS text
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT segment_internal.scheme_figures(array_agg(p.cut_points), (v.label).scheme, segment_figures.segment, (v.label).hold_days IS NOT NULL)
  FROM segment.segmentation_version v
  JOIN segment.segmentation_cut_points p ON p.segmentation = v.segmentation AND p.version = v.version
  WHERE v.id = segment_figures.version_id AND (v.label).kind = 'scheme'
    AND p.as_of = (SELECT max(m.as_of) FROM segment.segmentation_cut_points m
                   WHERE m.segmentation = v.segmentation AND m.version = v.version AND ((v.scores).cut_points = 'frozen' OR m.as_of <= segment_figures.as_of))
    AND (segment_figures.market = 'all' OR p.market = segment_figures.market OR p.market = '' AND NOT EXISTS (
      SELECT FROM segment.segmentation_cut_points o
      WHERE o.segmentation = v.segmentation AND o.version = v.version AND o.as_of = p.as_of AND o.market = segment_figures.market))
  GROUP BY (v.label).scheme, (v.label).hold_days;
END;
COMMENT ON FUNCTION segment_internal.segment_figures(integer, date, text, text) IS
  'what a segment of a version by a scheme holds in a market (or in all) by the cut points of a day, in words; NULL for clusters and tiers, and for who has no order';

CREATE FUNCTION segment_internal.evidence_verdict(snapshot integer, segment text) RETURNS text
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE
      WHEN 3 * e.sort > 2 * e.names AND e.interval_low > e.buyers_all / e.customers_all THEN
        format('The name puts them among those who leave, but %s of %s bought within %s days, and of all customers %s %%. True would be "Ordering still, in their own time". Do not win them back: '
               '%s', e.buyers, e.customers, e.days, round(100 * e.buyers_all / e.customers_all),
               CASE WHEN e.by_model THEN 'the model ranks these orders wrongly; compare backtest(), and label by a scheme or clusters.'
                    ELSE 'let a longer time without an order count as away, by higher recency thresholds.' END)
      WHEN 3 * e.sort <= e.names AND e.interval_high < e.buyers_all / e.customers_all THEN
        format('The name puts them among the best, but only %s of %s bought within %s days, and of all customers %s %%. True would be "Good once". '
               '%s', e.buyers, e.customers, e.days, round(100 * e.buyers_all / e.customers_all),
               CASE WHEN e.by_model THEN 'The model ranks these orders wrongly: compare backtest(), and label by a scheme or clusters.'
                    ELSE 'Let a shorter time without an order count as away, by lower recency thresholds.' END)
    END
  FROM (
    SELECT x.segment, x.sort, x.customers, x.buyers, t.as_of - b.as_of AS days, sum(x.buyers) OVER () AS buyers_all, sum(x.customers) OVER () AS customers_all,
           (v.label).kind = 'value_tiers' AS by_model, i.low::numeric AS interval_low, i.high::numeric AS interval_high,
           -- Clusters promise nothing.
           CASE (v.label).kind WHEN 'value_tiers' THEN (v.label).tiers * (v.label).tiers
             WHEN 'scheme' THEN (SELECT count(*) FROM segment.scheme_segments g WHERE g.scheme = (v.label).scheme AND g.sort < 1000) END AS names
    FROM segment.evidence_total x
    JOIN segment.snapshot t ON t.id = x.snapshot
    JOIN segment.snapshot b ON b.id = x.base
    JOIN segment.segmentation_version v ON v.id = t.version_id
    CROSS JOIN LATERAL segment.rate_interval(x.buyers, x.customers) i
    WHERE x.snapshot = evidence_verdict.snapshot) e
  WHERE e.segment = evidence_verdict.segment AND e.sort < 1000;
END;
COMMENT ON FUNCTION segment_internal.evidence_verdict(integer, text) IS
  'what to say where evidence of a snapshot contradicts a segment''s name: one of the worst third by rank of whom surely more bought than of all customers (Wilson interval at 95 %), or one of the best third of whom surely fewer did; else NULL';
