# 210_small_cells.pl: an attacker who has every row that publish_summary wrote, of two consecutive snapshots, tries to compute
# what is hidden. By linear algebra: is the number of a hidden group, or the cell of a hidden market, a combination of the
# published numbers, also if nothing hidden changed between the two days? By bounds: to how many customers can it be told, knowing
# that numbers are whole and not negative, that hidden groups are smaller than shown ones, and that customers don't leave a market?
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use constant PRIME => 2147483629;

# --- linear algebra over a prime field: rows are hashes, variable => coefficient --------------------------------------

sub inverse
{
	my ($base, $power, $result) = ($_[0] % PRIME, PRIME - 2, 1);
	for (; $power; $power >>= 1, $base = $base * $base % PRIME)
	{
		$result = $result * $base % PRIME if $power & 1;
	}
	return $result;
}

# Takes away from a row what the basis explains; the rest.
sub reduce
{
	my ($basis, $row) = @_;
	my %row = %$row;
	my @open = grep { $basis->{$_} } keys %row;
	while (defined(my $variable = shift @open))
	{
		my $factor = $row{$variable} or next;
		my $pivot = $basis->{$variable};
		for (keys %$pivot)
		{
			my $had = exists $row{$_};
			my $value = (($row{$_} // 0) + (PRIME - $factor) * $pivot->{$_}) % PRIME;
			if ($value) { $row{$_} = $value; push @open, $_ if !$had && $basis->{$_} }
			else { delete $row{$_} }
		}
	}
	return \%row;
}

# The basis of equations: each a list of variables, or of [variable, factor], and at last the number that they add up to, which
# is the negative of variable '='. One that contradicts the others is left out.
sub basis
{
	my %basis;
	for my $equation (sort { @$a <=> @$b } @_)
	{
		my %row;
		my @parts = @$equation;
		$row{'='} = PRIME - pop(@parts) % PRIME;
		delete $row{'='} if $row{'='} == PRIME;
		$row{ $_->[0] } = ($_->[1] + PRIME) % PRIME for map { ref $_ ? $_ : [ $_, 1 ] } @parts;
		my $rest = reduce(\%basis, \%row);
		my ($pivot) = grep { $_ ne '=' } sort keys %$rest;
		next unless defined $pivot;
		my $scale = inverse($rest->{$pivot});
		$basis{$pivot} = { map { $_ => $rest->{$_} * $scale % PRIME } keys %$rest };
	}
	return \%basis;
}

# The sum of the variables, if the equations tell it.
sub told
{
	my ($basis, @variables) = @_;
	my $rest = reduce($basis, { map { $_ => 1 } @variables });
	return (grep { $_ ne '=' } keys %$rest) ? undef : $rest->{'='} // 0;
}

# --- the attacker ------------------------------------------------------------------------------------------------------

# Rows of one day: [grain, market, segment, suppressed, customers]. What they say, without looking at the truth.
sub read_day
{
	my @rows = @_;
	my %day = (
		segments => { map { $_->[2] => $_ } grep { $_->[0] eq 'segment' && $_->[2] ne '(other segments)' } @rows },
		markets => { map { $_->[1] => $_ } grep { $_->[0] eq 'market' && $_->[1] ne '(other markets)' } @rows },
		cells => [ grep { $_->[0] eq 'market and segment' && !$_->[3] } @rows ],
		rows => \@rows);
	# Segments that are shown, but in no row by market, are in its (other segments).
	my %crossed = map { $_->[2] => 1 } @{ $day{cells} };
	$day{merged} = { map { $_ => 1 } grep { !$day{segments}{$_}[3] && !$crossed{$_} && %crossed } keys %{ $day{segments} } };
	$day{lost} = { map { $_->[1] => 1 } grep { $_->[0] eq 'market and segment' && $_->[3] && $_->[2] eq 'all' } @rows };
	return \%day;
}

# Variables of a day are "day|market|segment"; '?' stands for what is not listed, if there is. Returns the equations and, by name, the
# hidden numbers as lists of variables.
sub equations
{
	my ($name, $day, @unlisted) = @_;
	my @markets = (sort(keys %{ $day->{markets} }), @unlisted);
	my @segments = (sort(keys %{ $day->{segments} }), @unlisted);
	@markets = ('all') unless @markets;
	@segments = ('all') unless @segments;
	my $sum = sub { my ($m, $s) = @_; return [ map { my $market = $_; map { "$name|$market|$_" } @$s } @$m ] };
	my @hidden_markets = ((grep { $day->{markets}{$_}[3] } sort keys %{ $day->{markets} }), @unlisted);
	my @hidden_segments = ((grep { $day->{segments}{$_}[3] } sort keys %{ $day->{segments} }), @unlisted);
	my @merged = (@hidden_segments, sort keys %{ $day->{merged} });
	my @lost = ((grep { $day->{lost}{$_} } @markets), @unlisted);
	my (@equations, %target, %column, %seen);
	my $crossed = grep { $_->[0] eq 'market and segment' } @{ $day->{rows} };
	for my $row (grep { !$_->[3] } @{ $day->{rows} })
	{
		my ($grain, $market, $segment) = @$row;
		my $m = $market eq '(other markets)' ? ($grain eq 'market' ? \@hidden_markets : \@lost) : $market eq 'all' ? \@markets : [$market];
		my $s = $segment eq '(other segments)' ? ($grain eq 'segment' ? \@hidden_segments : \@merged) : $segment eq 'all' ? \@segments : [$segment];
		push @equations, [ @{ $sum->($m, $s) }, $row->[4] ];
		$seen{$market}{$segment} = 1 if $grain eq 'market and segment';
	}
	# No row: no customer there.
	for my $market ((grep { !$day->{lost}{$_} } keys %{ $day->{markets} }), '(other markets)')
	{
		for my $segment ((grep { !$day->{segments}{$_}[3] && !$day->{merged}{$_} } keys %{ $day->{segments} }), '(other segments)')
		{
			next if $seen{$market}{$segment} || !$crossed;
			my $m = $market eq '(other markets)' ? \@lost : [$market];
			my $s = $segment eq '(other segments)' ? \@merged : [$segment];
			push @equations, map { [ $_, 0 ] } @{ $sum->($m, $s) };
			$column{$segment} = 0 if $market eq '(other markets)';
		}
	}
	$target{"market $_"} = $sum->([$_], \@segments) for grep { $_ ne '?' } @hidden_markets;
	$target{"segment $_"} = $sum->(\@markets, [$_]) for grep { $_ ne '?' } @hidden_segments;
	for my $market (grep { $_ ne '?' } @markets)
	{
		for my $segment (grep { ($day->{lost}{$market} || $day->{merged}{$_}) && !defined $column{$_} && $_ ne '?' } @segments)
		{
			next if $day->{segments}{$segment} && $day->{segments}{$segment}[3];
			$target{"cell $market, $segment"} = $sum->([$market], [$segment]);
		}
	}
	return (\@equations, \%target);
}

# Hidden numbers that follow from the equations: of each day alone, and of both with what is hidden on both days unchanged; with
# unlisted groups, and if there are none. As premises can be wrong, a result counts if it is the truth (day => target => number);
# and if it is of a small group: what a large one has follows from older numbers if others did not change, hidden or not.
sub solved
{
	my ($truth, $k, %days) = @_;
	my %found;
	for my $unlisted ([], ['?'])
	{
		my (@all, %targets);
		my $try = sub {
			my ($name, $basis, $premise) = @_;
			for my $target (keys %{ $targets{$name} })
			{
				my $number = told($basis, @{ $targets{$name}{$target} });
				my $true = $truth->{$name}{$target} // 0;
				$found{"$target of day $name$premise"} = 1 if defined $number && $number == $true && ($premise eq '' || $true > 0 && $true < $k);
			}
		};
		for my $name (sort keys %days)
		{
			my ($equations, $targets) = equations($name, $days{$name}, @$unlisted);
			$targets{$name} = $targets;
			$try->($name, basis(@$equations), '');
			push @all, @$equations;
		}
		my ($first, $second) = sort keys %days;
		next unless defined $second;
		for my $target (grep { $targets{$second}{$_} } sort keys %{ $targets{$first} })
		{
			push @all, [ (map { [ $_, 1 ] } @{ $targets{$first}{$target} }), (map { [ $_, -1 ] } @{ $targets{$second}{$target} }), 0 ];
		}
		my $basis = basis(@all);
		$try->($_, $basis, ', if nothing hidden changed') for $first, $second;
	}
	return sort keys %found;
}

# Bounds of hidden sizes: whole numbers that add up to the remainder; on the first day none above the smallest shown group;
# markets don't shrink. The narrowest bounds, as [width, name, low, high].
sub narrowest
{
	my ($kind, @days) = @_;
	my $column = $kind eq 'market' ? 1 : 2;
	my (@low, @high, @pool);
	for my $i (0 .. $#days)
	{
		my $groups = $days[$i]{ $kind . 's' };
		my ($rest) = grep { $_->[0] eq $kind && $_->[$column] eq "(other ${kind}s)" } @{ $days[$i]{rows} };
		$pool[$i] = $rest && !$rest->[3] ? $rest->[4] : undef;
		my ($smallest) = sort { $a <=> $b } map { $_->[4] } grep { !$_->[3] } values %$groups;
		for (grep { $groups->{$_}[3] } keys %$groups)
		{
			$low[$i]{$_} = 1;
			$high[$i]{$_} = $i == 0 && defined $smallest ? $smallest : $pool[$i] // 1e9;
		}
		# What is not listed, by the first day's rules only if there was a day before.
		($low[$i]{'?'}, $high[$i]{'?'}) = (0, $i == 0 ? 0 : $pool[$i] // 1e9);
	}
	my $changed = 1;
	while ($changed)
	{
		$changed = 0;
		my $set = sub {
			my ($bound, $name, $value) = @_;
			($bound->{$name}, $changed) = ($value, 1) if $bound->{$name} != $value;
		};
		for my $i (grep { defined $pool[$_] } 0 .. $#days)
		{
			my ($lows, $highs) = (0, 0);
			$lows += $_ for values %{ $low[$i] };
			$highs += $_ for values %{ $high[$i] };
			for (keys %{ $low[$i] })
			{
				my $least = $pool[$i] - ($highs - $high[$i]{$_});
				my $most = $pool[$i] - ($lows - $low[$i]{$_});
				if ($least > $low[$i]{$_}) { $lows += $least - $low[$i]{$_}; $set->($low[$i], $_, $least) }
				if ($most < $high[$i]{$_}) { $highs += $most - $high[$i]{$_}; $set->($high[$i], $_, $most) }
			}
		}
		next unless $kind eq 'market' && @days == 2;
		for (grep { exists $low[1]{$_} && $_ ne '?' } keys %{ $low[0] })
		{
			$set->($low[1], $_, $low[0]{$_}) if $low[0]{$_} > $low[1]{$_};
			$set->($high[0], $_, $high[1]{$_}) if $high[1]{$_} < $high[0]{$_};
		}
		# A market that was shown before can't be smaller now.
		for (grep { $_ ne '?' && $days[0]{markets}{$_} && !$days[0]{markets}{$_}[3] } keys %{ $low[1] })
		{
			$set->($low[1], $_, $days[0]{markets}{$_}[4]) if $days[0]{markets}{$_}[4] > $low[1]{$_};
		}
	}
	my @found;
	for my $i (0 .. $#days)
	{
		push @found, map { [ $high[$i]{$_} - $low[$i]{$_}, "$kind $_ of day $i", $low[$i]{$_}, $high[$i]{$_} ] } grep { $_ ne '?' } keys %{ $low[$i] };
	}
	return sort { $a->[0] <=> $b->[0] } @found;
}

# Cells of the hidden markets in the cross table: with their totals and the remainder by segment known, Frechet's bounds hold
# and are attained. Markets whose total is hidden are one row for this; a cell of it may be 0.
sub narrowest_cell
{
	my ($day) = @_;
	my (%column, %row, @found);
	my $total = 0;
	for (grep { $_->[1] eq '(other markets)' } @{ $day->{cells} })
	{
		$column{ $_->[2] } = $_->[4];
		$total += $_->[4];
	}
	my @shown = grep { $day->{lost}{$_} && !$day->{markets}{$_}[3] } keys %{ $day->{markets} };
	$row{$_} = $day->{markets}{$_}[4] for @shown;
	my $known = 0;
	$known += $_ for values %row;
	$row{'hidden markets'} = $total - $known if $total > $known;
	for my $market (keys %row)
	{
		for my $segment (grep { keys %column > 1 } keys %column)
		{
			my ($r, $c) = ($row{$market}, $column{$segment});
			my ($low, $high) = ($market eq 'hidden markets' ? 0 : $r + $c > $total ? $r + $c - $total : 0, $r < $c ? $r : $c);
			push @found, [ $high - $low, "cell $market, $segment", $low, $high ];
		}
	}
	return sort { $a->[0] <=> $b->[0] } @found;
}

# --- publications ------------------------------------------------------------------------------------------------------

my $node = PostgreSQL::Test::Cluster->new('cells');
$node->init;
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
$node->safe_psql('postgres', q{CREATE EXTENSION segment; CREATE ROLE reader LOGIN});

# What a reader sees of a segmentation: day => what read_day makes of its rows.
sub published
{
	my ($name) = @_;
	my %rows;
	my $out = $node->safe_psql('postgres', "SELECT as_of, grain, market, segment_name, CASE WHEN is_suppressed THEN 1 ELSE 0 END,
		customers FROM segment.published_summary WHERE segmentation = '$name'", extra_params => [ '-U', 'reader', '-F', "\t" ]);
	for (split /\n/, $out)
	{
		my ($day, @row) = split /\t/, $_, -1;
		push @{ $rows{$day} }, \@row;
	}
	return map { $_ => read_day(@{ $rows{$_} }) } keys %rows;
}

# The true numbers: day => target => number.
sub truth
{
	my ($name) = @_;
	my %truth;
	for (split /\n/, $node->safe_psql('postgres', "SELECT as_of, coalesce(market, '*'), coalesce(segment_name, '*'), count(*)
		FROM segment.customer_profile WHERE segmentation = '$name' GROUP BY as_of, CUBE (market, segment_name)", extra_params => [ '-F', "\t" ]))
	{
		my ($day, $market, $segment, $n) = split /\t/;
		$truth{$day}{ $segment eq '*' ? "market $market" : $market eq '*' ? "segment $segment" : "cell $market, $segment" } = $n;
	}
	return \%truth;
}

# All attacks on a segmentation's publications; passes if nothing is solved and nothing told to less than half of k.
sub withstands
{
	my ($name, $k, $text) = @_;
	my %days = published($name);
	my @days = map { $days{$_} } sort keys %days;
	my @found = solved(truth($name), $k, %days);
	my @narrow = grep { $_->[0] < $k / 2 } (map { narrowest($_, @days) } 'market', 'segment'), (map { narrowest_cell($_) } @days);
	is_deeply([ @found, map { "$_->[1] is $_->[2] to $_->[3]" } @narrow ], [], $text);
	return;
}

# The attacker can win: a publication that hides small groups only, one that forgets what it hid, and one without complements.
my @naive = ([ 'total', 'all', 'all', 0, 100 ], [ 'market', 'a', 'all', 1, '' ], [ 'market', 'b', 'all', 0, 40 ], [ 'market', 'c', 'all', 0, 57 ]);
is_deeply([ solved({ A => { 'market a' => 3 } }, 10, A => read_day(@naive)) ], ['market a of day A'], 'a single hidden market is solved');
my @first = ([ 'total', 'all', 'all', 0, 100 ], [ 'market', 'x', 'all', 1, '' ], [ 'market', 'y', 'all', 1, '' ], [ 'market', 'z', 'all', 1, '' ],
	[ 'market', '(other markets)', 'all', 0, 20 ], [ 'market', 'c', 'all', 0, 80 ]);
my @second = ([ 'total', 'all', 'all', 0, 103 ], [ 'market', 'x', 'all', 0, 10 ], [ 'market', 'y', 'all', 1, '' ], [ 'market', 'z', 'all', 1, '' ],
	[ 'market', '(other markets)', 'all', 0, 11 ], [ 'market', 'c', 'all', 0, 82 ]);
is_deeply([ grep { /x/ } solved({ A => { 'market x' => 9 } }, 10, A => read_day(@first), B => read_day(@second)) ], ['market x of day A, if nothing hidden changed'],
	'a market that comes out of hiding is solved from two days');
my ($narrow) = narrowest('market', read_day([ 'market', 'x', 'all', 1, '' ], [ 'market', 'y', 'all', 1, '' ],
	[ 'market', '(other markets)', 'all', 0, 18 ], [ 'market', 'c', 'all', 0, 10 ]));
cmp_ok($narrow->[0], '<', 5, 'two hidden markets are told by their remainder');

SKIP:
{
	my $folder = $ENV{SEGMENT_DATA} || '';
	skip 'no data folder: set SEGMENT_DATA', 6 unless -e "$folder/online_retail_1.csv.gz";
	$node->safe_psql('postgres', 'CREATE TABLE line (invoice_no text, stock_code text, description text, quantity int, at timestamp, price numeric, customer int, country text)');
	for my $part (1 .. 3)
	{
		system('bash', '-o', 'pipefail', '-c', "gzip -dc '$folder/online_retail_$part.csv.gz' | psql -X -q -d '" . $node->connstr('postgres') . "' -c 'COPY line FROM STDIN (FORMAT csv, HEADER)'") == 0 or die 'no data';
	}
	$node->safe_psql('postgres', q{CREATE TABLE sales AS SELECT customer, at, quantity * price AS amount, invoice_no, country FROM line
		WHERE customer IS NOT NULL AND invoice_no NOT LIKE 'C%' AND quantity > 0 AND price > 0});
	for my $k (10, 5)
	{
		$node->safe_psql('postgres', qq{SELECT segment.create_segmentation('retail $k', 'sales', 'customer', 'at', 'amount', 'invoice_no', 'country');
			SELECT segment.grant_reader('reader', 'retail $k', summary_only => true);
			SELECT segment.refresh('retail $k', d), segment.publish_summary('retail $k', $k, d) FROM unnest('{2011-10-31,2011-11-30}'::date[]) d});
		my %days = published("retail $k");
		my @hidden = map { my $day = $_; scalar grep { $_->[3] } values %{ $day->{markets} } } @days{ '2011-10-31', '2011-11-30' };
		note("k = $k: hidden markets @hidden");
		cmp_ok($hidden[0], '>', 15, "Online Retail, k = $k: markets are hidden");
		withstands("retail $k", $k, "Online Retail, k = $k: nothing hidden can be computed from two month ends");
	}
	$node->safe_psql('postgres', q{SELECT segment.refresh('retail 10', '2011-12-09'), segment.publish_summary('retail 10', 5, '2011-12-09');
		SELECT segment.unpublish('retail 10', '2011-10-31')});
	withstands('retail 10', 5, 'nor from days published with different k');
}

# Random small shops at two days: few customers, skewed markets, new ones in between.
my @shops = (1 .. ($ENV{SEGMENT_SHOPS} || 40));
for my $i (@shops)
{
	my $k = 4 + $i % 7;
	$node->safe_psql('postgres', qq{
		CREATE TABLE shop_$i AS
		SELECT c AS customer, date '2025-01-01' + ((c * 7919 * $i) % 300) + o * 11 AS at, (c * 104729 % 977) AS amount,
		       'm' || floor((2 + $i % 9) * power((c * 31 * $i % 101) / 101.0, 1 + $i % 4))::int AS market
		FROM generate_series(1, 30 + 17 * $i) c, generate_series(0, c % 4) o;
		SELECT segment.create_segmentation('shop $i', 'shop_$i', 'customer', 'at', 'amount', market => 'market');
		SELECT segment.grant_reader('reader', 'shop $i', summary_only => true);
		SELECT segment.refresh('shop $i', d), segment.publish_summary('shop $i', $k, d)
		FROM unnest('{2025-08-31,2025-09-30}'::date[]) WITH ORDINALITY u (d, n) ORDER BY CASE WHEN $i % 2 = 0 THEN n ELSE -n END});
}
my @broken;
for my $i (@shops)
{
	my %days = published("shop $i");
	push @broken, map { "shop $i: $_" } solved(truth("shop $i"), 4 + $i % 7, %days);
	push @broken, map { "shop $i: $_->[1] is $_->[2] to $_->[3]" } grep { $_->[0] < 2 } map { narrowest_cell($_) } values %days;
}
is_deeply(\@broken, [], scalar(@shops) . ' random shops: nothing hidden can be computed');

$node->stop;
done_testing();
