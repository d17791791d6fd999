# CronNode.pm: a server with pg_cron, a database `shop` of the ordinary role analyst, this extension and the documentation's orders.
package CronNode;

use strict;
use warnings;

use Exporter qw(import);
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(cron_node);

# The started server, by this name; the test is skipped where pg_cron is not installed.
sub cron_node
{
	my ($name) = @_;
	chomp(my $configured = `$ENV{PG_CONFIG} --sharedir`);
	plan skip_all => 'pg_cron is not installed' unless -e "$configured/extension/pg_cron.control";
	my $node = PostgreSQL::Test::Cluster->new($name);
	my @analyst = (extra_params => [ '-U', 'analyst' ]);
	$node->init;
	$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'pg_cron'
cron.database_name = 'shop'
cron.use_background_workers = on
max_worker_processes = 20
});
	$node->start;
	$node->safe_psql('postgres', 'CREATE ROLE analyst LOGIN; CREATE DATABASE shop OWNER analyst');
	$node->safe_psql('shop', 'CREATE EXTENSION pg_cron; GRANT USAGE ON SCHEMA cron TO analyst; GRANT CREATE ON SCHEMA public TO analyst');
	$node->safe_psql('shop', 'CREATE EXTENSION segment', @analyst);
	$node->safe_psql('shop', slurp_file("$FindBin::Bin/../docs/fixture.sql"), @analyst);
	return $node;
}

1;
