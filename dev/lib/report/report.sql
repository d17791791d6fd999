-- report.sql: what dev/report shows of the newest snapshot of a segmentation, as one JSON value. Reads the BI views only.
-- psql -v name=NAME; no row: there is no such segmentation, or it was never refreshed.
SELECT json_build_object(
  'about', (
    SELECT json_build_object(
      'segmentation', t.segmentation, 'description', s.description, 'as_of', t.as_of, 'previous_as_of', t.previous_as_of,
      'version', t.definition_version, 'computed_at', to_char(t.computed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
      'written_on', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD'), 'days_old', (now() AT TIME ZONE 'UTC')::date - t.as_of,
      'unknown_rows', t.unknown_rows, 'unknown_amount', t.unknown_amount, 'scheme', (v.label).scheme, 'labels', replace((v.label).kind, '_', ' '),
      'scheme_title', (SELECT x.title FROM segment.scheme x WHERE x.name = (v.label).scheme ORDER BY x.shipped LIMIT 1),
      'source', v.source, 'filter', v.filter, 'look_back_days', (v.days).look_back_days, 'has_markets', v.market IS NOT NULL,
      'calibrated_as_of', s.calibrated_as_of, 'drift_level', s.level)
    FROM segment.segmentation_status s
    JOIN segment.segmentation_version v ON v.segmentation = t.segmentation AND v.version = t.definition_version
    WHERE s.segmentation = t.segmentation),
  'segments', (
    SELECT coalesce(json_agg(json_build_object(
      'name', x.segment_name, 'sort', x.segment_sort, 'customers', x.customers, 'share_customers', x.share_customers,
      'orders', x.orders, 'revenue', x.revenue, 'share_revenue', x.revenue / nullif(k.revenue, 0),
      'average_order', x.average_order, 'average_recency_days', x.average_recency_days,
      'meaning', x.meaning, 'figures', x.figures, 'contradiction', x.contradiction, 'action', x.action, 'colour', x.colour) ORDER BY x.segment_sort, x.segment_name COLLATE "C"), '[]')
    FROM segment.segment_summary x,
         (SELECT sum(y.revenue) AS revenue FROM segment.segment_summary y
          WHERE y.segmentation = t.segmentation AND y.is_latest AND y.market = 'all' AND y.customers IS NOT NULL) k
    WHERE x.segmentation = t.segmentation AND x.is_latest AND x.market = 'all' AND x.customers IS NOT NULL),
  'grid', (
    SELECT coalesce(json_agg(json_build_object('r', x.r_score, 'f', x.f_score, 'customers', x.customers,
      'share_customers', x.share_customers, 'revenue', x.revenue, 'segment', x.segment_name) ORDER BY x.r_score DESC, x.f_score), '[]')
    FROM segment.rfm_grid x WHERE x.segmentation = t.segmentation AND x.is_latest),
  'migration', (
    SELECT coalesce(json_agg(json_build_object('from', x.from_segment, 'from_sort', x.from_sort, 'to', x.to_segment,
      'to_sort', x.to_sort, 'direction', x.direction, 'customers', x.customers, 'share_of_from', x.share_of_from, 'revenue', x.revenue,
      'order', x.moved_by_order, 'time', x.moved_by_time, 'recalibration', x.moved_by_recalibration)
      ORDER BY x.from_sort, x.from_segment COLLATE "C", x.to_sort, x.to_segment COLLATE "C"), '[]')
    FROM segment.segment_migration x WHERE x.segmentation = t.segmentation AND x.is_latest),
  'curve', (
    SELECT coalesce(json_agg(json_build_object('percentile', x.percentile, 'customers', x.customers, 'revenue', x.revenue,
      'share_revenue', x.share_revenue) ORDER BY x.percentile), '[]')
    FROM segment.value_curve x WHERE x.segmentation = t.segmentation AND x.is_latest),
  'profile', (
    SELECT coalesce(json_agg(json_build_object('segment', x.segment_name, 'sort', x.segment_sort, 'feature', x.feature,
      'mean', x.mean, 'population_mean', x.population_mean, 'relative_importance', x.relative_importance)
      ORDER BY x.segment_sort, x.segment_name COLLATE "C", x.feature_sort), '[]')
    FROM segment.segment_profile x WHERE x.segmentation = t.segmentation AND x.is_latest),
  'evidence', (
    SELECT coalesce(json_agg(json_build_object('segment', x.segment_name, 'sort', x.segment_sort, 'as_of', x.as_of, 'days', x.days,
      'customers', x.customers, 'buyers', x.buyers, 'share_buyers', x.share_buyers, 'share_buyers_all', x.share_buyers_all,
      'revenue_per_customer', x.revenue_since_per_customer) ORDER BY x.segment_sort, x.segment_name COLLATE "C"), '[]')
    FROM segment.segment_evidence x WHERE x.segmentation = t.segmentation AND x.is_latest),
  'markets', (
    SELECT coalesce(json_agg(json_build_object('market', x.market, 'is_suppressed', x.is_suppressed, 'customers', x.customers,
      'orders', x.orders, 'revenue', x.revenue, 'min_cell', x.min_cell)
      ORDER BY x.is_suppressed, x.market LIKE '(%', x.customers DESC NULLS LAST, x.market COLLATE "C"), '[]')
    FROM segment.published_summary x
    WHERE x.segmentation = t.segmentation AND x.as_of = t.as_of AND x.grain = 'market' AND x.definition_version = t.definition_version),
  'quality', (
    SELECT coalesce(json_agg(json_build_object('check', x.check_name, 'severity', x.severity, 'rows', x.rows, 'total_rows', x.total_rows,
      'share', x.share, 'message', x.message) ORDER BY x.severity <> 'warning', x.severity <> 'info', x.check_name COLLATE "C"), '[]')
    FROM segment.data_quality x WHERE x.segmentation = t.segmentation AND x.as_of = t.as_of),
  'drift', (
    SELECT coalesce(json_agg(json_build_object('feature', x.feature, 'baseline_as_of', x.baseline_as_of, 'psi', x.psi, 'level', x.level)
      ORDER BY x.feature COLLATE "C"), '[]')
    FROM segment.drift x WHERE x.segmentation = t.segmentation AND x.is_latest),
  'pilots', (
    SELECT coalesce(json_agg(json_build_object('name', p.pilot, 'starts', p.starts, 'watch_days', p.watch_days, 'measured_on', p.measured_on, 'verdict', p.verdict, 'assigned', p.assigned,
      'analysed', p.analysed, 'in_progress', p.in_progress, 'opted_out', p.opted_out, 'split_p', p.split_p, 'split_verdict', p.split_verdict,
      'arms', (SELECT json_agg(json_build_object('name', a.name, 'share', a.share, 'assigned', a.assigned, 'analysed', a.analysed) ORDER BY a.arm)
               FROM segment.pilot q JOIN segment.pilot_arm a ON a.pilot = q.id WHERE q.segmentation = p.segmentation AND q.name = p.pilot),
      'results', (SELECT coalesce(json_agg(json_build_object('metric', r.metric, 'method', r.method, 'segment', r.segment_name, 'is_all', r.segment_sort = 0, 'arm', r.arm, 'n_control', r.n_control,
                    'n_treated', r.n_treated, 'control', r.control_value, 'treated', r.treated_value, 'diff', r.diff, 'low', r.ci_low, 'high', r.ci_high, 'confidence', r.confidence, 'answer', r.answer,
                    'p_adjusted', r.p_adjusted, 'p_differ', r.p_differ, 'pays_from', r.break_even_diff, 'reason', r.reason)
                    ORDER BY r.metric_sort, r.arm_sort, r.segment_sort, r.segment_name COLLATE "C"), '[]')
                  FROM segment.experiment_result r WHERE r.segmentation = p.segmentation AND r.pilot = p.pilot)) ORDER BY p.starts DESC, p.pilot COLLATE "C"), '[]')
    FROM segment.pilot_summary p WHERE p.segmentation = t.segmentation))
FROM segment.published_snapshot t
WHERE t.segmentation = :'name' AND t.is_latest;
