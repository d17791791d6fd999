/*
 * gain.c: how well a score ranks.
 */
#include "math/gain.h"

#include <math.h>

/* Customers, outcome and customers with an outcome of the scores equal to that at from; returns the place behind. */
static size_t
tie(const SegmentScored *scored, size_t n, size_t from, double *customers, double *outcome, double *positives)
{
	size_t i;

	*customers = *outcome = *positives = 0;
	for (i = from; i < n && scored[i].score == scored[from].score; i++)
	{
		*customers += scored[i].count;
		*outcome += scored[i].count * scored[i].outcome;
		if (scored[i].outcome > 0)
			*positives += scored[i].count;
	}
	return i;
}

static void
total(const SegmentScored *scored, size_t n, double *customers, double *outcome)
{
	size_t i;

	*customers = *outcome = 0;
	for (i = 0; i < n; i++)
	{
		*customers += scored[i].count;
		*outcome += scored[i].count * scored[i].outcome;
	}
}

double
segment_auc(const SegmentScored *scored, size_t n)
{
	double positives_before = 0;
	double negatives = 0;
	double pairs = 0;
	size_t at = 0;

	while (at < n)
	{
		double customers;
		double outcome;
		double positives;

		at = tie(scored, n, at, &customers, &outcome, &positives);
		pairs += (customers - positives) * (positives_before + positives / 2);
		positives_before += positives;
		negatives += customers - positives;
	}
	return positives_before > 0 && negatives > 0 ? pairs / positives_before / negatives : NAN;
}

double
segment_gain(const SegmentScored *scored, size_t n, double share)
{
	double customers;
	double outcome;
	double left;
	double gained = 0;
	size_t at = 0;

	total(scored, n, &customers, &outcome);
	if (!(outcome > 0))
		return NAN;
	left = share * customers;
	while (at < n && left > 0)
	{
		double tied;
		double tied_outcome;
		double positives;

		at = tie(scored, n, at, &tied, &tied_outcome, &positives);
		gained += tied <= left ? tied_outcome : tied_outcome * left / tied;
		left -= tied;
	}
	return gained / outcome;
}

double
segment_gini(const SegmentScored *scored, size_t n)
{
	double customers;
	double outcome;
	double before = 0;
	double area = 0;
	size_t at = 0;

	total(scored, n, &customers, &outcome);
	if (!(outcome > 0))
		return NAN;
	while (at < n)
	{
		double tied;
		double tied_outcome;
		double positives;

		at = tie(scored, n, at, &tied, &tied_outcome, &positives);
		area += tied * (before + tied_outcome / 2);
		before += tied_outcome;
	}
	return 2 * area / customers / outcome - 1;
}
