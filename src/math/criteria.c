/*
 * criteria.c: criteria for the number of clusters.
 */
#include "math/criteria.h"

#include <math.h>
#include <string.h>

/* Distance between two centroids. */
static double
centroid_distance(const double *centroid, int dims, int a, int b)
{
	double sum = 0.0;
	int j;

	for (j = 0; j < dims; j++)
	{
		double difference = centroid[a * dims + j] - centroid[b * dims + j];

		sum += difference * difference;
	}
	return sqrt(sum);
}

/*
 * Mean of 1 - distance to the own centroid / distance to the second nearest. Distances to micro-clusters count what
 * they hold.
 */
static double
silhouette(const SegmentPoints *points, const SegmentKmeansFit *fit, const double *within, const double *second)
{
	double sum = 0.0;
	double weight = 0.0;
	int i;

	for (i = 0; i < points->n; i++)
	{
		double inner = within ? within[i] / points->w[i] : 0.0;
		double own = sqrt(fit->nearest[i] + inner);
		double other = sqrt(second[i] + inner);

		weight += points->w[i];
		if (other > 0.0)
			sum += points->w[i] * (1.0 - own / other);
	}
	return sum / weight;
}

/* The index of Davies and Bouldin, with mean distances. scatter: k doubles. */
static double
davies_bouldin(const SegmentPoints *points, int k, const SegmentKmeansFit *fit, const double *within, double *scatter)
{
	double sum = 0.0;
	int a;
	int b;
	int i;

	memset(scatter, 0, (size_t) k * sizeof(double));
	for (i = 0; i < points->n; i++)
		scatter[fit->label[i]] += points->w[i] * sqrt(fit->nearest[i] + (within ? within[i] / points->w[i] : 0.0));
	for (a = 0; a < k; a++)
		scatter[a] /= fit->weight[a];
	for (a = 0; a < k; a++)
	{
		double worst = 0.0;

		for (b = 0; b < k; b++)
			if (b != a)
				worst = fmax(worst, (scatter[a] + scatter[b]) / centroid_distance(fit->centroid, points->dims, a, b));
		sum += worst;
	}
	return sum / k;
}

void
segment_criteria(const SegmentPoints *points, int k, const SegmentKmeansFit *fit, const double *within, double total,
				 double inertia, SegmentCriteria *criteria, double *scratch)
{
	double n = 0.0;
	double dims = points->dims;
	double likelihood;
	double variance;
	int c;

	criteria->smallest_share = INFINITY;
	for (c = 0; c < k; c++)
		n += fit->weight[c];
	for (c = 0; c < k; c++)
		criteria->smallest_share = fmin(criteria->smallest_share, fit->weight[c] / n);
	criteria->calinski_harabasz = criteria->silhouette = criteria->davies_bouldin = criteria->bic = NAN;
	/* A sum that is only rounding error counts as zero. */
	if (n <= k || inertia <= 1e-14 * total)
		return;
	variance = inertia / (dims * (n - k));
	likelihood = -0.5 * n * dims * log(2.0 * M_PI * variance) - 0.5 * dims * (n - k);
	for (c = 0; c < k; c++)
		likelihood += fit->weight[c] * log(fit->weight[c] / n);
	criteria->bic = -2.0 * likelihood + (k * (dims + 1.0)) * log(n);
	if (k < 2)
		return;
	criteria->calinski_harabasz = (total - inertia) / (k - 1) / (inertia / (n - k));
	segment_nearest(points, 0, points->n, fit->centroid, k, fit->label, fit->nearest, scratch);
	criteria->silhouette = silhouette(points, fit, within, scratch);
	criteria->davies_bouldin = davies_bouldin(points, k, fit, within, scratch + points->n);
}

/* n over 2, of a weight. */
static double
pairs(double n)
{
	return 0.5 * n * (n - 1.0);
}

double
segment_adjusted_rand(const int32_t *a, const int32_t *b, const double *w, int n, int k, double *scratch)
{
	double *both = scratch;
	double *of_a = scratch + (size_t) k * (size_t) k;
	double *of_b = of_a + k;
	double sum = 0.0;
	double sum_a = 0.0;
	double sum_b = 0.0;
	double total = 0.0;
	double expected;
	int i;

	memset(scratch, 0, ((size_t) k * (size_t) k + 2 * (size_t) k) * sizeof(double));
	for (i = 0; i < n; i++)
	{
		both[(size_t) a[i] * (size_t) k + (size_t) b[i]] += w[i];
		of_a[a[i]] += w[i];
		of_b[b[i]] += w[i];
		total += w[i];
	}
	for (i = 0; i < k * k; i++)
		sum += pairs(both[i]);
	for (i = 0; i < k; i++)
	{
		sum_a += pairs(of_a[i]);
		sum_b += pairs(of_b[i]);
	}
	expected = sum_a * sum_b / pairs(total);
	if (0.5 * (sum_a + sum_b) - expected <= 0.0)
		return 1.0;
	return (sum - expected) / (0.5 * (sum_a + sum_b) - expected);
}

/*
 * A Poisson variate: Knuth's product below 30, above it the rounded normal approximation (here only its size matters).
 */
static double
poisson(double mean, SegmentRng *rng)
{
	double limit;
	double product = 1.0;
	int count = -1;

	if (mean > 30.0)
	{
		double radius = sqrt(-2.0 * log(1.0 - segment_rng_double(rng)));
		double angle = 2.0 * M_PI * segment_rng_double(rng);

		return fmax(rint(mean + sqrt(mean) * radius * cos(angle)), 0.0);
	}
	limit = exp(-mean);
	do
	{
		product *= 1.0 - segment_rng_double(rng);
		count++;
	} while (product > limit);
	return count;
}

int
segment_resample(const double *w, int n, double rate, SegmentRng *rng, double *drawn)
{
	int any = 0;
	int i;

	for (i = 0; i < n; i++)
	{
		drawn[i] = poisson(w[i] * rate, rng);
		any += drawn[i] > 0.0;
	}
	return any;
}
