/*
 * kmeans.h: weighted k-means on points in memory: the fit, and the search for the nearest centroid that everything else
 * about clusters uses too.
 *
 * The criterion is the weighted sum of squared Euclidean distances to the nearest centroid. Everything is deterministic:
 * sums run in the order of the points, ties go to the lower centroid, random choices come from the seed.
 */
#ifndef SEGMENT_MATH_KMEANS_H
#define SEGMENT_MATH_KMEANS_H

#include <stddef.h>
#include <stdint.h>

#include "math/nearest.h"
#include "math/poll.h"

typedef struct SegmentKmeansOptions
{
	int k;			  /* 1 .. number of distinct points */
	int starts;		  /* >= 1 independent starts; the best goes on */
	int swaps;		  /* >= 0 attempts to move one centroid elsewhere */
	int stall;		  /* ... which end after so many in a row that failed; 0: never */
	int max_iter;	  /* >= 1 rounds of assignment and update in one descent */
	double tolerance; /* a descent stops when a round improves the sum by this fraction or less; 0: never */
	uint64_t seed;
	SegmentPoll poll;
	SegmentSteps progress; /* told after every start and swap, starts + swaps steps in all; may be NULL */
} SegmentKmeansOptions;

/* Why the last descent stopped. */
typedef enum SegmentKmeansStop
{
	SEGMENT_STOP_CONVERGED = 0, /* no point changed its cluster */
	SEGMENT_STOP_TOLERANCE = 1,
	SEGMENT_STOP_MAX_ITER = 2
} SegmentKmeansStop;

/* The result; the arrays are the caller's. */
typedef struct SegmentKmeansFit
{
	double *centroid; /* k x dims, centroid by centroid */
	int32_t *label;	  /* n: the nearest centroid of every point */
	double *nearest;  /* n: squared distance to it */
	double *weight;	  /* k: weight of the points of each centroid */
	double *sse;	  /* k: their sum of squared distances */
	double inertia;	  /* the sum of sse */
	int iterations;	  /* rounds of all descents */
	SegmentKmeansStop stop;
} SegmentKmeansFit;

/* Bytes of scratch memory for segment_kmeans. */
extern size_t segment_kmeans_workspace(int n, int dims, int k);

/*
 * Fits k centroids: greedy k-means++ (Arthur & Vassilvitskii 2007, the greedy form of their section 7), Lloyd's descent,
 * the best of all starts, then swaps (Franti 2018, "Efficiency of random swap clustering", J. Big Data 5:13; the centroid
 * to give up is the one whose loss is smallest, as in Lattanzi & Sohler 2019), then a last descent. A centroid that loses
 * its last point moves to the point that adds most to the sum. Centroids come numbered by weight, heaviest first, ties
 * by coordinates.
 */
extern void segment_kmeans(const SegmentPoints *points, const SegmentKmeansOptions *options, SegmentKmeansFit *fit,
						   void *workspace);

/*
 * Lloyd's descent alone, from the centroids in fit->centroid; the same result fields, the same numbering. Warm starts.
 */
extern void segment_kmeans_descend(const SegmentPoints *points, const SegmentKmeansOptions *options,
								   SegmentKmeansFit *fit, void *workspace);

#endif
