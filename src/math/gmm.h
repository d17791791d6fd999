/*
 * gmm.h: mixtures of normal distributions, fitted by expectation-maximisation on weighted points or micro-clusters.
 *
 * Micro-clusters count with their inner deviations, as in BETULA (Lang & Schubert 2022): the expected log density of a
 * micro-cluster's points under a component needs only the micro-cluster's mean and deviations, so the fit is that of
 * all points as long as micro-clusters are small against components.
 */
#ifndef SEGMENT_MATH_GMM_H
#define SEGMENT_MATH_GMM_H

#include <stdbool.h>

#include "math/kmeans.h"

/* Doubles of a covariance: a variance each, or a lower triangle by rows. */
#define SEGMENT_COVARIANCE_SIZE(dims, full) ((full) ? (dims) * ((dims) + 1) / 2 : (dims))

typedef struct SegmentGmm
{
	int k;
	int dims;
	bool full;
	double *weight;		   /* k: sum to 1 */
	double *mean;		   /* k x dims */
	double *covariance;	   /* k x SEGMENT_COVARIANCE_SIZE */
	bool *at_floor;		   /* k: a variance was raised to the floor */
	double log_likelihood; /* of all points, weighted */
	int iterations;
	bool converged;
} SegmentGmm;

typedef struct SegmentGmmOptions
{
	int max_iter;
	double tolerance; /* stop when an iteration gains less than this a unit of weight */
	/* The least variance of a feature at a mean: arg is handed through. */
	double (*floor)(int feature, double mean, const void *arg);
	const void *floor_arg;
	SegmentPoll poll;
	SegmentSteps progress; /* told the iterations done, at most max_iter; may be NULL */
} SegmentGmmOptions;

/* Doubles of scratch memory of a fit, and of segment_gmm_prepare. */
extern size_t segment_gmm_scratch(int n, int dims, int k, bool full);
extern size_t segment_gmm_prepared_size(int dims, int k, bool full);

/*
 * Fits from given labels (0 .. k - 1, every one with weight). deviation: n x dims inner sums of squared deviations,
 * dimension by dimension; NULL for points. A component whose covariance is not positive definite falls back to its
 * diagonal, and no variance goes below the floor, so nothing becomes infinite. Components come numbered by weight,
 * heaviest first.
 */
extern void segment_gmm_fit(const SegmentPoints *points, const double *deviation, const int32_t *label,
							const SegmentGmmOptions *options, SegmentGmm *gmm, double *scratch);

/* What densities need: factors of the covariances and their log determinants. */
extern void segment_gmm_prepare(const SegmentGmm *gmm, double *prepared);

/*
 * Log densities of one vector, log weight included: density has k doubles. Returns the log of their sum. scratch: dims
 * doubles.
 */
extern double segment_gmm_densities(const SegmentGmm *gmm, const double *prepared, const double *x, double *density,
									double *scratch);

/* Whether a covariance is positive definite with finite factors; scratch has room for one. */
extern bool segment_covariance_valid(const double *covariance, int dims, bool full, double *scratch);

#endif
