# 110_pg_cron.pl: README's pg_cron recipe, as an ordinary role: the job refreshes the materialized view while somebody reads.
use strict;
use warnings;
use CronNode;
use FindBin;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = cron_node('cron');
my @analyst = (extra_params => [ '-U', 'analyst' ]);

my $readme = slurp_file("$FindBin::Bin/../../README.md");
my ($view) = $readme =~ /^(CREATE MATERIALIZED VIEW customer_segments AS\n.*?;)$/ms;
my ($index) = $readme =~ /^(CREATE UNIQUE INDEX ON customer_segments .*?;)$/m;
my ($job) = $readme =~ /^(SELECT cron\.schedule\(.*?\);)$/ms;
ok($view && $index && $job, 'README.md has the view, its index and the job');
$node->safe_psql('shop', "$view $index", @analyst);
my $before = $node->safe_psql('shop', 'SELECT count(*) FROM customer_segments', @analyst);

my ($in, $out) = ("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 'reads ' || count(*) FROM customer_segments;\n", '');
my $reader = IPC::Run::start([ 'psql', '-X', '-A', '-t', '-q', '-U', 'analyst', '-d', $node->connstr('shop') ],
	'<', \$in, '>', \$out, IPC::Run::timeout(240));
$reader->pump until $out =~ /reads $before\b/;

$node->safe_psql('shop', "INSERT INTO orders VALUES (1, 5000, date '2025-06-01', 99, 'UK', 'web')", @analyst);
# The recipe's job, but every minute.
ok($job =~ s/'[-0-9*\/]+( [-0-9*\/]+){4}'/'* * * * *'/, 'the job has a schedule');
$node->safe_psql('shop', $job, @analyst);
ok($node->poll_query_until('shop', q{SELECT count(*) > 0 FROM cron.job_run_details WHERE status IN ('succeeded', 'failed')}), 'the job ran');
is($node->safe_psql('shop', 'SELECT DISTINCT status, username FROM cron.job_run_details WHERE status IN (\'succeeded\', \'failed\')'),
	'succeeded|analyst', 'as the role that scheduled it, and succeeded');
is($node->safe_psql('shop', 'SELECT count(*) FROM customer_segments', @analyst), $before + 1, 'the view has the new customer');
($in, $out) = ("SELECT 'still ' || count(*) FROM customer_segments; COMMIT;\n\\q\n", '');
$reader->finish;
like($out, qr/still $before\b/, 'the reader was not disturbed');

done_testing();
