# 150_cron_views.pl: a materialized view on each BI view, kept by an ordinary role: its documented key carries a unique index,
# and pg_cron's job refreshes the segmentation and then every materialized view CONCURRENTLY, while others read. Readers need
# SELECT on the materialized view and nothing else.
use strict;
use warnings;
use CronNode;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = cron_node('cron_views');
my @analyst = (extra_params => [ '-U', 'analyst' ]);
$node->safe_psql('postgres', 'CREATE ROLE reader LOGIN');
my @reader = (extra_params => [ '-U', 'reader' ]);
$node->safe_psql('shop', q{
SELECT segment.create_segmentation('shop', 'orders', 'customer_id', 'ordered_at', 'amount', 'order_id', market => 'country');
SELECT segment.refresh('shop', '2025-06-30'), segment.refresh('shop', '2025-09-30'), segment.publish_summary('shop')}, @analyst);

# Each relation that documents a unique key over plain columns.
my %key = map { split /\|/ } split /\n/, $node->safe_psql('shop', q{
SELECT relname, k FROM pg_class c, LATERAL (SELECT coalesce((regexp_match(obj_description(c.oid), '[Uu]nique key \(([^)]+)\)'))[1],
  (regexp_match(obj_description(c.oid), '[Uu]nique key (\w+)'))[1]) AS k) x
WHERE relnamespace = 'segment'::regnamespace AND k IS NOT NULL AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND attname = 'segmentation')});
cmp_ok(scalar keys %key, '>=', 12, 'the BI views document their keys') or diag join ' ', sort keys %key;
my @views = sort keys %key;

for my $view (@views)
{
	# As docs/segmentation.md says: all of it, an index on the key, SELECT to whom it concerns.
	$node->safe_psql('shop', "CREATE MATERIALIZED VIEW my_$view AS SELECT * FROM segment.$view; CREATE UNIQUE INDEX ON my_$view ($key{$view});
		GRANT SELECT ON my_$view TO reader", @analyst);
	$node->safe_psql('shop', "REFRESH MATERIALIZED VIEW CONCURRENTLY my_$view", @analyst);
}
pass('a unique index on each key, and a first refresh, before the new snapshot');

sub differs { my ($view) = @_; return $node->safe_psql('shop', "SELECT count(*) FROM ((TABLE my_$view EXCEPT ALL TABLE segment.$view) UNION ALL (TABLE segment.$view EXCEPT ALL TABLE my_$view)) x", @analyst) }
is(join(' ', grep { differs($_) } grep { $_ ne 'segmentation_run' } @views), '', 'each shows what its view shows');

# A reader has rights on the materialized views only.
is($node->safe_psql('shop', 'SELECT count(*) > 0 FROM my_segment_summary', @reader), 't', 'a reader reads the materialized view');
is($node->safe_psql('shop', 'SELECT count(*) FROM segment.segment_summary', @reader), '0', 'and nothing in the view below it');

# Two readers: one in a long transaction, one that asks again and again.
my ($in, $long) = ("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 'days ' || count(DISTINCT as_of) FROM my_segment_summary;\n", '');
my $reader = IPC::Run::start([ 'psql', '-X', '-A', '-t', '-q', '-U', 'reader', '-d', $node->connstr('shop') ], '<', \$in, '>', \$long, IPC::Run::timeout(240));
$reader->pump until $long =~ /days 2\b/;
my $often = IPC::Run::start([ 'psql', '-X', '-A', '-t', '-q', '-U', 'reader', '-d', $node->connstr('shop') ],
	'<', \"SET statement_timeout = '2s'; SELECT 'days ' || count(DISTINCT as_of) FROM my_segment_summary \\watch 0.2\n", '>', \my $seen, '2>', \my $complaints, IPC::Run::timeout(240));

# The job: one function of the analyst's would do; the statements themselves are plainer.
my $job = join '; ', "SELECT segment.refresh('shop', '2025-12-31')", "SELECT segment.publish_summary('shop')", map { "REFRESH MATERIALIZED VIEW CONCURRENTLY my_$_" } @views;
# REFRESH CONCURRENTLY may run in a transaction; several statements of one job are one.
$node->safe_psql('shop', "SELECT cron.schedule('segments', '* * * * *', \$job\$$job\$job\$)", @analyst);
ok($node->poll_query_until('shop', q{SELECT count(*) > 0 FROM cron.job_run_details WHERE status IN ('succeeded', 'failed')}), 'the job ran');
$node->safe_psql('shop', q{SELECT cron.unschedule('segments')}, @analyst);
is($node->safe_psql('shop', q{SELECT DISTINCT status, username, CASE status WHEN 'failed' THEN return_message END FROM cron.job_run_details WHERE status IN ('succeeded', 'failed')}),
	'succeeded|analyst|', 'as the ordinary role, and succeeded');
# pg_cron writes its status before the job's transaction commits.
ok($node->poll_query_until('shop', 'SELECT count(DISTINCT as_of) = 3 FROM my_segment_summary'), 'new readers see the new snapshot');
ok($node->poll_query_until('shop', q{SELECT count(*) = 0 FROM cron.job_run_details WHERE status NOT IN ('succeeded', 'failed')}), 'no other run is under way');
is(join(' ', grep { differs($_) } grep { $_ ne 'segmentation_run' } @views), '', 'each shows what its view shows, after the new snapshot');

$often->pump until ($seen // '') =~ /days 3\b/;
$often->kill_kill;
unlike($seen, qr/^(?!days [23]$)./m, 'who reads all the time sees the former state, then the new one');
is($complaints // '', '', 'and never waits two seconds');
($in) = ("SELECT 'still ' || count(DISTINCT as_of) FROM my_segment_summary; COMMIT;\n\\q\n");
$reader->finish;
like($long, qr/still 2\b/, 'a long transaction keeps what it saw');

done_testing();
