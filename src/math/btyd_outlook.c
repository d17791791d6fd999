/*
 * btyd_outlook.c: predictions of the buy-till-you-die models from a customer's outlook.
 *
 * The published closed forms of BG/NBD and MBG/NBD hold Gauss' hypergeometric function, as a difference of two nearly
 * equal terms, and are singular at a = 1. Here they are rewritten. Let k, A be shape and scale of the rate, tau =
 * time / A and z = tau / (1 + tau). A customer who never left would place N ~ NegativeBinomial(k, z) orders; one who
 * survives each order with probability q = 1 - p places min(N, those before leaving), of which the expectation over
 * p ~ Beta(a, b) is
 *     E orders = sum over n of P(N = n) * (E q^0 + E q^1 + ... + E q^(n-1)),
 *     P(alive) = sum over n of P(N = n) * E q^n,        E q^j = (b)_j / (a + b)_j:
 * sums of positive terms without a singularity. Where they would be long, the same expectations over p are done by
 * the trapezoidal rule in logit(p), which converges exponentially: the integrand is analytic for |Im logit(p)| < pi, and
 * does not grow for |Im logit(p)| < pi/2, where exp(-k tau p) turns round: the error of step h is about exp(-pi^2 / h).
 */
#include "math/btyd.h"

#include <math.h>
#include <stddef.h>

#include "math/special.h"

/* Beyond these the series is longer than the quadrature. */
#define SERIES_MEAN 200.0
#define SERIES_RATIO 0.97

typedef enum BetaKernel
{
	KERNEL_SURVIVES, /* (1 + p tau)^-k */
	KERNEL_ORDERS	 /* (1 - (1 + p tau)^-k) / p */
} BetaKernel;

/* Log of p^a (1-p)^b / B(a,b) times the kernel, at logit(p) = u. */
static double
beta_log_term(BetaKernel kernel, double k, double tau, double a, double b, double log_beta, double u)
{
	double log_p = -segment_log1p_exp(-u);
	double log_q = -segment_log1p_exp(u);
	double p = exp(log_p);
	double power = -k * log1p(p * tau);
	double term = a * log_p + b * log_q - log_beta;

	if (kernel == KERNEL_SURVIVES)
		return term + power;
	/* For tiny p the kernel is k * tau to the last bit. */
	if (p * tau < 1e-290)
		return term + log(k) + log(tau);
	return term + log(-expm1(power)) - log_p;
}

/* Expectation of the kernel over p ~ Beta(a, b), by the trapezoidal rule in logit(p). */
static double
beta_expectation(BetaKernel kernel, double k, double tau, double a, double b)
{
	double log_beta = segment_log_beta(a, b);
	double low = -700;
	double high = 700;
	double peak;
	double reference;
	double curvature;
	double step;
	double sum;
	double value;
	double flat;
	double u;
	int i;

	/* The integrand has one peak (its slope changes sign once): golden-section search, to be centred roughly. */
	for (i = 0; i < 60; i++)
	{
		double left = high - (high - low) * 0.6180339887498949;
		double right = low + (high - low) * 0.6180339887498949;

		if (beta_log_term(kernel, k, tau, a, b, log_beta, left) < beta_log_term(kernel, k, tau, a, b, log_beta, right))
			low = left;
		else
			high = right;
	}
	peak = (low + high) / 2;
	reference = beta_log_term(kernel, k, tau, a, b, log_beta, peak);

	/* Steps of half a standard deviation of the peak, and never more than a quarter, are exact to a double. */
	{
		double p = segment_logistic(peak);
		double s = segment_logistic(peak + log1p(tau));

		curvature = (a + b) * p * (1 - p) + k * s * (1 - s);
	}
	step = 0.25;
	if (curvature > 4)
		step = 0.5 / sqrt(curvature);

	sum = 1;
	flat = -42 - log1p(tau) - log(1 + a + b + k);
	for (u = peak - step;; u -= step)
	{
		value = exp(beta_log_term(kernel, k, tau, a, b, log_beta, u) - reference);
		sum += value;
		if (value < 1e-18 * sum)
			break;
		if (u < flat)
		{
			/* The rest falls like exp(a u): a geometric series. */
			sum += value * exp(-a * step) / -expm1(-a * step);
			break;
		}
	}
	flat = 42 + log(1 + a + b + k);
	for (u = peak + step;; u += step)
	{
		value = exp(beta_log_term(kernel, k, tau, a, b, log_beta, u) - reference);
		sum += value;
		if (value < 1e-18 * sum)
			break;
		if (u > flat)
		{
			sum += value * exp(-b * step) / -expm1(-b * step);
			break;
		}
	}
	return sum * step * exp(reference);
}

/* The two sums of this file's head over N ~ NegativeBinomial(k, tau / (1 + tau)). */
static double
beta_series(BetaKernel kernel, double k, double tau, double a, double b)
{
	double z = tau / (1 + tau);
	double weight = exp(-k * log1p(tau));
	double survive = 1; /* E q^n */
	double total = kernel == KERNEL_SURVIVES ? weight : 0;
	double orders = 0; /* E q^0 + ... + E q^(n-1) */
	double n = 0;

	for (;;)
	{
		double term = 0;
		double ratio;
		int i;

		/* Checking at every eighth term whether the rest is negligible is cheaper than at each. */
		for (i = 0; i < 8; i++)
		{
			orders += survive;
			survive *= (b + n) / (a + b + n);
			weight *= z * (k + n) / (n + 1);
			n += 1;
			term = weight * (kernel == KERNEL_SURVIVES ? survive : orders);
			total += term;
		}
		/* Bounds the decline of the terms from here on: that of the weights rises to z if k < 1; orders grow slowly. */
		ratio = z * (k + n) / (n + 1);
		if (ratio < z)
			ratio = z;
		ratio *= 1 + 1 / n;
		if (ratio < 1 && term * ratio < 1e-17 * total * (1 - ratio))
			return total;
	}
}

static double
beta_average(BetaKernel kernel, double k, double tau, double a, double b)
{
	if (tau <= 0)
		return kernel == KERNEL_SURVIVES ? 1 : 0;
	if (k * tau > SERIES_MEAN || tau > SERIES_RATIO / (1 - SERIES_RATIO))
		return beta_expectation(kernel, k, tau, a, b);
	return beta_series(kernel, k, tau, a, b);
}

/* (1 - exp(-c * l)) / c, which is l at c = 0. */
static double
expm1_ratio(double c, double l)
{
	return c == 0 ? l : -expm1(-c * l) / c;
}

/* E (1 - theta)^n for theta ~ Beta(a, b). */
static double
survive_power(double a, double b, double n)
{
	return exp(segment_log_gamma_ratio(b, n) - segment_log_gamma_ratio(a + b, n));
}

double
segment_outlook_alive(const SegmentOutlook *o, double time)
{
	switch (o->kind)
	{
		case SEGMENT_BGNBD:
		case SEGMENT_MBGNBD:
			return o->alive * beta_average(KERNEL_SURVIVES, o->shape, time / o->scale, o->leave_a, o->leave_b);
		case SEGMENT_PARETO_NBD:
			return o->alive * exp(-o->leave_a * log1p(time / o->leave_b));
		case SEGMENT_BGBB:
			return o->alive * survive_power(o->leave_a, o->leave_b, time);
		default:
			return o->alive;
	}
}

double
segment_outlook_rate(const SegmentOutlook *o, double time)
{
	double rate = o->alive * o->shape / o->scale;

	switch (o->kind)
	{
		case SEGMENT_BGNBD:
		case SEGMENT_MBGNBD:
			return rate * beta_average(KERNEL_SURVIVES, o->shape + 1, time / o->scale, o->leave_a, o->leave_b);
		case SEGMENT_PARETO_NBD:
			return rate * exp(-o->leave_a * log1p(time / o->leave_b));
		default:
			return rate;
	}
}

/* The rest of a sum over chances is done as an integral if it falls no faster than this, and not before so many chances. */
#define SLOW_DECLINE 0.02
#define FIRST_CHANCES 1000

typedef struct ChanceIntegral
{
	const SegmentOutlook *outlook;
	double discount;
	double first; /* the log of the value is 0 here */
} ChanceIntegral;

/* Chances y, in z = log(leave_b + y): those that are survived, discounted. */
static double
chance_log_f(double z, const void *arg, double *values)
{
	const ChanceIntegral *f = arg;
	const SegmentOutlook *o = f->outlook;
	double base = o->leave_b + f->first;
	double more = exp(z) - base;

	(void) values;
	return z + segment_log_gamma_ratio(base, fmax(more, 0)) -
		   segment_log_gamma_ratio(o->leave_a + base, fmax(more, 0)) - f->discount * more;
}

static double
chance_bound(double z, const void *arg)
{
	const ChanceIntegral *f = arg;

	return 1 + f->outlook->leave_a + f->discount * exp(z + 1);
}

/*
 * Sum over chances i = first + 1 .. time of the value, relative to that at first, where it falls slowly: the integral
 * and the correction of Euler and Maclaurin. What is left out is below the decline to the power of five / 30240.
 */
static double
chance_rest(const SegmentOutlook *o, double first, double time, double discount)
{
	ChanceIntegral f = {o, discount, first};
	SegmentIntegrand integrand;
	double low = log(o->leave_b + first);
	double sum;
	double ends[2] = {first, time};
	double correction = 0;
	int i;

	integrand.log_f = chance_log_f;
	integrand.bound = chance_bound;
	integrand.is_concave = true;
	integrand.n_extra = 0;
	integrand.arg = &f;
	/* What is below exp(-45) is lost in the rounding of a double. */
	if (discount > 0)
		ends[1] = fmin(time, first + 45 / discount);
	segment_integrate(&integrand, low, low + log1p((ends[1] - first) / (o->leave_b + first)), 0, &sum);
	for (i = 0; i < 2; i++)
	{
		double low_base = o->leave_b + ends[i];
		double decline = segment_digamma(o->leave_a + low_base) - segment_digamma(low_base) + discount;
		double change = segment_trigamma(o->leave_a + low_base) - segment_trigamma(low_base);
		double z = log(low_base);
		double value = i == 0 ? 1 : exp(chance_log_f(z, &f, NULL) - z);
		double slope = -decline;
		double third = -decline * decline * decline + 3 * decline * change;

		correction += (i == 0 ? -1 : 1) * value * (0.5 + slope / 12 - third / 720);
	}
	return sum + correction;
}

/* Sum over chances i = 1 .. time of E p * E (1 - theta)^i * exp(-discount i): some thousand terms, the rest at once. */
static double
bgbb_orders(const SegmentOutlook *o, double time, double discount)
{
	double factor = exp(-discount);
	double survive = 1;
	double total = 0;
	double i;

	for (i = 0; i < time; i++)
	{
		double term;

		if (i >= FIRST_CHANCES && o->leave_a / (o->leave_a + o->leave_b + i) + discount < SLOW_DECLINE)
		{
			total += survive * chance_rest(o, i, time, discount);
			break;
		}
		survive *= (o->leave_b + i) / (o->leave_a + o->leave_b + i) * factor;
		total += survive;
		term = discount > 0 ? survive / -expm1(-discount) : survive;
		if (term < 1e-17 * total)
			break;
	}
	return o->alive * o->shape / (o->shape + o->scale) * total;
}

double
segment_outlook_orders(const SegmentOutlook *o, double time)
{
	if (time <= 0)
		return 0;
	switch (o->kind)
	{
		case SEGMENT_BGNBD:
		case SEGMENT_MBGNBD:
			return o->alive * beta_average(KERNEL_ORDERS, o->shape, time / o->scale, o->leave_a, o->leave_b);
		case SEGMENT_PARETO_NBD:
			return o->alive * o->shape / o->scale * o->leave_b * expm1_ratio(o->leave_a - 1, log1p(time / o->leave_b));
		case SEGMENT_BGBB:
			return bgbb_orders(o, time, 0);
		default:
			return o->shape / o->scale * time;
	}
}

typedef struct DiscountIntegral
{
	const SegmentOutlook *outlook;
	double least;
	double discount;
} DiscountIntegral;

/* Moments y, in z = log(y + least). */
static double
discount_log_f(double z, const void *arg, double *values)
{
	const DiscountIntegral *f = arg;
	double y = fmax(exp(z) - f->least, 0);

	(void) values;
	return z + log(segment_outlook_rate(f->outlook, y)) - f->discount * y;
}

/*
 * How fast the log of the rate falls with z. Of E (1 + p tau)^-m, m = k + 1, it is m E [p tau (1 + p tau)^-(m+1)] /
 * E (1 + p tau)^-m * (y + least) / y, which grows by a factor of e in a unit of z at most.
 */
static double
rate_decline(const DiscountIntegral *f, double y)
{
	const SegmentOutlook *o = f->outlook;
	double m = o->shape + 1;
	double tau = y / o->scale;
	double survives;

	if (o->kind == SEGMENT_PARETO_NBD)
		return o->leave_a * (y + f->least) / (y + o->leave_b);
	/* While next to nobody has left, this is the mean of p; later it is less. */
	if (m * tau < 1e-6)
		return m * o->leave_a / (o->leave_a + o->leave_b) * (y + f->least) / o->scale;
	survives = beta_average(KERNEL_SURVIVES, m, tau, o->leave_a, o->leave_b);
	if (!(survives > 0))
		return m;
	return m * (1 - beta_average(KERNEL_SURVIVES, m + 1, tau, o->leave_a, o->leave_b) / survives) * (y + f->least) / y;
}

static double
discount_bound(double z, const void *arg)
{
	const DiscountIntegral *f = arg;
	double e = exp(z);

	return 1 + 2.718281828459045 * (rate_decline(f, fmax(e - f->least, 0)) + f->discount * e);
}

double
segment_outlook_discounted(const SegmentOutlook *o, double time, double discount)
{
	DiscountIntegral f;
	SegmentIntegrand integrand;
	double sum;
	double end;

	if (time <= 0 || o->alive <= 0)
		return 0;
	if (o->kind == SEGMENT_BGBB)
		return bgbb_orders(o, time, discount);
	if (discount == 0)
		return segment_outlook_orders(o, time);
	if (o->kind == SEGMENT_NBD)
		return o->shape / o->scale * expm1_ratio(discount, time);
	/* What is below exp(-45) is lost in the rounding of a double. */
	end = fmin(time, 45 / discount);
	f.outlook = o;
	/* Where the rate begins to fall; below, nothing happens. */
	f.least = o->kind == SEGMENT_PARETO_NBD
				  ? o->leave_b
				  : o->scale / (1 + (o->shape + 1) * (o->leave_a / (o->leave_a + o->leave_b)));
	f.discount = discount;
	integrand.log_f = discount_log_f;
	integrand.bound = discount_bound;
	integrand.is_concave = o->kind == SEGMENT_PARETO_NBD;
	integrand.n_extra = 0;
	integrand.arg = &f;
	segment_integrate(&integrand, log(f.least), log(f.least) + log1p(end / f.least), 0, &sum);
	return sum;
}
