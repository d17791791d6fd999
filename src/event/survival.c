/*
 * survival.c: the SQL type survival, the aggregates that build and merge it, and what it says.
 *
 * The byte string: version (1 byte), number of points (count), then a point each: time (8 bytes, a double), events and
 * censored (counts).
 */
#include "postgres.h"

#include <math.h>

#include "core/compat.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "miscadmin.h"

#include "core/agg_context.h"
#include "core/memory.h"
#include "core/message.h"
#include "core/option.h"
#include "core/stored.h"
#include "math/special.h"
#include "math/survival.h"
#include "math/text.h"

#define VERSION 1

/* The shortest point: a time and two counts. */
#define SHORTEST_POINT 10

#define FIRST_SIZE 16

/* Points, sorted and each time once up to n_sorted. */
typedef struct Survival
{
	SegmentSurvivalPoint *points;
	int64 n;
	int64 n_sorted;
	int64 size;
} Survival;

static inline int
compare_points(const SegmentSurvivalPoint *a, const SegmentSurvivalPoint *b)
{
	return a->time < b->time ? -1 : a->time > b->time;
}

#define ST_SORT sort_points
#define ST_ELEMENT_TYPE SegmentSurvivalPoint
#define ST_COMPARE(a, b) compare_points(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static void
compact(Survival *survival)
{
	int64 n = 0;

	if (survival->n == survival->n_sorted)
		return;
	sort_points(survival->points, (size_t) survival->n);
	for (int64 i = 1; i < survival->n; i++)
	{
		SegmentSurvivalPoint *last = &survival->points[n];
		const SegmentSurvivalPoint *point = &survival->points[i];

		if (last->time == point->time)
		{
			last->events += point->events;
			last->censored += point->censored;
		}
		else
			survival->points[++n] = *point;
	}
	survival->n = survival->n_sorted = n + 1;
}

/* Grows only if that leaves the array more than half full, so that few distinct times stay few points. */
static void
add_point(Survival *survival, MemoryContext context, const SegmentSurvivalPoint *point)
{
	if (survival->n == survival->size)
	{
		compact(survival);
		if (survival->n > survival->size / 2 || survival->size == 0)
		{
			Size size = mul_size(Max(survival->size * 2, FIRST_SIZE), sizeof(SegmentSurvivalPoint));

			survival->size = Max(survival->size * 2, FIRST_SIZE);
			survival->points = survival->points == NULL ? MemoryContextAllocHuge(context, size)
														: repalloc_huge(survival->points, size);
		}
	}
	survival->points[survival->n++] = *point;
}

static void
merge(Survival *survival, MemoryContext context, const Survival *other)
{
	for (int64 i = 0; i < other->n; i++)
	{
		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		add_point(survival, context, &other->points[i]);
	}
}

static bytea *
encode(Survival *survival)
{
	StringInfoData buffer;

	compact(survival);
	segment_stored_start(&buffer);
	segment_stored_put_fixed(&buffer, VERSION, 1);
	segment_stored_put_count(&buffer, survival->n);
	for (int64 i = 0; i < survival->n; i++)
	{
		const SegmentSurvivalPoint *point = &survival->points[i];
		uint64 bits;

		memcpy(&bits, &point->time, sizeof(bits));
		segment_stored_put_fixed(&buffer, bits, 8);
		if (!segment_stored_put_count(&buffer, point->events) || !segment_stored_put_count(&buffer, point->censored))
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("sum of survival is out of range"),
							errdetail("A count exceeds " INT64_FORMAT ".", SEGMENT_STORED_MAX_COUNT),
							errhint("Check the values that are merged.")));
		segment_check_value_size("survival", (Size) buffer.len, "Round the times: whole days are few.");
	}
	return segment_stored_finish(&buffer);
}

static Survival *
decode(SegmentCursor cursor, const char **fault)
{
	SegmentStoredReader reader = {cursor, NULL};
	int version = (int) segment_take(&reader.cursor, 1);
	int64 n = segment_stored_get_count(&reader);
	Survival *survival;

	*fault = NULL;
	if (reader.cursor.is_short || version != VERSION)
		*fault = "The version is unknown.";
	else if (n < 1 || (uint64) n > segment_cursor_left(&reader.cursor) / SHORTEST_POINT)
		*fault = "The number of points is out of range.";
	if (*fault)
		return NULL;
	survival = palloc0(sizeof(Survival));
	survival->points = MemoryContextAllocHuge(CurrentMemoryContext, mul_size(n, sizeof(SegmentSurvivalPoint)));
	survival->n = survival->n_sorted = survival->size = n;
	for (int64 i = 0; i < n; i++)
	{
		SegmentSurvivalPoint *point = &survival->points[i];

		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		point->time = segment_take_double(&reader.cursor);
		point->events = segment_stored_get_count(&reader);
		point->censored = segment_stored_get_count(&reader);
		if (!isfinite(point->time) || signbit(point->time) || (i > 0 && point->time <= point[-1].time))
			*fault = "Times must ascend from 0.";
		else if (point->events + point->censored == 0)
			*fault = "There is a time at which nothing happened.";
		if (*fault)
			return NULL;
	}
	*fault = segment_cursor_fault(&reader.cursor);
	return *fault ? NULL : survival;
}

static const char *
fault_of(SegmentCursor cursor)
{
	const char *fault;

	decode(cursor, &fault);
	return fault;
}

/* The value of an argument. */
static Survival *
decoded(FunctionCallInfo fcinfo, int arg)
{
	const char *fault;
	Survival *survival = decode(segment_state_cursor(PG_GETARG_BYTEA_PP(arg)), &fault);

	if (fault)
		segment_refuse_binary("survival", fault);
	return survival;
}

PG_FUNCTION_INFO_V1(segment_survival_in);

Datum
segment_survival_in(PG_FUNCTION_ARGS)
{
	return segment_stored_in(fcinfo, "survival", "survival_agg", fault_of);
}

PG_FUNCTION_INFO_V1(segment_survival_recv);

Datum
segment_survival_recv(PG_FUNCTION_ARGS)
{
	return segment_stored_recv(fcinfo, "survival", fault_of);
}

/* The state, made in the aggregate's context with the first row. */
static Survival *
state_of(FunctionCallInfo fcinfo, MemoryContext context)
{
	return PG_ARGISNULL(0) ? MemoryContextAllocZero(context, sizeof(Survival)) : (Survival *) PG_GETARG_POINTER(0);
}

/* Adds one row of a time in days or any other unit; a row with a NULL is skipped. */
static Datum
add_row(FunctionCallInfo fcinfo, double time)
{
	MemoryContext context = segment_aggregate_context(fcinfo);
	bool observed = PG_GETARG_BOOL(2);
	SegmentSurvivalPoint point = {segment_positive_zero(time), observed, !observed};
	Survival *state;

	if (!isfinite(time) || time < 0.0)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("time is out of range for survival"),
						errdetail("The time is %g; accepted are finite numbers from 0 on.", time),
						errhint("It runs from the beginning to the event, or to the last day that is known.")));
	state = state_of(fcinfo, context);
	add_point(state, context, &point);
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(segment_survival_days_trans);

Datum
segment_survival_days_trans(PG_FUNCTION_ARGS)
{
	(void) segment_aggregate_context(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return segment_state_unchanged(fcinfo);
	return add_row(fcinfo, (double) PG_GETARG_INT32(1));
}

PG_FUNCTION_INFO_V1(segment_survival_time_trans);

Datum
segment_survival_time_trans(PG_FUNCTION_ARGS)
{
	(void) segment_aggregate_context(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return segment_state_unchanged(fcinfo);
	return add_row(fcinfo, PG_GETARG_FLOAT8(1));
}

static Datum
add_part(FunctionCallInfo fcinfo, const Survival *part)
{
	MemoryContext context = segment_aggregate_context(fcinfo);
	Survival *state = state_of(fcinfo, context);

	merge(state, context, part);
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(segment_survival_rollup_trans);

Datum
segment_survival_rollup_trans(PG_FUNCTION_ARGS)
{
	(void) segment_aggregate_context(fcinfo);
	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	return add_part(fcinfo, decoded(fcinfo, 1));
}

PG_FUNCTION_INFO_V1(segment_survival_combine);

Datum
segment_survival_combine(PG_FUNCTION_ARGS)
{
	(void) segment_aggregate_context(fcinfo);
	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	return add_part(fcinfo, (const Survival *) PG_GETARG_POINTER(1));
}

/* Serial and final function: the byte string. */
PG_FUNCTION_INFO_V1(segment_survival_final);

Datum
segment_survival_final(PG_FUNCTION_ARGS)
{
	(void) segment_aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(encode((Survival *) PG_GETARG_POINTER(0)));
}

PG_FUNCTION_INFO_V1(segment_survival_deserialize);

Datum
segment_survival_deserialize(PG_FUNCTION_ARGS)
{
	(void) segment_aggregate_context(fcinfo);
	PG_RETURN_POINTER(decoded(fcinfo, 0));
}

/* survival + survival. Strict, as all that follow. */
PG_FUNCTION_INFO_V1(segment_survival_add);

Datum
segment_survival_add(PG_FUNCTION_ARGS)
{
	Survival *sum = decoded(fcinfo, 0);

	merge(sum, CurrentMemoryContext, decoded(fcinfo, 1));
	PG_RETURN_BYTEA_P(encode(sum));
}

PG_FUNCTION_INFO_V1(segment_survival_count);

Datum
segment_survival_count(PG_FUNCTION_ARGS)
{
	const Survival *survival = decoded(fcinfo, 0);
	int64 count = 0;

	for (int64 i = 0; i < survival->n; i++)
		count += survival->points[i].events + survival->points[i].censored;
	PG_RETURN_INT64(count);
}

PG_FUNCTION_INFO_V1(segment_survival_events);

Datum
segment_survival_events(PG_FUNCTION_ARGS)
{
	const Survival *survival = decoded(fcinfo, 0);
	int64 events = 0;

	for (int64 i = 0; i < survival->n; i++)
		events += survival->points[i].events;
	PG_RETURN_INT64(events);
}

/* survival_at(survival, time): NULL beyond the last time that anybody was seen, where nothing is known. */
PG_FUNCTION_INFO_V1(segment_survival_at);

Datum
segment_survival_at(PG_FUNCTION_ARGS)
{
	const Survival *survival = decoded(fcinfo, 0);
	double time = PG_GETARG_FLOAT8(1);
	SegmentSurvivalCurve curve;

	if (isnan(time) || time < 0.0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("time is out of range"),
						errdetail("time is %g; accepted are numbers from 0 on.", time),
						errhint("It is in the unit of the times that were collected.")));
	segment_survival_begin(&curve, survival->points, (size_t) survival->n);
	for (int64 i = 0; i < survival->n && survival->points[i].time <= time; i++)
		segment_survival_take(&curve, &survival->points[i]);
	if (curve.left == 0 && curve.survival > 0.0 && time > survival->points[survival->n - 1].time)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(curve.survival);
}

/* A share between 0 and 1, ends excluded. */
static double
share_argument(FunctionCallInfo fcinfo, int arg)
{
	double share = PG_GETARG_FLOAT8(arg);

	if (!(share > 0.0 && share < 1.0))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("share is out of range"),
						errdetail("share is %g; accepted are numbers between 0 and 1.", share),
						errhint("0.5 asks for the median.")));
	return share;
}

/* survival_quantile(survival, share) */
PG_FUNCTION_INFO_V1(segment_survival_quantile_of);

Datum
segment_survival_quantile_of(PG_FUNCTION_ARGS)
{
	const Survival *survival = decoded(fcinfo, 0);
	double quantile;
	double low;
	double high;

	segment_survival_quantile(survival->points, (size_t) survival->n, share_argument(fcinfo, 1), 0.0, &quantile, &low,
							  &high);
	if (isnan(quantile))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(quantile);
}

static void
set_number(Datum *values, bool *nulls, int column, double value)
{
	nulls[column] = isnan(value);
	values[column] = Float8GetDatum(value);
}

/* survival_interval(survival, share, confidence) -> (estimate, low, high) */
PG_FUNCTION_INFO_V1(segment_survival_quantile_interval);

Datum
segment_survival_quantile_interval(PG_FUNCTION_ARGS)
{
	const Survival *survival = decoded(fcinfo, 0);
	double share = share_argument(fcinfo, 1);
	double z = -segment_normal_quantile(segment_alpha_of(PG_GETARG_FLOAT8(2)) / 2.0);
	double number[3];
	Datum values[3];
	bool nulls[3];
	TupleDesc row;

	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	segment_survival_quantile(survival->points, (size_t) survival->n, share, z, &number[0], &number[1], &number[2]);
	for (int i = 0; i < 3; i++)
		set_number(values, nulls, i, number[i]);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(row), values, nulls));
}

#define SURVIVAL_COLUMNS 7

/* survival_table(survival, confidence): a row for each time. */
PG_FUNCTION_INFO_V1(segment_survival_table);

Datum
segment_survival_table(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	const Survival *survival = decoded(fcinfo, 0);
	double z = -segment_normal_quantile(segment_alpha_of(PG_GETARG_FLOAT8(1)) / 2.0);
	SegmentSurvivalCurve curve;

	InitMaterializedSRF(fcinfo, 0);
	segment_survival_begin(&curve, survival->points, (size_t) survival->n);
	for (int64 i = 0; i < survival->n; i++)
	{
		const SegmentSurvivalPoint *point = &survival->points[i];
		Datum values[SURVIVAL_COLUMNS] = {0};
		bool nulls[SURVIVAL_COLUMNS] = {false};
		double low;
		double high;

		CHECK_FOR_INTERRUPTS();
		segment_survival_take(&curve, point);
		segment_survival_interval(&curve, z, &low, &high);
		values[0] = Float8GetDatum(point->time);
		values[1] = Int64GetDatum(curve.at_risk);
		values[2] = Int64GetDatum(point->events);
		values[3] = Int64GetDatum(point->censored);
		values[4] = Float8GetDatum(curve.survival);
		set_number(values, nulls, 5, low);
		set_number(values, nulls, 6, high);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
