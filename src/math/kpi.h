/*
 * kpi.h: the arithmetic of key figures: intervals of rates, decomposition of a change, concentration, control limits.
 */
#ifndef SEGMENT_MATH_KPI_H
#define SEGMENT_MATH_KPI_H

#include <stdint.h>

#include "math/multiset.h"

/*
 * Wilson's score interval (Wilson 1927) of events out of trials, 0 <= events <= trials, trials > 0; z is the normal
 * quantile of the confidence. It stays within [0, 1], and reaches 0 and 1 exactly where no and every trial succeeded.
 */
extern void segment_wilson(int64_t events, int64_t trials, double z, double *low, double *high);

/*
 * Parts of the change of a product of n factors, n <= SEGMENT_MAX_FACTORS, by Shapley's value (Shapley 1953): each
 * factor's change, averaged over all orders in which the factors may change. The parts add up to the change; a factor
 * that does not change has the part 0; zeros do no harm.
 */
#define SEGMENT_MAX_FACTORS 16
extern void segment_shapley(const double *before, const double *after, int n, double *parts);

/* What a multiset says about concentration. Values below 0 are left out and counted. */
typedef struct SegmentConcentration
{
	int64_t n;		  /* values that are not below 0 */
	int64_t left_out; /* values below 0 */
	size_t first;	  /* the first entry that is not left out */
	double total;
} SegmentConcentration;

extern void segment_concentration(const SegmentMultiset *set, SegmentConcentration *what);

/* Gini coefficient of a population (not of a sample): 2 sum(i x_i) / (n sum(x)) - (n + 1) / n; NaN if all are 0. */
extern double segment_concentration_gini(const SegmentMultiset *set, const SegmentConcentration *what);

/* Sum of the k smallest values that are not left out, 0 <= k <= n. */
extern double segment_lowest_sum(const SegmentMultiset *set, const SegmentConcentration *what, int64_t k);

#endif
