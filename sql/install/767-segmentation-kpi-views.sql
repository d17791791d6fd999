-- segmentation: KPIs with their targets, and what moved

CREATE VIEW segment.kpi_series WITH (security_invoker = true) AS
SELECT p.segmentation, p.kpi, p.period_start, p.period_end, p.dimension, p.value_key, p.value, p.numerator, p.denominator, p.low AS ci_low, p.high AS ci_high,
       t.target, t.tolerance, t.direction,
       CASE WHEN p.is_complete AND t.target IS NOT NULL THEN CASE
         WHEN s.sign * p.value::numeric >= s.sign * t.target THEN 'on track'
         WHEN s.sign * p.value::numeric >= s.sign * t.target - t.tolerance THEN 'watch'
         WHEN p.value IS NOT NULL THEN 'off' END END AS status,
       p.is_complete, p.reason, p.lower AS limit_low, p.upper AS limit_high, p.is_signal, c.unit, p.as_of, p.version AS definition_version, v.state = 'active' AS is_active
FROM segment.kpi_point p
JOIN segment.kpi_catalog c ON c.kpi = p.kpi
JOIN segment.segmentation_version v ON v.segmentation = p.segmentation AND v.version = p.version AND v.state <> 'draft'
LEFT JOIN LATERAL (
  SELECT g.target, g.tolerance, g.direction FROM segment.kpi_target g
  WHERE g.segmentation = p.segmentation AND g.kpi = p.kpi AND g.dimension = p.dimension AND g.value_key = p.value_key AND g.valid_from <= p.period_start
  ORDER BY g.valid_from DESC LIMIT 1) t ON true
CROSS JOIN LATERAL (SELECT CASE t.direction WHEN 'down' THEN -1 ELSE 1 END AS sign) s;
COMMENT ON VIEW segment.kpi_series IS
  'KPIs by period, of all customers, by segment and by market, as the last refresh found them: unique key (segmentation, definition_version, kpi, period_start, dimension, value_key). '
  'Segmentations that store ledgers have them. Markets and segments are those of the customers at as_of; of a period that is over, segments are those when it ended. Small groups are shown';
COMMENT ON COLUMN segment.kpi_series.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.kpi_series.kpi IS 'the KPI; kpi_catalog says what it is';
COMMENT ON COLUMN segment.kpi_series.period_start IS 'first day of the period';
COMMENT ON COLUMN segment.kpi_series.period_end IS 'the day after its last';
COMMENT ON COLUMN segment.kpi_series.dimension IS 'all, segment or market';
COMMENT ON COLUMN segment.kpi_series.value_key IS 'the segment or market; all for all customers, each counted once';
COMMENT ON COLUMN segment.kpi_series.value IS 'the value; NULL: there is none, see reason';
COMMENT ON COLUMN segment.kpi_series.numerator IS 'of a ratio what is divided, exact; else the exact value';
COMMENT ON COLUMN segment.kpi_series.denominator IS 'of a ratio what it is divided by; NULL for counts and sums';
COMMENT ON COLUMN segment.kpi_series.ci_low IS 'of a share of customers the lower end of Wilson''s interval of 95 %; else NULL';
COMMENT ON COLUMN segment.kpi_series.ci_high IS 'its upper end';
COMMENT ON COLUMN segment.kpi_series.target IS 'the target that held when the period began; NULL without one';
COMMENT ON COLUMN segment.kpi_series.tolerance IS 'how far beside the target is still to be watched';
COMMENT ON COLUMN segment.kpi_series.direction IS 'up: the target or more is on track; down: the target or less';
COMMENT ON COLUMN segment.kpi_series.status IS 'on track, watch (within the tolerance) or off; NULL while the period is open, and without a target or a value';
COMMENT ON COLUMN segment.kpi_series.is_complete IS 'whether the period was over by the evening of as_of: leave open ones out of averages';
COMMENT ON COLUMN segment.kpi_series.reason IS 'why there is no value; NULL where there is one';
COMMENT ON COLUMN segment.kpi_series.limit_low IS 'lower control limit, by the first 12 complete periods (NULL for open ones, and for fewer than 6 in all)';
COMMENT ON COLUMN segment.kpi_series.limit_high IS 'upper control limit';
COMMENT ON COLUMN segment.kpi_series.is_signal IS 'whether the value lies beyond the limits, which noise alone rarely does';
COMMENT ON COLUMN segment.kpi_series.unit IS 'customers, orders, money, share of customers, or share';
COMMENT ON COLUMN segment.kpi_series.as_of IS 'day of the refresh that last changed the value';
COMMENT ON COLUMN segment.kpi_series.definition_version IS 'the version that was refreshed: values of different versions are different series';
COMMENT ON COLUMN segment.kpi_series.is_active IS 'whether that version is the active one';

CREATE VIEW segment.kpi_change WITH (security_invoker = true) AS
SELECT x.segmentation, x.kpi, x.period_start, x.dimension, x.value_key, x.previous_as_of, x.as_of, x.previous_value, x.value, x.change, x.relative_change, x.is_complete,
       rank() OVER (PARTITION BY x.segmentation ORDER BY abs(x.relative_change) DESC NULLS LAST) AS position, x.definition_version
FROM (
  SELECT p.segmentation, p.kpi, p.period_start, p.dimension, p.value_key, p.previous_as_of, p.as_of, p.previous_value, p.value, p.value - p.previous_value AS change,
         (p.value - p.previous_value) / nullif(abs(p.previous_value), 0) AS relative_change, p.is_complete, p.version AS definition_version
  FROM segment.kpi_point p
  JOIN segment.segmentation_version v ON v.segmentation = p.segmentation AND v.version = p.version AND v.state = 'active'
  WHERE p.previous_as_of IS NOT NULL AND p.value IS DISTINCT FROM p.previous_value
    AND p.as_of = (SELECT max(s.as_of) FROM segment.snapshot s WHERE s.version_id = v.id AND s.as_of <= segment.day_of(now(), (v.days).zone))) x;
COMMENT ON VIEW segment.kpi_change IS
  'what the newest refresh of each segmentation changed of KPIs: unique key (segmentation, kpi, period_start, dimension, value_key). ORDER BY position: what moved most comes first. '
  'Counts and sums of the open period grow from day to day: their change is what came in';
COMMENT ON COLUMN segment.kpi_change.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.kpi_change.kpi IS 'the KPI';
COMMENT ON COLUMN segment.kpi_change.period_start IS 'first day of the period; one that is complete changed by late orders, returns or corrections';
COMMENT ON COLUMN segment.kpi_change.dimension IS 'all, segment or market';
COMMENT ON COLUMN segment.kpi_change.value_key IS 'the segment or market; all for all customers';
COMMENT ON COLUMN segment.kpi_change.previous_as_of IS 'day of the refresh that had found previous_value';
COMMENT ON COLUMN segment.kpi_change.as_of IS 'day of the newest refresh';
COMMENT ON COLUMN segment.kpi_change.previous_value IS 'the value before; NULL: there was none';
COMMENT ON COLUMN segment.kpi_change.value IS 'the value now';
COMMENT ON COLUMN segment.kpi_change.change IS 'value less previous_value';
COMMENT ON COLUMN segment.kpi_change.relative_change IS 'change / previous_value; NULL where that is 0 or unknown';
COMMENT ON COLUMN segment.kpi_change.is_complete IS 'whether the period is over';
COMMENT ON COLUMN segment.kpi_change.position IS '1 for what moved most, by relative_change, within the segmentation';
COMMENT ON COLUMN segment.kpi_change.definition_version IS 'the version';
GRANT SELECT ON segment.kpi_series, segment.kpi_change TO PUBLIC;
