/*
 * effect.h: one arm against another: intervals and p-values of differences and of relative lifts.
 */
#ifndef SEGMENT_MATH_EFFECT_H
#define SEGMENT_MATH_EFFECT_H

#include <stdbool.h>
#include <stdint.h>

typedef enum SegmentSide
{
	SEGMENT_TWO_SIDED,
	SEGMENT_GREATER, /* is the treated arm better? intervals reach up to infinity */
	SEGMENT_LESS
} SegmentSide;

/* Estimates of two arms, and the variances of these estimates. */
typedef struct SegmentEffect
{
	double control;
	double treated;
	double diff; /* treated - control, which may be known to more digits than they are */
	double var_control;
	double var_treated;
	double covariance; /* of both; 0 but where they share an estimate */
	double var_diff;
	double df; /* of the variance; infinite for a normal distribution */
} SegmentEffect;

/* Degrees of freedom of the sum of two estimated variances of means of n rows (Welch 1947). */
extern double segment_welch_df(double var_a, double n_a, double var_b, double n_b);

/* How many standard errors an interval reaches. */
extern double segment_reach(double df, double alpha, SegmentSide side);

/* p-value of a statistic. */
extern double segment_p_value(double statistic, double df, SegmentSide side);

/*
 * The same by an asymptotic confidence sequence (Waudby-Smith et al. 2021): whoever looks at every row errs with
 * probability alpha at most, once in all. n: rows so far in both arms; tightest_at: the number of rows for which the interval
 * is tuned.
 */
extern double segment_always_valid_reach(double df, double alpha, SegmentSide side, double n, double tightest_at);
extern double segment_always_valid_p(double statistic, double df, double alpha, SegmentSide side, double n,
									 double tightest_at);

/* estimate -/+ reach deviations, open on the side that is not asked for. */
extern void segment_interval(double estimate, double deviation, double reach, SegmentSide side, double *low,
							 double *high);

/* diff / |control| with its standard error by the delta method; control is not 0. */
extern void segment_lift(const SegmentEffect *effect, double *lift, double *deviation);

/* Interval of diff / |control| by Fieller's theorem (1954); false where it is unbounded, as control may be 0. */
extern bool segment_fieller(const SegmentEffect *effect, double reach, SegmentSide side, double *low, double *high);

/* Events of two arms. */
typedef struct SegmentRates
{
	int64_t control_events;
	int64_t control_n;
	int64_t treated_events;
	int64_t treated_n;
} SegmentRates;

/* Difference of rates by Newcombe's hybrid score interval (1998, method 10). */
extern void segment_newcombe(const SegmentRates *rates, double reach, SegmentSide side, double *low, double *high);

/* The reach at which an end of that interval is 0, with the sign of the difference: its p-value is that of a normal deviate. */
extern double segment_newcombe_statistic(const SegmentRates *rates);

/*
 * Relative lift of rates by Fieller's argument on Wilson's limits (Donner & Zou 2012), so that it agrees with Newcombe's
 * interval on whether 0 is inside. The control arm has events.
 */
extern void segment_rate_lift(const SegmentRates *rates, double reach, SegmentSide side, double *low, double *high);

#endif
