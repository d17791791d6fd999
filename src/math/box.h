/*
 * box.h: a rule of a few thresholds that describes a cluster: a box in the user's units.
 */
#ifndef SEGMENT_MATH_BOX_H
#define SEGMENT_MATH_BOX_H

#include <stdint.h>

#include "math/poll.h"

/* Nobody reads a rule with more conditions. */
#define SEGMENT_BOX_CONDITIONS 4

/* Points: coordinate j of point i is x[j * n + i]; order holds, feature by feature, the points by ascending value. */
typedef struct SegmentBoxPoints
{
	int n;
	int dims;
	const double *x;
	const double *w;
	const int32_t *label;
	const int32_t *order;
} SegmentBoxPoints;

typedef struct SegmentBox
{
	double *lower;	  /* dims: x >= lower; -infinity: no bound */
	double *upper;	  /* dims: x <= upper; infinity: no bound */
	double precision; /* how much of the box belongs to the cluster */
	double recall;	  /* how much of the cluster lies in the box */
} SegmentBox;

/*
 * Finds a box for a cluster: one bound after the other, each the one that raises F1 (the harmonic mean of precision and
 * recall) most, while that is at least 0.005. Bounds are numbers of few digits: the shortest that cost at most 0.002 of F1.
 * inside has room for n bytes. The cluster must have weight.
 */
extern void segment_box(const SegmentBoxPoints *points, int cluster, SegmentBox *box, uint8_t *inside,
						SegmentPoll poll);

#endif
