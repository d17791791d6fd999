# A cancel at any moment of collecting, fitting or backtesting leaves the session usable and no temporary file behind.
use strict;
use warnings;

use Cancels;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('clv_cancel');
$node->init;
$node->append_conf('postgresql.conf',
	"fsync = off\nwork_mem = '256kB'\nhash_mem_multiplier = 1\nmaintenance_work_mem = '256MB'\nmax_parallel_workers_per_gather = 0");
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION segment;
CREATE TABLE c AS SELECT row_number() OVER () AS id, r
FROM segment.simulate_summaries(segment.btyd_model('mbgnbd', '{.525,6.183,.891,1.614}', '1 week'), segment.spend_model(6.25, 3.74, 15.44), 100000, '78 weeks', '52 weeks') r;
CREATE TABLE s AS SELECT segment.btyd_agg(r) FILTER (WHERE id <= 3000) AS few, segment.btyd_agg(r) AS b, segment.spend_agg(r) AS g FROM c;
CREATE TABLE l AS SELECT segment.ledger_agg(ordered_at, 1) AS l
FROM segment.simulate_orders(segment.btyd_model('mbgnbd', '{.525,6.183,.891,1.614}', '1 week'), 4000, '2024-01-01', '2 years', '1 year') GROUP BY customer;
SQL

my %queries = (
	'collection with files' => 'SELECT length(segment.btyd_agg(r)::text) > 0 FROM c',
	'rollup' => 'SELECT segment.btyd_rollup(b) IS NOT NULL FROM (SELECT segment.btyd_agg(r) AS b FROM c GROUP BY id % 9) p',
	'mbgnbd' => 'SELECT segment.mbgnbd(b) IS NOT NULL FROM s',
	'pareto_nbd' => 'SELECT segment.pareto_nbd(few) IS NOT NULL FROM s',
	'gamma_gamma' => 'SELECT segment.gamma_gamma(g) IS NOT NULL FROM s',
	'backtest' => "SELECT count(*) FROM (SELECT segment.holdout_agg(l, '2025-06-30', '2025-12-31', '1 week') AS h FROM l) q, segment.backtest(h, '{mbgnbd,pareto_nbd}')",
	'simulation' => "SELECT count(*) FROM segment.simulate_orders(segment.btyd_model('nbd', '{2,1}', '1 day'), 20000, '2024-01-01', '100 days')",
);
for my $name (sort keys %queries)
{
	my $whole = $node->safe_psql('postgres', $queries{$name});
	cancel_at($node, $name, $queries{$name}, 2, 10, 40, 100, 250);
	is($node->safe_psql('postgres', $queries{$name}), $whole, "$name: the server goes on and answers as before");
}
no_temporary_files($node);

# A fit answers a cancel soon, not after its last evaluation.
my $start = time;
$node->psql('postgres', "SET statement_timeout = 300; SELECT segment.pareto_nbd(b) FROM s");
cmp_ok(time - $start, '<', 5, 'a long fit stops soon');
$node->stop;
done_testing();
