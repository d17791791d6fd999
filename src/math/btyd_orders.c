/*
 * btyd_orders.c: the distribution of a customer's next orders: how many within a time, and when the next one comes.
 *
 * Given the rate's Gamma distribution (shape k, scale A), the time to the n-th order of a customer who does not leave is
 * a scaled ratio of a Gamma(n) to a Gamma(k) variable; for n = 1 it is Pareto of the second kind (Lomax). A customer who
 * leaves at a Gamma-mixed rate (Pareto/NBD) lives through it with probability (1 + y / leave_b)^-leave_a.
 */
#include "math/btyd.h"

#include <math.h>
#include <stddef.h>

#include "math/distribution.h"
#include "math/special.h"

/* E (1 - theta)^n for theta ~ Beta(a, b). */
static double
survive_power(double a, double b, double n)
{
	return exp(segment_log_gamma_ratio(b, n) - segment_log_gamma_ratio(a + b, n));
}

/* log P(N = n) of a customer who does not leave: N ~ NegativeBinomial(k, y / (A + y)). */
static double
log_orders(const SegmentOutlook *o, double y, double n)
{
	double some = 0;

	if (n > 0)
		some = -n * log1p(o->scale / y) - segment_log_beta(n + 1, o->shape) - log(n + o->shape);
	return some - o->shape * log1p(y / o->scale);
}

/* Integrands over the moment y of an event, in w = log y (Pareto/NBD; the first also with leave_a = 0). */
typedef struct MomentIntegral
{
	const SegmentOutlook *outlook;
	double n;
	double log_constant;
	double leave_a;
} MomentIntegral;

/* Density of the n-th order's moment and of being alive then, given alive now; and the inverse of the moment. */
static double
arrival_log_f(double w, const void *arg, double *values)
{
	const MomentIntegral *f = arg;
	const SegmentOutlook *o = f->outlook;
	double y = exp(w);

	if (values != NULL)
		values[0] = 1 / y;
	return f->log_constant - f->n * log1p(o->scale / y) - o->shape * log1p(y / o->scale) -
		   f->leave_a * log1p(y / o->leave_b);
}

/* The same, times y: what the mean of the moment takes. */
static double
arrival_mean_log_f(double w, const void *arg, double *values)
{
	return arrival_log_f(w, arg, values) + w;
}

/* Density of leaving at y after exactly n orders. */
static double
leaving_log_f(double w, const void *arg, double *values)
{
	const MomentIntegral *f = arg;
	const SegmentOutlook *o = f->outlook;
	double y = exp(w);

	(void) values;
	return log_orders(o, y, f->n) + log(f->leave_a / o->leave_b) + w - (f->leave_a + 1) * log1p(y / o->leave_b);
}

/* An upper bound of the slope of all three within one unit of w. */
static double
moment_bound(double w, const void *arg)
{
	const MomentIntegral *f = arg;
	const SegmentOutlook *o = f->outlook;
	double y = exp(w + 1);
	double rate = y / o->scale;
	double leave = y / o->leave_b;

	return f->n + 1 + (o->shape + f->n) * (rate < 1 ? rate : 1) + (f->leave_a + 1) * (leave < 1 ? leave : 1);
}

/* Integral from 0 to time; power: how the integrand rises from 0. */
static void
integrate_moments(const MomentIntegral *f, double (*log_f)(double, const void *, double *), int n_extra, double power,
				  double time, double *sums)
{
	const SegmentOutlook *o = f->outlook;
	SegmentIntegrand integrand;
	double least = fmin(log(time), log(o->scale / (o->shape + f->n)));

	integrand.log_f = log_f;
	integrand.bound = moment_bound;
	integrand.is_concave = true;
	integrand.n_extra = n_extra;
	integrand.arg = f;
	if (f->leave_a > 0)
		least = fmin(least, log(o->leave_b / (f->leave_a + 1)));
	/* Below all scales of decay the integrand rises like y^power: what is left out is below exp(-40) of the whole. */
	segment_integrate(&integrand, least - 40 / power, log(time), 0, sums);
}

static MomentIntegral
moments_of(const SegmentOutlook *o, double n)
{
	MomentIntegral f;

	f.outlook = o;
	f.n = n;
	f.log_constant = n > 0 ? -segment_log_beta(n, o->shape) : 0;
	f.leave_a = o->kind == SEGMENT_PARETO_NBD ? o->leave_a : 0;
	return f;
}

static double
pareto_at_least(const SegmentOutlook *o, double time, double n)
{
	MomentIntegral f = moments_of(o, n);
	double sum[1 + SEGMENT_MAX_EXTRA];

	integrate_moments(&f, arrival_log_f, 0, n, time, sum);
	return o->alive * fmin(sum[0], 1);
}

/* log P(the n-th purchase comes at chance n, and the customer lives through it). */
static double
bgbb_log_first(const SegmentOutlook *o, double n)
{
	return segment_log_gamma_ratio(o->shape, n) - segment_log_gamma_ratio(o->shape + o->scale, n) +
		   log(survive_power(o->leave_a, o->leave_b, n));
}

/* From chance j to j + 1: the factor of that probability. */
static double
bgbb_step(const SegmentOutlook *o, double n, double j)
{
	return j / (j - n + 1) * ((o->scale + j - n) / (o->shape + o->scale + j)) *
		   ((o->leave_b + j) / (o->leave_a + o->leave_b + j));
}

/* Sum over chances j of: the n-th purchase comes at chance j, and the customer lives through it; and of j times it. */
static double
bgbb_arrivals(const SegmentOutlook *o, double time, double n, double *mean_sum)
{
	double log_term = bgbb_log_first(o, n);
	double total = 0;
	double j;

	*mean_sum = 0;
	for (j = n; j <= time; j++)
	{
		double term = exp(log_term);

		total += term;
		*mean_sum += j * term;
		if (j * term < 1e-18 * *mean_sum && term < 1e-18 * total)
			break;
		log_term += log(bgbb_step(o, n, j));
	}
	return total;
}

/* log P(n purchases in time chances) of a customer who lives through them. */
static double
bgbb_log_orders(const SegmentOutlook *o, double time, double n)
{
	return segment_log_gamma_ratio(time - n + 1, n) - segment_log_gamma(n + 1) + segment_log_gamma_ratio(o->shape, n) +
		   segment_log_gamma_ratio(o->scale, time - n) - segment_log_gamma_ratio(o->shape + o->scale, time);
}

/* n purchases in all chances, or in the i before the customer leaves. */
static double
bgbb_exactly(const SegmentOutlook *o, double time, double n)
{
	double log_orders_i = bgbb_log_orders(o, n, n);
	double survive = survive_power(o->leave_a, o->leave_b, n);
	double left = 0;
	double i;

	if (n > time)
		return 0;
	for (i = n; i < time; i++)
	{
		double term = exp(log_orders_i) * survive * o->leave_a / (o->leave_a + o->leave_b + i);

		left += term;
		if (term < 1e-18 * left)
			break;
		log_orders_i += log((i + 1) / (i + 1 - n) * ((o->scale + i - n) / (o->shape + o->scale + i)));
		survive *= (o->leave_b + i) / (o->leave_a + o->leave_b + i);
	}
	return left + exp(bgbb_log_orders(o, time, n)) * survive_power(o->leave_a, o->leave_b, time);
}

/* I_x(a, b) at x = time / (scale + time). */
static double
beta_below(double a, double b, double time, double scale)
{
	double lower;
	double upper;

	segment_beta_tails(a, b, time / (scale + time), scale / (scale + time), &lower, &upper);
	return lower;
}

double
segment_outlook_at_least(const SegmentOutlook *o, double time, double n)
{
	double enough;
	double unused;

	if (n <= 0)
		return 1;
	if (time <= 0)
		return 0;
	if (o->kind == SEGMENT_PARETO_NBD)
		return pareto_at_least(o, time, n);
	if (o->kind == SEGMENT_BGBB)
		return o->alive * fmin(bgbb_arrivals(o, time, n, &unused), 1);
	/* N ~ NegativeBinomial: the n-th order comes in time; and, except for NBD, n - 1 orders are survived. */
	if (n == 1)
		enough = -expm1(-o->shape * log1p(time / o->scale));
	else
		enough = beta_below(n, o->shape, time, o->scale);
	if (o->kind == SEGMENT_NBD)
		return enough;
	return o->alive * enough * survive_power(o->leave_a, o->leave_b, n - 1);
}

double
segment_outlook_exactly(const SegmentOutlook *o, double time, double n)
{
	double none = n <= 0 ? o->left : 0;
	double total;

	if (time <= 0)
		return n <= 0 ? 1 : 0;
	if (o->kind == SEGMENT_NBD)
		return exp(log_orders(o, time, n));
	if (o->kind == SEGMENT_BGBB)
		return fmin(none + o->alive * bgbb_exactly(o, time, n), 1);
	if (o->kind == SEGMENT_PARETO_NBD)
	{
		MomentIntegral f = moments_of(o, n);
		double sum[1 + SEGMENT_MAX_EXTRA];

		/* n orders and alive through time, or gone before with n. */
		integrate_moments(&f, leaving_log_f, 0, n + 1, time, sum);
		total = exp(log_orders(o, time, n) - o->leave_a * log1p(time / o->leave_b)) + sum[0];
	}
	else if (n <= 0)
		total = exp(log_orders(o, time, 0));
	else
	{
		/* After n - 1 orders survived: n orders in time; or more would have come, but the customer left at the n-th. */
		double more = beta_below(n + 1, o->shape, time, o->scale);

		total = survive_power(o->leave_a, o->leave_b, n - 1) *
				(exp(log_orders(o, time, n)) + more * o->leave_a / (o->leave_a + o->leave_b + n - 1));
	}
	return fmin(none + o->alive * total, 1);
}

double
segment_outlook_mean_wait(const SegmentOutlook *o, double time)
{
	MomentIntegral f = moments_of(o, 1);
	double sums[1 + SEGMENT_MAX_EXTRA];

	if (time <= 0)
		return NAN;
	if (o->kind == SEGMENT_BGBB)
	{
		double mean_sum;
		double total = bgbb_arrivals(o, time, 1, &mean_sum);

		return mean_sum / total;
	}
	/* Weighted by the moment itself, so that no heavy tail is cut off early: the mean is the inverse of that of 1/y. */
	integrate_moments(&f, arrival_mean_log_f, 1, 1, time, sums);
	return fmin(sums[0] / sums[1], time);
}

double
segment_outlook_returns(const SegmentOutlook *o)
{
	double unused;

	switch (o->kind)
	{
		case SEGMENT_PARETO_NBD:
			/* Beyond 1e30 scales nothing is left: the density of the next order falls at least like 1/y. */
			return pareto_at_least(o, 1e30 * fmax(o->scale, o->leave_b), 1);
		case SEGMENT_BGBB:
			return o->alive * fmin(bgbb_arrivals(o, 100000, 1, &unused), 1);
		default:
			return o->alive;
	}
}

double
segment_outlook_wait(const SegmentOutlook *o, double probability)
{
	double low = 0;
	double high = 1;
	int i;

	if (probability <= 0)
		return 0;
	if (o->kind == SEGMENT_PARETO_NBD || o->kind == SEGMENT_BGBB)
	{
		if (probability >= segment_outlook_returns(o))
			return INFINITY;
		while (segment_outlook_at_least(o, high, 1) < probability)
		{
			low = high;
			high *= 2;
		}
		for (i = 0; i < 60; i++)
		{
			double middle = (low + high) / 2;

			if (segment_outlook_at_least(o, middle, 1) < probability)
				low = middle;
			else
				high = middle;
		}
		return o->kind == SEGMENT_BGBB ? ceil(high - 1e-9) : high;
	}
	if (probability >= o->alive)
		return INFINITY;
	return o->scale * expm1(-log1p(-probability / o->alive) / o->shape);
}
