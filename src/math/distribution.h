/*
 * distribution.h: tails and quantiles of the distributions that tests and intervals need. Tails are relatively exact to
 * about 1e-13, however far out they lie: each side is computed by itself, never as one minus the other where that is small.
 */
#ifndef SEGMENT_MATH_DISTRIBUTION_H
#define SEGMENT_MATH_DISTRIBUTION_H

/*
 * Regularised incomplete beta function, both sides: *lower = I_x(a, b), *upper = I_y(b, a) = 1 - I_x(a, b); a, b > 0.
 * The caller gives x and y = 1 - x, so that neither loses digits.
 */
extern void segment_beta_tails(double a, double b, double x, double y, double *lower, double *upper);

/* x and y = 1 - x where these are lower and upper, which add up to 1. */
extern void segment_beta_quantile(double a, double b, double lower, double upper, double *x, double *y);

/* Regularised incomplete gamma functions P(a, x) and Q(a, x); a > 0, x >= 0. */
extern void segment_gamma_tails(double a, double x, double *lower, double *upper);

/* x where these are lower and upper, which add up to 1. */
extern double segment_gamma_quantile(double a, double lower, double upper);

/* Upper tails: the probability of more than that. Their inverses take the tail: 0.025 is the quantile of 97.5 %. */
extern double segment_normal_upper(double z);
extern double segment_normal_upper_quantile(double upper);

/* Student's t; df > 0, which may be infinite. */
extern double segment_t_upper(double t, double df);
extern double segment_t_upper_quantile(double upper, double df);

extern double segment_chi_square_upper(double x, double df);
extern double segment_chi_square_upper_quantile(double upper, double df);

extern double segment_f_upper(double f, double df1, double df2);
extern double segment_f_upper_quantile(double upper, double df1, double df2);

/* t with a noncentrality: what decides the power of a t test. df >= 1; 1e-12 absolute. */
extern double segment_noncentral_t_upper(double t, double df, double noncentrality);

#endif
