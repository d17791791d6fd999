-- segmentation: what a pilot showed, flat for BI tools and in words

CREATE VIEW segment_internal.pilot_side WITH (security_invoker = true) AS
SELECT o.pilot, o.metric, o.segment_name, coalesce(o.segment_sort, 1000::smallint) AS segment_sort, o.arm, o.outcome, false AS is_all FROM segment.pilot_outcome o
UNION ALL
SELECT o.pilot, o.metric, 'all', 0, o.arm, segment.outcome_rollup(o.outcome), true FROM segment.pilot_outcome o GROUP BY o.pilot, o.metric, o.arm;
GRANT SELECT ON segment_internal.pilot_side TO PUBLIC;
COMMENT ON VIEW segment_internal.pilot_side IS 'outcomes of pilots by metric, segment and arm, and over all segments';
COMMENT ON COLUMN segment_internal.pilot_side.pilot IS 'number of the pilot';
COMMENT ON COLUMN segment_internal.pilot_side.metric IS 'number of the metric';
COMMENT ON COLUMN segment_internal.pilot_side.segment_name IS 'the segment; all';
COMMENT ON COLUMN segment_internal.pilot_side.segment_sort IS 'its rank; 0 for all';
COMMENT ON COLUMN segment_internal.pilot_side.arm IS 'number of the arm';
COMMENT ON COLUMN segment_internal.pilot_side.outcome IS 'the exact sums';
COMMENT ON COLUMN segment_internal.pilot_side.is_all IS 'whether it is that of all segments';

CREATE VIEW segment.experiment_result WITH (security_invoker = true) AS
WITH compared AS (
  SELECT p.id, p.segmentation, p.name AS pilot, m.i AS metric_sort, m.name AS metric, t.segment_name, t.segment_sort, t.is_all, a.arm AS arm_sort, a.name AS arm, k.name AS control_arm, m.method, m.worth,
         p.margin_rate, p.cost, p.confidence, p.measured_on, c.outcome AS control, t.outcome AS treated, r.*
  FROM segment.pilot p
  CROSS JOIN LATERAL unnest(p.metrics) WITH ORDINALITY AS m (name, method, value, per, worth, i)
  JOIN segment_internal.pilot_side t ON t.pilot = p.id AND t.metric = m.i AND t.arm > 1
  JOIN segment.pilot_arm a ON a.pilot = p.id AND a.arm = t.arm
  JOIN segment.pilot_arm k ON k.pilot = p.id AND k.arm = 1
  LEFT JOIN segment_internal.pilot_side c ON c.pilot = p.id AND c.metric = m.i AND c.arm = 1 AND c.segment_name = t.segment_name AND c.is_all = t.is_all
  CROSS JOIN LATERAL segment.compare(c.outcome, t.outcome, m.method, 'fieller', p.confidence, 'two-sided', p.always_valid) r
), family AS (
  SELECT c.*, array_agg(c.p_value) OVER f AS p_values, row_number() OVER (PARTITION BY c.id, c.is_all, CASE WHEN NOT c.is_all THEN c.metric_sort END ORDER BY c.metric_sort, c.arm_sort, c.segment_name) AS place,
         array_agg(c.diff) FILTER (WHERE NOT c.is_all) OVER s AS diffs, array_agg(c.se) FILTER (WHERE NOT c.is_all) OVER s AS ses,
         array_agg((coalesce(c.n_control, 0) + coalesce(c.n_treated, 0))::double precision) FILTER (WHERE NOT c.is_all) OVER s AS weights
  FROM compared c
  WINDOW f AS (PARTITION BY c.id, c.is_all, CASE WHEN NOT c.is_all THEN c.metric_sort END ORDER BY c.metric_sort, c.arm_sort, c.segment_name ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING),
         s AS (PARTITION BY c.id, c.metric_sort, c.arm_sort ORDER BY c.segment_name ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
)
SELECT f.segmentation, f.pilot, f.metric, f.segment_name, f.arm, f.control_arm, f.segment_sort, f.metric_sort::smallint AS metric_sort, f.arm_sort, f.method, f.n_control, f.n_treated,
       f.control_value, f.treated_value, segment.outcome_sd(f.control, f.method) AS control_sd, segment.outcome_sd(f.treated, f.method) AS treated_sd,
       f.diff, f.se, f.ci_low, f.ci_high, f.p_value, (segment.adjust_p(f.p_values, 'holm'))[f.place] AS p_adjusted, f.lift, f.lift_low, f.lift_high,
       f.theta AS cuped_theta, f.variance_reduction AS cuped_variance_reduction, f.covariate_p AS cuped_covariate_p, segment.heterogeneity_p(f.diffs, f.ses) AS p_differ,
       g.diff AS stratified_diff, g.ci_low AS stratified_low, g.ci_high AS stratified_high, w.margin, w.margin_low, w.margin_high,
       CASE WHEN f.cost IS NOT NULL THEN w.roi END AS roi, CASE WHEN f.cost IS NOT NULL THEN w.roi_low END AS roi_low, CASE WHEN f.cost IS NOT NULL THEN w.roi_high END AS roi_high,
       b.diff AS break_even_diff, b.lift AS break_even_lift, b.lift_low AS break_even_lift_low, b.lift_high AS break_even_lift_high,
       e.cost_each AS cost_per_order, e.low AS cost_per_order_low, e.high AS cost_per_order_high,
       CASE WHEN f.ci_low > 0 THEN 'more' WHEN f.ci_high < 0 THEN 'less' WHEN f.ci_low IS NULL THEN 'no answer' ELSE 'cannot tell' END AS answer, f.reason, f.confidence, f.measured_on
FROM family f
CROSS JOIN LATERAL (SELECT f.worth IN ('revenue', 'margin') AND (f.worth = 'margin' OR f.margin_rate IS NOT NULL) AS is_money, f.worth = 'orders' AND f.cost IS NOT NULL AS is_orders, CASE f.worth WHEN 'margin' THEN 1 ELSE f.margin_rate END AS rate) d
CROSS JOIN LATERAL segment.roi(CASE WHEN d.is_money THEN f.diff END, CASE WHEN d.is_money THEN f.ci_low END, CASE WHEN d.is_money THEN f.ci_high END, coalesce(d.rate, 1), coalesce(f.cost, 1)) w
CROSS JOIN LATERAL segment.break_even_lift(CASE WHEN d.is_money AND f.method IN ('mean', 'cuped') THEN f.control END, d.rate, f.cost, f.confidence) b
CROSS JOIN LATERAL segment.cost_per_incremental(CASE WHEN d.is_orders THEN f.diff END, CASE WHEN d.is_orders THEN f.ci_low END, CASE WHEN d.is_orders THEN f.ci_high END, coalesce(f.cost, 1)) e
CROSS JOIN LATERAL segment.poststratify(CASE WHEN f.is_all THEN f.diffs END, f.ses, f.weights, f.confidence) g;
COMMENT ON VIEW segment.experiment_result IS
  'what pilots showed when last measured, one row a pilot, metric, segment (all: everybody) and treated arm: unique key (segmentation, pilot, metric, segment_name, arm). Look at p_differ before believing a segment';
COMMENT ON COLUMN segment.experiment_result.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.experiment_result.pilot IS 'the pilot''s name';
COMMENT ON COLUMN segment.experiment_result.metric IS 'what was measured';
COMMENT ON COLUMN segment.experiment_result.segment_name IS 'segment of the customers on the day of assignment; all: everybody';
COMMENT ON COLUMN segment.experiment_result.arm IS 'the treated arm';
COMMENT ON COLUMN segment.experiment_result.control_arm IS 'the arm that it is compared with';
COMMENT ON COLUMN segment.experiment_result.segment_sort IS 'rank of the segment; 0 for all';
COMMENT ON COLUMN segment.experiment_result.metric_sort IS 'number of the metric in the declaration; 1 decides';
COMMENT ON COLUMN segment.experiment_result.arm_sort IS 'number of the arm';
COMMENT ON COLUMN segment.experiment_result.method IS 'how the arms are compared: mean, rate, ratio or cuped';
COMMENT ON COLUMN segment.experiment_result.n_control IS 'customers of the control arm that count';
COMMENT ON COLUMN segment.experiment_result.n_treated IS 'customers of the treated arm that count';
COMMENT ON COLUMN segment.experiment_result.control_value IS 'mean, rate or ratio of the control arm';
COMMENT ON COLUMN segment.experiment_result.treated_value IS 'that of the treated arm';
COMMENT ON COLUMN segment.experiment_result.control_sd IS 'standard deviation per customer of the control arm';
COMMENT ON COLUMN segment.experiment_result.treated_sd IS 'that of the treated arm';
COMMENT ON COLUMN segment.experiment_result.diff IS 'treated minus control, per customer';
COMMENT ON COLUMN segment.experiment_result.se IS 'its standard error';
COMMENT ON COLUMN segment.experiment_result.ci_low IS 'lower end of its interval; NULL: see reason';
COMMENT ON COLUMN segment.experiment_result.ci_high IS 'upper end';
COMMENT ON COLUMN segment.experiment_result.p_value IS 'how often chance alone would show as large a difference';
COMMENT ON COLUMN segment.experiment_result.p_adjusted IS 'the same by Holm for all metrics and arms together; of a segment, for all segments and arms of the metric';
COMMENT ON COLUMN segment.experiment_result.lift IS 'diff as a part of control_value';
COMMENT ON COLUMN segment.experiment_result.lift_low IS 'lower end of its interval (Fieller)';
COMMENT ON COLUMN segment.experiment_result.lift_high IS 'upper end';
COMMENT ON COLUMN segment.experiment_result.cuped_theta IS 'slope on what was before; NULL but for cuped';
COMMENT ON COLUMN segment.experiment_result.cuped_variance_reduction IS 'part of the variance that what was before explains; NULL but for cuped';
COMMENT ON COLUMN segment.experiment_result.cuped_covariate_p IS 'whether the arms differed before: tiny means that the split is broken; NULL but for cuped';
COMMENT ON COLUMN segment.experiment_result.p_differ IS 'whether the segments differ at all (Cochran''s Q): above 0.05 or so no segment is better than the others';
COMMENT ON COLUMN segment.experiment_result.stratified_diff IS 'diff with segments weighted by their customers; NULL but for all';
COMMENT ON COLUMN segment.experiment_result.stratified_low IS 'lower end of its interval';
COMMENT ON COLUMN segment.experiment_result.stratified_high IS 'upper end';
COMMENT ON COLUMN segment.experiment_result.margin IS 'profit that a treated customer brought, before its cost; NULL where the metric is no money';
COMMENT ON COLUMN segment.experiment_result.margin_low IS 'lower end of its interval';
COMMENT ON COLUMN segment.experiment_result.margin_high IS 'upper end';
COMMENT ON COLUMN segment.experiment_result.roi IS '(margin - cost) / cost; NULL without a cost';
COMMENT ON COLUMN segment.experiment_result.roi_low IS 'lower end of its interval';
COMMENT ON COLUMN segment.experiment_result.roi_high IS 'upper end';
COMMENT ON COLUMN segment.experiment_result.break_even_diff IS 'the difference that pays for the cost';
COMMENT ON COLUMN segment.experiment_result.break_even_lift IS 'the same as a part of control_value';
COMMENT ON COLUMN segment.experiment_result.break_even_lift_low IS 'lower end of its interval';
COMMENT ON COLUMN segment.experiment_result.break_even_lift_high IS 'upper end';
COMMENT ON COLUMN segment.experiment_result.cost_per_order IS 'what one more order, or one more customer who orders, cost; NULL where the metric is none';
COMMENT ON COLUMN segment.experiment_result.cost_per_order_low IS 'lower end of its interval';
COMMENT ON COLUMN segment.experiment_result.cost_per_order_high IS 'upper end; Infinity: there may be no more at all';
COMMENT ON COLUMN segment.experiment_result.answer IS 'more, less, cannot tell (the interval holds 0), or no answer';
COMMENT ON COLUMN segment.experiment_result.reason IS 'why something is NULL, in words';
COMMENT ON COLUMN segment.experiment_result.confidence IS 'that of the intervals';
COMMENT ON COLUMN segment.experiment_result.measured_on IS 'the day up to which orders were read';

CREATE FUNCTION segment_internal.plain_number(x double precision, method text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN method = 'rate' THEN round((100 * x)::numeric, 2)::text || ' %' WHEN abs(x) < 0.095 THEN round(x::numeric, 4)::text ELSE round(x::numeric, 2)::text END;
END;
COMMENT ON FUNCTION segment_internal.plain_number(double precision, text) IS 'a number as one says it; a rate in per cent';

CREATE FUNCTION segment_internal.pilot_sentence(r segment.experiment_result, p segment.pilot) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  unit text := CASE r.method WHEN 'rate' THEN ' of the customers' WHEN 'ratio' THEN '' ELSE ' per customer' END;
  sd double precision := sqrt((r.control_sd ^ 2 + r.treated_sd ^ 2) / 2);
  shows double precision;
  words text := format('%s against %s, %s within %s days, %s and %s customers: ', r.arm, r.control_arm, replace(r.metric, '_', ' '), p.watch_days, r.n_treated, r.n_control);
BEGIN
  IF r.ci_low IS NULL THEN
    RETURN words || format('no answer, %s.', coalesce(r.reason, 'one of the arms has nobody yet'));
  END IF;
  words := words || CASE WHEN r.answer = 'cannot tell' THEN format('cannot tell, between %s less and %s more%s', segment_internal.plain_number(-r.ci_low, r.method), segment_internal.plain_number(r.ci_high, r.method), unit)
    ELSE format('%s %s%s%s, between %s and %s', segment_internal.plain_number(abs(r.diff), r.method), r.answer, unit, CASE WHEN r.lift IS NOT NULL THEN format(' (%s %%)', round((100 * r.lift)::numeric, 1)) END,
      segment_internal.plain_number(least(abs(r.ci_low), abs(r.ci_high)), r.method), segment_internal.plain_number(greatest(abs(r.ci_low), abs(r.ci_high)), r.method)) END;
  IF r.break_even_diff IS NOT NULL THEN
    words := words || CASE WHEN r.ci_low > r.break_even_diff THEN format('; it pays from %s on: yes, it pays; enough data: yes.', segment_internal.plain_number(r.break_even_diff, r.method))
      WHEN r.ci_high < r.break_even_diff THEN format('; it pays from %s on: no, it does not pay; enough data: yes.', segment_internal.plain_number(r.break_even_diff, r.method))
      ELSE format('; it pays from %s on: cannot tell whether it pays; enough data: no, that takes about %s customers held out.', segment_internal.plain_number(r.break_even_diff, r.method),
        coalesce((SELECT s.control::text FROM segment.sample_size_means(nullif(sd, 0), r.break_even_diff, treated_per_control => r.n_treated::double precision / r.n_control, confidence => r.confidence) s), 'more')) END;
  ELSE
    shows := segment.detectable_difference(nullif(sd, 0), r.n_control, r.n_treated, confidence => r.confidence);
    words := words || CASE WHEN r.answer <> 'cannot tell' THEN '; enough data: yes.'
      ELSE format('; enough data: no, so many can show %s or more.', coalesce(segment_internal.plain_number(shows, r.method), 'nothing')) END;
  END IF;
  RETURN words;
END
$$;
COMMENT ON FUNCTION segment_internal.pilot_sentence(segment.experiment_result, segment.pilot) IS 'one row of experiment_result in words';

CREATE FUNCTION segment_internal.pilot_verdict(p segment.pilot, split text, in_progress bigint, opted_out bigint) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  words text;
  differ double precision;
BEGIN
  IF p.measured_on IS NULL THEN
    RETURN format('Not measured yet: call measure_pilot. Nothing can be said before %s, when %s days have passed.', p.starts + p.watch_days, p.watch_days);
  END IF;
  SELECT string_agg(segment_internal.pilot_sentence(r, p), ' ' ORDER BY r.arm_sort), CASE WHEN count(r.p_differ) > 0 THEN least(1, min(r.p_differ) * count(r.p_differ)) END INTO words, differ -- several arms are several tests
  FROM segment.experiment_result r WHERE r.segmentation = p.segmentation AND r.pilot = p.name AND r.metric_sort = 1 AND r.segment_name = 'all' AND r.segment_sort = 0;
  words := coalesce(words, format('Too early: nobody has been watched for %s days on %s.', p.watch_days, p.measured_on));
  RETURN concat_ws(' ', CASE WHEN split = 'mismatch' THEN 'Do not believe it: the arms are not as large as planned, so something other than chance decided who is in which.' END, words,
    CASE WHEN differ < 0.05 THEN format('Segments differ (p %s): look at each.', round(differ::numeric, 4))
         WHEN differ IS NOT NULL THEN format('Segments do not differ by more than chance (p %s): no segment did better than the others.', round(differ::numeric, 2)) END,
    CASE WHEN in_progress > 0 THEN format('%s customers whose %s days have not passed are left out.', in_progress, p.watch_days) END,
    CASE WHEN opted_out > 0 THEN format('%s customers who have opted out since are left out.', opted_out) END);
END
$$;
COMMENT ON FUNCTION segment_internal.pilot_verdict(segment.pilot, text, bigint, bigint) IS 'what a pilot showed, as one paragraph';

CREATE VIEW segment.pilot_summary WITH (security_invoker = true) AS
SELECT p.segmentation, p.name AS pilot, p.starts, p.watch_days, p.stopped_on, p.keeps_out, a.arms, a.assigned, a.analysed, a.in_progress, a.opted_out, a.assigned_control, s.p_value AS split_p, s.verdict AS split_verdict,
       (p.metrics[1]).name AS metric, segment_internal.pilot_verdict(p, s.verdict, a.in_progress, a.opted_out) AS verdict, p.measured_on
FROM segment.pilot p
CROSS JOIN LATERAL (
  SELECT count(*) AS arms, sum(x.assigned)::bigint AS assigned, sum(x.analysed)::bigint AS analysed, sum(x.in_progress)::bigint AS in_progress, sum(x.opted_out)::bigint AS opted_out,
         sum(x.assigned) FILTER (WHERE x.arm = 1)::bigint AS assigned_control, array_agg(coalesce(x.analysed, x.assigned) ORDER BY x.arm) AS counts, array_agg(x.share ORDER BY x.arm) AS shares
  FROM segment.pilot_arm x WHERE x.pilot = p.id) a
CROSS JOIN LATERAL segment.srm(a.counts, a.shares) s;
COMMENT ON VIEW segment.pilot_summary IS 'one row a pilot, with its verdict in plain words: unique key (segmentation, pilot)';
COMMENT ON COLUMN segment.pilot_summary.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.pilot_summary.pilot IS 'the pilot''s name';
COMMENT ON COLUMN segment.pilot_summary.starts IS 'the first day that is watched';
COMMENT ON COLUMN segment.pilot_summary.watch_days IS 'how many days each customer is watched';
COMMENT ON COLUMN segment.pilot_summary.stopped_on IS 'the day from which nobody joins; NULL: not stopped';
COMMENT ON COLUMN segment.pilot_summary.keeps_out IS 'whether its control arm is left out of other pilots';
COMMENT ON COLUMN segment.pilot_summary.arms IS 'number of arms, the control arm included';
COMMENT ON COLUMN segment.pilot_summary.assigned IS 'customers that were assigned to an arm';
COMMENT ON COLUMN segment.pilot_summary.analysed IS 'customers whose days had passed when it was measured; NULL: never measured';
COMMENT ON COLUMN segment.pilot_summary.in_progress IS 'customers whose days had not passed then, and who are left out';
COMMENT ON COLUMN segment.pilot_summary.opted_out IS 'customers who have opted out since, and are left out';
COMMENT ON COLUMN segment.pilot_summary.assigned_control IS 'customers that were assigned to the control arm';
COMMENT ON COLUMN segment.pilot_summary.split_p IS 'whether the arms, of those that were measured, are as large as planned: p-value of srm';
COMMENT ON COLUMN segment.pilot_summary.split_verdict IS 'ok, mismatch (believe no result), or too few to say';
COMMENT ON COLUMN segment.pilot_summary.metric IS 'the metric that decides';
COMMENT ON COLUMN segment.pilot_summary.verdict IS 'what it showed, in plain words';
COMMENT ON COLUMN segment.pilot_summary.measured_on IS 'the day up to which orders were read; NULL: never';

GRANT SELECT ON segment.experiment_result, segment.pilot_summary TO PUBLIC;
GRANT SELECT ON segment.experiment_result, segment.pilot_summary TO @extowner@, pg_database_owner WITH GRANT OPTION;
