# Clusters: a cancel at any moment leaves the session usable; fits say how much memory they need before they take it;
# a hundred thousand groups of ten points stay within the memory limit.
use strict;
use warnings;

use Cancels;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('cluster_cancel');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nmax_parallel_workers_per_gather = 0\njit = off");
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION segment;
CREATE TABLE v AS SELECT g / 10 AS grp, (g * 0.618034) % 1 AS a, exp(4 * sin(g)) AS b, (g % 977)::float8 AS c FROM generate_series(0, 999999) g;
ANALYZE v;
CREATE TABLE s AS SELECT segment.coreset_agg(a, b, c) AS c FROM v;
CREATE TABLE m AS SELECT segment.kmeans(c, 5) AS m FROM s;
SQL

my %queries = (
	'coreset_agg' => 'SELECT segment.coreset_agg(a, b, c) FROM v',
	'kmeans' => 'SELECT segment.kmeans(c, 300) FROM s',
	'kmeans_choose' => 'SELECT k FROM s, segment.kmeans_choose(c, 2, 60)',
	'gmm' => q{SELECT segment.gmm(c, 60, 'full', tolerance => 0) FROM s},
	'cluster_quality' => 'SELECT segment.cluster_quality((SELECT m FROM m), ARRAY[a, b, c]) FROM v',
	'kmeans_assign' => 'SELECT max(x) FROM (SELECT segment.kmeans_assign(ARRAY[a, b, c], 8) OVER () AS x FROM v) q',
);
for my $name (sort keys %queries)
{
	cancel_at($node, $name, $queries{$name}, 10, 60, 150);
}

my ($out, $err) = ('', '');
$node->psql('postgres', q{SET maintenance_work_mem = '1MB'; SELECT segment.gmm(c, 100) FROM s}, stdout => \$out, stderr => \$err);
like($err, qr/maintenance_work_mem is too small for \S*gmm.*It needs \d+ kB; maintenance_work_mem is 1024 kB/s, 'a fit says what it needs');

# Peak memory of a fresh session's process, in kB.
sub peak
{
	my ($query) = @_;
	my $answer = $node->safe_psql('postgres', "SET work_mem = '16MB'; SET hash_mem_multiplier = 1; $query; SELECT 'pid ' || pg_backend_pid(), 'peak ' || "
		  . q{substring(pg_read_file('/proc/self/status') from 'VmHWM:\s*(\d+)')});
	$answer =~ /peak (\d+)/ or die "no peak in: $answer";
	return $1;
}
SKIP:
{
	skip 'no /proc', 3 unless -e '/proc/self/status';
	my $base = peak('SELECT count(*) FROM (SELECT grp, max(a) FROM v GROUP BY grp) q');
	for my $hash ('on', 'off')
	{
		my $other = $hash eq 'on' ? 'SET enable_sort = off' : 'SET enable_hashagg = off';
		my $used = peak("$other; SELECT count(*) FROM (SELECT grp, segment.coreset_agg(a, b, c) AS x FROM v GROUP BY grp) q WHERE x IS NOT NULL");
		ok($used < $base + 64 * 1024, "100,000 groups of ten points, hash aggregate $hash: peak $used kB, of a plain aggregate $base kB");
	}

	# 100 groups whose rows alternate, each of 20,000 distinct points: a compressed state of a megabyte each. The planner
	# knows that from SSPACE, so hash aggregation takes on as many groups as fit at a time.
	my $query = 'SELECT count(*) FROM (SELECT g % 100 AS grp, %s AS x FROM (SELECT g, (g * 0.618034) % 1 AS a, exp(4 * sin(g)) AS b, (g % 977)::float8 AS c '
	  . 'FROM generate_series(1, 2000000) g OFFSET 0) v GROUP BY 1) q WHERE x IS NOT NULL';
	$base = peak('SET enable_sort = off; ' . $query =~ s/%s/max(a)/r);
	my $used = peak('SET enable_sort = off; ' . $query =~ s/%s/segment.coreset_agg(a, b, c)/r);
	ok($used < $base + 40 * 1024, "100 compressed groups, work_mem 16 MB: peak $used kB, of a plain aggregate $base kB");
}
$node->stop;
done_testing();
