/*
 * distribution.c: tails and quantiles, see distribution.h. Sources: Abramowitz & Stegun 6.5 and 26.5; Loader 2000, "Fast and
 * accurate computation of binomial probabilities" (the front factors, without the cancellation of large logarithms);
 * Numerical Recipes 6.2 and 6.4 (series and continued fractions).
 */
#include "math/distribution.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

#include "math/special.h"

#define TWO_PI 6.28318530717958647692

/* From here on t is its limit and the next term (A&S 26.7.8): an incomplete beta function would take too long. */
#define NORMAL_FROM 1e9

/* v log(v / m) - d, where d = v - m: what parts v from m, without cancellation where they are near. v, m > 0. */
static double
deviance(double v, double m, double d)
{
	if (fabs(d) < 0.1 * (v + m))
	{
		double ratio = d / (v + m);
		double square = ratio * ratio;
		double sum = d * ratio;
		double term = 2.0 * v * ratio;

		for (int i = 1; i < 1000; i++)
		{
			double next;

			term *= square;
			next = sum + term / (2 * i + 1);
			if (next == sum)
				break;
			sum = next;
		}
		return sum;
	}
	return v * log(v / m) - d;
}

/* x^a y^b / B(a, b). */
static double
beta_front(double a, double b, double x, double y)
{
	double n = a + b;
	double d = a * y - b * x; /* a - n x, and n y - b */

	return sqrt(a / n * b / TWO_PI) * exp(segment_stirling_rest(n) - segment_stirling_rest(a) -
										  segment_stirling_rest(b) - deviance(a, n * x, d) - deviance(b, n * y, -d));
}

/*
 * I_x(a, b) without its front: a continued fraction (DiDonato & Morris 1992, formula 9) by the modified Lentz method. It takes
 * y, where x rounded would lose the digits; for x < (a + 1) / (a + b + 2), in about the root of the larger argument steps.
 */
static double
beta_fraction(double a, double b, double x, double y)
{
	double d = a * y - b * x + 1.0;
	double h = a * d / (a + 1.0);
	double c = h;
	double previous = 0.0;

	for (int m = 1; m < 1000000; m++)
	{
		double step = (a + m - 1.0) / (a + 2 * m - 1.0) * ((a + b + m - 1.0) / (a + 2 * m - 1.0)) * m * (b - m) * x * x;
		double partial = m + m * (b - m) * x / (a + 2 * m - 1.0) + (a + m) * (d + m * (1.0 + y)) / (a + 2 * m + 1.0);
		double change;

		previous = partial + step * previous;
		if (fabs(previous) < DBL_MIN)
			previous = DBL_MIN;
		c = partial + step / c;
		if (fabs(c) < DBL_MIN)
			c = DBL_MIN;
		previous = 1.0 / previous;
		change = c * previous;
		h *= change;
		if (fabs(change - 1.0) < 2e-16)
			break;
	}
	return 1.0 / h;
}

void
segment_beta_tails(double a, double b, double x, double y, double *lower, double *upper)
{
	if (!(x > 0.0 && y > 0.0))
	{
		*lower = x > 0.0 ? 1.0 : 0.0;
		*upper = x > 0.0 ? 0.0 : 1.0;
		return;
	}
	if (x < (a + 1.0) / (a + b + 2.0))
	{
		*lower = fmin(beta_front(a, b, x, y) * beta_fraction(a, b, x, y), 1.0);
		*upper = 1.0 - *lower;
	}
	else
	{
		*upper = fmin(beta_front(a, b, x, y) * beta_fraction(b, a, y, x), 1.0);
		*lower = 1.0 - *upper;
	}
}

/* x^a exp(-x) / gamma(a + 1). */
static double
gamma_front(double a, double x)
{
	return exp(-segment_stirling_rest(a) - deviance(a, x, a - x)) / sqrt(TWO_PI * a);
}

void
segment_gamma_tails(double a, double x, double *lower, double *upper)
{
	double front;

	if (!(x > 0.0) || isinf(x))
	{
		*lower = x > 0.0 ? 1.0 : 0.0;
		*upper = 1.0 - *lower;
		return;
	}
	front = gamma_front(a, x);
	if (x < a + 1.0)
	{
		double term = 1.0;
		double sum = 1.0;

		for (double i = a + 1.0; term > sum * 1e-17; i += 1.0)
		{
			term *= x / i;
			sum += term;
		}
		*lower = fmin(front * sum, 1.0);
		*upper = 1.0 - *lower;
	}
	else
	{
		/* continued fraction by the modified Lentz method; no denominator is 0 for x > a */
		double b = x + 1.0 - a;
		double c = 1.0 / DBL_MIN;
		double d = 1.0 / b;
		double h = d;

		for (int i = 1; i < 1000000; i++)
		{
			double numerator = -i * (i - a);
			double step;

			b += 2.0;
			d = 1.0 / (numerator * d + b);
			c = b + numerator / c;
			step = d * c;
			h *= step;
			if (fabs(step - 1.0) < 1e-16)
				break;
		}
		*upper = fmin(front * a * h, 1.0);
		*lower = 1.0 - *upper;
	}
}

/* What is solved for a quantile: both tails at u, and their slope, all of u on a scale that is unbounded both ways. */
typedef void (*TailsAt)(double u, const double *parameters, double *lower, double *upper, double *slope);

/*
 * u where the tails are these: Newton's method on the logarithm of the smaller tail, which is nearly straight far out; kept
 * between bounds that close in on the answer.
 */
static double
solve(TailsAt tails, const double *parameters, double start, double lower, double upper)
{
	double low = -800.0;
	double high = 800.0;
	double u = fmin(fmax(start, low), high);
	bool by_lower = lower <= upper;

	for (int i = 0; i < 300; i++)
	{
		double have_lower;
		double have_upper;
		double slope;
		double error; /* grows with u */
		double next;

		tails(u, parameters, &have_lower, &have_upper, &slope);
		if (by_lower)
			error = have_lower > 0.0 ? log(have_lower / lower) : -HUGE_VAL;
		else
			error = have_upper > 0.0 ? log(upper / have_upper) : HUGE_VAL;
		if (error == 0.0)
			return u;
		if (error < 0.0)
			low = u;
		else
			high = u;
		next = u - error * (by_lower ? have_lower : have_upper) / slope;
		if (!(next > low && next < high))
			next = low + (high - low) / 2;
		if (fabs(next - u) <= 2 * DBL_EPSILON * fabs(u) || next == low || next == high)
			return next;
		u = next;
	}
	return u;
}

/* u = log(x / y) */
static void
beta_tails_at(double u, const double *parameters, double *lower, double *upper, double *slope)
{
	double x = segment_logistic(u);
	double y = segment_logistic(-u);

	segment_beta_tails(parameters[0], parameters[1], x, y, lower, upper);
	*slope = x > 0.0 && y > 0.0 ? beta_front(parameters[0], parameters[1], x, y) : 0.0;
}

void
segment_beta_quantile(double a, double b, double lower, double upper, double *x, double *y)
{
	double parameters[2] = {a, b};
	double u;

	if (!(lower > 0.0 && upper > 0.0))
	{
		*x = lower > 0.0 ? 1.0 : 0.0;
		*y = 1.0 - *x;
		return;
	}
	u = solve(beta_tails_at, parameters, log(a / b), lower, upper);
	*x = segment_logistic(u);
	*y = segment_logistic(-u);
}

/* u = log x */
static void
gamma_tails_at(double u, const double *parameters, double *lower, double *upper, double *slope)
{
	double x = exp(u);

	segment_gamma_tails(parameters[0], x, lower, upper);
	*slope = x > 0.0 && !isinf(x) ? parameters[0] * gamma_front(parameters[0], x) : 0.0;
}

double
segment_gamma_quantile(double a, double lower, double upper)
{
	if (!(lower > 0.0))
		return 0.0;
	if (!(upper > 0.0))
		return HUGE_VAL;
	return exp(solve(gamma_tails_at, &a, log(a), lower, upper));
}

double
segment_normal_upper(double z)
{
	return 0.5 * erfc(z * M_SQRT1_2);
}

double
segment_normal_upper_quantile(double upper)
{
	if (!(upper > 0.0))
		return HUGE_VAL;
	if (!(upper < 1.0))
		return -HUGE_VAL;
	return -segment_normal_quantile(upper);
}

double
segment_t_upper(double t, double df)
{
	double lower;
	double upper;
	double square = t * t;

	if (df >= NORMAL_FROM)
	{
		double density = exp(-square / 2) / sqrt(TWO_PI);

		return fmax(segment_normal_upper(t) + density * t * (square + 1) / (4 * df), 0.0);
	}
	if (square > DBL_MAX)
	{
		/* so far out that the first term of the series is all */
		lower = isinf(t) ? 0.0 : exp(df / 2 * (log(df) - 2 * log(fabs(t))) - segment_log_beta(df / 2, 0.5)) / (df / 2);
		upper = 1.0 - lower;
	}
	else
		segment_beta_tails(df / 2, 0.5, df / (df + square), square / (df + square), &lower, &upper);
	return t >= 0.0 ? lower / 2 : 0.5 + upper / 2;
}

double
segment_t_upper_quantile(double upper, double df)
{
	double x;
	double y;

	if (upper > 0.5)
		return -segment_t_upper_quantile(1.0 - upper, df);
	if (!(upper > 0.0))
		return HUGE_VAL;
	if (df >= NORMAL_FROM)
	{
		double z = segment_normal_upper_quantile(upper);

		return z + z * (z * z + 1) / (4 * df);
	}
	segment_beta_quantile(df / 2, 0.5, 2 * upper, 1.0 - 2 * upper, &x, &y);
	return sqrt(df * (y / x));
}

double
segment_chi_square_upper(double x, double df)
{
	double lower;
	double upper;

	segment_gamma_tails(df / 2, x / 2, &lower, &upper);
	return upper;
}

double
segment_chi_square_upper_quantile(double upper, double df)
{
	return 2 * segment_gamma_quantile(df / 2, 1.0 - upper, upper);
}

double
segment_f_upper(double f, double df1, double df2)
{
	double lower;
	double upper;
	double numerator = df1 * f;

	if (!(f > 0.0))
		return 1.0;
	if (isinf(numerator))
		return 0.0;
	segment_beta_tails(df1 / 2, df2 / 2, numerator / (numerator + df2), df2 / (numerator + df2), &lower, &upper);
	return upper;
}

double
segment_f_upper_quantile(double upper, double df1, double df2)
{
	double x;
	double y;

	segment_beta_quantile(df1 / 2, df2 / 2, 1.0 - upper, upper, &x, &y);
	return df2 / df1 * (x / y);
}

/* The integral runs over so many deviations, in so many panels of sixteen nodes. */
#define REACH 9.0
#define PANELS 64

double
segment_noncentral_t_upper(double t, double df, double noncentrality)
{
	/* T = (Z + noncentrality) / S, S^2 chi-square / df: the mean of P(Z > t s - noncentrality) over the density of S */
	double low = fmax(1.0 - REACH / sqrt(df), 0.0);
	double high = 1.0 + REACH / sqrt(df);
	double half = (high - low) / PANELS / 2;
	double weights = 0.0;
	double sum = 0.0;

	if (df >= NORMAL_FROM)
		return segment_normal_upper(t - noncentrality);
	for (int panel = 0; panel < PANELS; panel++)
	{
		double middle = low + (2 * panel + 1) * half;

		for (int i = 0; i < 16; i++)
		{
			double s = middle + half * (i < 8 ? -segment_gauss_node[i] : segment_gauss_node[i - 8]);
			/* the density up to a constant, which divides out; it is near its peak at 1 */
			double density = exp((df - 1) * log(s) - df * (s * s - 1) / 2);
			double weight = segment_gauss_weight[i % 8] * density;

			weights += weight;
			sum += weight * segment_normal_upper(t * s - noncentrality);
		}
	}
	return sum / weights;
}
