/*
 * plan.c: before a trial: how many customers it takes, and what so many can show.
 */
#include "postgres.h"

#include <math.h>

#include "core/compat.h"

#include "core/option.h"
#include "experiment/row.h"
#include "math/trial.h"

/* Sizes and deviations lie below these. */
#define MAX_NUMBER 1e30

/* The three options that all of these end with: power, or none; confidence, side. */
static SegmentTest
test_arg(FunctionCallInfo fcinfo, int first)
{
	SegmentTest test;

	test.alpha = segment_alpha_arg(fcinfo, first);
	test.side = segment_side_arg(fcinfo, first + 1);
	test.strict = false;
	return test;
}

static double
rate_arg(FunctionCallInfo fcinfo, int arg, const char *name)
{
	double rate = PG_GETARG_FLOAT8(arg);

	if (!(rate >= 0.0 && rate <= 1.0))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s is out of range", name),
						errdetail("%s is %g; accepted are 0 to 1.", name, rate), errhint("10 percent is 0.1.")));
	return rate;
}

/* A number of customers. */
static double
size_arg(FunctionCallInfo fcinfo, int arg, const char *name)
{
	int64 size = PG_GETARG_INT64(arg);

	if (size < 2)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s is out of range", name),
						errdetail("%s is %lld; accepted are 2 and more.", name, (long long) size),
						errhint("Fewer customers have no variance to go by.")));
	return (double) size;
}

static double
difference_arg(FunctionCallInfo fcinfo, int arg)
{
	double diff = PG_GETARG_FLOAT8(arg);

	if (!isfinite(diff))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("difference is not a finite number"),
						errdetail("It is %g.", diff), errhint("Pass the difference per customer that would matter.")));
	return diff;
}

/* (control, treated, total, control_exact, reason); no numbers where no sample is large enough. */
static Datum
sample_row(FunctionCallInfo fcinfo, double exact, double ratio, SegmentSide side, double diff)
{
	SegmentRow row;
	double control = ceil(exact - 1e-9 * exact);
	double treated = ceil(exact * ratio - 1e-9 * exact);

	segment_row_begin(&row, fcinfo, 5, 4);
	if (diff == 0.0)
		segment_row_reason(&row, "no difference: no number of customers can show it");
	else if ((side == SEGMENT_GREATER && diff < 0.0) || (side == SEGMENT_LESS && diff > 0.0))
		segment_row_reason(&row, "the difference is on the other side than the test");
	else if (!(control + treated < 9e15))
		segment_row_reason(&row, "cannot tell with any number of customers");
	else
	{
		segment_row_set_count(&row, 0, (int64) control);
		segment_row_set_count(&row, 1, (int64) treated);
		segment_row_set_count(&row, 2, (int64) (control + treated));
		segment_row_set(&row, 3, exact);
	}
	return segment_row_end(&row);
}

/* sample_size_rates(control_rate, treated_rate, power, treated_per_control, confidence, side). Strict. */
PG_FUNCTION_INFO_V1(segment_sample_size_rates);

Datum
segment_sample_size_rates(PG_FUNCTION_ARGS)
{
	double control = rate_arg(fcinfo, 0, "control_rate");
	double treated = rate_arg(fcinfo, 1, "treated_rate");
	double power = segment_between_arg(fcinfo, 2, "power", 0.0, 1.0);
	double ratio = segment_between_arg(fcinfo, 3, "treated_per_control", 0.0, 1e6);
	SegmentTest test = test_arg(fcinfo, 4);

	return sample_row(fcinfo, segment_sample_rates(&test, power, control, treated, ratio), ratio, test.side,
					  treated - control);
}

/* sample_size_means(sd, difference, power, treated_per_control, confidence, side). Strict. */
PG_FUNCTION_INFO_V1(segment_sample_size_means);

Datum
segment_sample_size_means(PG_FUNCTION_ARGS)
{
	double sd = segment_between_arg(fcinfo, 0, "sd", 0.0, MAX_NUMBER);
	double diff = difference_arg(fcinfo, 1);
	double power = segment_between_arg(fcinfo, 2, "power", 0.0, 1.0);
	double ratio = segment_between_arg(fcinfo, 3, "treated_per_control", 0.0, 1e6);
	SegmentTest test = test_arg(fcinfo, 4);

	return sample_row(fcinfo, segment_sample_means(&test, power, sd, diff, ratio), ratio, test.side, diff);
}

/* power_rates(control_rate, treated_rate, n_control, n_treated, confidence, side, strict). Strict. */
PG_FUNCTION_INFO_V1(segment_power_rates_sql);

Datum
segment_power_rates_sql(PG_FUNCTION_ARGS)
{
	double control = rate_arg(fcinfo, 0, "control_rate");
	double treated = rate_arg(fcinfo, 1, "treated_rate");
	double n_control = size_arg(fcinfo, 2, "n_control");
	double n_treated = size_arg(fcinfo, 3, "n_treated");
	SegmentTest test = test_arg(fcinfo, 4);

	test.strict = PG_GETARG_BOOL(6);
	PG_RETURN_FLOAT8(segment_power_rates(&test, control, treated, n_control, n_treated));
}

/* power_means(sd, difference, n_control, n_treated, confidence, side, strict). Strict. */
PG_FUNCTION_INFO_V1(segment_power_means_sql);

Datum
segment_power_means_sql(PG_FUNCTION_ARGS)
{
	double sd = segment_between_arg(fcinfo, 0, "sd", 0.0, MAX_NUMBER);
	double diff = difference_arg(fcinfo, 1);
	double n_control = size_arg(fcinfo, 2, "n_control");
	double n_treated = size_arg(fcinfo, 3, "n_treated");
	SegmentTest test = test_arg(fcinfo, 4);

	test.strict = PG_GETARG_BOOL(6);
	PG_RETURN_FLOAT8(segment_power_means(&test, sd, diff, n_control, n_treated));
}

/* detectable_difference(sd, n_control, n_treated, power, confidence, side). Strict. */
PG_FUNCTION_INFO_V1(segment_detectable_difference);

Datum
segment_detectable_difference(PG_FUNCTION_ARGS)
{
	double sd = segment_between_arg(fcinfo, 0, "sd", 0.0, MAX_NUMBER);
	double n_control = size_arg(fcinfo, 1, "n_control");
	double n_treated = size_arg(fcinfo, 2, "n_treated");
	double power = segment_between_arg(fcinfo, 3, "power", 0.0, 1.0);
	SegmentTest test = test_arg(fcinfo, 4);

	PG_RETURN_FLOAT8(segment_detectable_means(&test, power, sd, n_control, n_treated));
}

/* detectable_rate(control_rate, n_control, n_treated, power, confidence, side) -> (lower, higher). Strict. */
PG_FUNCTION_INFO_V1(segment_detectable_rate_sql);

Datum
segment_detectable_rate_sql(PG_FUNCTION_ARGS)
{
	double control = rate_arg(fcinfo, 0, "control_rate");
	double n_control = size_arg(fcinfo, 1, "n_control");
	double n_treated = size_arg(fcinfo, 2, "n_treated");
	double power = segment_between_arg(fcinfo, 3, "power", 0.0, 1.0);
	SegmentTest test = test_arg(fcinfo, 4);
	SegmentRow row;

	segment_row_begin(&row, fcinfo, 2, -1);
	segment_row_set(&row, 0, segment_detectable_rate(&test, power, control, n_control, n_treated, false));
	segment_row_set(&row, 1, segment_detectable_rate(&test, power, control, n_control, n_treated, true));
	return segment_row_end(&row);
}
