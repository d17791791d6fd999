# Every base type of the extension takes 100,000 mutated texts and 100,000 mutated binaries: refused with a proper
# SQLSTATE, or a sound value; never a crash. The values to start from stand in test/fuzz/seeds/TYPE.txt.
use strict;
use warnings;

use Config;
use File::Basename;
use File::Temp;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $fuzz = dirname(__FILE__) . '/../fuzz';
my $pg_config = $ENV{PG_CONFIG} || 'pg_config';
my $build = File::Temp->newdir;
my $include = `$pg_config --includedir`;
my $lib = `$pg_config --libdir`;
chomp($include, $lib);
system('cc', '-O1', "-I$include", "$fuzz/fuzz_type.c", "-L$lib", '-lpq', '-o', "$build/fuzz_type") == 0
  or die "could not build the client";

my $node = PostgreSQL::Test::Cluster->new('fuzz');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nlog_min_messages = panic");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION segment');
local $ENV{PGHOST} = $node->host;
local $ENV{PGPORT} = $node->port;
local $ENV{PGDATABASE} = 'postgres';

my @types = split /\n/, $node->safe_psql('postgres',
	"SELECT typname FROM pg_type WHERE typnamespace = 'segment'::regnamespace AND typtype = 'b' AND typelem = 0 ORDER BY 1");
for my $type (@types)
{
	my $seeds = "$fuzz/seeds/$type.txt";
	if (!ok(-s $seeds, "$type has values to start from"))
	{
		next;
	}
	my $answer = `$build/fuzz_type $type 200000 1 < $seeds`;
	is($?, 0, "$type: $answer") or diag($answer);
}
$node->stop;
done_testing();
