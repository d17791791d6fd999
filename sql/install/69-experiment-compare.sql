-- experiment: who is in which arm, and one arm against another

CREATE FUNCTION segment.assign_share(id text, salt text) RETURNS double precision
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_assign_share';
COMMENT ON FUNCTION segment.assign_share(text, text) IS
  'where in [0, 1) an experiment puts a customer: the first 8 bytes of SHA-256 of salt, colon and id in UTF-8, of which the top 53 bits, divided by 2^53. The same in every system that has SHA-256. NULL for NULL; 22023 for an empty salt';

CREATE FUNCTION segment.assign(id text, salt text, shares double precision[]) RETURNS integer
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_assign';
COMMENT ON FUNCTION segment.assign(text, text, double precision[]) IS
  'the arm of a customer, from 1: the first whose cumulated share exceeds assign_share(id, salt). NULL for whoever is beyond shares that add up to less than 1, and for NULL. 22023 for an empty salt, and for shares that are no split';

CREATE FUNCTION segment_internal.arm_at(point double precision, shares double precision[]) RETURNS integer
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_arm_at';
COMMENT ON FUNCTION segment_internal.arm_at(double precision, double precision[]) IS
  'what assign does with assign_share: the first arm whose cumulated share exceeds a point of [0, 1); NULL if none does. 22023 for shares that are no split';

CREATE FUNCTION segment.compare(control segment.outcome, treated segment.outcome, method text DEFAULT 'mean', relative text DEFAULT 'fieller',
  confidence double precision DEFAULT 0.95, side text DEFAULT 'two-sided', always_valid bigint DEFAULT NULL,
  OUT n_control bigint, OUT n_treated bigint, OUT control_value double precision, OUT treated_value double precision,
  OUT diff double precision, OUT se double precision, OUT df double precision, OUT statistic double precision,
  OUT p_value double precision, OUT ci_low double precision, OUT ci_high double precision,
  OUT lift double precision, OUT lift_se double precision, OUT lift_p double precision, OUT lift_low double precision, OUT lift_high double precision,
  OUT theta double precision, OUT variance_reduction double precision, OUT covariate_p double precision, OUT missing bigint,
  OUT reason text)
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_compare';
COMMENT ON FUNCTION segment.compare(segment.outcome, segment.outcome, text, text, double precision, text, bigint) IS
  'the treated arm against the control arm: difference, interval, p-value, relative lift with its interval, and the reason where there is no answer. method: mean (Welch), rate (Newcombe; the metric is 0 or 1), ratio (delta method), cuped (a covariate from before takes its part out of the variance), cuped_joint. relative: fieller or delta. side: two-sided, greater or less. always_valid: how many customers of both arms you expect to decide at; then you may look as often as you like. 22004 if another option is NULL, 22023 for an option out of range';

CREATE FUNCTION segment.srm(counts bigint[], shares double precision[],
  OUT n bigint, OUT chi_square double precision, OUT df bigint, OUT p_value double precision, OUT method text, OUT verdict text, OUT reason text)
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_srm';
COMMENT ON FUNCTION segment.srm(bigint[], double precision[]) IS
  'are the arms as large as planned (sample ratio mismatch)? Pearson''s chi-square test of counts against shares; an exact one where fewer than 5 are expected in an arm. verdict: ok, mismatch (p below 0.001, or customers in an arm of share 0: believe no result), too few to say. Shares need not add up to 1. NULLs for NULL; 22023 and 2202E for lists that are no split';

CREATE FUNCTION segment.adjust_p(p double precision[], method text DEFAULT 'holm') RETURNS double precision[]
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_adjust_p_sql';
COMMENT ON FUNCTION segment.adjust_p(double precision[], text) IS
  'p-values of a family of tests, adjusted for their number: bonferroni, holm and hochberg keep the chance of any false alarm, bh and by (Benjamini, Hochberg; Yekutieli) the share of false ones among all alarms. NULLs stay, and do not count. 22023 for other values than 0 to 1';

CREATE FUNCTION segment.heterogeneity(diffs double precision[], ses double precision[],
  OUT segments bigint, OUT left_out bigint, OUT q double precision, OUT df bigint, OUT p_value double precision,
  OUT i_squared double precision, OUT pooled double precision, OUT pooled_se double precision, OUT reason text)
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_heterogeneity';
COMMENT ON FUNCTION segment.heterogeneity(double precision[], double precision[]) IS
  'do the differences of segments differ at all (Cochran''s Q)? With p above 0.05 or so no segment may be believed to do better than the others. i_squared is the part of the variation that is more than chance; pooled is their mean, weighted by 1 / se^2. Segments without a difference or standard error are left out and counted';

CREATE FUNCTION segment.heterogeneity_p(diffs double precision[], ses double precision[]) RETURNS double precision
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_heterogeneity_p';
COMMENT ON FUNCTION segment.heterogeneity_p(double precision[], double precision[]) IS
  'p_value of heterogeneity alone, for use over a window; NULL for fewer than two segments';

CREATE FUNCTION segment.poststratify(diffs double precision[], ses double precision[], weights double precision[],
  confidence double precision DEFAULT 0.95, side text DEFAULT 'two-sided',
  OUT diff double precision, OUT se double precision, OUT statistic double precision, OUT p_value double precision,
  OUT ci_low double precision, OUT ci_high double precision, OUT reason text)
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_poststratify';
COMMENT ON FUNCTION segment.poststratify(double precision[], double precision[], double precision[], double precision, text) IS
  'the difference over all segments, weighted by their shares of all customers: what the arms'' different mixtures of segments do to the total is taken out. weights need not add up to 1. NULL with a reason where a segment has no answer';

CREATE FUNCTION segment.roi(diff double precision, ci_low double precision, ci_high double precision, margin_rate double precision, cost double precision,
  OUT margin double precision, OUT margin_low double precision, OUT margin_high double precision,
  OUT roi double precision, OUT roi_low double precision, OUT roi_high double precision)
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_roi';
COMMENT ON FUNCTION segment.roi(double precision, double precision, double precision, double precision, double precision) IS
  'what a treated customer brought for what it cost, from a difference in spend and its interval: margin is margin_rate times the difference, roi is (margin - cost) / cost. cost is that of treating one customer. NULL where the difference is NULL; 22023 unless margin_rate and cost are positive';

CREATE FUNCTION segment.cost_per_incremental(diff double precision, ci_low double precision, ci_high double precision, cost double precision,
  OUT cost_each double precision, OUT low double precision, OUT high double precision, OUT reason text)
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_cost_per_incremental';
COMMENT ON FUNCTION segment.cost_per_incremental(double precision, double precision, double precision, double precision) IS
  'what one more order cost, from a difference in orders per customer and its interval. high is Infinity where there may be no more orders at all; NULL with a reason where there are none';

CREATE FUNCTION segment.break_even_lift(control segment.outcome, margin_rate double precision, cost double precision, confidence double precision DEFAULT 0.95,
  OUT diff double precision, OUT lift double precision, OUT lift_low double precision, OUT lift_high double precision, OUT reason text)
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_break_even_lift';
COMMENT ON FUNCTION segment.break_even_lift(segment.outcome, double precision, double precision, double precision) IS
  'how much more a treated customer must spend to pay for the treatment: diff is cost / margin_rate, lift is that relative to the control arm, with the interval of its mean';
