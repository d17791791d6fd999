/*
 * score_due.c: the day on which time alone changes a score. Frequency and monetary stand still without orders; recency
 * grows by a day a day, so the day on which it crosses a threshold is known beforehand.
 */
#include "postgres.h"

#include "core/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/array.h"

#include "score/cut_points.h"

/* Beyond this many days no date exists. */
#define MAX_DAYS 10000000

/* The first number of days that lies above a threshold. */
static double
first_day_above(const SegmentCuts *cuts, double threshold)
{
	return segment_cuts_inclusive(cuts) ? ceil(threshold) : floor(threshold) + 1;
}

/* The first whole number above now at which recency gets another score; MAX_DAYS if there is none. */
static int64
next_recency(const SegmentCuts *cuts, int32 now)
{
	/* Ascending thresholds are crossed in their order. */
	for (int i = 0; i < cuts->bins - 1; i++)
	{
		double day = first_day_above(cuts, cuts->thresholds[i]);

		if (day > now)
			return day < MAX_DAYS ? (int64) day : MAX_DAYS;
	}
	return MAX_DAYS;
}

/*
 * score_due(rfm_cut_points, rfm, as_of, zone, tenure integer[]): the first day after as_of on which the recency score
 * changes, or the days since the first order reach one of tenure. NULL if there is no such day. Strict.
 */
PG_FUNCTION_INFO_V1(segment_score_due);

Datum
segment_score_due(PG_FUNCTION_ARGS)
{
	RfmCutPoints *cut_points = PG_GETARG_RFM_CUT_POINTS(0);
	Rfm *rfm = PG_GETARG_RFM(1);
	DateADT as_of = PG_GETARG_DATEADT(2);
	pg_tz *zone = segment_zone_arg(fcinfo, 3);
	ArrayType *tenure = PG_GETARG_ARRAYTYPE_P(4);
	const SegmentCuts *cuts[RFM_DIMENSIONS];
	int64 days = MAX_DAYS;
	int32 now;

	segment_check_as_of(as_of);
	if (!segment_rfm_has_orders(rfm))
		PG_RETURN_NULL();
	segment_rfm_cuts(cut_points, cuts);
	now = segment_rfm_recency_days(rfm, as_of, zone);
	days = Min(days, next_recency(cuts[RFM_RECENCY], now) - now);
	if (ARR_HASNULL(tenure) || ARR_ELEMTYPE(tenure) != INT4OID)
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("a bound of tenure is NULL"),
						errdetail("The array is of days since the first order."), errhint("Leave it out.")));
	now = segment_rfm_tenure_days(rfm, as_of, zone);
	for (int i = 0; i < ArrayGetNItems(ARR_NDIM(tenure), ARR_DIMS(tenure)); i++)
	{
		int32 bound = ((int32 *) ARR_DATA_PTR(tenure))[i];

		if (bound > now)
			days = Min(days, (int64) bound - now);
	}
	if (days >= MAX_DAYS || !IS_VALID_DATE(as_of + days))
		PG_RETURN_NULL();
	PG_RETURN_DATEADT((DateADT) (as_of + days));
}
