/*
 * criteria.h: how good a clustering is, from the points that it was fitted on.
 */
#ifndef SEGMENT_MATH_CRITERIA_H
#define SEGMENT_MATH_CRITERIA_H

#include "math/kmeans.h"
#include "math/rng.h"

typedef struct SegmentCriteria
{
	double calinski_harabasz; /* more is better; NaN where undefined, as all of these */
	double silhouette;		  /* simplified: by distances to centroids; more is better */
	double davies_bouldin;	  /* less is better */
	double bic;				  /* of equal spherical normal clusters; less is better */
	double smallest_share;	  /* of the weight */
} SegmentCriteria;

/*
 * Computes all criteria of a fit. total and inertia are sums of squares about the mean and to the nearest centroids,
 * with what micro-clusters hold inside (within, by point, may be NULL). scratch: n doubles and 2 k.
 *
 * Sources: Calinski & Harabasz (1974); Davies & Bouldin (1979); simplified silhouette, Hruschka et al. (2004); BIC as
 * in Pelleg & Moore, X-means (2000), with the pooled variance inertia / (dims (n - k)).
 */
extern void segment_criteria(const SegmentPoints *points, int k, const SegmentKmeansFit *fit, const double *within,
							 double total, double inertia, SegmentCriteria *criteria, double *scratch);

/*
 * Adjusted Rand index (Hubert & Arabie 1985) of two labelings into k clusters, weighted; 1 if both have one cluster.
 * scratch: k * k + 2 k doubles.
 */
extern double segment_adjusted_rand(const int32_t *a, const int32_t *b, const double *w, int n, int k, double *scratch);

/*
 * A bootstrap sample: writes for each point how often it is drawn (Poisson with mean w * rate), and returns how many
 * points are drawn at all.
 */
extern int segment_resample(const double *w, int n, double rate, SegmentRng *rng, double *drawn);

#endif
