-- experiment: how many customers it takes, and what so many can show

CREATE FUNCTION segment.sample_size_rates(control_rate double precision, treated_rate double precision, power double precision DEFAULT 0.8,
  treated_per_control double precision DEFAULT 1, confidence double precision DEFAULT 0.95, side text DEFAULT 'two-sided',
  OUT control bigint, OUT treated bigint, OUT total bigint, OUT control_exact double precision, OUT reason text)
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_sample_size_rates';
COMMENT ON FUNCTION segment.sample_size_rates(double precision, double precision, double precision, double precision, double precision, text) IS
  'how many customers it takes to find that one rate differs from the other, with that power (the chance to find it if it is so) and confidence. treated_per_control: 9 holds out one in ten. NULL with a reason where no number suffices';

CREATE FUNCTION segment.sample_size_means(sd double precision, difference double precision, power double precision DEFAULT 0.8,
  treated_per_control double precision DEFAULT 1, confidence double precision DEFAULT 0.95, side text DEFAULT 'two-sided',
  OUT control bigint, OUT treated bigint, OUT total bigint, OUT control_exact double precision, OUT reason text)
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_sample_size_means';
COMMENT ON FUNCTION segment.sample_size_means(double precision, double precision, double precision, double precision, double precision, text) IS
  'how many customers it takes to find that difference of means. sd is the standard deviation per customer: outcome_sd of past data, by method ratio for a ratio, by method cuped with a covariate';

CREATE FUNCTION segment.power_rates(control_rate double precision, treated_rate double precision, n_control bigint, n_treated bigint,
  confidence double precision DEFAULT 0.95, side text DEFAULT 'two-sided', strict boolean DEFAULT false) RETURNS double precision
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_power_rates_sql';
COMMENT ON FUNCTION segment.power_rates(double precision, double precision, bigint, bigint, double precision, text, boolean) IS
  'the chance that so many customers show a difference between these rates. strict: a significant difference in the wrong direction counts as well';

CREATE FUNCTION segment.power_means(sd double precision, difference double precision, n_control bigint, n_treated bigint,
  confidence double precision DEFAULT 0.95, side text DEFAULT 'two-sided', strict boolean DEFAULT false) RETURNS double precision
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_power_means_sql';
COMMENT ON FUNCTION segment.power_means(double precision, double precision, bigint, bigint, double precision, text, boolean) IS
  'the chance that so many customers show that difference of means. strict: a significant difference in the wrong direction counts as well';

CREATE FUNCTION segment.detectable_difference(sd double precision, n_control bigint, n_treated bigint, power double precision DEFAULT 0.8,
  confidence double precision DEFAULT 0.95, side text DEFAULT 'two-sided') RETURNS double precision
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_detectable_difference';
COMMENT ON FUNCTION segment.detectable_difference(double precision, bigint, bigint, double precision, double precision, text) IS
  'the smallest difference of means that so many customers show with that power: of a smaller one nothing can be told. sd as in sample_size_means';

CREATE FUNCTION segment.detectable_rate(control_rate double precision, n_control bigint, n_treated bigint, power double precision DEFAULT 0.8,
  confidence double precision DEFAULT 0.95, side text DEFAULT 'two-sided', OUT lower double precision, OUT higher double precision)
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_detectable_rate_sql';
COMMENT ON FUNCTION segment.detectable_rate(double precision, bigint, bigint, double precision, double precision, text) IS
  'the nearest rates below and above the control arm''s that so many customers show with that power; NULL where there is none, not even 0 or 1';

CREATE FUNCTION segment.holdout_table(past segment.outcome, shares double precision[] DEFAULT ARRAY[0.05, 0.1, 0.15, 0.5],
  power double precision DEFAULT 0.8, confidence double precision DEFAULT 0.95, side text DEFAULT 'two-sided', method text DEFAULT 'mean',
  customers bigint DEFAULT NULL)
RETURNS TABLE (share double precision, n_control bigint, n_treated bigint, difference double precision, lift double precision, verdict text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 4
BEGIN ATOMIC
  SELECT h.share, h.n_control, h.n_treated, h.difference, h.difference OPERATOR(pg_catalog./) h.base AS lift,
         CASE WHEN segment.outcome_sd(past, method) OPERATOR(pg_catalog.=) 0 THEN 'cannot tell: it was the same for everybody'
              WHEN h.difference IS NULL THEN 'cannot tell: too few customers'
              WHEN h.base IS NULL THEN pg_catalog.format('%s held out of %s: cannot tell less than %s', h.n_control, h.n_control OPERATOR(pg_catalog.+) h.n_treated,
                pg_catalog.round(h.difference::numeric, 4))
              ELSE pg_catalog.format('%s held out of %s: cannot tell less than %s, which is %s %%', h.n_control, h.n_control OPERATOR(pg_catalog.+) h.n_treated,
                pg_catalog.round(h.difference::numeric, 4), pg_catalog.round((100 OPERATOR(pg_catalog.*) h.difference OPERATOR(pg_catalog./) h.base)::numeric, 1)) END AS verdict
    FROM (SELECT n.share, n.n_control, n.n_treated,
                 pg_catalog.abs(NULLIF(CASE WHEN method OPERATOR(pg_catalog.=) 'ratio' THEN segment.outcome_ratio(past) ELSE segment.outcome_mean(past) END, 0)) AS base,
                 CASE WHEN n.n_control OPERATOR(pg_catalog.>=) 2 AND n.n_treated OPERATOR(pg_catalog.>=) 2
                   THEN segment.detectable_difference(NULLIF(segment.outcome_sd(past, method), 0), n.n_control, n.n_treated, power, confidence, side) END AS difference
            FROM (SELECT s.share, pg_catalog.round(s.share OPERATOR(pg_catalog.*) c.n)::bigint AS n_control,
                         c.n OPERATOR(pg_catalog.-) pg_catalog.round(s.share OPERATOR(pg_catalog.*) c.n)::bigint AS n_treated
                    FROM pg_catalog.unnest(shares) AS s(share),
                         (SELECT coalesce(customers, segment.outcome_n(past)) AS n) AS c) AS n) AS h;
END;
COMMENT ON FUNCTION segment.holdout_table(segment.outcome, double precision[], double precision, double precision, text, text, bigint) IS
  'what hold-outs of these shares can show, by the variance that the metric had in the past: the smallest difference, and the same as a part of the mean. customers: how many there will be, if not as many as in past. method as in outcome_sd';
