/*
 * polish.c: Lloyd's descent with micro-clusters that are shared between clusters.
 */
#include "math/polish.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* A micro-cluster whose mean is this many standard deviations from a border counts as whole. */
#define WHOLE 4.0

/*
 * Over-relaxation: centroids move further than to the means that a round finds, which halves the number of rounds. Near
 * the end a round takes a share below 1 off every error, so one and a half times that share reduces it too.
 */
#define STRIDE 1.5

/*
 * Where a round stops being worth another: the largest squared movement of a centroid over the mean squared distance.
 */
#define SETTLED 1e-10

/*
 * Exact sums hold near the centroids that they were taken for. The way from there is followed while its direction is
 * about that of the first step, which is that of Lloyd's descent on all points: this is the cosine between the two.
 */
#define STRAIGHT 0.85

/*
 * ... and for so many first steps at most: REACH times the sum of squares between micro-clusters over that within, and
 * within bounds. Where micro-clusters are large beside clusters, they say little about what comes next. No way up to 2
 * can lead uphill.
 */
#define REACH 0.1
#define LEAST_REACH 1.5
#define FURTHEST_REACH 5.0

/* Scratch memory: less than a fit has, but for the last two, which are there with exact sums only. */
typedef struct Scratch
{
	double *sum;		/* k x dims */
	double *weight;		/* k */
	double *nearest;	/* n */
	double *second;		/* n */
	double *correction; /* k x dims, and k: what the exact sums and weights are above those of the micro-clusters */
	int32_t *label;		/* n */
	double *origin;		/* k x dims: the centroids at first */
	double *first;		/* k x dims: the first step */
} Scratch;

size_t
segment_kmeans_polish_workspace(int n, int dims, int k)
{
	return segment_kmeans_workspace(n, dims, k) + 2 * sizeof(double) * (size_t) k * (size_t) dims;
}

/* The second nearest centroid of a point: the first one at this distance, or nearly, that is not the nearest. */
static int
find_second(const SegmentPoints *points, int i, int k, const double *centroid, int nearest)
{
	size_t n = (size_t) points->n;
	double best = INFINITY;
	int found = nearest;
	int c;
	int j;

	for (c = 0; c < k; c++, centroid += points->dims)
	{
		double distance = 0.0;

		if (c == nearest)
			continue;
		for (j = 0; j < points->dims; j++)
		{
			double delta = points->x[(size_t) j * n + (size_t) i] - centroid[j];

			distance += delta * delta;
		}
		if (distance < best)
		{
			best = distance;
			found = c;
		}
	}
	return found;
}

/*
 * Gives the part of micro-cluster i beyond the plane between its two nearest centroids, a and b, to b: of a normal
 * distribution with variance v along the plane's normal, Phi(-t / sqrt(v)) of the weight lies more than t beyond the
 * mean, and the mean of that part is off by the covariance with the normal times phi(t / sqrt(v)) / sqrt(v), per unit
 * of weight.
 */
static void
share_micro(const SegmentPoints *points, const double *deviation, int i, const double *a, const double *b, double near,
			double far, double *sum_a, double *sum_b, double *weight_a, double *weight_b)
{
	size_t n = (size_t) points->n;
	double variance = 0.0;
	double w = points->w[i];
	double t;
	double part;
	double density;
	int j;

	for (j = 0; j < points->dims; j++)
	{
		double delta = b[j] - a[j];

		variance += delta * delta * deviation[(size_t) j * n + (size_t) i];
	}
	if (!(variance > 0.0))
		return;
	/* Both in units of |b - a|: the mean's distance from the plane and the standard deviation along the normal. */
	variance /= w;
	t = (far - near) / 2.0 / sqrt(variance);
	if (t > WHOLE)
		return;
	part = 0.5 * erfc(t * M_SQRT1_2);
	density = exp(-0.5 * t * t) * (M_2_SQRTPI * M_SQRT1_2 / 2.0) / sqrt(variance);
	*weight_a -= w * part;
	*weight_b += w * part;
	for (j = 0; j < points->dims; j++)
	{
		double moved = part * w * points->x[(size_t) j * n + (size_t) i] +
					   density * (b[j] - a[j]) * deviation[(size_t) j * n + (size_t) i];

		sum_a[j] -= moved;
		sum_b[j] += moved;
	}
}

/*
 * Whether the centroids are still where exact sums hold: not more than reach first steps off, and straight ahead. If
 * they are too far, they are taken back to that distance. weight: k, of the clusters.
 */
static bool
within_reach(const Scratch *s, double *centroid, int k, int dims, const double *weight, double reach)
{
	double product = 0.0;
	double first = 0.0;
	double way = 0.0;
	double back;
	int i;

	for (i = 0; i < k * dims; i++)
	{
		double moved = centroid[i] - s->origin[i];

		product += weight[i / dims] * s->first[i] * moved;
		first += weight[i / dims] * s->first[i] * s->first[i];
		way += weight[i / dims] * moved * moved;
	}
	back = reach * sqrt(first / way);
	for (i = 0; back < 1.0 && i < k * dims; i++)
		centroid[i] = s->origin[i] + back * (centroid[i] - s->origin[i]);
	return !(back < 1.0) && product >= STRAIGHT * sqrt(first) * sqrt(way);
}

int
segment_kmeans_polish(const SegmentPoints *points, const double *deviation, int k, const double *exact, int max_rounds,
					  double *centroid, void *workspace, SegmentPoll poll)
{
	int n = points->n;
	int dims = points->dims;
	Scratch s;
	int round;

	if (k < 2)
		return 0;
	s.sum = workspace;
	s.weight = s.sum + (size_t) k * (size_t) dims;
	s.nearest = s.weight + k;
	s.second = s.nearest + n;
	s.correction = s.second + n;
	s.origin = s.correction + (size_t) k * (size_t) (dims + 1);
	s.first = exact ? s.origin + (size_t) k * (size_t) dims : s.origin;
	s.label = (int32_t *) (exact ? s.first + (size_t) k * (size_t) dims : s.origin);
	if (exact)
		memcpy(s.origin, centroid, (size_t) k * (size_t) dims * sizeof(double));
	for (round = 0; round < max_rounds; round++)
	{
		double moved = 0.0;
		double total = 0.0;
		double spread = 0.0;
		double inner = 0.0;
		int i;
		int c;
		int j;

		if (poll)
			poll();
		memset(s.sum, 0, ((size_t) k * (size_t) dims + (size_t) k) * sizeof(double));
		segment_nearest(points, 0, n, centroid, k, s.label, s.nearest, s.second);
		for (i = 0; i < n; i++)
		{
			double *sum = s.sum + (size_t) s.label[i] * (size_t) dims;

			s.weight[s.label[i]] += points->w[i];
			for (j = 0; j < dims; j++)
				sum[j] += points->w[i] * points->x[(size_t) j * (size_t) n + (size_t) i];
			total += points->w[i];
			spread += points->w[i] * s.nearest[i];
		}
		for (i = 0; i < n; i++)
		{
			const double *a = centroid + (size_t) s.label[i] * (size_t) dims;
			double within = 0.0;
			int b;

			for (j = 0; j < dims; j++)
				within += deviation[(size_t) j * (size_t) n + (size_t) i];
			inner += within;
			/* (far - near) / 2 is the distance from the plane times |b - a|, and |b - a| <= sqrt(near) + sqrt(far). */
			if (within <= 0.0 || s.second[i] - s.nearest[i] > 2.0 * WHOLE * sqrt(within / points->w[i]) *
																  (sqrt(s.nearest[i]) + sqrt(s.second[i])))
				continue;
			b = find_second(points, i, k, centroid, s.label[i]);
			share_micro(points, deviation, i, a, centroid + (size_t) b * (size_t) dims, s.nearest[i], s.second[i],
						s.sum + (size_t) s.label[i] * (size_t) dims, s.sum + (size_t) b * (size_t) dims,
						&s.weight[s.label[i]], &s.weight[b]);
		}
		/* The weights stand behind the sums, in s as in exact. */
		if (exact && round == 0)
			for (i = 0; i < k * (dims + 1); i++)
				s.correction[i] = exact[i] - s.sum[i];
		for (i = 0; exact && i < k * (dims + 1); i++)
			s.sum[i] += s.correction[i];
		for (c = 0; c < k; c++)
		{
			double movement = 0.0;

			/* A cluster that keeps next to nothing stays where it is. */
			if (!(s.weight[c] > 1e-9 * total))
				continue;
			for (j = 0; j < dims; j++)
			{
				double to = s.sum[c * dims + j] / s.weight[c];
				double delta = to - centroid[c * dims + j];

				movement += delta * delta;
				centroid[c * dims + j] += STRIDE * delta;
			}
			moved = fmax(moved, movement);
		}
		if (moved <= SETTLED * spread / total)
			return round + 1;
		for (i = 0; exact && round == 0 && i < k * dims; i++)
			s.first[i] = (centroid[i] - s.origin[i]) / STRIDE;
		if (exact && !within_reach(&s, centroid, k, dims, exact + k * dims,
								   fmax(LEAST_REACH, fmin(FURTHEST_REACH, REACH * spread / inner))))
			return round + 1;
	}
	return round;
}
