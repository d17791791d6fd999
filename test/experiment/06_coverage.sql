-- 06_coverage.sql: do intervals hold the truth, and false alarms stay below what was promised? Small versions of bench/experiment-coverage: a true
-- coverage of 95 % falls outside these limits in 1 of 10,000 such tests. Random numbers are assign_share's, the same everywhere.
\ir ../lib/begin.sql
\ir ../lib/near.sql
SELECT plan(17);
SET search_path = public, segment;
SET max_parallel_workers_per_gather = 0;

-- 400 runs of two arms of 100: a skewed covariate x, y that depends on it; means 2.5 and 3, denominators v
CREATE TEMP TABLE run AS
SELECT r, outcome_agg(y) FILTER (WHERE NOT t) AS c, outcome_agg(y) FILTER (WHERE t) AS tr, outcome_agg(y, x) FILTER (WHERE NOT t) AS cx, outcome_agg(y, x) FILTER (WHERE t) AS tx,
       outcome_agg(y * v, v) FILTER (WHERE NOT t) AS cv, outcome_agg(y * v, v) FILTER (WHERE t) AS tv, outcome_agg(u < .2) FILTER (WHERE NOT t) AS cr, outcome_agg(u < .3) FILTER (WHERE t) AS trr
FROM generate_series(1, 400) r, generate_series(1, 200) i, LATERAL (SELECT i % 2 = 1 AS t, -ln(1 - assign_share(i::text, 'x' || r)) AS x, assign_share(i::text, 'e' || r) AS e, assign_share(i::text, 'u' || r) AS u, 1 + i % 7 / 2 AS v) a,
     LATERAL (SELECT 1 + x + e + CASE WHEN t THEN .5 ELSE 0 END AS y) b
GROUP BY r;
SELECT ok(count(*) FILTER (WHERE ci_low <= truth AND truth <= ci_high) BETWEEN 362 AND 396, format('difference by %s: %s of 400', method, count(*) FILTER (WHERE ci_low <= truth AND truth <= ci_high))),
       ok(count(*) FILTER (WHERE lift_low <= rel AND rel <= lift_high) BETWEEN 362 AND 396, format('lift by %s: %s of 400', method, count(*) FILTER (WHERE lift_low <= rel AND rel <= lift_high)))
FROM run, LATERAL (VALUES ('mean', c, tr, .5, .2), ('rate', cr, trr, .1, .5), ('ratio', cv, tv, .5, .2), ('cuped', cx, tx, .5, .2)) m(method, control, treated, truth, rel), compare(control, treated, method)
GROUP BY method ORDER BY method;
SELECT ok(avg(variance_reduction) BETWEEN .85 AND .97, 'cuped takes out what x explains: 12/13 of the variance') FROM run, compare(cx, tx, 'cuped');
SELECT ok(avg((p_value < .05)::int) BETWEEN .01 AND .09, 'p-values of no difference') FROM run a JOIN run b ON b.r = a.r % 400 + 1, compare(a.c, b.c);

-- rates of 1 % and 200 an arm: all pairs of counts, weighted by their probability: at least 95 %, as so few events allow no finer steps
SELECT ok(sum(p) FILTER (WHERE ci_low <= 0 AND 0 <= ci_high) BETWEEN .95 AND .99, format('Newcombe at 1 %%: %s', round(sum(p) FILTER (WHERE ci_low <= 0 AND 0 <= ci_high)::numeric, 4))),
       ok(sum(p) FILTER (WHERE lift IS NULL OR (lift_low <= 0 AND 0 <= lift_high)) >= .95, 'its lift, or none where the control arm has no event')
FROM (SELECT a, b, exp(ln_a + ln_b) AS p FROM (SELECT a, sum(CASE WHEN k = 0 THEN 200 * ln(.99) ELSE ln((201 - k) * .01 / (k * .99)) END) AS ln_a FROM generate_series(0, 20) a, generate_series(0, a) k GROUP BY a) x,
      (SELECT b, sum(CASE WHEN k = 0 THEN 200 * ln(.99) ELSE ln((201 - k) * .01 / (k * .99)) END) AS ln_b FROM generate_series(0, 20) b, generate_series(0, b) k GROUP BY b) y) e, compare(outcome_of_rate(a, 200), outcome_of_rate(b, 200), 'rate');

-- looking at every row from the fourth on: no difference, 200 experiments of 400 customers
CREATE TEMP TABLE peek AS
SELECT r, min(c.p_value) AS fixed, min(v.p_value) AS valid, min(g.p_value) AS one_sided
FROM (SELECT r, row_number() OVER w AS n, outcome_agg(y) FILTER (WHERE t) OVER w AS tr, outcome_agg(y) FILTER (WHERE NOT t) OVER w AS co
      FROM (SELECT r, i, -ln(1 - assign_share(i::text, 'peek' || r)) AS y, assign_share(i::text, 'arm' || r) < .5 AS t FROM generate_series(1, 200) r, generate_series(1, 400) i) x WINDOW w AS (PARTITION BY r ORDER BY i)) s,
     compare(co, tr) c, compare(co, tr, always_valid => 400) v, compare(co, tr, always_valid => 100, side => 'greater') g
GROUP BY r;
SELECT ok(avg((valid < .05)::int) <= .05, format('always valid: %s of 200 alarms', count(*) FILTER (WHERE valid < .05))), ok(avg((one_sided < .05)::int) <= .05, format('one-sided: %s', count(*) FILTER (WHERE one_sided < .05))),
       ok(avg((fixed < .05)::int) > .2, format('an interval for one look: %s', count(*) FILTER (WHERE fixed < .05))) FROM peek;

SELECT ok(bool_and(abs(share - want) < .02), 'assign keeps the shares') FROM (SELECT arm, count(*) / 20000.0 AS share FROM (SELECT assign(g::text, 'split', ARRAY[.2, .3, .5]) AS arm FROM generate_series(1, 20000) g) a GROUP BY arm) s JOIN (VALUES (1, .2), (2, .3), (3, .5)) v(arm, want) USING (arm);
SELECT ok(abs(corr(assign_share(g::text, 'one'), assign_share(g::text, 'two'))) < .03, 'other salts, other splits') FROM generate_series(1, 20000) g;
SELECT * FROM finish();
ROLLBACK;
