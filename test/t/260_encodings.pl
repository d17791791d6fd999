# CREATE EXTENSION works in a database of any encoding, and what it says there can be read: bytes of an ellipsis in the install
# script were no text in EUC_JP, and came out garbled in LATIN1.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('encodings');
$node->init;
$node->start;
for my $encoding (qw(EUC_JP LATIN1 SQL_ASCII))
{
	my $db = lc $encoding;
	$node->safe_psql('postgres', "CREATE DATABASE $db ENCODING '$encoding' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'");
	my ($status, $out, $err) = $node->psql($db, 'CREATE EXTENSION segment');
	is($status, 0, "$encoding: CREATE EXTENSION") or do { diag($err); next };

	my $meanings = $node->safe_psql($db, q{SELECT segment.label_meaning(concat_ws('-', r, f, m)::segment.rfm_score, 'standard')
		FROM generate_series(1, 5) r, generate_series(1, 5) f, generate_series(1, 5) m});
	like($meanings, qr/\A[\x20-\x7e\n]*[a-z]{4}[\x20-\x7e\n]*\z/, "$encoding: label_meaning is readable");

	my $why = $node->safe_psql($db, q{SELECT segment.explain_label('r: within {30,60,90,180}; f: from {2,3,5,8}; m: total from {50,100,200,400}',
		segment.rfm_agg(day, amount), '2026-06-30', 'standard')
		FROM (VALUES (date '2026-01-05', 40::numeric), ('2026-03-05', 70)) AS orders(day, amount)});
	like($why, qr/\A[\x20-\x7e\n]*[a-z]{4}[\x20-\x7e\n]*\z/, "$encoding: explain_label is readable");

	my $texts = $node->safe_psql($db, q{SELECT s::text FROM segment.scheme_segments s});
	like($texts, qr/\A[\x20-\x7e\n]*[a-z]{4}[\x20-\x7e\n]*\z/, "$encoding: the segments of schemes are readable");

	# The views that report: what they say, as text, and their columns and comments.
	my $views = $node->safe_psql($db, q{SELECT string_agg(format('SELECT v::text FROM segment.%I v', relname), ' UNION ALL ')
		FROM pg_class WHERE relnamespace = 'segment'::regnamespace AND relkind = 'v'});
	($status, $out, $err) = $node->psql($db, $views);
	is($status, 0, "$encoding: every view can be read") or diag($err);
	like($out, qr/\A[\x20-\x7e\n]*\z/, "$encoding: every view is ASCII");
	is($node->safe_psql($db, q{SELECT count(*) FROM pg_description WHERE description ~ '[^\x01-\x7e]'}), '0', "$encoding: comments are ASCII");
}
done_testing();
