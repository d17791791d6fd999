-- 40_gmm.sql: soft clusters. Log-likelihoods of iris were computed with scikit-learn 1.2.1 (GaussianMixture, best of 30).
\ir ../lib/begin.sql
\ir ../lib/data.sql
\if :no_data
\q
\endif
SET search_path = public, segment;
SELECT plan(18);
CREATE TEMP TABLE iris AS SELECT x FROM point WHERE set = 'iris';
CREATE TEMP TABLE coreset AS SELECT coreset_agg(x, 'none') AS c FROM iris;
SELECT is((SELECT array_agg(round(i.log_likelihood::numeric, 3) ORDER BY kind.kind, k.k)
           FROM unnest('{diagonal,full}'::text[]) kind, unnest('{2,3}'::int[]) k, coreset, model_info(gmm(c, k.k, kind.kind, scale => s)) i),
          '{-386.185,-307.178,-214.355,-180.186}'::numeric[], 'iris: log-likelihoods, scale ' || s) FROM unnest('{standard,none}'::text[]) s;
SELECT is((SELECT array[round(i.bic::numeric, 2), round(i.aic::numeric, 2)] FROM coreset, model_info(gmm(c, 2, 'full')) i), '{574.02,486.71}'::numeric[], 'iris: BIC and AIC');
SELECT is((SELECT DISTINCT advised_k FROM coreset, gmm_choose(c, 1, 4, 'full')), 2, 'iris: BIC advises two full components');
CREATE TEMP TABLE model AS SELECT gmm(c, 3, 'full') AS m FROM coreset;
SELECT is((SELECT count(*) FROM iris, model, LATERAL (SELECT sum(p) AS p FROM unnest(gmm_responsibilities(m, x)) p) s WHERE abs(p - 1) > 1e-12), 0::bigint, 'probabilities sum to 1');
SELECT is((SELECT round(sum(gmm_log_density(m, x))::numeric, 3) FROM iris, model), (SELECT round(log_likelihood::numeric, 3) FROM model, model_info(m)), 'densities add up to the log-likelihood');
SELECT is((SELECT array_agg(n ORDER BY c) FROM (SELECT cluster_of(m, x) AS c, count(*) AS n FROM iris, model GROUP BY 1) q), '{55,50,45}'::bigint[], 'iris: assigned to the most probable');
SELECT ok((SELECT bool_and(p > 0 IS NOT NULL AND p = p) FROM model, unnest(gmm_responsibilities(m, '{1e100,-1e100,5,1}')) p), 'far off everything: probabilities, no NaN');
SELECT is(m::text::gmm_model, m, 'text round trip') FROM model;
SELECT is(m::jsonb::gmm_model, m, 'jsonb round trip') FROM model;
SELECT is((SELECT gmm(coreset_agg(x, 'none'), 3, 'full') FROM (SELECT x FROM iris ORDER BY md5(x::text)) q), m, 'shuffled: the same bytes') FROM model;

-- Tied values: a component of equal frequencies stands at its floor, and is never advised
CREATE TEMP TABLE tied AS SELECT ARRAY[CASE WHEN g % 5 < 3 THEN 1 ELSE 2 + g % 40 END, 10 + g % 101 * 1.37]::float8[] AS x FROM generate_series(1, 3000) g;
SELECT ok(at_floor > 0, 'a component of tied frequencies is flagged') FROM (SELECT coreset_agg(x) AS c FROM tied) q, model_info(gmm(c, 2)) i;
SELECT is_empty($$SELECT k FROM (SELECT coreset_agg(x) AS c FROM tied) q, gmm_choose(c, 1, 5) WHERE k = advised_k AND at_floor > 0$$, '… and no k with one is advised');
SELECT ok((i).log_likelihood < 1e6 AND (i).at_floor = 1, 'all points equal: finite, and flagged')
FROM (SELECT model_info(gmm(coreset_agg(ARRAY[1.0, 1.0]), 1)) AS i FROM generate_series(1, 5)) q;

-- Compressed: close to the fit on all points
CREATE TEMP TABLE both_ways AS SELECT (model_info(gmm(c, 15, 'full'))).log_likelihood AS exact, (model_info(gmm(coreset_compress(c, 2048), 15, 'full'))).log_likelihood AS compressed
FROM (SELECT coreset_agg(x, 'none') AS c FROM point WHERE set = 's2') q;
SELECT ok(abs(compressed - exact) < 0.001 * abs(exact), format('S2 in 2048 micro-clusters: log-likelihood %s, exact %s', round(compressed), round(exact))) FROM both_ways;

SELECT throws_ok($$SELECT gmm(c, 200) FROM coreset$$, '22023', NULL, 'k above its bound');
SELECT throws_ok($$SELECT gmm(coreset_agg(x % 3), 4) FROM generate_series(1, 9) x$$, '22023', 'more components than distinct points', 'k above the number of distinct points');
SELECT throws_ok($$SELECT gmm(c, 2, 'tied') FROM coreset$$, '22023', NULL, 'an unknown covariance');
SELECT * FROM finish();
ROLLBACK;
