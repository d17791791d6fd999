/*
 * survival.h: when things happen, with those for whom they have not yet: the product-limit estimate (Kaplan and Meier
 * 1958), its variance (Greenwood 1926) and the interval on the scale of logarithms.
 */
#ifndef SEGMENT_MATH_SURVIVAL_H
#define SEGMENT_MATH_SURVIVAL_H

#include <stddef.h>
#include <stdint.h>

/* What happened at one time; values hold them by time, each time once. */
typedef struct SegmentSurvivalPoint
{
	double time;
	int64_t events;
	int64_t censored; /* seen up to then, and it had not happened */
} SegmentSurvivalPoint;

/* The estimate behind some of the points. */
typedef struct SegmentSurvivalCurve
{
	int64_t at_risk; /* at the last point taken */
	int64_t left;	 /* behind it */
	double survival; /* the share for whom it has not happened up to then */
	double variance; /* of its logarithm */
} SegmentSurvivalCurve;

extern void segment_survival_begin(SegmentSurvivalCurve *curve, const SegmentSurvivalPoint *points, size_t n);
extern void segment_survival_take(SegmentSurvivalCurve *curve, const SegmentSurvivalPoint *point);

/* The interval of the estimate; z is the normal quantile of the confidence. NaN where nobody is left. */
extern void segment_survival_interval(const SegmentSurvivalCurve *curve, double z, double *low, double *high);

/*
 * When a share p has done it: the first time at which the estimate is at most 1 - p, or where it is exactly that, the
 * middle between that time and the next event. Where the bounds of the interval get there are low and high. NaN where it
 * never does.
 */
extern void segment_survival_quantile(const SegmentSurvivalPoint *points, size_t n, double p, double z,
									  double *quantile, double *low, double *high);

#endif
