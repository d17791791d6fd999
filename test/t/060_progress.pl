# The progress board: a long fit is seen from another connection, by those who may; it is gone after a cancel, after an
# error that a block catches, and at the end.
use strict;
use warnings;

use IPC::Run qw(start finish);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $setup = <<'SQL';
CREATE EXTENSION segment;
CREATE TABLE s AS SELECT segment.coreset_agg((g * 0.618034) % 1, exp(4 * sin(g)), (g % 977)::float8) AS c FROM generate_series(1, 30000) g;
CREATE ROLE worker;
CREATE ROLE stranger;
CREATE ROLE watcher IN ROLE pg_read_all_stats;
GRANT SELECT ON s TO worker;
SQL

my $node = PostgreSQL::Test::Cluster->new('progress');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\njit = off\nmax_parallel_workers_per_gather = 0");
$node->start;
my $registry = $node->safe_psql('postgres', 'SHOW server_version_num') >= 170000;
$node->safe_psql('postgres', $setup);

if (!$registry)
{
	my ($out, $err) = ('', '');
	$node->psql('postgres', 'SELECT count(*) FROM segment.progress', stdout => \$out, stderr => \$err);
	is($out, '0', 'no board without preload before 17: no rows');
	like($err, qr/NOTICE:  progress reporting is not available on this server/, '… and a notice');
	$node->psql('postgres', q{SET statement_timeout = '11s'; SELECT segment.kmeans(c, 200, swaps => 1000000) FROM s}, stdout => \$out, stderr => \$err);
	like($err, qr/NOTICE:  kmeans, k = 200: \d+ of 1000008 steps/, 'a long fit says how far it is');
	$node->append_conf('postgresql.conf', "shared_preload_libraries = 'segment'");
	$node->restart;
}
is($node->safe_psql('postgres', 'SELECT count(*) FROM segment.progress'), '0', 'nothing under way');

# Runs a query in a session of its own.
sub background
{
	my ($query) = @_;
	my ($in, $out) = ('', '');
	return start(['psql', '-XqAt', '-d', $node->connstr('postgres'), '-c', $query], '<', \$in, '>', \$out, '2>', \$out);
}

my $fit = background('SET ROLE worker; SELECT segment.kmeans(c, 200, swaps => 1000000) FROM s');
ok($node->poll_query_until('postgres', 'SELECT count(*) = 1 FROM segment.progress WHERE done > 0'), 'a fit is seen from another connection');
is($node->safe_psql('postgres', q{SELECT level, operation, total, share > 0 AND share < 1, memory_bytes > 100000, database, role, started > now() - interval '1 hour' FROM segment.progress}),
	'1|kmeans, k = 200|1000008|t|t|postgres|worker|t', '… with what it does and how far it is');
is($node->safe_psql('postgres', "SET ROLE $_->[0]; SELECT count(*) FROM segment.progress"), $_->[1], "seen by $_->[0]: $_->[1]")
  for ['worker', 1], ['stranger', 0], ['watcher', 1];
$node->safe_psql('postgres', 'SELECT pg_cancel_backend(pid) FROM segment.progress');
ok($node->poll_query_until('postgres', 'SELECT count(*) = 0 FROM segment.progress'), 'cancelled: gone');
finish($fit);

$fit = background("SELECT count(*) FROM s, segment.gmm_choose(c, 30, 60, 'full')");
ok($node->poll_query_until('postgres', q{SELECT array_agg(operation ~ '^gmm' ORDER BY level) = '{t,t}' FROM segment.progress}), 'a fit within a choice: two levels');
$node->safe_psql('postgres', 'SELECT pg_terminate_backend(pid) FROM segment.progress WHERE level = 1');
ok($node->poll_query_until('postgres', 'SELECT count(*) = 0 FROM segment.progress'), 'terminated: gone');
finish($fit);

# Errors that are caught: the level goes with its subtransaction, and the next call has its own.
is( $node->safe_psql('postgres', <<'SQL'), "0\n1", 'an error that a block catches closes its level');
SET statement_timeout = 0;
CREATE FUNCTION fail() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  BEGIN
    PERFORM segment.kmeans(segment.coreset_agg(x::float8 / 0.1, 0.0), 3, scale => 'none') FROM generate_series(1, 9) x;
    PERFORM segment.kmeans((SELECT segment.coreset_agg(ARRAY[x], 'none') FROM unnest('{1e20,1e20}'::float8[]) x), 2);
  EXCEPTION WHEN invalid_parameter_value THEN NULL;
  END;
  RETURN (SELECT count(*) FROM segment.progress);
END $$;
SELECT fail();
SELECT count(*) FROM segment.model_info((SELECT segment.kmeans(c, 2) FROM s));
SQL
$node->stop;
done_testing();
