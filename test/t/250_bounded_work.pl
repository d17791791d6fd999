# Nothing runs unbounded or deaf: each function whose work depends on its arguments gets the worst ones that are legal, under
# a statement_timeout, and ends with an answer, with an error of its own, or with the cancel, soon after.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

# The timeout, and how long after it a busy machine may take to end the statement.
my ($timeout, $grace) = (2, 10);

my $node = PostgreSQL::Test::Cluster->new('bounded_work');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nmaintenance_work_mem = '512MB'\nmax_parallel_workers_per_gather = 0\nclient_min_messages = error");
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION segment;
-- The longest of these queries, in seconds; what refuses its arguments counts too.
CREATE FUNCTION longest(queries text[]) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
  query text;
  began timestamptz;
  longest float8 := 0;
BEGIN
  FOREACH query IN ARRAY queries LOOP
    began := clock_timestamp();
    BEGIN
      EXECUTE query;
    EXCEPTION WHEN invalid_parameter_value OR numeric_value_out_of_range THEN
      NULL;
    END;
    longest := greatest(longest, extract(epoch FROM clock_timestamp() - began));
  END LOOP;
  RETURN longest;
END
$$;
CREATE TABLE c AS SELECT row_number() OVER () AS id, r
FROM segment.simulate_summaries(segment.btyd_model('mbgnbd', '{.525,6.183,.891,1.614}', '1 day'), segment.spend_model(6.25, 3.74, 15.44), 60000, '3000 days', '2000 days') r;
CREATE TABLE s AS SELECT segment.btyd_agg(r) AS b, segment.spend_agg(r) AS g FROM c;
CREATE TABLE chances AS SELECT segment.btyd_agg(segment.repeat_summary(1 + g % 50, 100 + g % 5000, 10000, NULL, '1 day')) AS b FROM generate_series(1, 20000) g;
CREATE TABLE point AS SELECT g, ARRAY[g * 7919 % 1000003, g * 104729 % 999983, g * 31337 % 99991, g * g % 9973]::float8[] AS x FROM generate_series(1, 60000::bigint) g;
CREATE TABLE cs AS SELECT segment.coreset_agg(x) AS c FROM point;
CREATE TABLE model AS SELECT segment.kmeans(c, 100, max_iter => 1, starts => 1, swaps => 0) AS m FROM cs;
CREATE TABLE q AS SELECT segment.quantiles_agg(((g * 7919) % 1000003)::float8) AS q FROM generate_series(1, 400000::bigint) g;
CREATE TABLE l AS SELECT segment.ledger_agg(date '0001-01-01' + g * 3, g % 100, g) AS l FROM generate_series(1, 200000) g;
CREATE TABLE h AS SELECT segment.holdout_agg(l, '2024-06-30', '2025-06-30', '1 day') AS h FROM (SELECT segment.ledger_agg(date '2020-01-01' + (c * 7919 + k * 104729 + k * k * 31 * c) % 2000, 10) AS l
  FROM generate_series(1, 20000) c, generate_series(1, 8) k GROUP BY c) x;
CREATE TABLE retained AS SELECT segment.retention_agg(l, segment.periods('day', '2020-01-01', '2022-09-27'), '2022-09-26') AS r FROM (SELECT segment.ledger_agg(date '2020-01-01' + (c * 7919 + k * 104729 + k * k * 31 * c) % 1000, 10) AS l
  FROM generate_series(1, 5000) c, generate_series(1, 30) k GROUP BY c) x;
CREATE TABLE baskets AS SELECT segment.items_agg((k * k * 31 + g * 7919 + k * g) % 3000) AS i FROM generate_series(1, 20000::bigint) g, generate_series(1, 40::bigint) k GROUP BY g;
CREATE TABLE a AS SELECT segment.affinity_agg(i) AS a FROM baskets;
CREATE TABLE survived AS SELECT segment.survival_agg(((g * 7919) % 1000003)::float8, g % 3 > 0) AS s FROM generate_series(1, 500000::bigint) g;
CREATE TABLE funnels AS SELECT segment.funnel_table_agg(f) AS f FROM (SELECT segment.funnel_agg(date '2024-01-01' + (g * 7919 % 300)::integer, interval '30 days', g % 3 = 0, g % 3 = 1, g % 3 = 2) AS f FROM generate_series(1, 600000::bigint) g GROUP BY g / 6) x;
SQL

# A customer of each model, at parameters from one end of what is legal to the other.
my @kinds = qw(nbd bgnbd mbgnbd pareto_nbd bgbb);
my @parameters = ('{1e8,1e-8,1e8,1e-8}', '{1e-8,1e8,1e-8,1e8}', '{100,0.003,0.05,6000}', '{650,0.1,100,1.6}', '{1e8,1e8,1e-8,1e8}', '{1e-3,1e-3,1e3,1e-3}', '{1e8,1,1e-8,1e-8}');
my @customers = ("segment.repeat_summary(0, 0, 0, NULL, '1 day')", "segment.repeat_summary(100, 5000, 10000, NULL, '1 day')", "segment.repeat_summary(0, 0, 10000, NULL, '1 day')",
	"segment.repeat_summary(30, 30, 30, NULL, '1 day')");

# predicted(CALL): CALL over all of them, %M for the model and %R for the customer. Each must answer, or refuse, without a cancel.
sub predicted
{
	my ($call) = @_;
	my @each;
	for my $kind (@kinds)
	{
		for my $p (@parameters)
		{
			my $given = $kind eq 'nbd' ? join(',', (split(/,/, $p))[0, 1]) . '}' : $p;
			for my $customer (@customers)
			{
				my $one = $call;
				$one =~ s/%M/segment.btyd_model('$kind', '$given', '1 day')/g;
				$one =~ s/%R/$customer/g;
				push @each, "SELECT segment.$one";
			}
		}
	}
	return 'SELECT longest(ARRAY[' . join(', ', map { "\$query\$$_\$query\$" } @each) . '])';
}

my $long = q('365250 days');
my %worst = (
	expected_orders => [ predicted(q{expected_orders(%M, %R, '100000 days')}), predicted(q{expected_orders(%M, '100000 days')}) ],
	expected_orders_error => ["SELECT sum(segment.expected_orders_error(m, r, $long)) FROM (SELECT segment.pareto_nbd(segment.btyd_agg(r)) AS m FROM c WHERE id <= 500) f, c"],
	p_alive => [ predicted(q{p_alive(%M, %R, '100000 days')}) ],
	p_orders => [ predicted(q{p_orders(%M, %R, '100000 days', 50000)}), predicted(q{p_orders(%M, %R, '100000 days', 1000000000)}) ],
	p_orders_exactly => [ predicted(q{p_orders_exactly(%M, %R, '100000 days', 50000)}), predicted(q{p_orders_exactly(%M, '100000 days', 50)}) ],
	orders_quantile => [ map { predicted("orders_quantile(%M, %R, '$$_[0] days', $$_[1])") } [ 3, 0.5 ], [ 100000, 0.975 ], [ 365, 1e-9 ] ],
	next_order => [ map { predicted("next_order(%M, %R, $_)") } 0.5, 1e-12, 0.999999 ],
	expected_next_order => [ predicted(q{expected_next_order(%M, %R, '100000 days')}) ],
	p_return => [ predicted('p_return(%M, %R)') ],
	history_log_likelihood => [ predicted('history_log_likelihood(%M, %R)') ],
	discounted_orders => [ predicted(q{discounted_orders(%M, %R, '100000 days', 0.1)}), predicted(q{discounted_orders(%M, %R, '100000 days', 1e-9)}),
		"SELECT segment.discounted_orders(segment.btyd_model('bgnbd', '{650,0.1,100,1.6}', '1 day'), segment.repeat_summary(0, 0, 10000, NULL, '1 day'), '100000 days', 0.1, 'period_end', '1 day')" ],
	residual_orders => [ predicted('residual_orders(%M, %R, 0.000001)') ],
	clv => ["SELECT segment.clv(segment.btyd_model('bgbb', '{1,1,1e-8,1e8}', '1 day'), segment.spend_model(6, 4, 15), segment.repeat_summary(1, 10, 10000, 20, '1 day'), '100000 days', 0.1, 1, 'period_end', '1 day')"],
	clv_quantile => [ map { "SELECT segment.clv_quantile(segment.btyd_model($_, '1 day'), segment.spend_model(6, 4, 15), segment.repeat_summary(1, 10, 100, 20, '1 day'), '1000 days', 0.975)" }
		"'nbd', '{10,0.2}'", "'pareto_nbd', '{100,3,0.05,6000}'", "'mbgnbd', '{100,3,0.001,10}'" ],
	residual_value => ["SELECT segment.residual_value(segment.btyd_model('bgbb', '{1,1,1e-8,1e8}', '1 day'), segment.spend_model(6, 4, 15), segment.repeat_summary(1, 10, 10000, 20, '1 day'), 0.000001)"],
	tracked_orders => [ "SELECT segment.tracked_orders(segment.btyd_model('pareto_nbd', '{100,0.003,0.05,6000}', '1 day'), b, $long) FROM s" ],
	residual_renewals => ["SELECT segment.residual_renewals(segment.renewal_model(1e-8, 1e8), 1000000, 0.000001)"],
	sbg => ["SELECT segment.sbg(array_agg(10000000 - g ORDER BY g), 0, 100000) FROM generate_series(1, 10000) g"],
	gamma_gamma => ['SELECT segment.gamma_gamma(g, 0, 100000) FROM s'],
	(map { $_ => ["SELECT segment.$_(b, 0, 100000) FROM s"] } qw(nbd bgnbd mbgnbd pareto_nbd)),
	bgbb => ['SELECT segment.bgbb(b, 0, 100000) FROM chances'],
	backtest => ["SELECT count(*) FROM h, segment.backtest(h, '{mbgnbd,pareto_nbd,bgnbd,nbd}')"],
	backtest_calibration => ["SELECT count(*) FROM h, segment.backtest_calibration(h, segment.btyd_model('pareto_nbd', '{100,0.003,0.05,6000}', '1 day'), 1000)"],
	simulate_orders => [
		"SELECT count(*) FROM segment.simulate_orders(segment.btyd_model('nbd', '{1e8,1e-8}', '1 day'), 1000000, '2024-01-01', '1000 days')",
		"SELECT count(*) FROM segment.simulate_orders(segment.btyd_model('bgbb', '{1e-8,1e8,1e-8,1e8}', '1 day'), 1000000, '2024-01-01', '100000 days')" ],
	simulate_summaries => [
		"SELECT count(*) FROM segment.simulate_summaries(segment.btyd_model('nbd', '{1e8,1e-8}', '1 day'), 1000000, '36500 days')",
		"SELECT count(*) FROM segment.simulate_summaries(segment.btyd_model('bgbb', '{1e-8,1e8,1e-8,1e8}', '1 day'), 1000000, '10000 days')" ],
	simulate_renewals => ["SELECT segment.simulate_renewals(segment.renewal_model(1e-3, 1e3), 100000000, 10000)"],
	kmeans => [ 'SELECT segment.kmeans(c, 1000, starts => 100, max_iter => 100000) FROM cs', 'SELECT segment.kmeans(c, 50, swaps => 100000) FROM cs' ],
	kmeans_agg => ['SELECT segment.kmeans_agg(x, 500) FROM point'],
	kmeans_assign => ['SELECT count(k) FROM (SELECT segment.kmeans_assign(x, 500) OVER () AS k FROM point) a'],
	kmeans_choose => ['SELECT count(*) FROM cs, segment.kmeans_choose(c, 2, 50)'],
	kmeans_refine => ['SELECT segment.kmeans_refine((SELECT segment.cluster_quality(m, x) FROM model, point), c) FROM cs'],
	gmm => ["SELECT segment.gmm(c, 50, 'full', max_iter => 100000, tolerance => 0) FROM cs"],
	gmm_choose => ["SELECT count(*) FROM cs, segment.gmm_choose(c, 1, 50, 'full')"],
	coreset_agg => ['SELECT segment.coreset_agg(x) FROM point'],
	coreset_compress => ['SELECT segment.coreset_compress(c, 1000) FROM cs'],
	cluster_quality => ['SELECT segment.cluster_quality(m, x) FROM model, point'],
	cluster_rules => ['SELECT count(*) FROM model, cs, segment.cluster_rules(m, c)'],
	cut_points => [ map { "SELECT segment.cut_points(q, 9, '$_') FROM q" } qw(natural quantile equal_width) ],
	cut_points_agg => ["SELECT segment.cut_points_agg(((g * 7919) % 1000003)::float8, 9, 'natural') FROM generate_series(1, 400000::bigint) g"],
	quantiles_agg => ['SELECT segment.quantiles_agg(g::float8) FROM generate_series(1, 2000000) g'],
	rfm_cut_points_agg => ["SELECT segment.rfm_cut_points_agg(r, '2025-01-01', 9, 'natural') FROM (SELECT segment.rfm_agg(date '2020-01-01' + g % 1500, g) AS r FROM generate_series(1, 200000) g GROUP BY g) x"],
	cohort_table => [ map { "SELECT count(*) FROM retained, segment.cohort_table(r, $_)" } "'on_or_after'", "'rolling', 'recurring'", "'on', 'first', 'own'" ],
	lorenz_table => ['SELECT count(*) FROM q, segment.lorenz_table(q, 10000)'],
	ledger_gaps => ["SELECT segment.ledger_gaps(l, 'infinity') FROM l"],
	ledger_repeat_periods => ["SELECT segment.ledger_repeat_periods(l, '2025-01-01', '1 day') FROM l"],
	periods => ["SELECT segment.periods('day', '0001-01-01', '9999-12-31')"],
	control_limits => ['SELECT count(*) FROM (SELECT array_agg(g::float8) AS a FROM generate_series(1, 1000000) g) x, segment.control_limits(a)'],
	control_limits_rate => ['SELECT count(*) FROM (SELECT array_agg(g::bigint) AS a FROM generate_series(1, 1000000) g) x, segment.control_limits_rate(a, a)'],
	stuart_maxwell => ['SELECT segment.stuart_maxwell((SELECT array_agg(r) FROM (SELECT (SELECT array_agg((i * j % 97)::bigint) FROM generate_series(1, 1000) j) AS r FROM generate_series(1, 1000) i) x))'],
	decompose => ['SELECT segment.decompose(array_agg(g::float8), array_agg(g + 1.0::float8)) FROM generate_series(1, 30) g'],
	srm => ['SELECT * FROM segment.srm(ARRAY[1400, 4, 4], ARRAY[0.999, 0.0005, 0.0005])'],
	adjust_p => ['SELECT segment.adjust_p(array_agg(g / 100000.0::float8)) FROM generate_series(1, 100000) g'],
	heterogeneity => ['SELECT segment.heterogeneity(array_agg(g::float8), array_agg(1.0::float8)) FROM generate_series(1, 100000) g'],
	heterogeneity_p => ['SELECT segment.heterogeneity_p(array_agg(g::float8), array_agg(1.0::float8)) FROM generate_series(1, 100000) g'],
	compare => [q{SELECT segment.compare(segment.outcome_of_rate(1, 4000000000000000000), segment.outcome_of_rate(4000000000000000000, 4000000000000000000), 'rate')}],
	affinity_table => ['SELECT count(*) FROM a, segment.affinity_table(a, 1)'],
	next_best => ['SELECT count(*) FROM a, (SELECT segment.items_rollup(i) AS i FROM baskets) b, segment.next_best(a, i, 1000000, true, 1)'],
	next_best_check => ['SELECT count(*) FROM a, (SELECT segment.items_rollup(i) AS i FROM baskets) b, segment.next_best_check(a, i, i, 1000000, true, 1)'],
	attribution_shares => [ map { "SELECT segment.attribution_shares($$_[0], '$$_[1]')" } [ 2147483647, 'linear' ], [ 10000000, 'position' ], [ 10000000, 'last' ] ],
	attribution_path => [ map { "SELECT segment.attribution_path(array_agg('c' || g % 100000), '$_') FROM generate_series(1, 1000000) g" } qw(exposure first remove_direct remove_last_direct) ],
	split_exact => [ "SELECT segment.split_exact(1e30, array_agg((1 + g % 7)::float8), 20) FROM generate_series(1, 1000000) g", "SELECT segment.split_exact(1e100000, '{1,2}')" ],
	survival_table => ['SELECT count(*) FROM survived, segment.survival_table(s)'],
	survival_interval => ['SELECT segment.survival_interval(s, 0.5) FROM survived'],
	funnel_table => ["SELECT count(*) FROM funnels, segment.funnel_table(f, '2025-06-01')"],
	ledger_decayed => ["SELECT segment.ledger_decayed(l, '9999-12-31', '1 microsecond'), segment.ledger_decayed(l, '2025-01-01', '1000 years') FROM l"],
	check_scheme => ["SELECT count(*) FROM segment.check_scheme('classic')"],
);

# Their work is bounded by the size of one stored value or row, at a fixed cost an element; lists are bounded by array sizes.
my @bounded = qw(
  btyd_model spend_model renewal_model renewal_rate renewal_survival repeat_summary with_covariates rfm_score score
  cluster_of cluster_distance cluster_anomaly cluster_second cluster_second_distance cluster_profile cluster_quality_add coreset_add
  gmm_log_density gmm_responsibilities convert_currency ledger_repeat ledger_rfm penetration period_start period_end quantile rate_interval top_share repeat_rate retention_rate
  outcome outcome_of_rate assign sample_size_rates sample_size_means power_rates power_means detectable_difference detectable_rate
  funnel_time has survival_at survival_quantile
  roi cost_per_incremental break_even_lift poststratify churn_rate reactivation_rate heavy_medium_light);
my %known = map { $_ => 1 } keys %worst, @bounded;
my $functions = $node->safe_psql('postgres', <<'SQL');
SELECT DISTINCT p.proname FROM pg_proc p
WHERE p.pronamespace = 'segment'::regnamespace AND p.prokind IN ('f', 'w') AND p.prolang = (SELECT oid FROM pg_language WHERE lanname = 'c')
  AND NOT 'internal'::regtype = ANY (p.proargtypes) AND NOT 'cstring'::regtype = ANY (p.proargtypes)
  AND p.proname !~ '_(eq|ne|lt|le|gt|ge|cmp|hash|hash_extended|send|recv|in|out|trans|to_jsonb)$'
  AND p.prosrc <> 'segment_as_owner' -- they run SQL, which polls
  AND p.proname NOT IN (SELECT f.proname FROM pg_aggregate a JOIN pg_proc f ON f.oid IN (a.aggtransfn, a.aggcombinefn, a.aggfinalfn))
  AND EXISTS (SELECT FROM unnest(p.proargtypes) t(o) JOIN pg_type y ON y.oid = t.o WHERE y.typcategory IN ('A', 'T') OR y.typname IN ('int4', 'int8', 'interval', 'float8'))
ORDER BY 1
SQL
my @unknown = grep { !$known{$_} } split(/\n/, $functions);
is("@unknown", '', 'every function with a number, an array or an interval among its arguments is in one of the two lists');

for my $name (sort keys %worst)
{
	my ($slowest, $worst_of_all, @wrong, %ends) = (0, '');
	for my $query (@{ $worst{$name} })
	{
		my ($out, $err) = ('', '');
		my $many = $query =~ /^SELECT longest/;
		my $limit = $many ? 100 : $timeout;
		my $start = time;
		my $code = $node->psql('postgres', "\\set VERBOSITY verbose\nSET statement_timeout = '${limit}s';\n$query", stdout => \$out, stderr => \$err, timeout => 300);
		my $took = $many && $code == 0 ? $out : time - $start;
		$code = 3 if $many && $code == 0 && $out > $timeout;
		my $end = $code == 0 ? 'answered' : $err =~ /ERROR:  (\w{5}):/ ? $1 : "code $code";
		$ends{$end}++;
		($slowest, $worst_of_all) = ($took, $query) if $took > $slowest;
		push @wrong, "$end: $query: $err" unless $end eq 'answered' || $end eq '57014' || $end =~ /^(22|53|54|0A)/;
	}
	is("@wrong", '', "$name: " . join(', ', map { "$ends{$_} $_" } sort keys %ends));
	cmp_ok($slowest, '<', $timeout + $grace, "$name ends soon") or diag($worst_of_all);
}
is($node->safe_psql('postgres', 'SELECT 1'), '1', 'the server is up');
$node->stop;
done_testing();
