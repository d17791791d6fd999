/*
 * box.c: rules for clusters.
 */
#include "math/box.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A bound must raise F1 by this. */
#define LEAST_GAIN 0.005

/* A bound of fewer digits may cost this much of F1. */
#define ROUNDING_COST 0.002

/* A candidate bound: between two neighbouring values of a feature. */
typedef struct Cut
{
	double f1;
	int feature;
	bool is_upper;
	double below; /* the greatest value under the cut */
	double above; /* the least value over it */
} Cut;

/* Harmonic mean of precision and recall, of weights: of the cluster in the box, of the box, of the cluster. */
static double
f1_of(double hit, double box, double cluster)
{
	return hit > 0.0 ? 2.0 * hit / (box + cluster) : 0.0;
}

/* Weight in the box, all and of the cluster. */
static void
weigh(const SegmentBoxPoints *points, int cluster, const uint8_t *inside, double *box, double *hit)
{
	int i;

	*box = 0.0;
	*hit = 0.0;
	for (i = 0; i < points->n; i++)
	{
		if (!inside[i])
			continue;
		*box += points->w[i];
		if (points->label[i] == cluster)
			*hit += points->w[i];
	}
}

/* Tries all cuts of one feature; the best so far goes to cut. */
static void
try_feature(const SegmentBoxPoints *points, int cluster, int feature, const uint8_t *inside, double whole, double box,
			double hit, Cut *cut)
{
	const double *x = points->x + (size_t) feature * (size_t) points->n;
	const int32_t *order = points->order + (size_t) feature * (size_t) points->n;
	double under = 0.0;
	double under_hit = 0.0;
	double last = -INFINITY;
	int at;

	for (at = 0; at < points->n; at++)
	{
		int i = order[at];
		double f1;

		if (!inside[i])
			continue;
		if (x[i] > last && under > 0.0)
		{
			f1 = f1_of(under_hit, under, whole);
			if (f1 > cut->f1)
				*cut = (Cut) {f1, feature, true, last, x[i]};
			f1 = f1_of(hit - under_hit, box - under, whole);
			if (f1 > cut->f1)
				*cut = (Cut) {f1, feature, false, last, x[i]};
		}
		last = x[i];
		under += points->w[i];
		if (points->label[i] == cluster)
			under_hit += points->w[i];
	}
}

/* Whether a point on this side of a bound stays. */
static inline bool
stays(const Cut *cut, double x, double bound)
{
	return cut->is_upper ? x <= bound : x >= bound;
}

/* The bound of a cut: the number with the fewest significant digits that is about as good. */
static double
readable_bound(const SegmentBoxPoints *points, int cluster, const Cut *cut, const uint8_t *inside, double whole)
{
	const double *x = points->x + (size_t) cut->feature * (size_t) points->n;
	double preferred = cut->is_upper ? cut->below : cut->above;
	int digits;

	for (digits = 1; digits < 17; digits++)
	{
		char text[40];
		double bound;
		double box = 0.0;
		double hit = 0.0;
		int i;

		snprintf(text, sizeof(text), "%.*g", digits, preferred);
		bound = strtod(text, NULL);
		if (!isfinite(bound))
			continue;
		for (i = 0; i < points->n; i++)
		{
			if (!inside[i] || !stays(cut, x[i], bound))
				continue;
			box += points->w[i];
			if (points->label[i] == cluster)
				hit += points->w[i];
		}
		if (f1_of(hit, box, whole) >= cut->f1 - ROUNDING_COST)
			return bound;
	}
	return preferred;
}

void
segment_box(const SegmentBoxPoints *points, int cluster, SegmentBox *box, uint8_t *inside, SegmentPoll poll)
{
	double whole = 0.0;
	double all;
	double hit;
	int condition;
	int i;
	int j;

	for (j = 0; j < points->dims; j++)
	{
		box->lower[j] = -INFINITY;
		box->upper[j] = INFINITY;
	}
	memset(inside, 1, (size_t) points->n);
	for (i = 0; i < points->n; i++)
		if (points->label[i] == cluster)
			whole += points->w[i];
	weigh(points, cluster, inside, &all, &hit);
	for (condition = 0; condition < SEGMENT_BOX_CONDITIONS; condition++)
	{
		Cut cut = {f1_of(hit, all, whole) + LEAST_GAIN, -1, false, 0.0, 0.0};
		const double *x;
		double bound;

		if (poll)
			poll();
		for (j = 0; j < points->dims; j++)
			try_feature(points, cluster, j, inside, whole, all, hit, &cut);
		if (cut.feature < 0)
			break;
		x = points->x + (size_t) cut.feature * (size_t) points->n;
		bound = readable_bound(points, cluster, &cut, inside, whole);
		if (cut.is_upper)
			box->upper[cut.feature] = bound;
		else
			box->lower[cut.feature] = bound;
		for (i = 0; i < points->n; i++)
			inside[i] = inside[i] && stays(&cut, x[i], bound);
		weigh(points, cluster, inside, &all, &hit);
	}
	box->precision = hit / all;
	box->recall = hit / whole;
}
