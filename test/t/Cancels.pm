# Cancels.pm: queries that are cancelled at several moments.
package Cancels;

use strict;
use warnings;

use Exporter qw(import);
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(cancel_at no_temporary_files);

# Runs a query with statement timeouts of so many milliseconds: it must end with the cancel or an answer, and be cancelled once at least.
sub cancel_at
{
	my ($node, $name, $query, @delays) = @_;
	my $cancelled = 0;
	for my $delay (@delays)
	{
		my ($out, $err) = ('', '');
		my $code = $node->psql('postgres', "SET statement_timeout = $delay; $query; ", stdout => \$out, stderr => \$err);
		next if $code == 0;
		like($err, qr/canceling statement due to statement timeout/, "$name: cancelled after $delay ms");
		$cancelled++;
	}
	ok($cancelled > 0, "$name: $cancelled cancels");
	return;
}

sub no_temporary_files
{
	my ($node) = @_;
	is(join(' ', glob($node->data_dir . '/base/pgsql_tmp/pgsql_tmp*')), '', 'no temporary file is left');
	return;
}

1;
