# A cancel at any moment of counting, merging or reading affinity leaves the session usable, and no file behind.
use strict;
use warnings;

use Cancels;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('affinity_cancel');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nmax_parallel_workers_per_gather = 0\nwork_mem = 512kB\nhash_mem_multiplier = 1");
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION segment;
CREATE TABLE b AS SELECT b, segment.items_agg((b::bigint * 7919 + k * 104729 + k * k * 31 * b) % 2000) AS i FROM generate_series(1, 20000) b, generate_series(1, 12) k GROUP BY b;
CREATE TABLE a AS SELECT b % 6 AS part, segment.affinity_agg(i) AS a FROM b GROUP BY 1;
SQL

my %queries = (
	'affinity_agg' => 'SELECT md5(segment.affinity_agg(i)::text) FROM b',
	'affinity_rollup' => 'SELECT md5(segment.affinity_rollup(a)::text) FROM a',
	'affinity_table' => 'SELECT sum(n_ab) FROM a, segment.affinity_table(a, 1)',
	'a large basket' => 'SELECT md5(segment.affinity_agg(i, 100000)::text) FROM (SELECT segment.items_agg(g) i FROM generate_series(1, 3000) g) x',
);
for my $name (sort keys %queries)
{
	my $whole = $node->safe_psql('postgres', $queries{$name});
	cancel_at($node, $name, $queries{$name}, 2, 10, 40, 100, 250);
	is($node->safe_psql('postgres', $queries{$name}), $whole, "$name: the server goes on and answers as before");
}
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_ls_tmpdir()}), '0', 'no temporary file is left');
cmp_ok($node->safe_psql('postgres', q{SELECT temp_files FROM pg_stat_database WHERE datname = 'postgres'}), '>', 0, 'and there were some');
$node->stop;
done_testing();
