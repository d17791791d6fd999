# 130_report.pl: dev/report's page in headless Chromium: nothing is fetched, every chart is drawn, its tables hold the views'
# figures, names from the database stay names, and a keyboard is enough.
use strict;
use warnings;
use FindBin;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $top = "$FindBin::Bin/../..";
sub found { my ($tool) = grep { -x } map { my $d = $_; map { "$d/$_" } @_ } split /:/, $ENV{PATH}; return $tool }
for (qw(node npm)) { plan skip_all => "$_ is not installed: dev/report needs it" unless found($_) }
my $chromium = found(qw(chromium chromium-browser google-chrome));

my $node = PostgreSQL::Test::Cluster->new('report');
$node->init;
$node->start;
$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
my $folder = PostgreSQL::Test::Utils::tempdir();
$ENV{HOME} = $folder;

my ($modules, $fetched) = run_command([ 'bash', '-c', 'top=$1; . "$top/dev/lib/npm.sh"; npm_packages "$top/dev/lib/report" && npm_packages "$top/test/browser" && echo "$modules"',
	'npm', $top ]);
plan skip_all => 'npm fetches nothing here: ' . substr($fetched, 0, 200) unless $modules;

# Names as bad as they can be; and a market that is called as the total is.
my $bad = q{</script><img src=x onerror=alert(1)>};
(my $quoted = $bad) =~ s/'/''/g;
$node->safe_psql('postgres', 'CREATE EXTENSION segment');
$node->safe_psql('postgres', slurp_file("$top/test/docs/fixture.sql"));
$node->safe_psql('postgres', qq{
INSERT INTO segment.scheme (name, bins, title) VALUES ('$quoted', 5, '$quoted');
INSERT INTO segment.scheme_rule (scheme, position, segment, r_lower, f_lower, meaning, action, colour) VALUES
  ('$quoted', 1, '$quoted', 4, 3, '$quoted', '"><svg onload=alert(2)>', NULL), ('$quoted', 2, '{a|b}\${1}<!--<script>', 3, NULL, NULL, NULL, NULL),
  ('$quoted', 3, '__proto__', 2, NULL, '', NULL, '#FFFFFF'), ('$quoted', 4, 'constructor', NULL, NULL, '&lt;b&gt;', NULL, NULL);
CREATE VIEW sold AS SELECT *, CASE WHEN customer_id < 5 THEN '$quoted' WHEN customer_id % 3 = 0 THEN '<b>B</b>' ELSE 'all' END AS market FROM orders;
SELECT segment.create_segmentation('$quoted', 'sold', 'customer_id', 'ordered_at', 'amount', 'order_id', market => 'market',
  label => segment.by_scheme('$quoted'), privacy => segment.privacy(purpose => '$quoted'));
SELECT segment.refresh('$quoted', '2025-06-30'), segment.refresh('$quoted', '2025-12-31'), segment.publish_summary('$quoted');
SELECT segment.create_pilot('$quoted', '$quoted', '2025-07-01', 30, arms => ARRAY['$quoted', '{a|b}'], shares => '{0.3,0.7}', cost => 1, margin_rate => 0.5);
SELECT segment.measure_pilot('$quoted', '$quoted', '2025-07-30');
SELECT segment.create_segmentation('shop', 'orders', 'customer_id', 'ordered_at', 'amount', 'order_id');
SELECT segment.refresh('shop', '2025-06-30'), segment.refresh('shop', '2025-12-31');
SELECT segment.create_pilot('summer', 'shop', '2025-07-01', 30, arms => '{hold-out,mail,call}', shares => '{0.3,0.4,0.3}', cost => 1, margin_rate => 0.5, metrics => ARRAY[segment.pilot_metric('revenue'), segment.pilot_metric('ordered')]);
SELECT segment.measure_pilot('summer', 'shop', '2025-07-30');
SELECT segment.create_pilot('to come', 'shop', '2026-01-01');
INSERT INTO segment.scheme (name, bins) VALUES ('one', 2), ('many', 9);
INSERT INTO segment.scheme_rule (scheme, position, segment) VALUES ('one', 1, 'Everybody');
INSERT INTO segment.scheme_rule (scheme, position, segment, r_lower, r_upper, f_lower, f_upper, m_lower, m_upper)
SELECT 'many', row_number() OVER (ORDER BY r DESC, f DESC, m DESC), format('Segment %s %s %s', r, f, m), r, r, f, f, 3 * m - 2, 3 * m
FROM generate_series(1, 9) r, generate_series(1, 9) f, generate_series(1, 3) m;
SELECT segment.create_segmentation('one', 'orders', 'customer_id', 'ordered_at', 'amount', filter => 'amount > 0', label => segment.by_scheme('one'));
SELECT segment.create_segmentation('many', 'orders', 'customer_id', 'ordered_at', 'amount', label => segment.by_scheme('many'));
SELECT segment.refresh('one', '2025-12-31'), segment.refresh('many', '2025-09-30'), segment.refresh('many', '2025-12-31');
SELECT segment.create_segmentation('groups', 'orders', 'customer_id', 'ordered_at', 'amount', label => segment.by_clusters(3));
SELECT segment.refresh('groups', '2025-09-30'), segment.refresh('groups', '2025-12-31');
CREATE TABLE refunds AS SELECT 1 AS customer_id, date '2025-01-01' AS ordered_at, -5 AS amount;
SELECT segment.create_segmentation('nothing', 'refunds', 'customer_id', 'ordered_at', 'amount');
SELECT segment.refresh('nothing');
SELECT segment.create_segmentation('never', 'orders', 'customer_id', 'ordered_at', 'amount')});

sub report { return run_command([ "$top/dev/report", @_, '-d', 'postgres' ]) }

# --- the command -------------------------------------------------------------------------------------------------------

chdir $folder;
my ($page, $said) = report('shop');
is($page, 'shop-2025-12-31.html', 'the page is named after the segmentation and its day') or diag $said;
like((report($bad))[0], qr/^_+script__img_src_x_onerror_alert_1__-2025-12-31\.html$/, 'a name is no path');
like((report('never'))[1], qr/no snapshot of never; there are snapshots of: .*shop/s, 'a segmentation that was never refreshed');
like((report())[1], qr/which segmentation/, 'no name');
like((report('shop', '-h', "$folder/nowhere"))[1], qr/the database did not answer/, 'no database');
unlike(slurp_file($page), qr{(src|href)="(?!#)}, 'the page links to itself only');
# Nobody but its role can make a report: it reads with the rights of who asks.
$node->safe_psql('postgres', 'CREATE ROLE nobody_special LOGIN');
like((report('shop', '-U', 'nobody_special'))[1], qr/no snapshot of shop; there are snapshots of: none/, 'rights are those of the role that connects');

# --- the pages in a browser ----------------------------------------------------------------------------------------------

sub look
{
	my ($name) = @_;
	my $file = "$folder/page.html";
	report($name, '-o', $file);
	my $pictures = $ENV{SEGMENT_SCREENSHOTS};
	if ($pictures) { (my $plain = $name) =~ s/\W+/_/g; $pictures .= "/$plain"; mkdir $pictures }
	local $ENV{NODE_PATH} = $modules;
	my ($out, $err) = run_command([ 'node', "$top/test/browser/look.js", $file, $chromium, $name eq 'shop' || $name eq $bad ? 'thorough' : 'quick', $pictures ? ($pictures) : () ]);
	return $out ? decode_json($out) : do { diag $err; undef };
}

# Rows of a query as the page prints them: counts with commas.
sub rows { return [ map { [ split /\x1f/, $_, -1 ] } split /\n/, $node->safe_psql('postgres', $_[0], extra_params => [ '-F', "\x1f" ]) ] }
sub columns { my ($table, @which) = @_; return [ map { my $row = $_; [ map { $row->[$_] } @which ] } @$table ] }
my $n = q{to_char(%s, 'FM999,999,999,990')};
sub counted { return sprintf $n, $_[0] }

SKIP:
{
	skip 'no Chromium is installed', 1 unless $chromium;
	my %drawn = (shop => 'curve grid profile sankey treemap', $bad => 'curve grid profile sankey treemap', many => 'curve grid profile sankey treemap',
		groups => 'curve grid profile sankey treemap', one => 'curve grid treemap', nothing => 'treemap');
	for my $name ('shop', $bad, 'many', 'groups', 'one', 'nothing')
	{
		my $seen = look($name) or do { fail("$name: the browser opens the page"); next };
		is_deeply($seen->{requests}, [], "$name: nothing is fetched");
		is_deeply($seen->{complaints}, [], "$name: no message, no error, no dialog");
		is(join(' ', sort map { $_->{kind} } @{ $seen->{charts} }), $drawn{$name}, "$name: its charts are there");
		is(join(' ', map { $_->{kind} } grep { $_->{shapes} < 2 || !$_->{label} } @{ $seen->{charts} }), '', "$name: drawn, each with a description");
		is($seen->{heading}, $name, "$name: the heading is the name");
		is_deeply($seen->{foreign}, [], "$name: no element or handler came from a name");
		is($seen->{scripts}, 2, "$name: no script but the data and the page's own");
		is_deeply($seen->{polluted}, [], "$name: no object inherits from a name");
		is($seen->{animations}, 0, "$name: nothing moves");
		is($seen->{keyboard}{reached}, $seen->{keyboard}{wanted}, "$name: Tab reaches everything that can be used");
		is($seen->{keyboard}{hidden}, 0, "$name: and shows where it is");
		ok($seen->{keyboard}{opens}, "$name: Enter opens a table");
		is_deeply([ map { @$_ } values %{ $seen->{violations} } ], [], "$name: axe finds nothing");
		is(join(' ', grep { $seen->{wider}{$_} } keys %{ $seen->{wider} }), '', "$name: no screen is too narrow");
		cmp_ok($seen->{pages}, '>', 10000, "$name: it prints");

		my $table = $seen->{tables};
		(my $q = $name) =~ s/'/''/g;
		is_deeply(columns($table->{segments}, 0, 1), rows("SELECT segment_name, " . counted('customers') . " FROM segment.segment_summary
			WHERE segmentation = '$q' AND is_latest AND market = 'all' AND customers IS NOT NULL ORDER BY segment_sort"), "$name: segments as in segment_summary");
		is_deeply(columns($table->{grid} || [], 0, 1, 2), rows("SELECT r_score, f_score, " . counted('customers') . " FROM segment.rfm_grid
			WHERE segmentation = '$q' AND is_latest ORDER BY r_score DESC, f_score"), "$name: cells as in rfm_grid");
		is_deeply([ sort map { join '|', @$_ } @{ columns($table->{changes} || [], 0, 1, 3, 6, 7) } ], [ sort map { join '|', @$_ } @{ rows("SELECT
			CASE WHEN from_sort IS NULL THEN 'Not yet a customer' ELSE from_segment END, to_segment, " . join(', ', map { counted($_) } qw(customers moved_by_order moved_by_time)) . "
			FROM segment.segment_migration WHERE segmentation = '$q' AND is_latest") } ], "$name: moves as in segment_migration");
		is_deeply(columns($table->{value} || [], 0, 1), $drawn{$name} =~ /curve/ ? rows("SELECT percentile || ' %', " . counted('customers') . " FROM segment.value_curve
			WHERE segmentation = '$q' AND is_latest ORDER BY percentile") : [], "$name: the curve as in value_curve");
		is_deeply(columns($table->{quality}, 0, 2), rows("SELECT check_name, " . counted('rows') . qq{ FROM segment.data_quality
			WHERE segmentation = '$q' AND as_of = (SELECT max(as_of) FROM segment.published_snapshot WHERE segmentation = '$q')
			ORDER BY severity <> 'warning', severity <> 'info', check_name COLLATE "C"}), "$name: checks as in data_quality");

		if ($name eq $bad)
		{
			is_deeply([ map { $_->[0] } @{ $table->{markets} } ], [ map { $_->[0] } @{ rows(qq{SELECT market FROM segment.published_summary
				WHERE segmentation = '$q' AND grain = 'market' AND NOT is_suppressed ORDER BY market LIKE '(%', customers DESC}) } ], 'markets as published');
			like($seen->{text}, qr/Not shown: .*\Q$bad\E/, 'a market of four customers is not');
			ok((grep { $_ eq $bad || /^<\/script><img/ } map { @{ $_->{text} } } @{ $seen->{charts} }) > 0, 'the charts print the bad name');
		}
		if ($name eq 'shop')
		{
			my $verdict = $node->safe_psql('postgres', "SELECT verdict FROM segment.pilot_summary WHERE segmentation = 'shop' AND pilot = 'summer'");
			like($seen->{text}, qr/What did campaigns change\?.*\bto come\b.*Not measured yet.*summer.*\Q$verdict\E\s+Split: hold-out \d+ \(planned 30 %\), mail \d+ \(planned 40 %\), call \d+ \(planned 30 %\); as planned/s, 'what a pilot showed, and its split');
			is_deeply(columns($table->{pilots}, 0, 2, 7), rows(q{SELECT concat(CASE WHEN segment_name = 'all' THEN 'Everybody' ELSE segment_name END, ', ', arm), concat(round(100 * diff::numeric, 2), ' %'), concat(n_control, ' : ', n_treated)
				FROM segment.experiment_result WHERE segmentation = 'shop' AND pilot = 'summer' AND metric = 'ordered' ORDER BY arm_sort, segment_sort}), 'its figures as in experiment_result');
			ok($seen->{switches}, 'areas by revenue instead of customers');
			like($seen->{text}, qr/To do: \w.*Bought again: \d/s, 'what to do, and what the name was worth');
		}
		like($seen->{text}, qr/Typically recency \d.*segments by clusters/s, 'clusters say what is typical of them') if $name eq 'groups';
		like($seen->{text}, qr/This is the first snapshot/, 'the first snapshot says so') if $name eq 'one';
	}
}

done_testing();
