# A cancel at any moment of collecting or reading events, survival and identities leaves the session usable; one in the middle of one person.
use strict;
use warnings;

use Cancels;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('event_cancel');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nmax_parallel_workers_per_gather = 0\nmaintenance_work_mem = '512MB'");
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION segment;
CREATE TABLE e AS SELECT g % 5000 AS person, timestamp '2024-01-01' + make_interval(secs => g::bigint * 7919 % 2000003) AS at, g % 7 AS kind FROM generate_series(1, 300000) g;
CREATE TABLE f AS SELECT person % 8 AS part, segment.funnel_table_agg(f) AS f
FROM (SELECT person, segment.funnel_agg(at, '10 days', kind = 1, kind = 2, kind = 3) AS f FROM e GROUP BY person) x GROUP BY 1;
SQL

my %queries = (
	'funnel_agg' => "SELECT md5(string_agg(f::text, '' ORDER BY person)) FROM (SELECT person, segment.funnel_agg(at, '10 days', kind = 1, kind = 2, kind = 3) AS f FROM e GROUP BY person) x",
	'funnel_agg of one person' => "SELECT segment.funnel_agg(at, '10 days', 'any', 'any_order', kind IN (1, 2), kind IN (1, 2), kind = 1, kind = 2, at < '2023-01-01') FROM e",
	'funnel_table' => "SELECT md5(string_agg(t::text, '' ORDER BY part, step)) FROM f, segment.funnel_table(f, '2024-12-31') t",
	'sequence_agg' => "SELECT segment.sequence_count(segment.sequence_agg(at, kind = 1, kind = 2, kind = 3), '(?1)(?t>100)(?2)(?t<100000)(?3).*(?1)') FROM e",
	'survival_agg' => "SELECT segment.survival_median(segment.survival_agg(extract(epoch FROM at)::float8, kind > 2)) FROM e",
	'identity_agg' => "SELECT segment.identity_info(segment.identity_agg('a' || person, 'b' || extract(epoch FROM at))) FROM e",
);
for my $name (sort keys %queries)
{
	my $whole = $node->safe_psql('postgres', $queries{$name});
	cancel_at($node, $name, $queries{$name}, 2, 10, 40, 100, 250);
	is($node->safe_psql('postgres', $queries{$name}), $whole, "$name: the server goes on and answers as before");
}
$node->stop;
done_testing();
