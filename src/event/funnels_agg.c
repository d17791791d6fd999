/*
 * funnels_agg.c: the SQL type funnels, the aggregates that build and merge it, and its rows.
 */
#include "postgres.h"

#include "core/compat.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/timestamp.h"

#include "core/agg_context.h"
#include "core/message.h"
#include "core/option.h"
#include "core/stored.h"
#include "event/event.h"
#include "event/rows.h"
#include "math/kpi.h"
#include "math/special.h"

static const char *
fault_of(SegmentCursor cursor)
{
	const char *fault;

	segment_funnels_decode(cursor, &fault);
	return fault;
}

/* The value of an argument. */
static Funnels *
decoded(FunctionCallInfo fcinfo, int arg)
{
	const char *fault;
	Funnels *funnels = segment_funnels_decode(segment_state_cursor(PG_GETARG_BYTEA_PP(arg)), &fault);

	if (fault)
		segment_refuse_binary("funnels", fault);
	return funnels;
}

PG_FUNCTION_INFO_V1(segment_funnels_in);

Datum
segment_funnels_in(PG_FUNCTION_ARGS)
{
	return segment_stored_in(fcinfo, "funnels", "funnel_table_agg", fault_of);
}

PG_FUNCTION_INFO_V1(segment_funnels_recv);

Datum
segment_funnels_recv(PG_FUNCTION_ARGS)
{
	return segment_stored_recv(fcinfo, "funnels", fault_of);
}

/* The state, made in the aggregate's context for the first value. */
static Funnels *
state_of(FunctionCallInfo fcinfo, MemoryContext context, const FunnelRule *rule)
{
	MemoryContext caller;
	Funnels *state;

	if (!PG_ARGISNULL(0))
		return (Funnels *) PG_GETARG_POINTER(0);
	caller = MemoryContextSwitchTo(context);
	state = segment_funnels_new(rule);
	MemoryContextSwitchTo(caller);
	return state;
}

/* funnel_table_agg(funnel): a NULL is skipped. */
PG_FUNCTION_INFO_V1(segment_funnels_trans);

Datum
segment_funnels_trans(PG_FUNCTION_ARGS)
{
	MemoryContext context = segment_aggregate_context(fcinfo);
	Funnel funnel;
	Funnels *state;

	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	segment_funnel_arg(fcinfo, 1, &funnel);
	state = state_of(fcinfo, context, &funnel.rule);
	segment_funnels_add(state, &funnel, context);
	PG_RETURN_POINTER(state);
}

static Datum
add_part(FunctionCallInfo fcinfo, const Funnels *part)
{
	MemoryContext context = segment_aggregate_context(fcinfo);
	Funnels *state = state_of(fcinfo, context, &part->rule);

	segment_funnels_merge(state, part, context);
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(segment_funnels_rollup_trans);

Datum
segment_funnels_rollup_trans(PG_FUNCTION_ARGS)
{
	(void) segment_aggregate_context(fcinfo);
	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	return add_part(fcinfo, decoded(fcinfo, 1));
}

PG_FUNCTION_INFO_V1(segment_funnels_combine);

Datum
segment_funnels_combine(PG_FUNCTION_ARGS)
{
	(void) segment_aggregate_context(fcinfo);
	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	return add_part(fcinfo, (const Funnels *) PG_GETARG_POINTER(1));
}

/* Serial and final function: the byte string. */
PG_FUNCTION_INFO_V1(segment_funnels_final);

Datum
segment_funnels_final(PG_FUNCTION_ARGS)
{
	(void) segment_aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(segment_funnels_encode((Funnels *) PG_GETARG_POINTER(0)));
}

PG_FUNCTION_INFO_V1(segment_funnels_deserialize);

Datum
segment_funnels_deserialize(PG_FUNCTION_ARGS)
{
	(void) segment_aggregate_context(fcinfo);
	PG_RETURN_POINTER(decoded(fcinfo, 0));
}

/* funnels + funnels. Strict. */
PG_FUNCTION_INFO_V1(segment_funnels_plus);

Datum
segment_funnels_plus(PG_FUNCTION_ARGS)
{
	Funnels *sum = decoded(fcinfo, 0);

	segment_funnels_merge(sum, decoded(fcinfo, 1), CurrentMemoryContext);
	PG_RETURN_BYTEA_P(segment_funnels_encode(sum));
}

/* --- the table ----------------------------------------------------------------------------------------------- */

static int
compare_lengths(const void *a, const void *b)
{
	int64 left = *(const int64 *) a;
	int64 right = *(const int64 *) b;

	return left < right ? -1 : left > right;
}

/* The median of n lengths, which are sorted by it; of an even number the middle of the two in the middle. */
static Datum
median_of(int64 *lengths, int64 n)
{
	Interval *median = palloc0(sizeof(Interval));
	int64 low;
	int64 high;

	qsort(lengths, (size_t) n, sizeof(int64), compare_lengths);
	low = lengths[(n - 1) / 2];
	high = lengths[n / 2];
	low += (high - low) / 2;
	median->day = (int32) (low / USECS_PER_DAY);
	median->time = low % USECS_PER_DAY;
	return IntervalPGetDatum(median);
}

#define FUNNEL_COLUMNS 10

typedef struct FunnelTable
{
	const Funnels *funnels;
	int64 n; /* persons whose window was over */
	const int64 **complete;
	int64 in_progress[SEGMENT_MAX_STEPS]; /* by step reached */
	int64 reached[SEGMENT_MAX_STEPS];
	int64 *lengths;
} FunnelTable;

/* Tells persons in progress from the others, and counts both. */
static void
count_persons(FunnelTable *table, int64 end)
{
	const Funnels *funnels = table->funnels;

	for (int64 i = 0; i < funnels->n; i++)
	{
		const int64 *record = funnels->records + i * FUNNELS_WIDTH(funnels);
		bool is_open = segment_funnel_is_open(&funnels->rule, record[0], end);

		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		for (int step = 0; step < funnels->rule.steps && record[step + 1] >= 0; step++)
			(is_open ? table->in_progress : table->reached)[step]++;
		if (!is_open)
			table->complete[table->n++] = record;
	}
}

/* The median time from step from to step to of those who reached it. */
static Datum
median_between(FunnelTable *table, int from, int to)
{
	int64 n = 0;

	CHECK_FOR_INTERRUPTS();
	for (int64 i = 0; i < table->n; i++)
		if (table->complete[i][to + 1] >= 0)
			table->lengths[n++] = table->complete[i][to + 1] - table->complete[i][from + 1];
	return median_of(table->lengths, n);
}

/* funnel_table(funnels, as_of, zone, confidence): a row a step. Strict. */
PG_FUNCTION_INFO_V1(segment_funnel_table);

Datum
segment_funnel_table(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Funnels *funnels = decoded(fcinfo, 0);
	int64 end = segment_funnel_end_of(fcinfo, 1, 2, (SegmentTimeKind) funnels->rule.kind);
	double z = -segment_normal_quantile(segment_alpha_of(PG_GETARG_FLOAT8(3)) / 2.0);
	FunnelTable table = {.funnels = funnels};
	Size size = mul_size(Max(funnels->n, 1), sizeof(int64));

	table.complete = MemoryContextAllocHuge(CurrentMemoryContext, size);
	table.lengths = MemoryContextAllocHuge(CurrentMemoryContext, size);
	count_persons(&table, end);
	InitMaterializedSRF(fcinfo, 0);
	for (int step = 0; step < funnels->rule.steps; step++)
	{
		Datum values[FUNNEL_COLUMNS] = {0};
		bool nulls[FUNNEL_COLUMNS] = {false};
		int64 before = step > 0 ? table.reached[step - 1] : table.n;

		values[0] = Int32GetDatum(step + 1);
		values[1] = Int64GetDatum(table.reached[step]);
		values[2] = Int64GetDatum(table.n);
		nulls[3] = nulls[4] = nulls[5] = table.n == 0;
		nulls[6] = before == 0;
		nulls[7] = nulls[8] = table.reached[step] == 0;
		if (table.n > 0)
		{
			double low;
			double high;

			segment_wilson(table.reached[step], table.n, z, &low, &high);
			values[3] = Float8GetDatum((double) table.reached[step] / (double) table.n);
			values[4] = Float8GetDatum(low);
			values[5] = Float8GetDatum(high);
		}
		if (before > 0)
			values[6] = Float8GetDatum((double) table.reached[step] / (double) before);
		if (table.reached[step] > 0)
		{
			values[7] = median_between(&table, step > 0 ? step - 1 : 0, step);
			values[8] = median_between(&table, 0, step);
		}
		values[9] = Int64GetDatum(table.in_progress[step]);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
