/*
 * association.c: what the counts of two items say, see association.h.
 */
#include "math/association.h"

#include <math.h>

SegmentAssociation
segment_association(const SegmentTogether *counts, double z)
{
	double n_ab = (double) counts->n_ab;
	double n_a = (double) counts->n_a;
	double n_b = (double) counts->n_b;
	double n = (double) counts->baskets;
	double variance = 1 / n_ab - 1 / n_a - 1 / n_b + 2 * (n_ab / n_a / n_b) - 1 / n;
	SegmentAssociation association;

	association.support = n_ab / n;
	association.confidence = n_ab / n_a;
	/* n_a and n_b in either order give the same bits */
	association.lift = n_ab * n / (n_a * n_b);
	association.lift_low = association.lift * exp(-z * sqrt(fmax(variance, 0)));
	/* counts are below 2^48: the difference of products is exact */
	association.leverage =
		(double) ((__int128) counts->n_ab * counts->baskets - (__int128) counts->n_a * counts->n_b) / (n * n);
	/* (1 - n_b / n) / (1 - n_ab / n_a), without taking rounded fractions apart */
	association.conviction = counts->n_ab == counts->n_a ? INFINITY : (n - n_b) * n_a / (n * (n_a - n_ab));
	return association;
}
