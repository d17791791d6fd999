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

/* A bound that might be drawn: between two neighbouring values of a feature. */
typedef struct Cut
{
	double f1;
	int feature;
	bool is_upper;
	double below;	/* the greatest value under the cut */
	double above;	/* the least value over it */
} Cut;

/* Harmonic mean of precision and recall, of weights: of the cluster in the box, of the box, of the cluster. */
static double
f1_of(double hit, double box, double cluster)
{
	return hit > 0.0 ? 2.0 * hit / (box + cluster) : 0.0;
}

/* The number with the fewest significant digits in [low, high], which includes preferred. */
static double
shortest(double preferred, double low, double high)
{
	int digits;

	for (digits = 1; digits <= 17; digits++)
	{
		char text[40];
		double value;

		snprintf(text, sizeof(text), "%.*g", digits, preferred);
		value = strtod(text, NULL);
		if (value >= low && value <= high)
			return value;
	}
	return preferred;
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

		if (poll)
			poll();
		for (j = 0; j < points->dims; j++)
			try_feature(points, cluster, j, inside, whole, all, hit, &cut);
		if (cut.feature < 0)
			break;
		x = points->x + (size_t) cut.feature * (size_t) points->n;
		if (cut.is_upper)
			box->upper[cut.feature] = shortest(cut.below, cut.below, nextafter(cut.above, -INFINITY));
		else
			box->lower[cut.feature] = shortest(cut.above, nextafter(cut.below, INFINITY), cut.above);
		for (i = 0; i < points->n; i++)
			inside[i] = inside[i] && x[i] >= box->lower[cut.feature] && x[i] <= box->upper[cut.feature];
		weigh(points, cluster, inside, &all, &hit);
	}
	box->precision = hit / all;
	box->recall = hit / whole;
}
