/*
 * gain.h: how well a score ranks: area under the curve, cumulative gain, Gini. The customers come sorted by score, best
 * first. Equal scores are ties: what lies among them counts as if they came in random order.
 */
#ifndef SEGMENT_MATH_GAIN_H
#define SEGMENT_MATH_GAIN_H

#include <stddef.h>

/* count customers of one score, each with this outcome (0 or more). */
typedef struct SegmentScored
{
	double score;
	double outcome;
	double count;
} SegmentScored;

/*
 * Probability that a customer with an outcome above 0 has a better score than one without, ties counting half. NAN if
 * there is none of either.
 */
extern double segment_auc(const SegmentScored *scored, size_t n);

/* Share of all outcome that the best share of the customers has. NAN without any outcome. */
extern double segment_gain(const SegmentScored *scored, size_t n, double share);

/* Twice the area between the curve of gains and that of a random order. NAN without any outcome. */
extern double segment_gini(const SegmentScored *scored, size_t n);

#endif
