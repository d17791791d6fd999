# The server is killed (kill -9) at random moments of a refresh, the postmaster and every backend, or the refreshing backend alone:
# after the restart the last published snapshot is whole, and a new refresh succeeds. While a refresh runs, others see its progress.
use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $kills = $ENV{REFRESH_KILLS} // 20;
srand(7);
my $node = PostgreSQL::Test::Cluster->new('refresh_crash');
$node->init;
# Servers before 17 show progress if the library is preloaded.
$node->append_conf('postgresql.conf', "restart_after_crash = on\nautovacuum = off\nshared_preload_libraries = 'segment'");
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE shop LOGIN;
CREATE EXTENSION segment;
SELECT segment.grant_segmentation('shop');
GRANT CREATE ON SCHEMA public TO shop;
SET ROLE shop;
CREATE TABLE orders AS
SELECT g % 8000 AS customer, date '2025-01-01' + g % 300 AS day, (g * 7919 % 10000) / 100.0 AS amount FROM generate_series(1, 80000) g;
CREATE INDEX ON orders (customer);
SELECT segment.create_segmentation('shop', 'orders', 'customer', 'day', 'amount', changes => segment.by_triggers());
SELECT segment.refresh('shop', '2025-06-01');
SELECT segment.refresh('shop', '2025-07-01');
SQL

# What is published: its counts and fingerprint, as written down and as counted now.
my $state = q{SELECT string_agg(concat_ws(' ', s.as_of, s.customers, s.moved, s.fingerprint, s.generation), ', ' ORDER BY s.as_of)
              FROM segment.snapshot s};
my $whole = q{SELECT bool_and(s.customers = c.n AND s.fingerprint = coalesce((SELECT sum(x.hashes) FROM unnest(c.sums) x), 0) AND s.customers = c.totals)
              FROM segment.snapshot s JOIN segment.segmentation_version v ON v.id = s.version_id,
              LATERAL (SELECT count(*) AS n, segment_internal.sums_of_day(s.version_id, s.as_of, (v.days).zone) AS sums,
                              (SELECT sum(t.customers) FROM segment.segment_total t WHERE t.snapshot = s.id) AS totals
                       FROM segment.state c WHERE c.version_id = s.version_id AND c.from_day <= s.as_of AND c.until_day > s.as_of AND c.segment IS NOT NULL) c};
my @connection = ('psql', '-XqAt', '-p', $node->port, '-h', $node->host, '-U', 'shop', '-d', 'postgres');

# Waits until the server answers.
sub wait_for_server
{
	for (1 .. 300)
	{
		return 1 if $node->psql('postgres', 'SELECT 1') == 0;
		sleep 0.1;
	}
	return 0;
}

# How long a refresh takes, to hit any moment of it
my $started = time;
$node->safe_psql('postgres', q{SET ROLE shop; SELECT segment.refresh('shop', '2025-07-01', read => 'all')});
my $seconds = time - $started;
my ($interrupted, $progress) = (0, '');

for my $i (1 .. $kills)
{
	$node->safe_psql('postgres', "INSERT INTO orders SELECT (random() * 8000)::integer, date '2025-06-15', 7 FROM generate_series(1, 50)");
	my $before = $node->safe_psql('postgres', $state);
	my $read = $i % 3 == 0 ? 'changes' : 'all';
	my $day = $i % 2 ? '2025-07-01' : '2025-08-01';
	my $run = IPC::Run::start([ @connection, '-c', "SELECT 'finished', segment.refresh('shop', '$day', read => '$read')" ], '>', \my $out, '2>', \my $err);
	my $until = time + rand($seconds * ($read eq 'all' ? 1 : 0.2));
	my $pid = '';
	while ($pid eq '' || time < $until)
	{
		my $seen = $node->safe_psql('postgres', q{SELECT pid, operation FROM segment.progress WHERE pid IN (SELECT pid FROM segment.progress WHERE operation = 'refresh of shop') ORDER BY level DESC});
		$pid = $1 if $seen =~ /^(\d+)\|/;
		$progress .= "$seen\n";
		last if $pid eq '' && !$run->pumpable;
		$run->pump_nb;
	}
	if ($i % 2)
	{
		# All at once, as when the machine loses power; fsync is on.
		my $postmaster = (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];
		my @all = ($postmaster, split /\n/, $node->safe_psql('postgres', 'SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()'));
		kill 'KILL', @all;
		$node->{_pid} = undef;
		eval { $run->finish };
		# Shared memory is free once the last process has gone.
		for (1 .. 100) { last if PostgreSQL::Test::Utils::system_log('pg_ctl', '-D', $node->data_dir, '-l', $node->logfile, '-w', 'start') == 0; sleep 0.2; }
		$node->_update_pid(1);
	}
	else
	{
		kill 'KILL', $pid if $pid ne '';
		eval { $run->finish };
	}
	die "the server does not come back" unless wait_for_server();
	$interrupted++ unless ($out // '') =~ /finished/;
	my $after = $node->safe_psql('postgres', $state);
	my $good = $node->safe_psql('postgres', $whole);
	my $next = $node->safe_psql('postgres', "SET ROLE shop; SELECT customers FROM segment.refresh('shop', '$day')");
	ok((($out // '') =~ /finished/ || $after eq $before) && $good eq 't' && $next =~ /^8/ && $node->safe_psql('postgres', $whole) eq 't',
		"kill $i ($read): the former snapshots are whole, and a new refresh succeeds") or diag("before $before\nafter $after\nwhole $good, next $next");
}
cmp_ok($interrupted, '>=', $kills / 2, "most kills hit a refresh that ran ($interrupted of $kills)");
like($progress, qr/reading all orders/, 'others saw it reading');
is($node->safe_psql('postgres', 'SELECT count(*) FROM segment.progress'), '0', 'nothing is left on the board');
# The ledgers survived too: reading everything gives the same snapshot.
is($node->safe_psql('postgres', q{SET ROLE shop; SELECT segment.refresh('shop', '2025-08-01'); RESET ROLE;
  SELECT fingerprint FROM segment.snapshot WHERE as_of = '2025-08-01'}) =~ /(-?\d+)$/ && $1,
  $node->safe_psql('postgres', q{SET ROLE shop; SELECT segment.refresh('shop', '2025-08-01', read => 'all'); RESET ROLE;
  SELECT fingerprint FROM segment.snapshot WHERE as_of = '2025-08-01'}) =~ /(-?\d+)$/ && $1, 'incremental refreshes after all that are right');
$node->stop;
done_testing();
