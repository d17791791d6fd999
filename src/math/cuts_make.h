/*
 * cuts_make.h: thresholds made from data by the methods quantile and equal_width (natural: see breaks.h).
 */
#ifndef SEGMENT_MATH_CUTS_MAKE_H
#define SEGMENT_MATH_CUTS_MAKE_H

#include "math/cuts.h"

/* Cut points need at most two order statistics each. */
#define SEGMENT_MAX_RANKS (2 * (SEGMENT_CUTS_MAX_BINS - 1))

/*
 * Writes the 0-based ranks, ascending and distinct, of the order statistics that the quantile cut points of n values
 * (1 .. SEGMENT_MAX_TOTAL) need. Returns how many.
 */
extern int segment_quantile_ranks(int64_t n, int bins, int64_t ranks[SEGMENT_MAX_RANKS]);

/*
 * Type-7 quantiles at the exact position (n - 1) i / bins, from the values at those ranks. A cut point between two
 * neighbours a < b lies in [a, b), whatever rounding does, so cut < v is exact for every value of the data.
 */
extern void segment_quantile_cuts(int64_t n, int bins, const int64_t *ranks, const double *values, int n_ranks,
								  double *thresholds);

/* Bins of equal width between lowest and highest. */
extern void segment_equal_width_cuts(double lowest, double highest, int bins, double *thresholds);

/*
 * What lies between low and high: ((parts - part) low + part high) / parts, in 15 digits where they lie in [low, high).
 */
extern double segment_between(double low, double high, int64_t part, int64_t parts);

#endif
