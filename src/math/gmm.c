/*
 * gmm.c: expectation-maximisation for mixtures of normal distributions.
 */
#include "math/gmm.h"

#include <math.h>
#include <string.h>

/* A component never gets lighter than this share. */
#define LEAST_WEIGHT 1e-12

/* Place of element (i, j), i >= j, in a lower triangle by rows. */
static inline size_t
triangle(int i, int j)
{
	return (size_t) i * (size_t) (i + 1) / 2 + (size_t) j;
}

/*
 * Factor of a covariance: for a diagonal the inverse standard deviations; for a full one the lower Cholesky factor L
 * with inverse diagonal. *log_determinant is set. False if it is not positive definite.
 */
static bool
factorize(const double *covariance, int dims, bool full, double *factor, double *log_determinant)
{
	int i;
	int j;
	int l;

	*log_determinant = 0.0;
	for (i = 0; i < dims && !full; i++)
	{
		if (!(covariance[i] > 0.0))
			return false;
		factor[i] = 1.0 / sqrt(covariance[i]);
		*log_determinant += log(covariance[i]);
	}
	for (i = 0; i < dims && full; i++)
	{
		for (j = 0; j <= i; j++)
		{
			double sum = covariance[triangle(i, j)];

			for (l = 0; l < j; l++)
				sum -= factor[triangle(i, l)] * factor[triangle(j, l)];
			if (j < i)
				factor[triangle(i, j)] = sum * factor[triangle(j, j)];
			else if (!(sum > 1e-12 * covariance[triangle(i, i)]))
				return false;
			else
			{
				factor[triangle(i, i)] = 1.0 / sqrt(sum);
				*log_determinant += log(sum);
			}
		}
	}
	return isfinite(*log_determinant);
}

bool
segment_covariance_valid(const double *covariance, int dims, bool full, double *scratch)
{
	double log_determinant;
	int i;

	for (i = 0; i < SEGMENT_COVARIANCE_SIZE(dims, full); i++)
		if (!isfinite(covariance[i]))
			return false;
	if (!factorize(covariance, dims, full, scratch, &log_determinant))
		return false;
	for (i = 0; i < SEGMENT_COVARIANCE_SIZE(dims, full); i++)
		if (!isfinite(scratch[i]))
			return false;
	return true;
}

/* One component's prepared numbers: log weight and normalisation, then the factor. */
static size_t
prepared_stride(int dims, bool full)
{
	return 1 + (size_t) SEGMENT_COVARIANCE_SIZE(dims, full);
}

size_t
segment_gmm_prepared_size(int dims, int k, bool full)
{
	return (size_t) k * prepared_stride(dims, full);
}

void
segment_gmm_prepare(const SegmentGmm *gmm, double *prepared)
{
	size_t stride = prepared_stride(gmm->dims, gmm->full);
	size_t size = (size_t) SEGMENT_COVARIANCE_SIZE(gmm->dims, gmm->full);
	int c;

	for (c = 0; c < gmm->k; c++, prepared += stride)
	{
		double log_determinant;

		(void) factorize(gmm->covariance + (size_t) c * size, gmm->dims, gmm->full, prepared + 1, &log_determinant);
		prepared[0] = log(gmm->weight[c]) - 0.5 * (gmm->dims * log(2.0 * M_PI) + log_determinant);
	}
}

/* Squared Mahalanobis length of a difference; solved in place. */
static double
mahalanobis(const double *factor, int dims, bool full, double *difference)
{
	double sum = 0.0;
	int i;
	int j;

	for (i = 0; i < dims; i++)
	{
		if (full)
		{
			for (j = 0; j < i; j++)
				difference[i] -= factor[triangle(i, j)] * difference[j];
			difference[i] *= factor[triangle(i, i)];
		}
		else
			difference[i] *= factor[i];
		sum += difference[i] * difference[i];
	}
	return sum;
}

double
segment_gmm_densities(const SegmentGmm *gmm, const double *prepared, const double *x, double *density, double *scratch)
{
	size_t stride = prepared_stride(gmm->dims, gmm->full);
	double largest = -INFINITY;
	double sum = 0.0;
	int c;
	int j;

	for (c = 0; c < gmm->k; c++)
	{
		for (j = 0; j < gmm->dims; j++)
			scratch[j] = x[j] - gmm->mean[c * gmm->dims + j];
		density[c] = prepared[(size_t) c * stride] -
					 0.5 * mahalanobis(prepared + (size_t) c * stride + 1, gmm->dims, gmm->full, scratch);
		largest = fmax(largest, density[c]);
	}
	for (c = 0; c < gmm->k; c++)
		sum += exp(density[c] - largest);
	return largest + log(sum);
}

/* What a fit needs: responsibilities (n x k), prepared numbers, inverse diagonals (k x dims), and small change. */
size_t
segment_gmm_scratch(int n, int dims, int k, bool full)
{
	return (size_t) n * (size_t) k + segment_gmm_prepared_size(dims, k, full) + (size_t) k * (size_t) dims +
		   (size_t) k + 3 * (size_t) dims + (size_t) SEGMENT_COVARIANCE_SIZE(dims, full);
}

/*
 * Diagonal of the inverse covariance of a component, from its factor: what the deviations inside a micro-cluster cost.
 * The columns of the inverse of L are solved one by one.
 */
static void
inverse_diagonal(const double *factor, int dims, bool full, double *diagonal, double *column)
{
	int i;
	int j;
	int l;

	for (j = 0; j < dims; j++)
	{
		if (!full)
		{
			diagonal[j] = factor[j] * factor[j];
			continue;
		}
		diagonal[j] = 0.0;
		for (i = j; i < dims; i++)
		{
			double sum = i == j ? 1.0 : 0.0;

			for (l = j; l < i; l++)
				sum -= factor[triangle(i, l)] * column[l];
			column[i] = sum * factor[triangle(i, i)];
			diagonal[j] += column[i] * column[i];
		}
	}
}

/* Raises variances to the floor, and makes the covariance positive definite. */
static void
regularize(SegmentGmm *gmm, int component, const SegmentGmmOptions *options, double *scratch)
{
	int dims = gmm->dims;
	double *covariance = gmm->covariance + (size_t) component * (size_t) SEGMENT_COVARIANCE_SIZE(dims, gmm->full);
	double log_determinant;
	int i;
	int j;

	gmm->at_floor[component] = false;
	for (i = 0; i < dims; i++)
	{
		double least = options->floor(i, gmm->mean[component * dims + i], options->floor_arg);
		double *variance = &covariance[gmm->full ? triangle(i, i) : (size_t) i];

		if (*variance < least)
		{
			*variance = least;
			gmm->at_floor[component] = true;
		}
	}
	if (!gmm->full || factorize(covariance, dims, true, scratch, &log_determinant))
		return;
	for (i = 0; i < dims; i++)
		for (j = 0; j < i; j++)
			covariance[triangle(i, j)] = 0.0;
	gmm->at_floor[component] = true;
}

/* Maximisation: weights, means and covariances from responsibilities. */
static void
maximize(const SegmentPoints *points, const double *deviation, const double *responsibility,
		 const SegmentGmmOptions *options, SegmentGmm *gmm, double total, double *difference, double *scratch)
{
	int dims = gmm->dims;
	size_t size = (size_t) SEGMENT_COVARIANCE_SIZE(dims, gmm->full);
	size_t n = (size_t) points->n;
	int c;
	int j;
	int l;
	size_t i;

	for (c = 0; c < gmm->k; c++)
	{
		double *mean = gmm->mean + c * dims;
		double *covariance = gmm->covariance + (size_t) c * size;
		double weight = 0.0;

		for (i = 0; i < n; i++)
			weight += points->w[i] * responsibility[i * (size_t) gmm->k + (size_t) c];
		if (weight > 0.0)
		{
			memset(mean, 0, (size_t) dims * sizeof(double));
			memset(covariance, 0, size * sizeof(double));
		}
		for (j = 0; j < dims && weight > 0.0; j++)
		{
			for (i = 0; i < n; i++)
				mean[j] +=
					points->w[i] * responsibility[i * (size_t) gmm->k + (size_t) c] * points->x[(size_t) j * n + i];
			mean[j] /= weight;
		}
		/* Each is up to n * dims * dims operations. */
		if (options->poll)
			options->poll();
		for (i = 0; i < n && weight > 0.0; i++)
		{
			double r = responsibility[i * (size_t) gmm->k + (size_t) c];
			double share = points->w[i] * r / weight;

			for (j = 0; j < dims; j++)
				difference[j] = points->x[(size_t) j * n + i] - mean[j];
			for (j = 0; j < dims; j++)
			{
				double inner = deviation ? deviation[(size_t) j * n + i] * r / weight : 0.0;

				if (!gmm->full)
					covariance[j] += share * difference[j] * difference[j] + inner;
				for (l = 0; gmm->full && l <= j; l++)
					covariance[triangle(j, l)] += share * difference[j] * difference[l] + (l == j ? inner : 0.0);
			}
		}
		gmm->weight[c] = fmax(weight / total, LEAST_WEIGHT);
		regularize(gmm, c, options, scratch);
	}
}

/* Expectation: fills responsibilities; returns the weighted log-likelihood. */
static double
expect(const SegmentPoints *points, const double *deviation, const SegmentGmm *gmm, const double *prepared,
	   const double *inverse, double *responsibility, double *x, double *scratch, SegmentPoll poll)
{
	size_t n = (size_t) points->n;
	int k = gmm->k;
	int dims = gmm->dims;
	double sum = 0.0;
	size_t i;
	int c;
	int j;

	for (i = 0; i < n; i++)
	{
		double *density = responsibility + i * (size_t) k;
		double largest = -INFINITY;
		double all = 0.0;

		/* Every 256 points: one is up to k * dims * dims operations. */
		SEGMENT_POLL(poll, i << 8);
		for (j = 0; j < dims; j++)
			x[j] = points->x[(size_t) j * n + i];
		(void) segment_gmm_densities(gmm, prepared, x, density, scratch);
		for (c = 0; c < k; c++)
		{
			for (j = 0; deviation && j < dims; j++)
				density[c] -= 0.5 * inverse[c * dims + j] * deviation[(size_t) j * n + i] / points->w[i];
			largest = fmax(largest, density[c]);
		}
		for (c = 0; c < k; c++)
		{
			density[c] = exp(density[c] - largest);
			all += density[c];
		}
		for (c = 0; c < k; c++)
			density[c] /= all;
		sum += points->w[i] * (largest + log(all));
	}
	return sum;
}

/* Exchanges two blocks of doubles. */
static void
swap_blocks(double *a, double *b, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
	{
		double kept = a[i];

		a[i] = b[i];
		b[i] = kept;
	}
}

/* Numbers components by weight, heaviest first; ties by the first coordinate of the mean that differs. */
static void
number_components(SegmentGmm *gmm)
{
	int dims = gmm->dims;
	size_t size = (size_t) SEGMENT_COVARIANCE_SIZE(dims, gmm->full);
	int a;
	int b;

	for (a = 0; a < gmm->k; a++)
	{
		int first = a;
		bool flag;

		for (b = a + 1; b < gmm->k; b++)
		{
			int j = 0;

			if (gmm->weight[b] == gmm->weight[first])
				while (j < dims - 1 && gmm->mean[b * dims + j] == gmm->mean[first * dims + j])
					j++;
			if (gmm->weight[b] > gmm->weight[first] ||
				(gmm->weight[b] == gmm->weight[first] && gmm->mean[b * dims + j] < gmm->mean[first * dims + j]))
				first = b;
		}
		if (first == a)
			continue;
		swap_blocks(&gmm->weight[a], &gmm->weight[first], 1);
		swap_blocks(gmm->mean + a * dims, gmm->mean + first * dims, (size_t) dims);
		swap_blocks(gmm->covariance + (size_t) a * size, gmm->covariance + (size_t) first * size, size);
		flag = gmm->at_floor[a];
		gmm->at_floor[a] = gmm->at_floor[first];
		gmm->at_floor[first] = flag;
	}
}

void
segment_gmm_fit(const SegmentPoints *points, const double *deviation, const int32_t *label,
				const SegmentGmmOptions *options, SegmentGmm *gmm, double *scratch)
{
	int k = gmm->k;
	int dims = gmm->dims;
	size_t stride = prepared_stride(dims, gmm->full);
	double *responsibility = scratch;
	double *prepared = responsibility + (size_t) points->n * (size_t) k;
	double *inverse = prepared + segment_gmm_prepared_size(dims, k, gmm->full);
	double *x = inverse + (size_t) k * (size_t) dims;
	double *difference = x + dims;
	double *small = difference + dims;
	double total = 0.0;
	double before = -INFINITY;
	int i;
	int c;

	memset(responsibility, 0, (size_t) points->n * (size_t) k * sizeof(double));
	for (i = 0; i < points->n; i++)
	{
		responsibility[(size_t) i * (size_t) k + (size_t) label[i]] = 1.0;
		total += points->w[i];
	}
	gmm->converged = false;
	for (gmm->iterations = 0;; gmm->iterations++)
	{
		maximize(points, deviation, responsibility, options, gmm, total, difference, small);
		segment_gmm_prepare(gmm, prepared);
		for (c = 0; c < k; c++)
			inverse_diagonal(prepared + (size_t) c * stride + 1, dims, gmm->full, inverse + c * dims, difference);
		gmm->log_likelihood =
			expect(points, deviation, gmm, prepared, inverse, responsibility, x, difference, options->poll);
		gmm->converged = gmm->log_likelihood - before <= options->tolerance * total;
		if (gmm->converged || gmm->iterations >= options->max_iter)
			break;
		before = gmm->log_likelihood;
		if (options->poll)
			options->poll();
		if (options->progress)
			options->progress(gmm->iterations + 1);
	}
	number_components(gmm);
}
