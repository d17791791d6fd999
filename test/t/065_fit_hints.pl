# 065_fit_hints.pl: a fit that does not converge says what helps, and that does help: whoever follows the hints comes to a fit
# that converges, and no hint to go on makes the likelihood lower.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('fit_hints');
$node->init;
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION segment;
CREATE FUNCTION btyd(customers integer, shape text) RETURNS segment.btyd LANGUAGE sql AS $$
  SELECT CASE WHEN shape LIKE '%b%' THEN
    (SELECT segment.btyd_agg(r) FROM segment.simulate_summaries(segment.btyd_model(shape, CASE shape WHEN 'nbd' THEN '{0.8,9}' WHEN 'bgnbd' THEN '{0.6,6,0.9,2}' ELSE '{1.2,0.8,0.7,2.8}' END::float8[], '1 week'), customers, '301 days') r)
  ELSE
    (SELECT segment.btyd_agg(segment.repeat_summary(CASE shape WHEN 'same' THEN 3 ELSE 4 + c % 2 END, 60, 100, NULL, '1 week')) FROM generate_series(1, customers) c)
  END
$$;
CREATE FUNCTION spend(customers integer, shape text) RETURNS segment.spend_summary LANGUAGE sql AS $$
  SELECT segment.spend_agg(segment.repeat_summary(1 + c % 5, 50, 100, CASE WHEN shape = 'same' THEN 20 ELSE 5 + c * 37 % 90 END, '1 week')) FROM generate_series(1, customers) c
$$;
SQL

# What one fit says: how it stopped, its log-likelihood, and the warning.
sub fitted
{
	my ($fit, %option) = @_;
	my ($code, $out, $err) = $node->psql('postgres', "SELECT i.stopped, i.log_likelihood FROM segment.model_info($fit, penalty => $option{penalty}, max_iter => $option{max_iter})) i");
	is($code, 0, "$fit runs") or diag($err);
	return (split(/\|/, $out), $err);
}

# Follows the hints of a fit, from some max_iter, to its end; returns the hints.
sub follow
{
	my ($fit, $max_iter) = @_;
	my %option = (penalty => 0, max_iter => $max_iter);
	my ($hints, $former, $highest) = ('', '', undef);
	for my $round (1 .. 12)
	{
		my ($stopped, $log_likelihood, $said) = fitted($fit, %option);
		ok(!defined $highest || $log_likelihood >= $highest - 1e-9 * abs $highest, "$fit: $former raises the log-likelihood, $log_likelihood") or diag("it was $highest");
		if ($stopped eq 'converged')
		{
			is($said, '', "$fit, max_iter $max_iter: converges without a warning, in round $round");
			return $hints;
		}
		my ($hint) = $said =~ /HINT:  (.*)/ or last;
		$hints .= "$stopped: $hint\n";
		if ($hint =~ /^Pass max_iter => (\d+)\.$/)
		{
			cmp_ok($1, '>', $option{max_iter}, "$fit: a larger max_iter");
			is($stopped, 'maximum of iterations', "$fit: only if that is why it stopped");
			unlike($said, qr/do not determine/, "$fit: and does not blame the data");
			$option{max_iter} = $1;
			$highest = $option{penalty} == 0 ? $log_likelihood : undef;
		}
		elsif ($hint =~ /^Pass penalty => (\S+):/)
		{
			cmp_ok($1, '>', $option{penalty}, "$fit: a larger penalty");
			$option{penalty} = $1;
			$highest = undef;
		}
		elsif ($hint =~ /^Fit nbd/)
		{
			my ($how, $as_well) = fitted($fit =~ s/segment\.\w+/segment.nbd/r, %option);
			is($how, 'converged', "$fit: nbd converges");
			cmp_ok($as_well, '>', $log_likelihood - 0.01, "$fit: and fits as well");
			return $hints;
		}
		else { last; }
		$former = $hint;
	}
	fail("$fit, max_iter $max_iter: the hints lead to a fit that converges") or diag($hints);
	return $hints;
}

my $all = '';
for my $max_iter (1, 500)
{
	for my $kind (qw(nbd bgnbd mbgnbd pareto_nbd bgbb))
	{
		my @simulated = $kind eq 'bgbb' ? 'bgbb' : ('nbd', 'bgnbd');
		$all .= follow("segment.$kind(btyd($_->[0], '$_->[1]')", $max_iter) for [ 3, 'same' ], [ 40, 'regular' ], map { [ 30, $_ ], [ 1500, $_ ] } @simulated;
	}
	my $money = '';
	$money .= follow("segment.gamma_gamma(spend($_->[0], '$_->[1]')", $max_iter) for [ 2, 'mixed' ], [ 40, 'same' ], [ 400, 'mixed' ];
	$money .= follow("segment.sbg('{$_}'", $max_iter) for '1000,500,250,125', '1000,1000,1000', '1000,0,0', '1000,631,468,382,326';
	unlike($money, qr/btyd_check/, "max_iter $max_iter: btyd_check is for histories only");
	$all .= $money;
}
like($all, qr/^maximum of iterations: Pass max_iter/m, 'some ran out of iterations');
like($all, qr/: Fit nbd/, 'some found that nobody leaves');
like($all, qr/^(?:boundary|flat likelihood): Pass penalty/m, 'some had no optimum inside');
$node->stop;
done_testing();
