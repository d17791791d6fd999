/*
 * family.c: several results at once: p-values of a family, segments against each other and together, arms against their shares.
 */
#include "postgres.h"

#include <math.h>

#include "core/compat.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "core/option.h"
#include "experiment/row.h"
#include "math/distribution.h"
#include "math/trial.h"

/* adjust_p(p, method): NULLs stay, and do not count. Strict. */
PG_FUNCTION_INFO_V1(segment_adjust_p_sql);

Datum
segment_adjust_p_sql(PG_FUNCTION_ARGS)
{
	static const char *const words[] = {"bonferroni", "holm", "hochberg", "bh", "by"};
	static const SegmentOption option = {
		"method", words, lengthof(words),
		"holm keeps the chance of any false alarm; bh keeps the share of false ones among the alarms."};
	int n;
	double *p = segment_list_arg(fcinfo, 0, "p", &n);
	SegmentAdjustment method = (SegmentAdjustment) segment_option_of(&option, PG_GETARG_TEXT_PP(1));
	double *known = segment_palloc_array(double, Max(n, 1));
	int *rank = segment_palloc_array(int, Max(n, 1));
	Datum *elements = segment_palloc_array(Datum, Max(n, 1));
	bool *nulls = segment_palloc_array(bool, Max(n, 1));
	int n_known = 0;
	int dims[1];
	int bounds[1] = {1};

	for (int i = 0; i < n; i++)
	{
		if (isnan(p[i]))
			continue;
		if (p[i] < 0.0 || p[i] > 1.0)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("p-value is out of range"),
							errdetail("Element %d is %g; accepted are 0 to 1.", i + 1, p[i]),
							errhint("Pass p-values, as compare gives them.")));
		known[n_known++] = p[i];
	}
	segment_adjust_p(known, n_known, method, rank);
	n_known = 0;
	for (int i = 0; i < n; i++)
	{
		nulls[i] = isnan(p[i]);
		elements[i] = Float8GetDatum(nulls[i] ? 0.0 : known[n_known++]);
	}
	if (n == 0)
		PG_RETURN_POINTER(construct_empty_array(FLOAT8OID));
	dims[0] = n;
	PG_RETURN_POINTER(construct_md_array(elements, nulls, 1, dims, bounds, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL,
										 TYPALIGN_DOUBLE));
}

pg_noreturn static void
refuse_lengths(int a, int b, const char *names)
{
	ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR), errmsg("%s have different lengths", names),
					errdetail("They have %d and %d elements.", a, b),
					errhint("Pass one element of each a segment or arm, in the same order.")));
}

/* Differences with their standard errors, of the segments that have both; returns how many. */
static int
estimates_arg(FunctionCallInfo fcinfo, double **diff, double **se, int *n_all)
{
	int n_se;
	int n = 0;

	*diff = segment_list_arg(fcinfo, 0, "diffs", n_all);
	*se = segment_list_arg(fcinfo, 1, "ses", &n_se);
	if (*n_all != n_se)
		refuse_lengths(*n_all, n_se, "diffs and ses");
	for (int i = 0; i < *n_all; i++)
	{
		if ((*se)[i] < 0.0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("standard error is negative"),
					 errdetail("Element %d is %g.", i + 1, (*se)[i]), errhint("Pass the column se of compare.")));
		if (isnan((*diff)[i]) || !((*se)[i] > 0.0))
			continue;
		(*diff)[n] = (*diff)[i];
		(*se)[n++] = (*se)[i];
	}
	return n;
}

/* heterogeneity(diffs, ses) -> (segments, left_out, q, df, p_value, i_squared, pooled, pooled_se, reason). Strict. */
PG_FUNCTION_INFO_V1(segment_heterogeneity);

Datum
segment_heterogeneity(PG_FUNCTION_ARGS)
{
	double *diff;
	double *se;
	int n_all;
	int n = estimates_arg(fcinfo, &diff, &se, &n_all);
	SegmentRow row;

	segment_row_begin(&row, fcinfo, 9, 8);
	segment_row_set_count(&row, 0, n);
	segment_row_set_count(&row, 1, n_all - n);
	if (n > 0)
	{
		double pooled;
		double pooled_se;
		double q = segment_cochran_q(diff, se, n, &pooled, &pooled_se);

		segment_row_set(&row, 6, pooled);
		segment_row_set(&row, 7, pooled_se);
		if (n > 1)
		{
			segment_row_set(&row, 2, q);
			segment_row_set_count(&row, 3, n - 1);
			segment_row_set(&row, 4, segment_chi_square_upper(q, n - 1));
			segment_row_set(&row, 5, q > n - 1 ? (q - (n - 1)) / q : 0.0);
		}
	}
	if (n < 2)
		segment_row_reason(&row, "fewer than two segments have a difference with a standard error");
	return segment_row_end(&row);
}

/* heterogeneity_p(diffs, ses): its p-value alone. Strict. */
PG_FUNCTION_INFO_V1(segment_heterogeneity_p);

Datum
segment_heterogeneity_p(PG_FUNCTION_ARGS)
{
	double *diff;
	double *se;
	int n_all;
	int n = estimates_arg(fcinfo, &diff, &se, &n_all);
	double pooled;
	double pooled_se;

	if (n < 2)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(segment_chi_square_upper(segment_cochran_q(diff, se, n, &pooled, &pooled_se), n - 1));
}

/* poststratify(diffs, ses, weights, confidence, side) -> (diff, se, statistic, p_value, ci_low, ci_high, reason). Strict. */
PG_FUNCTION_INFO_V1(segment_poststratify);

Datum
segment_poststratify(PG_FUNCTION_ARGS)
{
	int n;
	int n_se;
	int n_weights;
	double *diff = segment_list_arg(fcinfo, 0, "diffs", &n);
	double *se = segment_list_arg(fcinfo, 1, "ses", &n_se);
	double *weight = segment_list_arg(fcinfo, 2, "weights", &n_weights);
	double alpha = segment_alpha_arg(fcinfo, 3);
	SegmentSide side = segment_side_arg(fcinfo, 4);
	double weights = 0.0;
	double sum = 0.0;
	double variance = 0.0;
	bool complete = true;
	SegmentRow row;

	if (n != n_se)
		refuse_lengths(n, n_se, "diffs and ses");
	if (n != n_weights)
		refuse_lengths(n, n_weights, "diffs and weights");
	segment_row_begin(&row, fcinfo, 7, 6);
	for (int i = 0; i < n; i++)
	{
		if (!(weight[i] >= 0.0))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("weight is out of range"),
							errdetail("Element %d is %g; accepted are numbers from 0.", i + 1, weight[i]),
							errhint("Pass how many customers each segment has.")));
		weights += weight[i];
		if (weight[i] > 0.0)
		{
			complete = complete && !isnan(diff[i]) && !isnan(se[i]);
			sum += weight[i] * diff[i];
			variance += weight[i] * weight[i] * se[i] * se[i];
		}
	}
	if (!(weights > 0.0))
		segment_row_reason(&row, "no segment has a weight");
	else if (!complete)
		segment_row_reason(&row, "a segment has no difference or no standard error: merge it with another");
	else
	{
		double deviation = sqrt(variance) / weights;
		double low;
		double high;

		sum /= weights;
		segment_row_set(&row, 0, sum);
		if (deviation > 0.0)
		{
			segment_row_set(&row, 1, deviation);
			segment_row_set(&row, 2, sum / deviation);
			segment_row_set(&row, 3, segment_p_value(sum / deviation, HUGE_VAL, side));
			segment_interval(sum, deviation, segment_reach(HUGE_VAL, alpha, side), side, &low, &high);
			segment_row_set(&row, 4, low);
			segment_row_set(&row, 5, high);
		}
		else
			segment_row_reason(&row, "no variance");
	}
	return segment_row_end(&row);
}

/* An exact test looks at this many outcomes at most. */
#define MAX_OUTCOMES 1e6

/* The split is wrong below this. */
#define SRM_ALARM 0.001

/* srm(counts, shares) -> (n, chi_square, df, p_value, method, verdict, reason). Strict. */
PG_FUNCTION_INFO_V1(segment_srm);

Datum
segment_srm(PG_FUNCTION_ARGS)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(0);
	const int64 *given = (const int64 *) ARR_DATA_PTR(array);
	int n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	int n_shares;
	double *share = segment_list_arg(fcinfo, 1, "shares", &n_shares);
	int64 *count = segment_palloc_array(int64, Max(n, 1));
	double shares = 0.0;
	double least = HUGE_VAL;
	double p_value = NAN;
	double smallest = 0.0;
	int64 total = 0;
	int arms = 0;
	bool strangers = false;
	SegmentRow row;

	if (ARR_NDIM(array) > 1 || array_contains_nulls(array) || n != n_shares || n < 2)
		ereport(
			ERROR,
			(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR), errmsg("counts and shares are no split"),
			 errdetail("They have %d and %d elements; accepted are two lists of the same length, from 2, without NULL.",
					   n, n_shares),
			 errhint("Pass a count and a share of each arm, such as ARRAY[9463, 7681], ARRAY[0.5, 0.5].")));
	for (int i = 0; i < n; i++)
	{
		if (!(share[i] >= 0.0) || given[i] < 0 || given[i] > PG_INT64_MAX / 1024 || total > PG_INT64_MAX / 2)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("arm is out of range"),
							errdetail("Arm %d has count %lld and share %g; accepted are numbers from 0.", i + 1,
									  (long long) given[i], share[i]),
							errhint("Pass what was planned as shares, and what was counted as counts.")));
		total += given[i];
		if (share[i] > 0.0)
		{
			share[arms] = share[i];
			count[arms++] = given[i];
			shares += share[i];
		}
		else if (given[i] > 0)
			strangers = true;
	}
	if (!(shares > 0.0) || !isfinite(shares))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("shares are no split"),
						errdetail("They add up to %g.", shares),
						errhint("Pass what was planned, such as ARRAY[0.1, 0.9] or ARRAY[1, 9].")));
	for (int i = 0; i < arms; i++)
	{
		share[i] /= shares;
		least = fmin(least, (double) total * share[i]);
	}
	segment_row_begin(&row, fcinfo, 7, 6);
	segment_row_set_count(&row, 0, total);
	if (strangers)
	{
		segment_row_set(&row, 3, 0.0);
		segment_row_set_text(&row, 5, "mismatch");
		segment_row_reason(&row, "an arm of share 0 has customers");
		return segment_row_end(&row);
	}
	if (total == 0 || arms < 2)
	{
		segment_row_set_text(&row, 5, "too few to say");
		segment_row_reason(&row, total == 0 ? "no customers" : "fewer than two arms have a share");
		return segment_row_end(&row);
	}
	segment_row_set(&row, 1, segment_pearson(count, share, arms));
	segment_row_set_count(&row, 2, arms - 1);
	if (least >= 5.0)
	{
		p_value = segment_chi_square_upper(segment_pearson(count, share, arms), arms - 1);
		segment_row_set_text(&row, 4, "chi-square");
	}
	else
	{
		p_value = segment_multinomial_p(count, share, arms, MAX_OUTCOMES, &smallest);
		if (isnan(p_value))
			segment_row_reason(&row, "an arm is expected to have fewer than 5, and an exact test would take too long");
		else
			segment_row_set_text(&row, 4, "exact");
	}
	segment_row_set(&row, 3, p_value);
	if (isnan(p_value) || smallest >= SRM_ALARM)
	{
		segment_row_set_text(&row, 5, "too few to say");
		segment_row_reason(&row, "so few customers that no split of them would be surprising");
	}
	else
		segment_row_set_text(&row, 5, p_value < SRM_ALARM ? "mismatch" : "ok");
	return segment_row_end(&row);
}
