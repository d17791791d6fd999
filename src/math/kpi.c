/*
 * kpi.c: the arithmetic of key figures.
 */
#include "math/kpi.h"

#include <math.h>

void
segment_wilson(int64_t events, int64_t trials, double z, double *low, double *high)
{
	double n = (double) trials;
	double p = (double) events / n;
	double center = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
	double half = z / (1.0 + z * z / n) * sqrt(p * (1.0 - p) / n + z * z / (4.0 * n * n));

	*low = events == 0 ? 0.0 : fmax(center - half, 0.0);
	*high = events == trials ? 1.0 : fmin(center + half, 1.0);
}

void
segment_shapley(const double *before, const double *after, int n, double *parts)
{
	for (int i = 0; i < n; i++)
	{
		/* sum[s]: the products of the other factors with s of them changed, over all choices of the s */
		double sum[SEGMENT_MAX_FACTORS] = {1.0};
		int others = 0;
		double weight;
		double part = 0.0;

		for (int j = 0; j < n; j++)
		{
			if (j == i)
				continue;
			others++;
			for (int s = others; s >= 0; s--)
				sum[s] = (s < others ? sum[s] * before[j] : 0.0) + (s > 0 ? sum[s - 1] * after[j] : 0.0);
		}
		/* s! (n - 1 - s)! / n! of all orders change exactly those s before factor i */
		weight = 1.0 / n;
		for (int s = 0; s <= others; s++)
		{
			part += weight * sum[s];
			if (s < others)
				weight *= (double) (s + 1) / (double) (others - s);
		}
		parts[i] = (after[i] - before[i]) * part;
	}
}

/* Adds a term, keeping what rounding lost (Neumaier 1974). */
static inline void
add(double *sum, double *lost, double term)
{
	double next = *sum + term;

	*lost += fabs(*sum) >= fabs(term) ? (*sum - next) + term : (term - next) + *sum;
	*sum = next;
}

void
segment_concentration(const SegmentMultiset *set, SegmentConcentration *what)
{
	double sum = 0.0;
	double lost = 0.0;

	what->n = 0;
	what->left_out = 0;
	what->first = set->n;
	for (size_t i = 0; i < set->n; i++)
	{
		int64_t count = segment_multiset_count(set, i);

		if (set->values[i] < 0.0)
		{
			what->left_out += count;
			continue;
		}
		if (what->n == 0)
			what->first = i;
		what->n += count;
		add(&sum, &lost, set->values[i] * (double) count);
	}
	what->total = sum + lost;
}

double
segment_concentration_gini(const SegmentMultiset *set, const SegmentConcentration *what)
{
	double n = (double) what->n;
	double before = 0.0;
	double sum = 0.0;
	double lost = 0.0;

	if (!(what->total > 0.0))
		return NAN;
	/* value x count times its mean rank, as its distance from the middle rank, which does not cancel */
	for (size_t i = what->first; i < set->n; i++)
	{
		double count = (double) segment_multiset_count(set, i);

		add(&sum, &lost, set->values[i] * count * ((2.0 * before + count - n) / n));
		before += count;
	}
	return fmax((sum + lost) / what->total, 0.0);
}

double
segment_lowest_sum(const SegmentMultiset *set, const SegmentConcentration *what, int64_t k)
{
	double sum = 0.0;
	double lost = 0.0;

	for (size_t i = what->first; i < set->n && k > 0; i++)
	{
		int64_t count = segment_multiset_count(set, i);
		int64_t taken = count < k ? count : k;

		add(&sum, &lost, set->values[i] * (double) taken);
		k -= taken;
	}
	return sum + lost;
}
