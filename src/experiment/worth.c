/*
 * worth.c: was it worth the money: return on the cost of treating a customer, cost of an order won, the lift that pays.
 */
#include "postgres.h"

#include <math.h>

#include "core/compat.h"

#include "experiment/experiment.h"
#include "experiment/row.h"
#include "math/effect.h"

/* Costs and rates lie below this. */
#define MAX_NUMBER 1e30

static double
number_or_nan(FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) ? NAN : PG_GETARG_FLOAT8(arg);
}

/*
 * roi(diff, ci_low, ci_high, margin_rate, cost) -> (margin, margin_low, margin_high, roi, roi_low, roi_high): per treated
 * customer. Not strict: what is NULL among the first three is NULL in the result.
 */
PG_FUNCTION_INFO_V1(segment_roi);

Datum
segment_roi(PG_FUNCTION_ARGS)
{
	double margin_rate = segment_between_arg(fcinfo, 3, "margin_rate", 0.0, MAX_NUMBER);
	double cost = segment_between_arg(fcinfo, 4, "cost", 0.0, MAX_NUMBER);
	SegmentRow row;

	segment_row_begin(&row, fcinfo, 6, -1);
	for (int i = 0; i < 3; i++)
	{
		double margin = margin_rate * number_or_nan(fcinfo, i);

		segment_row_set(&row, i, margin);
		segment_row_set(&row, 3 + i, (margin - cost) / cost);
	}
	return segment_row_end(&row);
}

/*
 * cost_per_incremental(diff, ci_low, ci_high, cost) -> (cost_each, low, high, reason), where diff is how many more orders a
 * treated customer places. Not strict.
 */
PG_FUNCTION_INFO_V1(segment_cost_per_incremental);

Datum
segment_cost_per_incremental(PG_FUNCTION_ARGS)
{
	double diff = number_or_nan(fcinfo, 0);
	double low = number_or_nan(fcinfo, 1);
	double high = number_or_nan(fcinfo, 2);
	double cost = segment_between_arg(fcinfo, 3, "cost", 0.0, MAX_NUMBER);
	SegmentRow row;

	segment_row_begin(&row, fcinfo, 4, 3);
	if (diff > 0.0)
		segment_row_set(&row, 0, cost / diff);
	else if (!isnan(diff))
		segment_row_reason(&row, "no more orders than in the control arm");
	if (high > 0.0 && !isnan(low))
	{
		segment_row_set(&row, 1, cost / high);
		segment_row_set(&row, 2, low > 0.0 ? cost / low : HUGE_VAL);
		if (!(low > 0.0))
			segment_row_reason(&row,
							   "there may be no more orders than in the control arm: the cost has no upper limit");
	}
	return segment_row_end(&row);
}

/*
 * break_even_lift(control, margin_rate, cost, confidence) -> (diff, lift, lift_low, lift_high, reason): how much more a
 * treated customer must bring to pay for the treatment; the interval is that of the control arm's mean. Strict.
 */
PG_FUNCTION_INFO_V1(segment_break_even_lift);

Datum
segment_break_even_lift(PG_FUNCTION_ARGS)
{
	SegmentMoments moments;
	double margin_rate = segment_between_arg(fcinfo, 1, "margin_rate", 0.0, MAX_NUMBER);
	double diff = segment_between_arg(fcinfo, 2, "cost", 0.0, MAX_NUMBER) / margin_rate;
	double alpha = segment_alpha_arg(fcinfo, 3);
	double n;
	double mean;
	double squares;
	SegmentRow row;

	segment_outcome_arg(fcinfo, 0, &moments);
	n = (double) moments.n_alone + (double) moments.n_both;
	mean = segment_moments_mean_y(&moments);
	squares = segment_moments_squares_y(&moments);
	segment_row_begin(&row, fcinfo, 5, 4);
	segment_row_set(&row, 0, diff);
	if (mean == 0.0)
		segment_row_reason(&row, "the control arm is 0: no relative lift");
	else
		segment_row_set(&row, 1, diff / fabs(mean));
	if (mean != 0.0 && n < 2)
		segment_row_reason(&row, "the arm has one row: its variance is unknown");
	else if (mean != 0.0)
	{
		double half = segment_reach(n - 1, alpha, SEGMENT_TWO_SIDED) * sqrt(squares / (n - 1) / n);

		if (half >= fabs(mean))
			segment_row_reason(&row, "the control arm is not different from 0: the lift could be anything");
		else if (!(half > 0.0))
			segment_row_reason(&row, "no variance: the rows of the arm are all alike");
		else
		{
			segment_row_set(&row, 2, diff / (fabs(mean) + half));
			segment_row_set(&row, 3, diff / (fabs(mean) - half));
		}
	}
	return segment_row_end(&row);
}
