/*
 * score_rfm.c: scores one customer by frozen cut points, and puts cut points together.
 */
#include "postgres.h"

#include "core/compat.h"

#include "utils/builtins.h"

#include "score/cut_points.h"

bool
segment_rfm_measure(const Rfm *rfm, DateADT as_of, pg_tz *zone, RfmMonetary monetary, double values[RFM_DIMENSIONS])
{
	if (!segment_rfm_has_orders(rfm))
		return false;
	values[RFM_RECENCY] = segment_rfm_recency_days(rfm, as_of, zone);
	values[RFM_FREQUENCY] = (double) rfm->orders;
	values[RFM_MONETARY] =
		monetary == RFM_MONETARY_TOTAL ? segment_rfm_monetary_double(rfm) : segment_rfm_average_double(rfm);
	return true;
}

void
segment_rfm_cut_points_open(Datum value, const SegmentCuts *cuts[RFM_DIMENSIONS], RfmMonetary *monetary)
{
	const RfmCutPoints *cut_points = DatumGetRfmCutPoints(value);

	segment_rfm_cuts(cut_points, cuts);
	*monetary = (RfmMonetary) cut_points->monetary;
}

/* rfm_cut_points(r, f, m, monetary): strict; 22023 for cut points that don't fit their place. */
PG_FUNCTION_INFO_V1(segment_rfm_cut_points_make);

Datum
segment_rfm_cut_points_make(PG_FUNCTION_ARGS)
{
	const SegmentCuts *cuts[RFM_DIMENSIONS];
	RfmMonetary monetary = (RfmMonetary) segment_option_of(&segment_monetary_option, PG_GETARG_TEXT_PP(3));
	const char *fault;

	for (int d = 0; d < RFM_DIMENSIONS; d++)
		cuts[d] = &PG_GETARG_CUT_POINTS(d)->cuts;
	fault = segment_rfm_cuts_fault(cuts);
	if (fault)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("cut points do not fit together"),
				 errdetail("%s", fault),
				 errhint("For recency use cut_points(array, 'within') or cut_points(quantiles, bins, direction => "
						 "'descending'); for frequency and monetary cut_points(array).")));
	PG_RETURN_POINTER(segment_rfm_cut_points_value(cuts, monetary));
}

/* rfm_score(rfm_cut_points, rfm, as_of, zone): strict. */
PG_FUNCTION_INFO_V1(segment_rfm_score_frozen);

Datum
segment_rfm_score_frozen(PG_FUNCTION_ARGS)
{
	RfmCutPoints *cut_points = PG_GETARG_RFM_CUT_POINTS(0);
	Rfm *rfm = PG_GETARG_RFM(1);
	DateADT as_of = PG_GETARG_DATEADT(2);
	pg_tz *zone = segment_zone_arg(fcinfo, 3);
	const SegmentCuts *cuts[RFM_DIMENSIONS];
	double values[RFM_DIMENSIONS];
	RfmScore score;

	segment_check_as_of(as_of);
	segment_rfm_cuts(cut_points, cuts);
	if (segment_rfm_measure(rfm, as_of, zone, (RfmMonetary) cut_points->monetary, values))
		score = segment_rfm_score_values(cuts, values);
	else
		score = rfm_score_make(0, 0, 0, cuts[0]->bins, cuts[1]->bins, cuts[2]->bins);
	PG_FREE_IF_COPY(cut_points, 0);
	PG_FREE_IF_COPY(rfm, 1);
	PG_RETURN_RFM_SCORE(score);
}
