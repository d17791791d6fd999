# An aggregate of somebody else's beside ours in the grouping node: its functions, written in C, may ask their caller
# for all that core's executor answers.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $config = $ENV{PG_CONFIG} || 'pg_config';
chomp(my $include = `$config --includedir-server`);
my $work = PostgreSQL::Test::Utils::tempdir;
open(my $file, '>', "$work/asks.c") or die $!;
print $file <<'C';
#include "postgres.h"
#include "fmgr.h"
#include "nodes/primnodes.h"
#include "utils/memutils.h"
PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(asks_trans);
PG_FUNCTION_INFO_V1(asks_final);
Datum
asks_trans(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	if (!AggCheckCallContext(fcinfo, &context) || AggGetAggref(fcinfo) == NULL || AggGetTempMemoryContext(fcinfo) == NULL)
		elog(ERROR, "called by no aggregate");
	if (AggStateIsShared(fcinfo))
		elog(ERROR, "the state is not shared");
	PG_RETURN_INT64((PG_ARGISNULL(0) ? 0 : PG_GETARG_INT64(0)) + 1);
}
Datum
asks_final(PG_FUNCTION_ARGS)
{
	Aggref *aggref = AggGetAggref(fcinfo);
	if (aggref == NULL || AggCheckCallContext(fcinfo, NULL) != AGG_CONTEXT_AGGREGATE || AggStateIsShared(fcinfo))
		elog(ERROR, "called by no aggregate, or the state is shared");
	PG_RETURN_INT64(PG_ARGISNULL(0) ? -1 : PG_GETARG_INT64(0) * 10 + list_length(aggref->args));
}
C
close $file;
plan skip_all => 'no C compiler' if system("cc -shared -fPIC -I'$include' -o '$work/asks.so' '$work/asks.c' 2>'$work/log'") != 0;

my $node = PostgreSQL::Test::Cluster->new('foreign_aggregate');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\njit = off\nmax_parallel_workers_per_gather = 0");
$node->start;
$node->safe_psql('postgres', <<SQL);
CREATE EXTENSION segment;
CREATE FUNCTION asks_trans(bigint, int) RETURNS bigint AS '$work/asks', 'asks_trans' LANGUAGE C;
CREATE FUNCTION asks_final(bigint) RETURNS bigint AS '$work/asks', 'asks_final' LANGUAGE C;
CREATE AGGREGATE asks(int) (SFUNC = asks_trans, STYPE = bigint, FINALFUNC = asks_final);
CREATE TABLE o AS SELECT g % 1000 AS customer, date '2024-01-01' + g % 90 AS at, g AS amount FROM generate_series(1, 5000) g;
ANALYZE o;
SQL
my $groups = 'SELECT customer, segment.rfm_agg(at, amount), asks(amount), asks(customer) FILTER (WHERE amount > 2500) FROM o GROUP BY customer';
my $query = "SELECT count(r), min(a), max(a), min(b), max(b) FROM ($groups) q (c, r, a, b)";
like($node->safe_psql('postgres', "SET segment.enable_fast_aggregate = force; EXPLAIN $query"), qr/SegmentGrouping/, 'the node takes it');
for my $setting ('force', 'off')
{
	is($node->safe_psql('postgres', "SET segment.enable_fast_aggregate = $setting; $query"),
		'1000|51|51|21|31', "enable_fast_aggregate = $setting: the same answers");
}
$node->stop;
done_testing();
