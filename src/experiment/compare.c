/*
 * compare.c: compare(control, treated, ...): did it change anything, by how much, and how sure is that?
 */
#include "postgres.h"

#include <math.h>

#include "core/compat.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "core/option.h"
#include "experiment/experiment.h"
#include "experiment/row.h"
#include "math/distribution.h"
#include "math/effect.h"

typedef enum Method
{
	METHOD_MEAN,
	METHOD_RATE,
	METHOD_RATIO,
	METHOD_CUPED,
	METHOD_CUPED_JOINT
} Method;

static const char *const method_words[] = {"mean", "rate", "ratio", "cuped", "cuped_joint"};
static const SegmentOption method_option = {
	"method", method_words, lengthof(method_words),
	"Means need nothing else; rate is for a metric that is 0 or 1; ratio and cuped "
	"need outcome_agg(y, x)."};

static const char *const relative_words[] = {"fieller", "delta"};
static const SegmentOption relative_option = {
	"relative", relative_words, lengthof(relative_words),
	"fieller holds its confidence where delta does not; delta is what most tools show."};

/* The columns of the result. */
enum
{
	N_CONTROL,
	N_TREATED,
	CONTROL,
	TREATED,
	DIFF,
	SE,
	DF,
	STATISTIC,
	P_VALUE,
	CI_LOW,
	CI_HIGH,
	LIFT,
	LIFT_SE,
	LIFT_P,
	LIFT_LOW,
	LIFT_HIGH,
	THETA,
	VARIANCE_REDUCTION,
	COVARIATE_P,
	MISSING,
	REASON,
	COLUMNS
};

/* One arm: how many rows, and sums of squares about the means of the rows that count. */
typedef struct Arm
{
	SegmentMoments moments;
	double n;
	double y; /* mean */
	double x; /* mean */
	double yy;
	double xx;
	double xy;
} Arm;

typedef struct Comparison
{
	Arm control;
	Arm treated;
	Method method;
	SegmentSide side;
	double alpha;
	double tightest_at; /* 0: no look but the last */
	bool by_delta;
	SegmentRow row;
} Comparison;

static const char *
reason_of_rows(double control, double treated, bool rows_missing)
{
	if (control == 0 && treated == 0)
		return rows_missing ? "no rows with both columns in either arm" : "no rows in either arm";
	if (control == 0)
		return rows_missing ? "no rows with both columns in the control arm" : "no rows in the control arm";
	if (treated == 0)
		return rows_missing ? "no rows with both columns in the treated arm" : "no rows in the treated arm";
	return NULL;
}

static double
reach_of(const Comparison *c, double df)
{
	if (c->tightest_at > 0)
		return segment_always_valid_reach(df, c->alpha, c->side, c->control.n + c->treated.n, c->tightest_at);
	return segment_reach(df, c->alpha, c->side);
}

static double
p_of(const Comparison *c, double statistic, double df)
{
	if (c->tightest_at > 0)
		return segment_always_valid_p(statistic, df, c->alpha, c->side, c->control.n + c->treated.n, c->tightest_at);
	return segment_p_value(statistic, df, c->side);
}

/* The lift of an effect, whose difference has this p-value. */
static void
set_lift(Comparison *c, const SegmentEffect *effect, double p_value)
{
	double lift;
	double deviation;
	double low;
	double high;

	if (effect->control == 0.0)
	{
		segment_row_reason(&c->row, "the control arm is 0: no relative lift");
		return;
	}
	segment_lift(effect, &lift, &deviation);
	segment_row_set(&c->row, LIFT, lift);
	if (!(effect->var_diff > 0.0))
		return;
	if (!(deviation > 0.0))
	{
		segment_row_reason(&c->row, "the treated arm is 0 in all rows: no interval of the lift");
		return;
	}
	segment_row_set(&c->row, LIFT_SE, deviation);
	if (c->by_delta)
	{
		segment_row_set(&c->row, LIFT_P, p_of(c, lift / deviation, effect->df));
		segment_interval(lift, deviation, reach_of(c, effect->df), c->side, &low, &high);
	}
	else
	{
		segment_row_set(&c->row, LIFT_P, p_value);
		if (!segment_fieller(effect, reach_of(c, effect->df), c->side, &low, &high))
		{
			segment_row_reason(&c->row, "the control arm is not different from 0: the lift could be anything");
			return;
		}
	}
	segment_row_set(&c->row, LIFT_LOW, low);
	segment_row_set(&c->row, LIFT_HIGH, high);
}

/* Everything that follows from an effect whose variance is estimated. */
static void
set_effect(Comparison *c, const SegmentEffect *effect)
{
	double deviation = sqrt(effect->var_diff);
	double p_value = 0.0;
	double low;
	double high;

	segment_row_set(&c->row, DIFF, effect->diff);
	if (c->control.n < 2 || c->treated.n < 2)
		segment_row_reason(&c->row, "an arm has one row: its variance is unknown");
	else if (!(effect->var_diff > 0.0))
		segment_row_reason(&c->row, "no variance: the rows of each arm are all alike");
	else
	{
		segment_row_set(&c->row, SE, deviation);
		if (!isinf(effect->df))
			segment_row_set(&c->row, DF, effect->df);
		segment_row_set(&c->row, STATISTIC, effect->diff / deviation);
		p_value = p_of(c, effect->diff / deviation, effect->df);
		segment_row_set(&c->row, P_VALUE, p_value);
		segment_interval(effect->diff, deviation, reach_of(c, effect->df), c->side, &low, &high);
		segment_row_set(&c->row, CI_LOW, low);
		segment_row_set(&c->row, CI_HIGH, high);
		set_lift(c, effect, p_value);
		return;
	}
	if (effect->control != 0.0)
		segment_row_set(&c->row, LIFT, effect->diff / fabs(effect->control));
}

/* An effect of two independent arms whose estimates have these variances. */
static SegmentEffect
independent(const Comparison *c, double control, double treated, double diff, double var_control, double var_treated)
{
	SegmentEffect effect = {control, treated, diff, var_control, var_treated, 0.0, var_control + var_treated, HUGE_VAL};

	if (effect.var_diff > 0.0)
		effect.df = segment_welch_df(var_control, c->control.n, var_treated, c->treated.n);
	return effect;
}

/* Variance of the mean of n rows. */
static double
variance_of(double squares, double n)
{
	return n > 1 ? squares / (n - 1) / n : 0.0;
}

static void
compare_means(Comparison *c)
{
	SegmentEffect effect = independent(
		c, c->control.y, c->treated.y, segment_moments_mean_difference(&c->control.moments, &c->treated.moments),
		variance_of(c->control.yy, c->control.n), variance_of(c->treated.yy, c->treated.n));

	segment_row_set(&c->row, CONTROL, c->control.y);
	segment_row_set(&c->row, TREATED, c->treated.y);
	set_effect(c, &effect);
}

static int64
events_of(const Arm *arm)
{
	SegmentBig events = arm->moments.sum[SEGMENT_ALONE_Y];

	segment_big_add(&events, &arm->moments.sum[SEGMENT_Y]);
	(void) segment_big_normalize(&events, arm->moments.y_scale);
	return (int64) events.limb[0];
}

static void
check_rate(const Arm *arm, const char *name)
{
	if (arm->n > 0 && !segment_moments_is_rate(&arm->moments))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("metric is no rate"),
						errdetail("The %s arm has other values than 0 and 1.", name),
						errhint("Build it by outcome_agg of a boolean, or compare by method mean.")));
}

static void
compare_rates(Comparison *c)
{
	SegmentRates rates = {events_of(&c->control), (int64) c->control.n, events_of(&c->treated), (int64) c->treated.n};
	SegmentEffect effect = independent(
		c, c->control.y, c->treated.y, segment_moments_mean_difference(&c->control.moments, &c->treated.moments),
		c->control.y * (1 - c->control.y) / c->control.n, c->treated.y * (1 - c->treated.y) / c->treated.n);
	double statistic;
	double p_value;
	double low;
	double high;

	segment_row_set(&c->row, CONTROL, c->control.y);
	segment_row_set(&c->row, TREATED, c->treated.y);
	if (c->tightest_at > 0)
	{
		/* a sequence is there for means only, of which a rate is one */
		effect.df = HUGE_VAL;
		set_effect(c, &effect);
		return;
	}
	statistic = segment_newcombe_statistic(&rates);
	p_value = segment_p_value(statistic, HUGE_VAL, c->side);
	segment_newcombe(&rates, segment_reach(HUGE_VAL, c->alpha, c->side), c->side, &low, &high);
	segment_row_set(&c->row, DIFF, effect.diff);
	segment_row_set(&c->row, SE, sqrt(effect.var_diff));
	segment_row_set(&c->row, STATISTIC, statistic);
	segment_row_set(&c->row, P_VALUE, p_value);
	segment_row_set(&c->row, CI_LOW, low);
	segment_row_set(&c->row, CI_HIGH, high);
	if (c->by_delta || rates.control_events == 0)
	{
		set_lift(c, &effect, p_value);
		return;
	}
	segment_row_set(&c->row, LIFT, effect.diff / effect.control);
	if (effect.var_diff > 0.0)
	{
		double lift;
		double deviation;

		segment_lift(&effect, &lift, &deviation);
		segment_row_set(&c->row, LIFT_SE, deviation);
	}
	segment_row_set(&c->row, LIFT_P, p_value);
	segment_rate_lift(&rates, segment_reach(HUGE_VAL, c->alpha, c->side), c->side, &low, &high);
	segment_row_set(&c->row, LIFT_LOW, low);
	segment_row_set(&c->row, LIFT_HIGH, high);
}

/* Squares of y - slope x about their mean; 0 where y is that of x but for the last digits, which are those of no variance. */
static double
residual(const Arm *arm, double slope)
{
	double explained = slope * slope * arm->xx;
	double squares = arm->yy - 2 * slope * arm->xy + explained;

	return squares > 1e-14 * (arm->yy + explained) ? squares : 0.0;
}

static double
ratio_variance(const Arm *arm, double ratio)
{
	return variance_of(residual(arm, ratio), arm->n) / (arm->x * arm->x);
}

/* Ratios of sums by the delta method: the randomised unit is the row, whose y and x belong together. */
static void
compare_ratios(Comparison *c)
{
	double control = c->control.y / c->control.x;
	double treated = c->treated.y / c->treated.x;
	SegmentEffect effect;

	if (c->control.x == 0.0 || c->treated.x == 0.0)
	{
		segment_row_reason(&c->row, "the denominators of an arm add up to 0");
		return;
	}
	effect = independent(c, control, treated, treated - control, ratio_variance(&c->control, control),
						 ratio_variance(&c->treated, treated));
	segment_row_set(&c->row, CONTROL, control);
	segment_row_set(&c->row, TREATED, treated);
	set_effect(c, &effect);
}

/* Sums with x: missing ones count as the mean of all that are there, in both arms; x becomes the distance from it. */
static void
fill_missing(Arm *arm, double center)
{
	double both = (double) arm->moments.n_both;
	double distance = both > 0 ? arm->x - center : 0.0;

	arm->x = both / arm->n * distance;
	if (arm->moments.n_alone > 0 && both > 0)
	{
		arm->xx += both * distance * distance - arm->n * arm->x * arm->x;
		arm->xy += both * distance * (segment_moments_mean_y_both(&arm->moments) - arm->y);
	}
}

/* CUPED (Deng, Xu, Kohavi, Walker 2013): what the covariate explains is taken out of both arms. */
static void
compare_cuped(Comparison *c)
{
	Arm *control = &c->control;
	Arm *treated = &c->treated;
	double both = (double) control->moments.n_both + (double) treated->moments.n_both;
	double n = control->n + treated->n;
	double center =
		((double) control->moments.n_both * control->x + (double) treated->moments.n_both * treated->x) / both;
	double xx;
	double xy;
	double theta;
	double x;
	double var_x_control;
	double var_x_treated;
	double raw;
	SegmentEffect effect;

	if (both == 0)
		center = 0.0;
	fill_missing(control, center);
	fill_missing(treated, center);
	xx = control->xx + treated->xx;
	xy = control->xy + treated->xy;
	if (c->method == METHOD_CUPED_JOINT)
	{
		double between = control->n * treated->n / n;

		xx += between * (treated->x - control->x) * (treated->x - control->x);
		xy += between * (treated->x - control->x) * (treated->y - control->y);
	}
	theta = xx > 0.0 ? xy / xx : 0.0;
	x = (control->n * control->x + treated->n * treated->x) / n;
	var_x_control = variance_of(control->xx, control->n);
	var_x_treated = variance_of(treated->xx, treated->n);
	raw = variance_of(control->yy, control->n) + variance_of(treated->yy, treated->n);
	effect = independent(
		c, control->y - theta * (control->x - x), treated->y - theta * (treated->x - x),
		segment_moments_mean_difference(&control->moments, &treated->moments) - theta * (treated->x - control->x),
		variance_of(residual(control, theta), control->n), variance_of(residual(treated, theta), treated->n));
	/* the mean of x that both arms are moved to is estimated too: it moves both alike, which counts where one divides by one */
	if (control->n > 1 && treated->n > 1)
	{
		double share = control->n / n;
		double with_control = theta * share * (control->xy - theta * control->xx) / (control->n - 1) / control->n;
		double with_treated = theta * (1 - share) * (treated->xy - theta * treated->xx) / (treated->n - 1) / treated->n;

		double shared = theta * theta * (share * share * var_x_control + (1 - share) * (1 - share) * var_x_treated);

		effect.var_control += shared + 2 * with_control;
		effect.var_treated += shared + 2 * with_treated;
		effect.covariance = shared + with_control + with_treated;
	}
	segment_row_set(&c->row, CONTROL, effect.control);
	segment_row_set(&c->row, TREATED, effect.treated);
	segment_row_set(&c->row, THETA, theta);
	if (raw > 0.0)
		segment_row_set(&c->row, VARIANCE_REDUCTION, 1.0 - effect.var_diff / raw);
	if (var_x_control + var_x_treated > 0.0 && control->n > 1 && treated->n > 1)
		segment_row_set(&c->row, COVARIATE_P,
						segment_p_value((treated->x - control->x) / sqrt(var_x_control + var_x_treated),
										segment_welch_df(var_x_control, control->n, var_x_treated, treated->n),
										SEGMENT_TWO_SIDED));
	set_effect(c, &effect);
}

/* Reads an arm, which may be NULL. */
static void
arm_argument(FunctionCallInfo fcinfo, int arg, Method method, Arm *arm)
{
	SegmentMoments *moments = &arm->moments;
	bool needs_x = method >= METHOD_RATIO;

	memset(arm, 0, sizeof(Arm));
	if (PG_ARGISNULL(arg))
		return;
	segment_outcome_arg(fcinfo, arg, moments);
	if (needs_x && !moments->has_x)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("outcome has no second column"),
				 errdetail("Method %s needs one.", method_words[method]), errhint("Build it by outcome_agg(y, x).")));
	if (method == METHOD_RATIO)
	{
		arm->n = (double) moments->n_both;
		if (moments->n_both == 0)
			return;
		arm->y = segment_moments_mean_y_both(moments);
		arm->yy = segment_moments_squares_y_both(moments);
	}
	else
	{
		arm->n = (double) moments->n_alone + (double) moments->n_both;
		arm->y = segment_moments_mean_y(moments);
		arm->yy = segment_moments_squares_y(moments);
	}
	if (needs_x && moments->n_both > 0)
	{
		arm->x = segment_moments_mean_x(moments);
		arm->xx = segment_moments_squares_x(moments);
		arm->xy = segment_moments_products(moments);
	}
}

/* compare(control, treated, method, relative, confidence, side, always_valid). Not strict: an arm without rows is NULL. */
PG_FUNCTION_INFO_V1(segment_compare);

Datum
segment_compare(PG_FUNCTION_ARGS)
{
	Comparison c;
	const char *reason;

	memset(&c, 0, sizeof(c));
	c.method = (Method) segment_option_arg(fcinfo, 2, &method_option);
	c.by_delta = segment_option_arg(fcinfo, 3, &relative_option) == 1;
	c.alpha = segment_alpha_arg(fcinfo, 4);
	c.side = segment_side_arg(fcinfo, 5);
	if (!PG_ARGISNULL(6))
	{
		c.tightest_at = (double) PG_GETARG_INT64(6);
		if (c.tightest_at < 1)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("always_valid is out of range"),
							errdetail("always_valid is %.0f; accepted are numbers of rows, from 1.", c.tightest_at),
							errhint("Pass the number of customers, of both arms, at which you expect to decide.")));
		if (c.side != SEGMENT_TWO_SIDED && c.alpha >= 0.5)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("confidence is out of range"),
							errdetail("A one-sided interval that is always valid needs more than 0.5."),
							errhint("95 percent is 0.95.")));
	}
	arm_argument(fcinfo, 0, c.method, &c.control);
	arm_argument(fcinfo, 1, c.method, &c.treated);
	segment_row_begin(&c.row, fcinfo, COLUMNS, REASON);
	segment_row_set_count(&c.row, N_CONTROL, (int64) c.control.n);
	segment_row_set_count(&c.row, N_TREATED, (int64) c.treated.n);
	if (c.method >= METHOD_RATIO)
		segment_row_set_count(&c.row, MISSING,
							  (int64) Min((uint64) c.control.moments.n_alone + (uint64) c.treated.moments.n_alone,
										  (uint64) PG_INT64_MAX));
	if (c.method == METHOD_RATE)
	{
		check_rate(&c.control, "control");
		check_rate(&c.treated, "treated");
	}
	reason = reason_of_rows(c.control.n, c.treated.n, c.method == METHOD_RATIO);
	if (reason)
	{
		segment_row_reason(&c.row, reason);
		if (c.method == METHOD_MEAN || c.method == METHOD_RATE)
		{
			if (c.control.n > 0)
				segment_row_set(&c.row, CONTROL, c.control.y);
			if (c.treated.n > 0)
				segment_row_set(&c.row, TREATED, c.treated.y);
		}
		return segment_row_end(&c.row);
	}
	switch (c.method)
	{
		case METHOD_MEAN:
			compare_means(&c);
			break;
		case METHOD_RATE:
			compare_rates(&c);
			break;
		case METHOD_RATIO:
			compare_ratios(&c);
			break;
		default:
			compare_cuped(&c);
			break;
	}
	return segment_row_end(&c.row);
}
