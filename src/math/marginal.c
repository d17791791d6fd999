/*
 * marginal.c: the Stuart-Maxwell test of marginal homogeneity, and the tail of chi-square that it needs.
 */
#include "math/marginal.h"

#include <math.h>

/* 1 / sqrt(2 pi) */
#define NORMAL_DENSITY_0 0.39894228040143267794

double
segment_chi_square_tail(double x, int df)
{
	double term;
	double sum;

	if (df % 2 == 0)
	{
		/* exp(-x/2) sum of (x/2)^i / i!, i < df/2 */
		term = sum = exp(-x / 2);
		for (int i = 1; i < df / 2; i++)
		{
			term *= x / 2 / i;
			sum += term;
		}
		return sum;
	}
	/* erfc(sqrt(x/2)) + 2 phi(sqrt x) sum of x^(i - 1/2) / (1 3 5 ... (2i - 1)), i <= (df - 1) / 2 */
	sum = erfc(sqrt(x / 2));
	term = 2 * NORMAL_DENSITY_0 * exp(-x / 2) * sqrt(x);
	for (int i = 1; i <= (df - 1) / 2; i++)
	{
		sum += term;
		term *= x / (2 * i + 1);
	}
	return sum;
}

/* The matrix V (k x k) and the differences d of the margins in work: row i is V[i][0..k-1], d[i]. */
static void
set_up(const int64_t *table, int k, double *work)
{
	for (int i = 0; i < k; i++)
	{
		double *row = work + i * (k + 1);
		double before = 0;
		double after = 0;

		for (int j = 0; j < k; j++)
		{
			double n = (double) table[i * k + j];
			double back = (double) table[j * k + i];

			before += n;
			after += back;
			row[j] = -(n + back);
		}
		row[i] = before + after - 2 * (double) table[i * k + i];
		row[k] = before - after;
	}
}

double
segment_stuart_maxwell(const int64_t *table, int k, double *work, int *df)
{
	double largest = 0;
	double statistic = 0;

	set_up(table, k, work);
	for (int i = 0; i < k; i++)
		if (work[i * (k + 1) + i] > largest)
			largest = work[i * (k + 1) + i];
	*df = 0;

	/*
	 * Elimination without exchanges: V is positive semidefinite, so the pivots are not negative, and one that vanishes has
	 * a vanishing row, and depends on those before. d is in the range of V, so its element vanishes with it.
	 */
	for (int p = 0; p < k; p++)
	{
		const double *pivot = work + p * (k + 1);

		if (pivot[p] <= 1e-10 * largest)
			continue;
		(*df)++;
		statistic += pivot[k] * pivot[k] / pivot[p];
		for (int i = p + 1; i < k; i++)
		{
			double *row = work + i * (k + 1);
			double factor = row[p] / pivot[p];

			for (int j = p; j <= k; j++)
				row[j] -= factor * pivot[j];
		}
	}
	return statistic;
}
