/*
 * trial.h: planning a trial and judging it as a whole: power and sample sizes, p-values of a family, whether segments differ,
 * whether the split is the planned one.
 */
#ifndef SEGMENT_MATH_TRIAL_H
#define SEGMENT_MATH_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "math/effect.h"

/* What a test is to find: with which probability of error, and on which side. strict: a significant result on the wrong side counts as found. */
typedef struct SegmentTest
{
	double alpha;
	SegmentSide side;
	bool strict;
} SegmentTest;

/* Power of the test of two rates: the normal approximation with a pooled variance under the null (Fleiss 1981). */
extern double segment_power_rates(const SegmentTest *test, double control, double treated, double n_control,
								  double n_treated);

/* Power of the t test of two means with a common deviation, by the noncentral t distribution. n_control + n_treated > 2. */
extern double segment_power_means(const SegmentTest *test, double sd, double diff, double n_control, double n_treated);

/* Rows of the control arm for that power, not rounded, with so many treated a row; infinite where no number suffices. */
extern double segment_sample_rates(const SegmentTest *test, double power, double control, double treated, double ratio);
extern double segment_sample_means(const SegmentTest *test, double power, double sd, double diff, double ratio);

/* The smallest difference that is found with that power: of means; the nearest rate above or below, NaN where there is none. */
extern double segment_detectable_means(const SegmentTest *test, double power, double sd, double n_control,
									   double n_treated);
extern double segment_detectable_rate(const SegmentTest *test, double power, double control, double n_control,
									  double n_treated, bool above);

/* Adjusts the p-values of a family of n tests in place, as R's p.adjust does. rank has room for n. */
typedef enum SegmentAdjustment
{
	SEGMENT_BONFERRONI,
	SEGMENT_HOLM,
	SEGMENT_HOCHBERG,
	SEGMENT_BH,
	SEGMENT_BY
} SegmentAdjustment;

extern void segment_adjust_p(double *p, int n, SegmentAdjustment method, int *rank);

/* Cochran's Q of n >= 2 estimates, and their mean with weights 1 / se^2. */
extern double segment_cochran_q(const double *estimate, const double *se, int n, double *pooled, double *pooled_se);

/* Pearson's statistic of counts against shares that add up to 1, all above 0. */
extern double segment_pearson(const int64_t *counts, const double *shares, int n);

/*
 * Exact multinomial test of counts against such shares: the probability of all outcomes that are at most as likely.
 * *smallest: the least p-value that any outcome has. NaN where there are more outcomes than limit.
 */
extern double segment_multinomial_p(const int64_t *counts, const double *shares, int n, double limit, double *smallest);

#endif
