/*
 * kmeans.c: weighted k-means.
 */
#include "math/kmeans.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "math/nearest.h"
#include "math/rng.h"

/* A start among several stops when a round improves it by this fraction or less: only the best goes on to the end. */
#define START_TOLERANCE 1e-4

/*
 * Rounds of a swap's descent. After the first ones it ends earlier if so many more like the last would not bring it below the
 * best so far: rounds gain ever less.
 */
#define SWAP_ROUNDS 12
#define SWAP_TRIAL_ROUNDS 3
#define SWAP_PATIENCE 10.0

/* Random streams of a seed: one a start, one for the swaps. */
#define SWAP_STREAM (UINT64_C(1) << 32)

/* Scratch memory of a fit. */
typedef struct Scratch
{
	double *centroid;	  /* k x dims: the start or swap being tried */
	double *sum;		  /* k x dims */
	double *weight;		  /* k */
	double *loss;		  /* k */
	double *nearest;	  /* n */
	double *second;		  /* n */
	double *trial;		  /* n */
	double *cumulated;	  /* n */
	double *best_nearest; /* n: of the best solution, while swapping */
	int32_t *label;		  /* n */
	int32_t *old_label;	  /* n */
	int32_t *best_label;  /* n */
	bool *moved;		  /* k: centroids that are not where labels and distances saw them */
} Scratch;

size_t
segment_kmeans_workspace(int n, int dims, int k)
{
	return sizeof(double) * (2 * (size_t) k * (size_t) dims + 2 * (size_t) k + 5 * (size_t) n) +
		   3 * sizeof(int32_t) * (size_t) n + (size_t) k;
}

/* Lays the scratch memory out. */
static Scratch
lay_out(void *workspace, int n, int dims, int k)
{
	Scratch s;
	double *at = workspace;

	s.centroid = at;
	s.sum = (at += (size_t) k * (size_t) dims);
	s.weight = (at += (size_t) k * (size_t) dims);
	s.loss = (at += k);
	s.nearest = (at += k);
	s.second = (at += n);
	s.trial = (at += n);
	s.cumulated = (at += n);
	s.best_nearest = (at += n);
	s.label = (int32_t *) (at + n);
	s.old_label = s.label + n;
	s.best_label = s.old_label + n;
	s.moved = (bool *) (s.best_label + n);
	return s;
}

/* The weighted sum of n values, in order. */
static double
weighted_sum(const double *w, const double *value, int n)
{
	double sum = 0.0;
	int i;

	for (i = 0; i < n; i++)
		sum += w[i] * value[i];
	return sum;
}

/* Copies point i. */
static void
copy_point(const SegmentPoints *points, int i, double *to)
{
	int j;

	for (j = 0; j < points->dims; j++)
		to[j] = points->x[(size_t) j * (size_t) points->n + (size_t) i];
}

/* The first i with cumulated[i] > target, by bisection; the last one that adds anything, if rounding leaves none. */
static int
pick(const double *cumulated, int n, double target)
{
	int low = 0;
	int high = n - 1;

	while (low < high)
	{
		int middle = low + (high - low) / 2;

		if (cumulated[middle] > target)
			high = middle;
		else
			low = middle + 1;
	}
	while (low > 0 && cumulated[low] == cumulated[low - 1])
		low--;
	return low;
}

/* Sums w[i] * value[i] (value NULL: w[i]) from the left into cumulated; returns the total. */
static double
cumulate(const double *w, const double *value, int n, double *cumulated)
{
	double sum = 0.0;
	int i;

	for (i = 0; i < n; i++)
	{
		sum += value ? w[i] * value[i] : w[i];
		cumulated[i] = sum;
	}
	return sum;
}

/* Greedy k-means++: every further centroid is the best of 2 + log k candidates drawn by their squared distance. */
static void
seed_centroids(const SegmentPoints *points, const SegmentKmeansOptions *options, SegmentRng *rng, Scratch *s)
{
	int n = points->n;
	int candidates = 2 + (int) log((double) options->k);
	double total = cumulate(points->w, NULL, n, s->cumulated);
	int c;
	int i;

	copy_point(points, pick(s->cumulated, n, segment_rng_double(rng) * total), s->centroid);
	segment_distances(points, s->centroid, s->nearest);
	for (c = 1; c < options->k; c++)
	{
		double *centroid = s->centroid + (size_t) c * (size_t) points->dims;
		double lowest = INFINITY;
		int best = 0;
		int candidate;

		if (options->poll)
			options->poll();
		total = cumulate(points->w, s->nearest, n, s->cumulated);
		for (candidate = 0; candidate < candidates; candidate++)
		{
			int drawn = pick(s->cumulated, n, segment_rng_double(rng) * total);
			double potential = 0.0;

			copy_point(points, drawn, centroid);
			segment_distances(points, centroid, s->trial);
			for (i = 0; i < n; i++)
				potential += points->w[i] * (s->trial[i] < s->nearest[i] ? s->trial[i] : s->nearest[i]);
			if (potential < lowest)
			{
				lowest = potential;
				best = drawn;
				memcpy(s->second, s->trial, (size_t) n * sizeof(double));
			}
		}
		copy_point(points, best, centroid);
		for (i = 0; i < n; i++)
			s->nearest[i] = s->second[i] < s->nearest[i] ? s->second[i] : s->nearest[i];
	}
}

/* Moves centroids without points to the points that add most to the sum; true if there was one. */
static bool
refill(const SegmentPoints *points, int k, Scratch *s)
{
	bool any = false;
	int c;
	int i;

	for (c = 0; c < k; c++)
	{
		int farthest = 0;

		if (s->weight[c] > 0.0)
			continue;
		for (i = 1; i < points->n; i++)
			if (points->w[i] * s->nearest[i] > points->w[farthest] * s->nearest[farthest])
				farthest = i;
		if (s->nearest[farthest] == 0.0)
			return any; /* fewer distinct points than centroids */
		copy_point(points, farthest, s->centroid + (size_t) c * (size_t) points->dims);
		s->nearest[farthest] = 0.0;
		any = true;
	}
	return any;
}

/* Adds all points to the sums of their centroids, for a number of dimensions that the compiler knows where it is small. */
static inline __attribute__((always_inline)) void
sum_points(const SegmentPoints *points, Scratch *s, int dims)
{
	size_t n = (size_t) points->n;
	size_t i;
	int j;

	for (i = 0; i < n; i++)
	{
		double *sum = s->sum + (size_t) s->label[i] * (size_t) dims;
		double w = points->w[i];

		s->weight[s->label[i]] += w;
		for (j = 0; j < dims; j++)
			sum[j] += w * points->x[(size_t) j * n + i];
	}
}

/* Sets every centroid to the mean of its points, and notes which moved; true if one had none. */
static bool
update_centroids(const SegmentPoints *points, int k, Scratch *s)
{
	int dims = points->dims;
	bool empty = false;
	int c;
	int j;

	memset(s->sum, 0, (size_t) k * (size_t) dims * sizeof(double));
	memset(s->weight, 0, (size_t) k * sizeof(double));
	if (dims == 2)
		sum_points(points, s, 2);
	else if (dims == 3)
		sum_points(points, s, 3);
	else
		sum_points(points, s, dims);
	for (c = 0; c < k; c++)
	{
		double *centroid = s->centroid + (size_t) c * (size_t) dims;

		s->moved[c] = false;
		empty = empty || !(s->weight[c] > 0.0);
		for (j = 0; j < dims && s->weight[c] > 0.0; j++)
		{
			double mean = s->sum[c * dims + j] / s->weight[c];

			s->moved[c] = s->moved[c] || mean != centroid[j];
			centroid[j] = mean;
		}
	}
	if (!empty)
		return false;
	memset(s->moved, true, (size_t) k * sizeof(bool));
	return refill(points, k, s);
}

/* How far a descent may go, beside the options. */
typedef struct Limits
{
	int rounds;		  /* at most so many */
	double tolerance; /* stop when a round improves the sum by this fraction or less; 0: never */
	double goal;	  /* stop if the sum is not going to fall below this */
} Limits;

/*
 * Lloyd's descent from s->centroid; s->moved says which centroids labels and distances don't know yet. Leaves labels,
 * distances and centroids in s that belong together. Returns the sum.
 */
static double
descend(const SegmentPoints *points, const SegmentKmeansOptions *options, Limits limits, Scratch *s,
		SegmentKmeansFit *fit)
{
	int n = points->n;
	double before = INFINITY;
	bool refilled = true;
	int round;

	fit->stop = SEGMENT_STOP_MAX_ITER;
	for (round = 0;; round++)
	{
		bool same;
		double sum;

		if (options->poll)
			options->poll();
		memcpy(s->old_label, s->label, (size_t) n * sizeof(int32_t));
		segment_reassign(points, s->centroid, options->k, s->moved, s->label, s->nearest);
		sum = weighted_sum(points->w, s->nearest, n);
		/* A refilled centroid takes points from others: the labels of the last round must not end the descent. */
		same = !refilled && memcmp(s->old_label, s->label, (size_t) n * sizeof(int32_t)) == 0;
		if (same)
			fit->stop = SEGMENT_STOP_CONVERGED;
		else if (limits.tolerance > 0.0 && before - sum <= limits.tolerance * sum)
			fit->stop = SEGMENT_STOP_TOLERANCE;
		if (fit->stop != SEGMENT_STOP_MAX_ITER || round >= limits.rounds ||
			(round >= SWAP_TRIAL_ROUNDS && sum - SWAP_PATIENCE * (before - sum) > limits.goal))
			return sum;
		fit->iterations++;
		before = sum;
		refilled = update_centroids(points, options->k, s);
		if (refilled)
			before = INFINITY;
	}
}

/* Takes what s holds as the best solution. */
static void
keep(const SegmentPoints *points, int k, const Scratch *s, double sum, SegmentKmeansFit *fit)
{
	memcpy(fit->centroid, s->centroid, (size_t) k * (size_t) points->dims * sizeof(double));
	fit->inertia = sum;
}

/*
 * The centroid to give up if one is put at a point: the distances to that point stand in s->trial. Returns the centroid
 * whose removal costs least.
 */
static int
cheapest_centroid(const SegmentPoints *points, int k, Scratch *s)
{
	int best = 0;
	int c;
	int i;

	memset(s->loss, 0, (size_t) k * sizeof(double));
	for (i = 0; i < points->n; i++)
	{
		double trial = s->trial[i];

		if (trial > s->best_nearest[i])
			s->loss[s->best_label[i]] +=
				points->w[i] * ((trial < s->second[i] ? trial : s->second[i]) - s->best_nearest[i]);
	}
	for (c = 1; c < k; c++)
		if (s->loss[c] < s->loss[best])
			best = c;
	return best;
}

/* Tries to improve fit by moving single centroids. */
static void
swap_centroids(const SegmentPoints *points, const SegmentKmeansOptions *options, Scratch *s, SegmentKmeansFit *fit)
{
	SegmentRng rng = segment_rng_start(options->seed, SWAP_STREAM);
	int n = points->n;
	int dims = points->dims;
	size_t centroid_bytes = (size_t) options->k * (size_t) dims * sizeof(double);
	bool current = false;
	int failures = 0;
	int swap;

	for (swap = 0; swap < options->swaps && fit->inertia > 0.0; swap++)
	{
		Limits limits = {SWAP_ROUNDS, options->tolerance, fit->inertia};
		int drawn;
		int given_up;
		double total;
		double sum;

		memcpy(s->centroid, fit->centroid, centroid_bytes);
		if (!current)
			segment_nearest(points, 0, n, s->centroid, options->k, s->best_label, s->best_nearest, s->second);
		current = true;
		/* Half of the places are drawn by their share of the sum, half by weight: outliers must not take them all. */
		total = cumulate(points->w, swap % 2 == 0 ? s->best_nearest : NULL, n, s->cumulated);
		drawn = pick(s->cumulated, n, segment_rng_double(&rng) * total);
		copy_point(points, drawn, s->sum);
		segment_distances(points, s->sum, s->trial);
		given_up = (swap / 2) % 2 == 0 ? cheapest_centroid(points, options->k, s)
									   : (int) (segment_rng_double(&rng) * options->k);
		memcpy(s->centroid + (size_t) given_up * (size_t) dims, s->sum, (size_t) dims * sizeof(double));
		memcpy(s->label, s->best_label, (size_t) n * sizeof(int32_t));
		memcpy(s->nearest, s->best_nearest, (size_t) n * sizeof(double));
		memset(s->moved, false, (size_t) options->k * sizeof(bool));
		s->moved[given_up] = true;
		sum = descend(points, options, limits, s, fit);
		if (sum < fit->inertia)
		{
			keep(points, options->k, s, sum, fit);
			current = false;
			failures = 0;
		}
		else if (++failures == options->stall)
			break;
		if (options->progress)
			options->progress(options->starts + swap + 1);
	}
}

/* Whether centroid a is numbered before centroid b: heavier, or as heavy and smaller in the first coordinate that differs. */
static bool
numbered_before(const Scratch *s, int dims, int a, int b)
{
	int j;

	if (s->weight[a] != s->weight[b])
		return s->weight[a] > s->weight[b];
	for (j = 0; j < dims; j++)
		if (s->centroid[a * dims + j] != s->centroid[b * dims + j])
			return s->centroid[a * dims + j] < s->centroid[b * dims + j];
	return a < b;
}

/* Numbers the centroids, and fills fit from s. */
static void
finish(const SegmentPoints *points, int k, Scratch *s, SegmentKmeansFit *fit)
{
	int dims = points->dims;
	int32_t *order = s->old_label;
	int32_t *rank = (int32_t *) s->loss;
	int i;
	int c;

	memset(s->weight, 0, (size_t) k * sizeof(double));
	for (i = 0; i < points->n; i++)
		s->weight[s->label[i]] += points->w[i];
	for (c = 0; c < k; c++)
	{
		int place = c;

		while (place > 0 && numbered_before(s, dims, c, order[place - 1]))
		{
			order[place] = order[place - 1];
			place--;
		}
		order[place] = c;
	}
	for (c = 0; c < k; c++)
	{
		rank[order[c]] = c;
		fit->weight[c] = s->weight[order[c]];
		fit->sse[c] = 0.0;
		memcpy(fit->centroid + (size_t) c * (size_t) dims, s->centroid + (size_t) order[c] * (size_t) dims,
			   (size_t) dims * sizeof(double));
	}
	fit->inertia = 0.0;
	for (i = 0; i < points->n; i++)
	{
		fit->label[i] = rank[s->label[i]];
		fit->nearest[i] = s->nearest[i];
		fit->sse[fit->label[i]] += points->w[i] * s->nearest[i];
	}
	for (c = 0; c < k; c++)
		fit->inertia += fit->sse[c];
}

void
segment_kmeans_descend(const SegmentPoints *points, const SegmentKmeansOptions *options, SegmentKmeansFit *fit,
					   void *workspace)
{
	Scratch s = lay_out(workspace, points->n, points->dims, options->k);
	Limits limits = {options->max_iter, options->tolerance, INFINITY};

	memcpy(s.centroid, fit->centroid, (size_t) options->k * (size_t) points->dims * sizeof(double));
	memset(s.moved, true, (size_t) options->k * sizeof(bool));
	(void) descend(points, options, limits, &s, fit);
	finish(points, options->k, &s, fit);
}

void
segment_kmeans(const SegmentPoints *points, const SegmentKmeansOptions *options, SegmentKmeansFit *fit, void *workspace)
{
	Scratch s = lay_out(workspace, points->n, points->dims, options->k);
	Limits limits = {options->max_iter, options->tolerance, INFINITY};
	int start;

	if (options->starts > 1)
		limits.tolerance = fmax(limits.tolerance, START_TOLERANCE);
	fit->iterations = 0;
	fit->inertia = INFINITY;
	for (start = 0; start < options->starts; start++)
	{
		SegmentRng rng = segment_rng_start(options->seed, (uint64_t) start);
		double sum;

		seed_centroids(points, options, &rng, &s);
		memset(s.moved, true, (size_t) options->k * sizeof(bool));
		sum = descend(points, options, limits, &s, fit);
		if (sum < fit->inertia)
			keep(points, options->k, &s, sum, fit);
		if (options->progress)
			options->progress(start + 1);
	}
	if (options->k > 1)
		swap_centroids(points, options, &s, fit);
	segment_kmeans_descend(points, options, fit, workspace);
}
