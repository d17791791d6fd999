/*
 * revenue.c: what the best customers bring: the revenue of the best 0, 1, ... 100 per cent, exact, by one sort of
 * integers; and what a customer spent as such an integer.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/tuplesort.h"
#include "utils/typcache.h"

#include "core/error.h"
#include "segmentation/revenue.h"

PG_FUNCTION_INFO_V1(segment_revenue_curve_trans);
PG_FUNCTION_INFO_V1(segment_revenue_curve_final);

#define PERCENTILES 100

/* The values that fit an integer, and the others. */
typedef struct Curve
{
	Tuplesortstate *units; /* NULL: none yet */
	Tuplesortstate *others;
	int64 n;
} Curve;

bool
segment_revenue_units(const Rfm *rfm, int64 *units)
{
	segment_int128 total = rfm->total;
	int more = SEGMENT_REVENUE_DECIMALS - rfm->scale;

	if (rfm->is_wide)
		return false;
	if (more >= 0)
	{
		if (!segment_int128_scale_up(&total, more))
			return false;
	}
	else
	{
		for (; more < 0; more++)
		{
			if (total % 10 != 0)
				return false;
			total /= 10;
		}
	}
	if (total < PG_INT64_MIN || total > PG_INT64_MAX)
		return false;
	*units = (int64) total;
	return true;
}

/* Without zeros at the end, so that equal amounts are equal in all that is computed of them. */
static Numeric
decimal(const SegmentWide *units, int scale)
{
	return DatumGetNumeric(DirectFunctionCall1(numeric_trim_scale, segment_decimal_to_numeric(units, scale)));
}

Numeric
segment_revenue_numeric(const Rfm *rfm)
{
	SegmentWide total = segment_rfm_total(rfm);

	return decimal(&total, rfm->scale);
}

uint64
segment_returned_hash(const Rfm *rfm)
{
	SegmentWide returned = segment_rfm_returned(rfm);

	return DatumGetUInt64(
		DirectFunctionCall2(hash_numeric_extended, NumericGetDatum(decimal(&returned, rfm->scale)), Int64GetDatum(0)));
}

static void
end_sorts(Datum argument)
{
	Curve *curve = (Curve *) DatumGetPointer(argument);

	if (curve->units)
		tuplesort_end(curve->units);
	if (curve->others)
		tuplesort_end(curve->others);
	curve->units = curve->others = NULL;
}

/* Largest first. */
static Tuplesortstate *
begin_sort(Oid type)
{
	Oid greater = lookup_type_cache(type, TYPECACHE_GT_OPR)->gt_opr;

	return tuplesort_begin_datum(type, greater, InvalidOid, false, maintenance_work_mem, NULL, TUPLESORT_NONE);
}

/* revenue_curve_agg(rfm): a NULL summary adds nothing. */
Datum
segment_revenue_curve_trans(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	MemoryContext caller;
	Curve *curve;
	Rfm buffer;
	const Rfm *rfm;
	int64 units;

	/* The files of a sort are closed when the aggregate ends; a window function tells too late. */
	if (AggCheckCallContext(fcinfo, &context) != AGG_CONTEXT_AGGREGATE)
		segment_not_an_aggregate("revenue_curve_trans");
	caller = MemoryContextSwitchTo(context);
	if (PG_ARGISNULL(0))
	{
		curve = palloc0(sizeof(Curve));
		AggRegisterCallback(fcinfo, end_sorts, PointerGetDatum(curve));
	}
	else
		curve = (Curve *) PG_GETARG_POINTER(0);
	if (!PG_ARGISNULL(1))
	{
		rfm = segment_rfm_open(PG_GETARG_DATUM(1), &buffer);
		curve->n++;
		if (segment_revenue_units(rfm, &units))
		{
			if (curve->units == NULL)
				curve->units = begin_sort(INT8OID);
			tuplesort_putdatum(curve->units, Int64GetDatum(units), false);
		}
		else
		{
			if (curve->others == NULL)
				curve->others = begin_sort(NUMERICOID);
			tuplesort_putdatum(curve->others, NumericGetDatum(segment_revenue_numeric(rfm)), false);
		}
	}
	MemoryContextSwitchTo(caller);
	PG_RETURN_POINTER(curve);
}

/* The next of one of the two sorts; false at the end. */
static bool
next_value(Tuplesortstate *sort, Datum *value)
{
	bool null;

	return sort != NULL && segment_tuplesort_getdatum(sort, value, &null);
}

/* A running total: an integer as long as it fits, and a numeric beside it. */
typedef struct RunningTotal
{
	segment_int128 units;
	Numeric others; /* NULL: nothing */
} RunningTotal;

static Datum
total_datum(const RunningTotal *total)
{
	Datum sum = segment_units_to_numeric(total->units, SEGMENT_REVENUE_DECIMALS);

	if (total->others)
		sum = DirectFunctionCall2(numeric_add, sum, NumericGetDatum(total->others));
	return DirectFunctionCall1(numeric_trim_scale, sum);
}

static bool
is_greater(Datum other, Datum units)
{
	return DatumGetBool(DirectFunctionCall2(numeric_gt, other,
											segment_units_to_numeric(DatumGetInt64(units), SEGMENT_REVENUE_DECIMALS)));
}

/* The number of customers that the best so many per cent are: a part of one counts as a whole. */
static int64
customers_of(int64 n, int percentile)
{
	return n / PERCENTILES * percentile + (n % PERCENTILES * percentile + PERCENTILES - 1) / PERCENTILES;
}

/* numeric[101]: the revenue of the best 0 to 100 per cent; NULL without a customer. */
Datum
segment_revenue_curve_final(PG_FUNCTION_ARGS)
{
	Curve *curve;
	Datum points[PERCENTILES + 1];
	RunningTotal total = {0};
	Datum units;
	Datum other;
	bool has_units;
	bool has_other;
	int percentile = 0;

	if (AggCheckCallContext(fcinfo, NULL) != AGG_CONTEXT_AGGREGATE)
		segment_not_an_aggregate("revenue_curve_final");
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	curve = (Curve *) PG_GETARG_POINTER(0);
	if (curve->n == 0)
		PG_RETURN_NULL();
	if (curve->units)
		tuplesort_performsort(curve->units);
	if (curve->others)
		tuplesort_performsort(curve->others);

	has_units = next_value(curve->units, &units);
	has_other = next_value(curve->others, &other);
	for (int64 i = 0;; i++)
	{
		while (percentile <= PERCENTILES && customers_of(curve->n, percentile) == i)
			points[percentile++] = total_datum(&total);
		if (i == curve->n)
			break;
		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		if (has_units && !(has_other && is_greater(other, units)))
		{
			/* 2^63 customers of 2^63 units fit */
			total.units += DatumGetInt64(units);
			has_units = next_value(curve->units, &units);
		}
		else
		{
			total.others = total.others
							   ? DatumGetNumeric(DirectFunctionCall2(numeric_add, NumericGetDatum(total.others), other))
							   : DatumGetNumericCopy(other);
			has_other = next_value(curve->others, &other);
		}
	}
	end_sorts(PointerGetDatum(curve));
	PG_RETURN_ARRAYTYPE_P(construct_array(points, PERCENTILES + 1, NUMERICOID, -1, false, TYPALIGN_INT));
}
