/*
 * special.c: special functions. Sources: Abramowitz & Stegun 6.1, 6.3 and 6.4 (Stirling series).
 */
#include "math/special.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

/* Above this the Stirling series below is exact to a double. */
#define STIRLING_FROM 16.0

double
segment_log_gamma(double x)
{
	int sign;

	return lgamma_r(x, &sign);
}

double
segment_stirling_rest(double x)
{
	double z = 1.0 / (x * x);

	if (x < STIRLING_FROM)
		return segment_log_gamma(x) - ((x - 0.5) * log(x) - x + 0.918938533204672741780);
	return (1.0 / 12 - z * (1.0 / 360 - z * (1.0 / 1260 - z * (1.0 / 1680 - z * (1.0 / 1188 - z * 691.0 / 360360))))) /
		   x;
}

double
segment_log_gamma_ratio(double a, double d)
{
	if (d == 0)
		return 0;
	if (a < STIRLING_FROM)
		return segment_log_gamma(a + d) - segment_log_gamma(a);
	/* A common factor a^d is taken out first, so that what is left is of the size of the result. */
	return (a + d - 0.5) * log1p(d / a) - d + d * log(a) + segment_stirling_rest(a + d) - segment_stirling_rest(a);
}

double
segment_log_beta(double a, double b)
{
	double low = a < b ? a : b;
	double high = a < b ? b : a;

	return segment_log_gamma(low) - segment_log_gamma_ratio(high, low);
}

double
segment_digamma(double x)
{
	double shift = 0;
	double z;

	while (x < STIRLING_FROM)
	{
		shift -= 1.0 / x;
		x += 1.0;
	}
	z = 1.0 / (x * x);
	return shift + log(x) - 0.5 / x -
		   z * (1.0 / 12 - z * (1.0 / 120 - z * (1.0 / 252 - z * (1.0 / 240 - z * (1.0 / 132 - z * 691.0 / 32760)))));
}

double
segment_trigamma(double x)
{
	double shift = 0;
	double z;

	while (x < STIRLING_FROM)
	{
		shift += 1.0 / (x * x);
		x += 1.0;
	}
	z = 1.0 / (x * x);
	return shift +
		   (1 + 0.5 / x +
			z * (1.0 / 6 - z * (1.0 / 30 - z * (1.0 / 42 - z * (1.0 / 30 - z * (5.0 / 66 - z * 691.0 / 2730)))))) /
			   x;
}

double
segment_log_add(double a, double b)
{
	double high = a > b ? a : b;
	double low = a > b ? b : a;

	if (isinf(high) && high < 0)
		return high;
	return high + log1p(exp(low - high));
}

double
segment_log1p_exp(double x)
{
	return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

double
segment_logistic(double x)
{
	double e;

	if (x >= 0)
		return 1.0 / (1.0 + exp(-x));
	e = exp(x);
	return e / (1.0 + e);
}

double
segment_normal_quantile(double p)
{
	static const double a[6] = {-3.969683028665376e+01, 2.209460984245205e+02,	-2.759285104469687e+02,
								1.383577518672690e+02,	-3.066479806614716e+01, 2.506628277459239e+00};
	static const double b[5] = {-5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02,
								6.680131188771972e+01, -1.328068155288572e+01};
	static const double c[6] = {-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00,
								-2.549732539343734e+00, 4.374664141464968e+00,	2.938163982698783e+00};
	static const double d[4] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
								3.754408661907416e+00};
	double q;
	double x;
	double error;

	if (p < 0.02425)
	{
		q = sqrt(-2 * log(p));
		x = (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
			((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
	}
	else if (p > 1 - 0.02425)
		return -segment_normal_quantile(1 - p);
	else
	{
		double square;

		q = p - 0.5;
		square = q * q;
		x = (((((a[0] * square + a[1]) * square + a[2]) * square + a[3]) * square + a[4]) * square + a[5]) * q /
			(((((b[0] * square + b[1]) * square + b[2]) * square + b[3]) * square + b[4]) * square + 1);
	}
	error = (0.5 * erfc(-x / sqrt(2.0)) - p) * sqrt(2 * 3.14159265358979323846) * exp(x * x / 2);
	return x - error / (1 + x * error / 2);
}

/* Positive nodes and weights of the 16-point Gauss-Legendre rule on [-1, 1] (A&S 25.4). */
const double segment_gauss_node[8] = {0.0950125098376374402, 0.2816035507792589132, 0.4580167776572273863,
									  0.6178762444026437484, 0.7554044083550030339, 0.8656312023878317439,
									  0.9445750230732325761, 0.9894009349916499326};
const double segment_gauss_weight[8] = {0.1894506104550684963, 0.1826034150449235889, 0.1691565193950025382,
										0.1495959888165767321, 0.1246289712555338720, 0.0951585116824927848,
										0.0622535239386478929, 0.0271524594117540949};

/* Within a panel log f moves by this much at most: sixteen nodes are then exact to a double. */
#define PANEL_SLOPE 12.0

/* Adds the sixteen nodes of a panel to the sums; returns what it adds to the first. */
static double
add_panel(const SegmentIntegrand *f, double low, double width, double reference, double *sums)
{
	double half = width / 2;
	double middle = low + half;
	double values[SEGMENT_MAX_EXTRA];
	double panel = 0;
	int i;
	int j;

	for (i = 0; i < 16; i++)
	{
		double node = i < 8 ? -segment_gauss_node[7 - i] : segment_gauss_node[i - 8];
		double weight = half * (i < 8 ? segment_gauss_weight[7 - i] : segment_gauss_weight[i - 8]);
		double y = middle + half * node;
		double value = weight * exp(f->log_f(y, f->arg, f->n_extra > 0 ? values : NULL) - reference);

		panel += value;
		for (j = 0; j < f->n_extra; j++)
			sums[1 + j] += value * values[j];
	}
	sums[0] += panel;
	return panel;
}

/* Panels to try from low on before searching for the peak. */
#define MARCH_PANELS 64

/* Below the peak by this much in logs, nothing counts: not with values that grow by the root of f, either. */
#define PEAK_DROP 90.0

/* Where log_f, which rises from low to the peak or falls from there, is PEAK_DROP below it; low if it nowhere is. */
static double
edge_of(const SegmentIntegrand *f, double far, double peak, double at_peak)
{
	int i;

	if (f->log_f(far, f->arg, NULL) > at_peak - PEAK_DROP)
		return far;
	for (i = 0; i < 60; i++)
	{
		double middle = far + (peak - far) / 2;

		if (f->log_f(middle, f->arg, NULL) > at_peak - PEAK_DROP)
			peak = middle;
		else
			far = middle;
	}
	return far;
}

/*
 * The integral of a log-concave function whose peak is too sharp, or too far from low, to be reached by steps. Finds
 * the peak and where the function has died away on both sides, and halves that range until log_f is nearly a line in
 * each panel. As log_f is concave, its curve within a panel is at most twice as far from the line as at the middle.
 */
static void
integrate_peak(const SegmentIntegrand *f, double low, double high, double reference, double *sums)
{
	double left = low;
	double right = high;
	double at_peak;
	double todo[64]; /* right ends of the panels that the halving has left for later */
	double at;
	int n = 0;
	int i;

	for (i = 0; i < 100 && right - left > 1e-15 * fabs(left); i++)
	{
		double first = right - (right - left) * 0.6180339887498949;
		double second = left + (right - left) * 0.6180339887498949;

		if (f->log_f(first, f->arg, NULL) < f->log_f(second, f->arg, NULL))
			left = first;
		else
			right = second;
	}
	at_peak = f->log_f(left, f->arg, NULL);
	at = edge_of(f, low, left, at_peak);
	todo[n++] = edge_of(f, high, left, at_peak);
	while (n > 0)
	{
		double width = todo[n - 1] - at;
		double middle = at + width / 2;
		double bend =
			f->log_f(middle, f->arg, NULL) - (f->log_f(at, f->arg, NULL) + f->log_f(todo[n - 1], f->arg, NULL)) / 2;

		if (n < 64 && middle > at && (width > 1 || bend > 0.5))
			todo[n++] = middle;
		else
		{
			add_panel(f, at, width, reference, sums);
			at = todo[--n];
		}
	}
}

void
segment_integrate(const SegmentIntegrand *f, double low, double high, double reference, double *sums)
{
	double at = low;
	int panels;
	int j;

	for (j = 0; j <= f->n_extra; j++)
		sums[j] = 0;
	for (panels = 0; at < high; panels++)
	{
		double bound = f->bound(at, f->arg);
		double width = bound > PANEL_SLOPE ? PANEL_SLOPE / bound : 1.0;
		double panel;

		if (at + width * 1.001 > high)
			width = high - at;
		if (panels == MARCH_PANELS && f->is_concave)
		{
			for (j = 0; j <= f->n_extra; j++)
				sums[j] = 0;
			integrate_peak(f, low, high, reference, sums);
			return;
		}
		panel = add_panel(f, at, width, reference, sums);
		if (at + width == at)
			break; /* low and high are equal to the last bit */
		at += width;
		if (panel < 1e-18 * sums[0] && f->log_f(at, f->arg, NULL) < f->log_f(at - width, f->arg, NULL))
			break;
	}
}
