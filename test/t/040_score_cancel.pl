# A cancel at any moment of making cut points or scoring leaves the session usable and no temporary file behind.
use strict;
use warnings;

use Cancels;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('score_cancel');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nwork_mem = '256kB'\nhash_mem_multiplier = 1\nmaintenance_work_mem = '256MB'");
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION segment;
CREATE TABLE o AS
SELECT g, g::bigint * 7919 % 300007 AS value, segment.rfm_agg(date '2024-01-01' + g % 400, g::bigint * 7919 % 300007) AS rfm
FROM generate_series(1, 300000) g GROUP BY g;
ANALYZE o;
SQL

my %queries = (
	'quantiles with sorted runs' => 'SELECT segment.quantiles_count(segment.quantiles_agg(value)) FROM o',
	'natural breaks' => 'SELECT segment.cut_points_agg(value, 9, \'natural\') IS NOT NULL FROM o',
	'rollup' => 'SELECT segment.quantiles_count(segment.quantiles_rollup(q)) FROM (SELECT segment.quantiles_agg(value) AS q FROM o GROUP BY g % 20) p',
	'frozen rule' => 'SELECT segment.rfm_cut_points_agg(rfm, \'2025-06-01\', 5) IS NOT NULL FROM o',
	'window' => 'SELECT count(s) FROM (SELECT segment.rfm_score(rfm, \'2025-06-01\', method => \'natural\') OVER () AS s FROM o) t',
	'groups read twice' => 'SET hash_mem_multiplier = 1000; SELECT count(s) FROM (SELECT segment.rfm_score(segment.rfm_agg(date \'2024-01-01\' + (g % 400)::integer, value), \'2025-06-01\') OVER () AS s FROM o GROUP BY g) t',
	'text' => 'SELECT length(segment.quantiles_agg(value)::text) > 0 FROM o',
);
for my $name (sort keys %queries)
{
	my $whole = $node->safe_psql('postgres', $queries{$name});
	my $cancelled = 0;
	for my $delay (3, 30, 100, 250)
	{
		my ($out, $err) = ('', '');
		# the same session answers in full after the cancel
		my $code = $node->psql('postgres', "SET statement_timeout = $delay;\n$queries{$name};\nSET statement_timeout = 0;\n$queries{$name};",
			stdout => \$out, stderr => \$err, on_error_stop => 0);
		$cancelled++ if $err =~ /canceling statement due to statement timeout/;
		like($out, qr/^\Q$whole\E$/m, "$name: an answer after a limit of $delay ms");
		unlike($err, qr/WARNING|PANIC|terminated/, "$name: nothing else was said");
	}
	ok($cancelled > 0, "$name: $cancelled cancels");
}
no_temporary_files($node);
$node->stop;
done_testing();
