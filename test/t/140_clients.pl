# 140_clients.pl: real clients read the views over a connection, as an ordinary role: node-postgres, Evidence's PostgreSQL
# source, and Malloy. Every column has a type that they know, numbers are numbers, and sums are the views' sums.
use strict;
use warnings;
use FindBin;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $top = "$FindBin::Bin/../..";
for my $tool (qw(node npm)) { plan skip_all => "$tool is not installed" unless grep { -x "$_/$tool" } split /:/, $ENV{PATH} }
$ENV{HOME} = PostgreSQL::Test::Utils::tempdir();
my ($modules, $fetched) = run_command([ 'bash', '-c', 'top=$1; . "$top/dev/lib/npm.sh"; npm_packages "$top/test/clients" && echo "$modules"', 'npm', $top ]);
plan skip_all => 'npm fetches nothing here: ' . substr($fetched, 0, 200) unless $modules;

my $node = PostgreSQL::Test::Cluster->new('clients');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE analyst LOGIN; CREATE DATABASE shop OWNER analyst');
my @analyst = (extra_params => [ '-U', 'analyst', '-F', "\x1f" ]);
sub rows { return [ map { [ split /\x1f/, $_, -1 ] } split /\n/, $node->safe_psql('shop', $_[0], @analyst) ] }
$node->safe_psql('shop', 'CREATE SCHEMA IF NOT EXISTS public; GRANT ALL ON SCHEMA public TO analyst');
$node->safe_psql('shop', 'CREATE EXTENSION segment', @analyst);
$node->safe_psql('shop', slurp_file("$top/test/docs/fixture.sql"), @analyst);
$node->safe_psql('shop', q{
SELECT segment.create_segmentation('shop', 'orders', 'customer_id', 'ordered_at', 'amount', 'order_id', market => 'country');
SELECT segment.refresh('shop', d) FROM unnest('{2025-06-30,2025-09-30,2025-12-31}'::date[]) d;
SELECT segment.publish_summary('shop')}, @analyst);

# Everything that is flat: the views, and the tables that BI tools read.
my @views = map { $_->[0] } @{ rows(q{SELECT relname FROM pg_class c WHERE relnamespace = 'segment'::regnamespace
	AND (relkind = 'v' OR relname IN ('data_quality', 'published_summary')) ORDER BY relname}) };
my %type;
push @{ $type{ $_->[0] } }, [ @$_[1, 2] ] for @{ rows(q{SELECT c.relname, attname, format_type(atttypid, -1) FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
	WHERE relnamespace = 'segment'::regnamespace AND attnum > 0 AND NOT attisdropped ORDER BY c.relname, attnum}) };

local $ENV{PGHOST} = $node->host;
local $ENV{PGPORT} = $node->port;
local $ENV{NODE_PATH} = $modules;
my %seen;
for my $client (qw(driver evidence malloy))
{
	my ($out, $err) = run_command([ 'node', "$top/test/clients/read.js", $client, 'analyst', 'shop', @views ]);
	ok($out, "$client answers") or diag $err;
	$seen{$client} = $out ? decode_json($out) : {};
}

# int8 and numeric are beyond JavaScript's numbers: node-postgres hands them over as text, and tools turn them into numbers.
my %driver = (smallint => 'number', integer => 'number', 'double precision' => 'number', bigint => 'string', numeric => 'string',
	text => 'string', name => 'string', boolean => 'boolean', date => 'date', 'timestamp with time zone' => 'date');
my %tool = (smallint => 'number', integer => 'number', 'double precision' => 'number', bigint => 'number', numeric => 'number',
	text => 'string', name => 'string', boolean => 'boolean', date => 'date', 'timestamp with time zone' => 'date');
for my $view (@views)
{
	my @columns = @{ $type{$view} };
	is(join(' ', grep { !$driver{$_} } map { $_->[1] } @columns), '', "$view: flat types only");
	# A column that is NULL throughout has no value to look at, only a type.
	my @driver = @{ $seen{driver}{$view}{columns} || [] };
	is_deeply([ map { $driver[$_][1] // $driver{ $columns[$_][1] } } 0 .. $#columns ], [ map { $driver{ $_->[1] } } @columns ], "$view: values of node-postgres");
	my @evidence = @{ $seen{evidence}{$view} || [] };
	is_deeply([ map { [ @$_[0 .. 2] ] } @evidence ], [ map { [ $_->[0], $tool{ $_->[1] }, 'precise' ] } @columns ], "$view: Evidence knows every type");
	is_deeply([ map { $evidence[$_][3] // $tool{ $columns[$_][1] } } 0 .. $#columns ], [ map { $tool{ $_->[1] } } @columns ], "$view: and gets such values");
	is_deeply([ map { $_->[0] } @{ $seen{malloy}{columns}{$view} } ], [ map { $_->[0] } @columns ], "$view: Malloy finds every column");
	is(join(' ', map { $_->[0] } grep { $_->[1] !~ /^(string|number|boolean|date|timestamp|timestamptz)$/ } @{ $seen{malloy}{columns}{$view} }), '', "$view: and knows its type");
	is($seen{driver}{$view}{comments}, scalar @columns, "$view: a comment on every column");
}

is_deeply([ map { [ $_->{segment_name}, $_->{n}, sprintf('%.6f', $_->{share}), sprintf('%.2f', $_->{money}) ] } @{ $seen{malloy}{shares} } ],
	rows(q{SELECT segment_name, customers, round(share_customers, 6), round(revenue, 2) FROM segment.segment_summary
	WHERE is_latest AND market = 'all' AND customers IS NOT NULL ORDER BY segment_sort}), 'Malloy: segments, with shares of its own');
is_deeply([ map { [ @$_{qw(n by_time)} ] } @{ $seen{malloy}{movers} } ],
	rows(q{SELECT sum(customers), sum(moved_by_time) FROM segment.segment_migration WHERE is_latest AND direction = 'down'}), 'Malloy: who moved down');
is_deeply([ map { [ substr($_->{as_of}, 0, 10), $_->{n} ] } @{ $seen{malloy}{trend} } ],
	rows(q{SELECT as_of, customers FROM segment.segment_summary WHERE market = 'all' AND segment_name = 'Champions' ORDER BY as_of}), 'Malloy: a segment over time');

done_testing();
