# Anybody may create aggregates over our support functions, with other parts beside them: other final and combine
# functions, an initial value, arguments that are domains. Whatever the mixture, the answers are those of core's
# executor, and the grouping node takes an aggregate for its own only if all of its parts are ours.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $mixtures = $ENV{SEGMENT_MIXTURES} || 200;    # of each type of state
my $node = PostgreSQL::Test::Cluster->new('parts');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\njit = off\nmax_worker_processes = 8\nmax_parallel_workers = 4");
$node->start;
my $log = $node->logfile;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION segment;
CREATE ROLE maker LOGIN;
-- what arguments of each type are, for a row of table o
CREATE TABLE argument (type regtype PRIMARY KEY, expression text, as_domain text);
INSERT INTO argument (type, expression) VALUES ('date', 'at'), ('timestamp', 'at::timestamp + interval ''3 h'''), ('timestamptz', '(at::timestamp + interval ''3 h'') AT TIME ZONE ''UTC'''),
  ('numeric', 'amount'), ('smallint', 'amount::smallint'), ('int', '5'), ('bigint', 'amount::bigint'), ('float8', 'amount::float8'),
  ('float8[]', 'ARRAY[amount::float8, c::float8]'), ('text', '''none''::text'), ('boolean', 'amount > 0'),
  ('segment.rfm', 'r'), ('segment.quantiles', 'q'), ('segment.coreset', 's'), ('segment.cluster_quality', 'u'), ('segment.kmeans_model', '(SELECT m FROM model)');
UPDATE argument SET as_domain = 'of_' || translate(type::text, ' .[]', '____');
DO $$
DECLARE
  a argument;
BEGIN
  FOR a IN TABLE argument LOOP
    EXECUTE format('CREATE DOMAIN %I AS %s', a.as_domain, a.type);
  END LOOP;
END
$$;
CREATE TABLE base AS SELECT g % 7 AS c, date '2024-01-01' + g % 50 AS at, (g % 13 - 2)::numeric AS amount, g FROM generate_series(1, 300) g;
CREATE TABLE model AS SELECT segment.kmeans(segment.coreset_agg(amount::float8, c::float8), 2) AS m FROM base;
CREATE TABLE o AS SELECT b.*, p.r, p.q, p.s, p.u FROM base b JOIN (
  SELECT g % 10 AS p, segment.rfm_agg(at, amount) AS r, segment.quantiles_agg(amount::float8) AS q, segment.coreset_agg(ARRAY[amount::float8, c::float8], 'none') AS s,
    segment.cluster_quality(m, amount::float8, c::float8) AS u
  FROM base, model GROUP BY 1) p ON p.p = b.g % 10;
-- Rows lie in the order of g: some functions of ours that fit as transitions keep what comes last.
INSERT INTO o (c, at, amount, g) VALUES (1, NULL, 5, 301), (2, '2024-02-02', NULL, 302), (NULL, '2024-02-02', 3, 303), (99, NULL, NULL, 304);
ANALYZE o;
GRANT SELECT ON argument, model, base, o TO maker;

-- The rows of a query as one text, or its error.
CREATE FUNCTION answer(query text, node text, workers int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result text;
BEGIN
  PERFORM set_config('segment.enable_fast_aggregate', node, true), set_config('max_parallel_workers_per_gather', workers::text, true);
  EXECUTE format('SELECT md5(string_agg(t, E''\n'' ORDER BY t)) FROM (SELECT x::text FROM (%s) x) y (t)', query) INTO result;
  RETURN result;
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
CREATE FUNCTION plan(query text, node text, workers int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result text := '';
  line text;
BEGIN
  PERFORM set_config('segment.enable_fast_aggregate', node, true), set_config('max_parallel_workers_per_gather', workers::text, true);
  FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || query LOOP
    result := result || line || E'\n';
  END LOOP;
  RETURN result;
END
$$;
-- Each mixture: what it is made of, whether it could be created, and what was wrong with it.
CREATE TABLE mixture (parts text, is_ours boolean, created boolean, plans text, fault text);
GRANT INSERT ON mixture TO maker;

-- Creates an aggregate as the caller and compares its answers under all plans. initcond: NULL, or a value of the state.
CREATE FUNCTION try(state regtype, transition oid, final oid, combine oid, other_parts text, initcond text, as_domains boolean, is_ours boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_temp, public AS $$
DECLARE
  types text;
  arguments text;
  definition text;
  alone text;
  beside text;
  running text;
  expected text;
  got text;
  fault text := '';
  plans text := '';
  kind text;
BEGIN
  SELECT string_agg(CASE WHEN as_domains THEN a.as_domain ELSE t.type::regtype::text END, ', ' ORDER BY n),
    string_agg(CASE WHEN as_domains THEN format('(%s)::%s', a.expression, a.as_domain) ELSE a.expression END, ', ' ORDER BY n)
  INTO types, arguments
  FROM pg_proc p, LATERAL unnest(p.proargtypes::oid[]) WITH ORDINALITY t (type, n) JOIN argument a ON a.type = t.type WHERE p.oid = transition AND n > 1;
  -- states that are internal take the type of the order id as it comes
  IF (SELECT count(*) FROM pg_proc p, unnest(p.proargtypes::oid[]) t (type) WHERE p.oid = transition AND t.type = 'anyelement'::regtype) > 0 THEN
    types := types || ', int';
    arguments := arguments || ', g';
  END IF;
  definition := format('(%s) (SFUNC = %s, STYPE = %s%s%s%s%s)', types, transition::regproc, state,
    ', FINALFUNC = ' || final::regproc, ', COMBINEFUNC = ' || combine::regproc, ', INITCOND = ' || quote_literal(initcond), other_parts);
  BEGIN
    EXECUTE 'CREATE OR REPLACE AGGREGATE pg_temp.mixed' || definition;
  EXCEPTION WHEN OTHERS THEN
    INSERT INTO mixture VALUES (definition, is_ours, false, '', CASE WHEN is_ours OR SQLSTATE = 'XX000' THEN 'not created: ' || SQLERRM END);
    RETURN;
  END;
  alone := format('SELECT c, pg_temp.mixed(%s) FROM o GROUP BY c', arguments);
  beside := format('SELECT c, pg_temp.mixed(%s), segment.rfm_agg(at, amount) FROM o GROUP BY c', arguments);
  expected := answer(alone, 'off', 0);
  -- a final function that is called after each row must leave the state as it was
  running := format('SELECT c, v FROM (SELECT c, pg_temp.mixed(%s) OVER (PARTITION BY c ORDER BY g) AS v, g = max(g) OVER (PARTITION BY c) AS is_last FROM o) w WHERE is_last', arguments);
  got := answer(running, 'off', 0);
  -- and may refuse the first rows of a group, of which there are fewer than it needs
  IF got IS DISTINCT FROM expected AND other_parts NOT LIKE '%READ_WRITE%' AND got NOT LIKE '22___ %' THEN
    fault := fault || format('as a window function: %s, grouped %s; ', got, expected);
  END IF;
  FOREACH kind IN ARRAY ARRAY['alone force 0', 'alone force 2', 'alone off 2', 'beside off 0', 'beside force 0', 'beside force 2'] LOOP
    IF kind = 'beside off 0' THEN
      expected := answer(beside, 'off', 0);
      CONTINUE;
    END IF;
    got := answer(CASE WHEN kind LIKE 'alone%' THEN alone ELSE beside END, split_part(kind, ' ', 2), split_part(kind, ' ', 3)::int);
    -- core adds an initial value once more a process; which of several wrong rows is met first depends on the plan
    IF got IS DISTINCT FROM expected AND (initcond IS NULL OR kind LIKE '%0') AND NOT (got LIKE '22___ %' AND expected LIKE '22___ %') THEN
      fault := fault || format('%s: %s, core %s; ', kind, got, expected);
    END IF;
    IF got LIKE 'XX%' THEN
      fault := fault || format('%s: %s; ', kind, got);
    END IF;
  END LOOP;
  IF (plan(alone, 'force', 0) LIKE '%SegmentGrouping%') IS DISTINCT FROM is_ours THEN
    fault := fault || format('the node %s', CASE WHEN is_ours THEN 'leaves it' ELSE 'takes it' END);
  END IF;
  plans := CASE WHEN plan(beside, 'force', 2) LIKE '%Parallel Custom Scan (SegmentGrouping)%' THEN 'parallel' WHEN plan(beside, 'force', 0) LIKE '%SegmentGrouping%' THEN 'node' ELSE 'core' END;
  EXECUTE format('DROP AGGREGATE pg_temp.mixed(%s)', types);
  INSERT INTO mixture VALUES (definition, is_ours, true, plans, nullif(fault, ''));
END
$$;

-- Mixtures over states of a type: any function of ours where its signature allows it. A state of type internal, which
-- only a superuser may declare, does not say what it is: there the other parts are those of one of our aggregates, or
-- missing.
CREATE FUNCTION try_all(state regtype, initial text, most int) RETURNS void LANGUAGE sql AS $$
  WITH ours AS MATERIALIZED (
    SELECT * FROM pg_proc WHERE pronamespace IN ('segment'::regnamespace, 'segment_internal'::regnamespace) AND prokind = 'f' AND NOT proretset AND proargtypes[0] = state),
  transitions AS (
    SELECT p.oid, p.proargtypes FROM ours p
    WHERE prorettype = state AND pronargs BETWEEN 2 AND 4
    AND NOT EXISTS (SELECT FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY t (type, n) WHERE n > 1 AND type <> 'anyelement'::regtype AND type NOT IN (SELECT a.type FROM argument a))),
  finals AS (SELECT oid FROM ours WHERE pronargs = 1 AND prorettype NOT IN ('internal'::regtype, 'cstring'::regtype) UNION ALL VALUES (0::oid)),
  combines AS (SELECT oid FROM ours WHERE pronargs = 2 AND proargtypes[1] = state AND prorettype = state UNION ALL VALUES (0::oid)),
  initials AS (SELECT NULL AS initcond UNION ALL SELECT initial WHERE state <> 'internal'::regtype),
  domains AS (VALUES (false), (true)),
  others AS (VALUES (', PARALLEL = SAFE'), (''), (', PARALLEL = SAFE, FINALFUNC_MODIFY = READ_WRITE'), (', PARALLEL = SAFE, FINALFUNC_EXTRA')),
  serials AS (
    SELECT DISTINCT aggserialfn::oid, aggdeserialfn::oid, format(', SERIALFUNC = %s, DESERIALFUNC = %s', aggserialfn, aggdeserialfn) AS parts FROM pg_aggregate a JOIN ours s ON s.oid = aggserialfn
    WHERE state = 'internal'::regtype UNION ALL VALUES (0::oid, 0::oid, '')),
  own AS (SELECT a.* FROM pg_aggregate a JOIN transitions t ON t.oid = a.aggtransfn JOIN pg_depend d ON d.objid = a.aggfnoid AND d.deptype = 'e'),
  mixtures AS (
    SELECT t.oid AS transition, f.oid AS final, c.oid AS combine, o.column1 || s.parts AS parts, initcond, d.column1 AS as_domains,
      EXISTS (SELECT FROM own a WHERE a.aggtransfn = t.oid AND a.aggfinalfn = f.oid AND a.aggcombinefn = c.oid AND a.aggserialfn = s.aggserialfn
        AND a.aggfnoid::text IN ('segment.rfm_agg', 'segment.rfm_rollup', 'segment.ledger_agg')) AS has_our_functions
    FROM transitions t, finals f, combines c, serials s, initials, domains d, others o
    WHERE state <> 'internal'::regtype OR EXISTS (SELECT FROM own a WHERE a.aggtransfn = t.oid AND f.oid IN (0, a.aggfinalfn) AND c.oid IN (0, a.aggcombinefn) AND s.aggserialfn IN (0, a.aggserialfn)))
  SELECT try(state, transition, nullif(final, 0), nullif(combine, 0), parts, initcond, as_domains, has_our_functions AND initcond IS NULL AND parts NOT LIKE '%FINALFUNC_EXTRA%')
  FROM (SELECT *, row_number() OVER (PARTITION BY has_our_functions ORDER BY md5(format('%s %s %s %s %s %s', transition::regprocedure, final::regprocedure, combine::regprocedure, parts, initcond, as_domains))) AS n FROM mixtures) m
  WHERE n <= CASE WHEN has_our_functions THEN 40 ELSE most END;
$$;
SQL

my $settings = 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET client_min_messages = error;';
for my $state ('rfm', 'quantiles', 'coreset', 'cluster_quality', 'internal')
{
	my $type = $state eq 'internal' ? 'internal' : "segment.$state";
	my $initial = { rfm => 'r', quantiles => 'q', coreset => 's', cluster_quality => 'u', internal => 'NULL' }->{$state};
	# only a superuser may use a state of type internal
	my $role = $state eq 'internal' ? '' : 'SET SESSION AUTHORIZATION maker;';
	my ($status, $output, $errors) = $node->psql('postgres', "$settings $role SELECT count(*) FROM (SELECT try_all('$type', (SELECT $initial\::text FROM o WHERE g = 1), $mixtures)) t;", timeout => 900);
	is($errors, '', "state $state: all mixtures were tried");
	my ($tried, $created) = split /\|/, $node->safe_psql('postgres', "SELECT count(*), count(*) FILTER (WHERE created) FROM mixture");
	note("state $state: $tried mixtures, $created of them are aggregates");
	is($node->safe_psql('postgres', 'SELECT format(E\'%s\n  %s\', parts, fault) FROM mixture WHERE fault IS NOT NULL LIMIT 10'), '', "state $state: core's answers under every plan");
	cmp_ok($created, '>', $tried / 8, "state $state: many mixtures are aggregates") if $state ne 'internal';
	$node->safe_psql('postgres', 'TRUNCATE mixture') unless $state eq 'rfm';
	if ($state eq 'rfm')
	{
		cmp_ok($node->safe_psql('postgres', "SELECT count(*) FROM mixture WHERE plans = 'parallel'"), '>', $created / 4, 'many ran in the node, in several processes, beside one of ours');
		cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM mixture WHERE is_ours'), '>', 0, 'some consist of our parts only');
		$node->safe_psql('postgres', 'TRUNCATE mixture');
	}
}
# An aggregate that stops being ours while plans that use it are kept.
my $group = 'SELECT c, replaced(at, amount) FROM o GROUP BY c';
my $whole = 'SELECT md5(string_agg(t, \'\' ORDER BY t)) FROM (SELECT x::text FROM (' . $group . ') x) y (t)';
my $parts = '(date, numeric) (SFUNC = segment_internal.rfm_agg_trans, STYPE = segment.rfm, FINALFUNC = segment_internal.rfm_agg_final, PARALLEL = SAFE, COMBINEFUNC = segment_internal.rfm_agg_combine';
for my $workers (0, 2)
{
	my @answers = split /\n/, $node->safe_psql('postgres', <<SQL);
$settings SET max_parallel_workers_per_gather = $workers; SET plan_cache_mode = force_generic_plan; SET segment.enable_fast_aggregate = force;
CREATE OR REPLACE AGGREGATE replaced$parts);
PREPARE p AS $whole;
EXECUTE p;
CREATE OR REPLACE AGGREGATE replaced$parts, INITCOND = 'date(2020-01-01,2020-01-01,1,5,0,0)');
EXECUTE p;
CREATE OR REPLACE AGGREGATE replaced$parts);
EXECUTE p;
SET segment.enable_fast_aggregate = off; SET max_parallel_workers_per_gather = 0;
$whole;
CREATE OR REPLACE AGGREGATE replaced$parts, INITCOND = 'date(2020-01-01,2020-01-01,1,5,0,0)');
$whole;
SQL
	is($answers[0], $answers[3], "$workers workers: a prepared statement over our parts");
	is($answers[2], $answers[3], "$workers workers: after it was replaced twice");
	if ($workers == 0)
	{
		is($answers[1], $answers[4], 'after it got an initial value');
	}
	else
	{
		isnt($answers[1], $answers[3], 'after it got an initial value, which counts once a process');
	}
}
unlike(PostgreSQL::Test::Utils::slurp_file($log), qr/terminated by signal|PANIC|TRAP:/, 'no process crashed');
$node->stop;
done_testing();
