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

#include "core/agg_context.h"
#include "segmentation/ranking.h"
#include "segmentation/revenue.h"

PG_FUNCTION_INFO_V1(segment_revenue_curve_trans);
PG_FUNCTION_INFO_V1(segment_revenue_curve_final);
PG_FUNCTION_INFO_V1(segment_ranking_final);

/* The values that fit an integer, and the others. */
typedef struct Curve
{
	Tuplesortstate *units; /* NULL: none yet */
	Tuplesortstate *others;
	int64 n;
	int zeros; /* at the end of all values that fit */
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

/* revenue_curve_agg(rfm), ranking_agg(rfm): a NULL summary adds nothing. */
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
	if (segment_aggregate_kind(fcinfo, &context) != AGG_CONTEXT_AGGREGATE)
		segment_refuse_call(fcinfo);
	caller = MemoryContextSwitchTo(context);
	if (PG_ARGISNULL(0))
	{
		curve = palloc0(sizeof(Curve));
		curve->zeros = SEGMENT_REVENUE_DECIMALS;
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
			while (units % segment_power_of_ten(curve->zeros) != 0)
				curve->zeros--;
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

/* The number of customers that the best so many per cent are: a part of one counts as a whole. */
static int64
customers_of(int64 n, int percentile)
{
	return n / SEGMENT_PERCENTILES * percentile +
		   (n % SEGMENT_PERCENTILES * percentile + SEGMENT_PERCENTILES - 1) / SEGMENT_PERCENTILES;
}

/* The points that are reached. */
void
segment_curve_take_points(SegmentCurvePoints *curve)
{
	while (curve->next <= SEGMENT_PERCENTILES && curve->stop == curve->taken)
	{
		Datum sum = segment_units_to_numeric(curve->units, SEGMENT_REVENUE_DECIMALS);

		if (curve->others)
			sum = DirectFunctionCall2(numeric_add, sum, NumericGetDatum(curve->others));
		curve->points[curve->next++] = DirectFunctionCall1(numeric_trim_scale, sum);
		curve->stop = customers_of(curve->n, curve->next);
	}
}

void
segment_curve_begin(SegmentCurvePoints *curve, int64 n)
{
	memset(curve, 0, sizeof(SegmentCurvePoints));
	curve->n = n;
	segment_curve_take_points(curve);
}

void
segment_curve_add_other(SegmentCurvePoints *curve, Numeric value)
{
	curve->others =
		curve->others
			? DatumGetNumeric(DirectFunctionCall2(numeric_add, NumericGetDatum(curve->others), NumericGetDatum(value)))
			: DatumGetNumericCopy(NumericGetDatum(value));
	if (++curve->taken == curve->stop)
		segment_curve_take_points(curve);
}

ArrayType *
segment_curve_end(SegmentCurvePoints *curve)
{
	if (curve->next <= SEGMENT_PERCENTILES)
		elog(ERROR, "the value curve ended early");
	return construct_array(curve->points, SEGMENT_PERCENTILES + 1, NUMERICOID, -1, false, TYPALIGN_INT);
}

static bool
is_greater(Datum other, Datum units)
{
	return DatumGetBool(DirectFunctionCall2(numeric_gt, other,
											segment_units_to_numeric(DatumGetInt64(units), SEGMENT_REVENUE_DECIMALS)));
}

/* The state of a final function, sorted; NULL without a customer. */
static Curve *
sorted_state(FunctionCallInfo fcinfo)
{
	Curve *curve;

	if (segment_aggregate_kind(fcinfo, NULL) != AGG_CONTEXT_AGGREGATE)
		segment_refuse_call(fcinfo);
	if (PG_ARGISNULL(0))
		return NULL;
	curve = (Curve *) PG_GETARG_POINTER(0);
	if (curve->n == 0)
		return NULL;
	if (curve->units)
		tuplesort_performsort(curve->units);
	if (curve->others)
		tuplesort_performsort(curve->others);
	return curve;
}

/* numeric[101]: the revenue of the best 0 to 100 per cent; NULL without a customer. */
Datum
segment_revenue_curve_final(PG_FUNCTION_ARGS)
{
	Curve *curve = sorted_state(fcinfo);
	SegmentCurvePoints points;
	Datum units;
	Datum other;
	bool has_units;
	bool has_other;

	if (curve == NULL)
		PG_RETURN_NULL();
	has_units = next_value(curve->units, &units);
	has_other = next_value(curve->others, &other);
	segment_curve_begin(&points, curve->n);
	while (has_units || has_other)
	{
		if (points.taken % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		if (has_units && !(has_other && is_greater(other, units)))
		{
			segment_curve_add(&points, DatumGetInt64(units));
			has_units = next_value(curve->units, &units);
		}
		else
		{
			segment_curve_add_other(&points, DatumGetNumeric(other));
			has_other = next_value(curve->others, &other);
		}
	}
	end_sorts(PointerGetDatum(curve));
	PG_RETURN_ARRAYTYPE_P(segment_curve_end(&points));
}

/* bytea: the ranking, as ranking.h has it; no bytes if a revenue does not fit 64 bits, NULL without a customer. */
Datum
segment_ranking_final(PG_FUNCTION_ARGS)
{
	Curve *curve = sorted_state(fcinfo);
	RankingWriter writer;
	Datum units;

	if (curve == NULL)
		PG_RETURN_NULL();
	if (curve->others)
	{
		bytea *none = palloc(VARHDRSZ);

		SET_VARSIZE(none, VARHDRSZ);
		PG_RETURN_BYTEA_P(none);
	}
	segment_ranking_begin(&writer, curve->n, curve->zeros);
	for (int64 i = 0; next_value(curve->units, &units); i++)
	{
		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		segment_ranking_put(&writer, DatumGetInt64(units));
	}
	end_sorts(PointerGetDatum(curve));
	PG_RETURN_BYTEA_P(segment_ranking_end(&writer));
}
