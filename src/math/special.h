/*
 * special.h: special functions that the C library lacks, in logs, finite for every finite positive argument.
 */
#ifndef SEGMENT_MATH_SPECIAL_H
#define SEGMENT_MATH_SPECIAL_H

#include <stdbool.h>

/* log |gamma(x)|, without the C library's global sign. */
extern double segment_log_gamma(double x);

/* log(gamma(a + d) / gamma(a)), a > 0, d >= 0, without the cancellation of two large values. */
extern double segment_log_gamma_ratio(double a, double d);

/* log gamma(x) - ((x - 1/2) log x - x + log(2 pi) / 2), x > 0: what Stirling's formula leaves (A&S 6.1.41). */
extern double segment_stirling_rest(double x);

/* log of the beta function, a, b > 0. */
extern double segment_log_beta(double a, double b);

/* Derivative of log gamma, x > 0; 1e-15 relative away from its zero at 1.46. */
extern double segment_digamma(double x);

/* Second derivative of log gamma, x > 0; 1e-15 relative. */
extern double segment_trigamma(double x);

/* log(exp(a) + exp(b)); either may be -infinity. */
extern double segment_log_add(double a, double b);

/* log(1 + exp(x)) and 1 / (1 + exp(-x)). */
extern double segment_log1p_exp(double x);
extern double segment_logistic(double x);

/* Quantile of the standard normal distribution, 0 < p < 1; 1e-9 relative (Acklam's rational form, one Halley step). */
extern double segment_normal_quantile(double p);

/* Positive nodes and weights of the 16-point Gauss-Legendre rule on [-1, 1] (A&S 25.4). */
extern const double segment_gauss_node[8];
extern const double segment_gauss_weight[8];

/*
 * Integral from low to high of exp(log_f(y) - reference), for a log_f that is analytic near the axis. bound(y) is an
 * upper bound of |slope of log_f| from y to y + 1: panels are short where it is large. Sixteen Gauss-Legendre nodes a
 * panel; stops early where what is left is below 1e-18 of the sum and log_f falls. If log_f is concave, the work is bounded
 * by some hundred panels, however sharp its peak: reference must then be near the peak, or exp overflows. The moments of
 * other functions of y come from the same nodes: log_f fills values[0 .. n_extra - 1], whose weighted sums go to sums[1..]. values is NULL
 * where they are not asked for.
 */
typedef struct SegmentIntegrand
{
	double (*log_f)(double y, const void *arg, double *values);
	double (*bound)(double y, const void *arg);
	bool is_concave;
	int n_extra; /* at most SEGMENT_MAX_EXTRA */
	const void *arg;
} SegmentIntegrand;

#define SEGMENT_MAX_EXTRA 4

extern void segment_integrate(const SegmentIntegrand *f, double low, double high, double reference, double *sums);

#endif
