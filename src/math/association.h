/*
 * association.h: what the counts of two items say: how often one comes with the other, and how much more often than by
 * chance.
 */
#ifndef SEGMENT_MATH_ASSOCIATION_H
#define SEGMENT_MATH_ASSOCIATION_H

#include <stdint.h>

/* 1 <= n_ab <= n_a, n_b <= baskets. */
typedef struct SegmentTogether
{
	int64_t n_ab;
	int64_t n_a;
	int64_t n_b;
	int64_t baskets;
} SegmentTogether;

typedef struct SegmentAssociation
{
	double support;	   /* n_ab / baskets */
	double confidence; /* n_ab / n_a */
	double lift;	   /* confidence / (n_b / baskets) */
	double lift_low;   /* lower end of its interval */
	double leverage;   /* support - n_a / baskets * n_b / baskets */
	double conviction; /* (1 - n_b / baskets) / (1 - confidence); infinite where the confidence is 1 */
} SegmentAssociation;

/*
 * z is the normal quantile of the interval's level. The interval is symmetric in the logarithm of the lift, whose
 * variance the delta method gives of four cells: 1/n_ab - 1/n_a - 1/n_b + 2 n_ab / (n_a n_b) - 1/baskets.
 */
extern SegmentAssociation segment_association(const SegmentTogether *counts, double z);

#endif
