/*
 * effect.c: one arm against another, see effect.h.
 */
#include "math/effect.h"

#include <math.h>

#include "math/distribution.h"
#include "math/kpi.h"

double
segment_welch_df(double var_a, double n_a, double var_b, double n_b)
{
	double share_a = var_a / (var_a + var_b);
	double share_b = var_b / (var_a + var_b);

	/* of an arm without variance it does not matter how many rows it has */
	return 1.0 / ((share_a > 0.0 ? share_a * share_a / (n_a - 1.0) : 0.0) +
				  (share_b > 0.0 ? share_b * share_b / (n_b - 1.0) : 0.0));
}

double
segment_reach(double df, double alpha, SegmentSide side)
{
	double tail = side == SEGMENT_TWO_SIDED ? alpha / 2 : alpha;

	return isinf(df) ? segment_normal_upper_quantile(tail) : segment_t_upper_quantile(tail, df);
}

double
segment_p_value(double statistic, double df, SegmentSide side)
{
	switch (side)
	{
		case SEGMENT_GREATER:
			return segment_t_upper(statistic, df);
		case SEGMENT_LESS:
			return segment_t_upper(-statistic, df);
		default:
			return fmin(2 * segment_t_upper(fabs(statistic), df), 1.0);
	}
}

/*
 * The sequence takes estimated variances for true ones, which is wrong for the first few rows: there a deviate of Student's t
 * stands for the normal one that is as likely.
 */
#define T_BELOW 300.0

/* The square of rho times n, of equation 161 in version 7 of the paper; one-sided bounds spend alpha twice. */
static double
tuned(double alpha, SegmentSide side, double n, double tightest_at)
{
	double log_alpha = -2 * log(side == SEGMENT_TWO_SIDED ? alpha : 2 * alpha);

	return n / tightest_at * (log_alpha + log1p(log_alpha));
}

double
segment_always_valid_reach(double df, double alpha, SegmentSide side, double n, double tightest_at)
{
	double t = tuned(alpha, side, n, tightest_at);
	double root = sqrt(t + 1);
	double reach = sqrt(2 * (t + 1) / t * (side == SEGMENT_TWO_SIDED ? log(root / alpha) : log1p(root / (2 * alpha))));

	return df < T_BELOW ? segment_t_upper_quantile(segment_normal_upper(reach), df) : reach;
}

double
segment_always_valid_p(double statistic, double df, double alpha, SegmentSide side, double n, double tightest_at)
{
	double t = tuned(alpha, side, n, tightest_at);
	double root = sqrt(t + 1);
	double z = side == SEGMENT_TWO_SIDED ? fabs(statistic) : side == SEGMENT_GREATER ? statistic : -statistic;
	double evidence;

	if (!(z > 0.0))
		return 1.0;
	if (df < T_BELOW)
		z = segment_normal_upper_quantile(segment_t_upper(z, df));
	evidence = z * z * t / (2 * (t + 1));
	return fmin(side == SEGMENT_TWO_SIDED ? root * exp(-evidence) : root / (2 * expm1(evidence)), 1.0);
}

/* An interval without the end that is not asked for. */
static void
open_end(SegmentSide side, double *low, double *high)
{
	if (side == SEGMENT_GREATER)
		*high = HUGE_VAL;
	if (side == SEGMENT_LESS)
		*low = -HUGE_VAL;
}

void
segment_interval(double estimate, double deviation, double reach, SegmentSide side, double *low, double *high)
{
	*low = estimate - reach * deviation;
	*high = estimate + reach * deviation;
	open_end(side, low, high);
}

void
segment_lift(const SegmentEffect *effect, double *lift, double *deviation)
{
	double ratio = effect->treated / effect->control;

	*lift = effect->diff / fabs(effect->control);
	*deviation =
		sqrt(fmax(effect->var_treated - 2 * ratio * effect->covariance + ratio * ratio * effect->var_control, 0.0)) /
		fabs(effect->control);
}

bool
segment_fieller(const SegmentEffect *effect, double reach, SegmentSide side, double *low, double *high)
{
	double x = effect->control;
	double y = effect->treated;
	double square = reach * reach;
	/* ratios r whose y - r x is within reach of 0: a r^2 - 2 b r + c <= 0; b^2 - a c without its cancellation */
	double a = x * x - square * effect->var_control;
	double b = x * y - square * effect->covariance;
	double c = y * y - square * effect->var_treated;
	double root =
		reach *
		sqrt(fmax(x * x * effect->var_treated + y * y * effect->var_control - 2 * x * y * effect->covariance -
					  square * (effect->var_control * effect->var_treated - effect->covariance * effect->covariance),
				  0.0));
	double first;
	double last;

	if (!(a > 0.0) || isinf(reach))
		return false;
	if (b >= 0.0)
	{
		last = (b + root) / a;
		first = b + root > 0.0 ? c / (b + root) : 0.0;
	}
	else
	{
		first = (b - root) / a;
		last = c / (b - root);
	}
	/* with a negative control, a larger ratio is a smaller lift */
	*low = x < 0.0 ? 1.0 - last : first - 1.0;
	*high = x < 0.0 ? 1.0 - first : last - 1.0;
	open_end(side, low, high);
	return true;
}

/* The rates, and Wilson's limits of both. */
typedef struct Limits
{
	double control;
	double control_low;
	double control_high;
	double treated;
	double treated_low;
	double treated_high;
} Limits;

static Limits
limits_of(const SegmentRates *rates, double reach)
{
	Limits limits;

	limits.control = (double) rates->control_events / (double) rates->control_n;
	limits.treated = (double) rates->treated_events / (double) rates->treated_n;
	segment_wilson(rates->control_events, rates->control_n, reach, &limits.control_low, &limits.control_high);
	segment_wilson(rates->treated_events, rates->treated_n, reach, &limits.treated_low, &limits.treated_high);
	return limits;
}

void
segment_newcombe(const SegmentRates *rates, double reach, SegmentSide side, double *low, double *high)
{
	Limits l = limits_of(rates, reach);
	double diff = l.treated - l.control;

	*low = diff - hypot(l.treated - l.treated_low, l.control_high - l.control);
	*high = diff + hypot(l.treated_high - l.treated, l.control - l.control_low);
	open_end(side, low, high);
}

static bool
excludes_zero(const SegmentRates *rates, double diff, double reach)
{
	double low;
	double high;

	segment_newcombe(rates, reach, SEGMENT_TWO_SIDED, &low, &high);
	return diff > 0.0 ? low > 0.0 : high < 0.0;
}

double
segment_newcombe_statistic(const SegmentRates *rates)
{
	double diff = (double) rates->treated_events / (double) rates->treated_n -
				  (double) rates->control_events / (double) rates->control_n;
	double low = 0.0;
	double high = 1.0;

	if (diff == 0.0)
		return 0.0;
	/* 0 is outside a short interval, and inside a long one */
	while (excludes_zero(rates, diff, high) && high < 1e300)
	{
		low = high;
		high *= 2;
	}
	for (;;)
	{
		double middle = low + (high - low) / 2;

		if (middle <= low || middle >= high)
			break;
		if (excludes_zero(rates, diff, middle))
			low = middle;
		else
			high = middle;
	}
	return diff > 0.0 ? high : -high;
}

void
segment_rate_lift(const SegmentRates *rates, double reach, SegmentSide side, double *low, double *high)
{
	Limits l = limits_of(rates, reach);
	double product = l.treated * l.control;
	/* ratios r whose treated - r control is within reach of 0: a r^2 - 2 product r + c = 0 at the ends */
	double a = l.control_high * (2 * l.control - l.control_high);
	double c = l.treated_low * (2 * l.treated - l.treated_low);

	*low = c / (product + sqrt(fmax(product * product - a * c, 0.0))) - 1.0;
	if (!(product > 0.0))
		*low = -1.0;
	a = l.control_low * (2 * l.control - l.control_low);
	c = l.treated_high * (2 * l.treated - l.treated_high);
	*high = a > 0.0 ? (product + sqrt(fmax(product * product - a * c, 0.0))) / a - 1.0 : HUGE_VAL;
	open_end(side, low, high);
}
