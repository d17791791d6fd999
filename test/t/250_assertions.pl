# 250_assertions.pl: on a server with assertions, a value that breaks an invariant of its type stops the process that opens it.
# Values are broken in their bytes, which no ordinary way in allows: input and receive functions refuse them.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('assertions');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nrestart_after_crash = on\n");
$node->start;
if ($node->safe_psql('postgres', 'SHOW debug_assertions') ne 'on')
{
	$node->stop;
	plan skip_all => 'the server was built without assertions: dev/test --version cassert has them';
}
$node->safe_psql('postgres', 'CREATE EXTENSION segment');

# What is wrong when the last eight bytes of a value are all ones; of types that end in something that this breaks.
my %broken_end = (
	btyd => 'The count of a .* must be positive', spend_summary => 'The count of a .* must be positive',
	holdout => 'The count of a .* must be positive', btyd_model => 'Parameters must be positive and finite',
	coreset => 'coordinate is not allowed|weight is not allowed', cut_points => 'A count is out of range',
	rfm_cut_points => 'A count is out of range|Thresholds must be finite', gmm_model => 'make no sense together',
	kmeans_model => 'make no sense together', ledger => 'no ledger in its canonical form|must',
	periods => 'do not ascend', quantiles => 'Counts must be positive|finite', rates => 'not positive|must ascend', renewal_model => 'Parameters must be positive and finite',
	repeat_summary => 'number of skipped days', rfm => 'The amount returned must be', spend_model => 'Parameters must be positive and finite');

# Runs a query that is to stop its process, and says what was logged.
sub crash
{
	my ($sql) = @_;
	my $before = -s $node->logfile;
	my $status = $node->psql('postgres', $sql, stdout => \my $out, stderr => \my $err);
	return "no crash: $out $err" if $status != 2;
	# The server ends every process, and starts anew.
	$node->wait_for_log(qr/database system is ready to accept connections/, $before);
	return slurp_file($node->logfile, $before) =~ /unsound value: (.*)/ ? $1 : 'a crash of another kind';
}

for my $file (glob "$ENV{TESTDIR}/test/fuzz/seeds/*.txt")
{
	my ($type) = $file =~ m{([a-z_]+)\.txt$};
	my ($value) = grep { /\S/ } split /\n/, slurp_file($file);
	$value =~ s/'/''/g;
	$value = 'date(2011-01-18,2011-12-07,7,4310.00,0,0.00)' if $type eq 'rfm'; # without returns, which end in ones anyway
	next if $type eq 'rfm_score'; # passed by value: below
	next if $type =~ /^(retention|actives|outcome)$/; # decoded, and checked, by any server wherever it is read
	# bytea_substr_no_len copies any varlena from a byte on: so it turns values into their bytes and back.
	$node->safe_psql('postgres', <<"SQL");
CREATE FUNCTION bytes_of(segment.$type, integer) RETURNS bytea LANGUAGE internal IMMUTABLE STRICT AS 'bytea_substr_no_len';
CREATE FUNCTION ${type}_of(bytea, integer) RETURNS segment.$type LANGUAGE internal IMMUTABLE STRICT AS 'bytea_substr_no_len';
SQL
	my $whole = "'$value'::segment.$type";
	# Its text holds that of a model, which changes; a value is soon made.
	$whole = '(SELECT segment.cluster_quality(m, x) FROM (VALUES (ARRAY[1.0::float8]), (ARRAY[9.0::float8])) v (x),
		(SELECT segment.kmeans(segment.coreset_agg(f::float8), 2) FROM generate_series(1, 9) f) k (m))' if $type eq 'cluster_quality';
	my $bytes = "bytes_of($whole, 1)";
	is($node->safe_psql('postgres', "SELECT ${type}_of($bytes, 1)::text = ($whole)::text"), 't', "$type: whole bytes are the value");
	like(crash("SELECT ${type}_of(set_byte($bytes, 0, 99), 1)::text"), qr/^The (head|format version)/, "$type: a version that there is not");
	next unless $broken_end{$type};
	like(crash("SELECT ${type}_of(substring(b, 1, length(b) - 8) || '\\xffffffffffffffff', 1)::text FROM (SELECT $bytes AS b) s"),
		qr/$broken_end{$type}/, "$type: a broken end");
}
$node->safe_psql('postgres', q{CREATE FUNCTION score_of(integer) RETURNS segment.rfm_score LANGUAGE internal IMMUTABLE STRICT AS 'int4up'});
is($node->safe_psql('postgres', q{SELECT score_of(x'555345'::integer)}), '5-4-3', 'rfm_score: whole bits are the score');
is(crash(q{SELECT score_of(x'555376'::integer)}), 'The bits of an rfm_score are none.', 'rfm_score: 6 of 5');
$node->stop;
done_testing();
