/*
 * outcome_access.c: what an outcome says of its own arm.
 */
#include "postgres.h"

#include <math.h>

#include "core/compat.h"

#include "utils/builtins.h"

#include "core/option.h"
#include "experiment/experiment.h"

PG_FUNCTION_INFO_V1(segment_outcome_n);

Datum
segment_outcome_n(PG_FUNCTION_ARGS)
{
	SegmentMoments moments;

	segment_outcome_arg(fcinfo, 0, &moments);
	PG_RETURN_INT64(moments.n_alone + moments.n_both);
}

/* Rows whose second column is missing; NULL without a second column. Strict. */
PG_FUNCTION_INFO_V1(segment_outcome_missing);

Datum
segment_outcome_missing(PG_FUNCTION_ARGS)
{
	SegmentMoments moments;

	segment_outcome_arg(fcinfo, 0, &moments);
	if (!moments.has_x)
		PG_RETURN_NULL();
	PG_RETURN_INT64(moments.n_alone);
}

static Datum
sum_to_numeric(SegmentBig sum, int decimals)
{
	char digits[SEGMENT_BIG_DIGITS];

	decimals = segment_big_normalize(&sum, decimals);
	segment_big_print(&sum, decimals, digits);
	return DirectFunctionCall3(numeric_in, CStringGetDatum(digits), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

PG_FUNCTION_INFO_V1(segment_outcome_total);

Datum
segment_outcome_total(PG_FUNCTION_ARGS)
{
	SegmentMoments moments;
	SegmentBig sum;

	segment_outcome_arg(fcinfo, 0, &moments);
	sum = moments.sum[SEGMENT_ALONE_Y];
	segment_big_add(&sum, &moments.sum[SEGMENT_Y]);
	return sum_to_numeric(sum, moments.y_scale);
}

PG_FUNCTION_INFO_V1(segment_outcome_total_x);

Datum
segment_outcome_total_x(PG_FUNCTION_ARGS)
{
	SegmentMoments moments;

	segment_outcome_arg(fcinfo, 0, &moments);
	if (!moments.has_x)
		PG_RETURN_NULL();
	return sum_to_numeric(moments.sum[SEGMENT_X], moments.x_scale);
}

PG_FUNCTION_INFO_V1(segment_outcome_mean);

Datum
segment_outcome_mean(PG_FUNCTION_ARGS)
{
	SegmentMoments moments;

	segment_outcome_arg(fcinfo, 0, &moments);
	PG_RETURN_FLOAT8(segment_moments_mean_y(&moments));
}

PG_FUNCTION_INFO_V1(segment_outcome_mean_x);

Datum
segment_outcome_mean_x(PG_FUNCTION_ARGS)
{
	SegmentMoments moments;

	segment_outcome_arg(fcinfo, 0, &moments);
	if (moments.n_both == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(segment_moments_mean_x(&moments));
}

/* Sum of y over sum of x, of the rows with both; NULL without rows, and for a sum of 0. Strict. */
PG_FUNCTION_INFO_V1(segment_outcome_ratio);

Datum
segment_outcome_ratio(PG_FUNCTION_ARGS)
{
	SegmentMoments moments;

	segment_outcome_arg(fcinfo, 0, &moments);
	if (moments.n_both == 0 || segment_big_is_zero(&moments.sum[SEGMENT_X]))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(segment_moments_mean_y_both(&moments) / segment_moments_mean_x(&moments));
}

/* Correlation of the two columns; NULL where one does not vary. Strict. */
PG_FUNCTION_INFO_V1(segment_outcome_correlation);

Datum
segment_outcome_correlation(PG_FUNCTION_ARGS)
{
	SegmentMoments moments;
	double yy;
	double xx;

	segment_outcome_arg(fcinfo, 0, &moments);
	yy = segment_moments_squares_y_both(&moments);
	xx = segment_moments_squares_x(&moments);
	if (!(yy > 0.0 && xx > 0.0))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(fmin(fmax(segment_moments_products(&moments) / sqrt(yy) / sqrt(xx), -1.0), 1.0));
}

/* outcome_sd(outcome, method): the deviation per row of what compare compares by that method. Strict. */
PG_FUNCTION_INFO_V1(segment_outcome_sd);

Datum
segment_outcome_sd(PG_FUNCTION_ARGS)
{
	static const char *const words[] = {"mean", "rate", "ratio", "cuped"};
	static const SegmentOption option = {"method", words, lengthof(words),
										 "It is the method that compare will be called with."};
	int method = segment_option_of(&option, PG_GETARG_TEXT_PP(1));
	SegmentMoments moments;
	double n;
	double squares;

	segment_outcome_arg(fcinfo, 0, &moments);
	if (method >= 2 && !moments.has_x)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("outcome has no second column"),
						errdetail("Method %s needs one.", words[method]), errhint("Build it by outcome_agg(y, x).")));
	n = (double) (method >= 2 ? moments.n_both : moments.n_alone + moments.n_both);
	if (method == 1)
	{
		double rate = segment_moments_mean_y(&moments);

		if (!segment_moments_is_rate(&moments))
			PG_RETURN_NULL();
		PG_RETURN_FLOAT8(sqrt(rate * (1.0 - rate)));
	}
	if (n < 2)
		PG_RETURN_NULL();
	if (method == 0)
		squares = segment_moments_squares_y(&moments);
	else
	{
		double yy = segment_moments_squares_y_both(&moments);
		double xx = segment_moments_squares_x(&moments);
		double xy = segment_moments_products(&moments);

		if (method == 2)
		{
			double x = segment_moments_mean_x(&moments);
			double ratio = segment_moments_mean_y_both(&moments) / x;

			if (x == 0.0)
				PG_RETURN_NULL();
			squares = (yy - 2 * ratio * xy + ratio * ratio * xx) / (x * x);
		}
		else
			squares = xx > 0.0 ? yy - xy * xy / xx : yy;
	}
	PG_RETURN_FLOAT8(sqrt(fmax(squares, 0.0) / (n - 1)));
}
