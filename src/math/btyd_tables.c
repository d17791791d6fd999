/*
 * btyd_tables.c: the likelihood of BG/NBD and MBG/NBD over a whole sample, its gradient and its Hessian.
 */
#include "math/btyd_tables.h"

#include <math.h>
#include <string.h>

#include "math/special.h"

/* Poll once per this many histories: a poll is cheap, but not free. */
#define POLL_EVERY 4096

/* A power of two, at least twice the number of values that can be in it. */
static size_t
index_size(size_t max_times)
{
	size_t size = 16;

	while (size < 2 * max_times)
		size *= 2;
	return size;
}

static size_t
distinct_x(const SegmentBtydTally *tally)
{
	size_t n = 0;
	size_t i;

	for (i = 0; i < tally->n_rows; i++)
		n += i == 0 || tally->numbers[3 * i] != tally->numbers[3 * (i - 1)];
	return n;
}

size_t
segment_btyd_work_size(const SegmentBtydTally *tally, size_t max_times)
{
	if (tally->n_rows > SIZE_MAX / 512 || tally->n_rows > UINT32_MAX / 4 || max_times > UINT32_MAX / 2)
		return 0;
	return distinct_x(tally) * sizeof(SegmentXRow) + max_times * sizeof(SegmentTimeRow) +
		   tally->n_rows * sizeof(SegmentTallyRow) + index_size(max_times) * sizeof(uint32_t);
}

/* The row of a time, a new one if there is none yet; false if there is no room for one. */
static bool
time_row(SegmentBtydTables *tables, uint32_t *index, size_t mask, size_t max_times, double time, uint32_t *row)
{
	uint64_t bits;
	size_t at;

	memcpy(&bits, &time, sizeof(bits));
	/* Two rounds, as the low bits of whole numbers' mantissas are all zero (the finalizer of MurmurHash3). */
	bits = (bits ^ bits >> 33) * UINT64_C(0xFF51AFD7ED558CCD);
	bits = (bits ^ bits >> 33) * UINT64_C(0xC4CEB9FE1A85EC53);
	for (at = (size_t) (bits ^ bits >> 33);; at++)
	{
		uint32_t slot = index[at & mask];

		if (slot == 0)
		{
			if (tables->n_times == max_times)
				return false;
			*row = (uint32_t) tables->n_times;
			memset(&tables->times[*row], 0, sizeof(SegmentTimeRow));
			tables->times[*row].time = time;
			tables->n_times++;
			index[at & mask] = *row + 1;
			return true;
		}
		if (tables->times[slot - 1].time == time)
		{
			*row = slot - 1;
			return true;
		}
	}
}

bool
segment_btyd_tables_make(SegmentBtydTables *tables, void *work, size_t max_times)
{
	const SegmentBtydTally *tally = tables->tally;
	size_t n = tally->n_rows;
	size_t mask = index_size(max_times) - 1;
	uint32_t *index;
	size_t i;

	tables->xs = work;
	tables->times = (SegmentTimeRow *) (tables->xs + distinct_x(tally));
	tables->rows = (SegmentTallyRow *) (tables->times + max_times);
	index = (uint32_t *) (tables->rows + n);
	memset(index, 0, (mask + 1) * sizeof(uint32_t));
	tables->n_x = 0;
	tables->n_times = 0;
	for (i = 0; i < n; i++)
	{
		const double *numbers = tally->numbers + 3 * i;
		SegmentTallyRow *row = &tables->rows[i];
		double count = (double) tally->counts[i];

		if (tables->n_x == 0 || tables->xs[tables->n_x - 1].x != numbers[0])
		{
			tables->xs[tables->n_x].x = numbers[0];
			tables->xs[tables->n_x].weight = 0;
			tables->n_x++;
		}
		row->x = (uint32_t) tables->n_x - 1;
		if (!time_row(tables, index, mask, max_times, numbers[1], &row->t_x) ||
			!time_row(tables, index, mask, max_times, numbers[2], &row->t))
			return false;
		tables->xs[row->x].weight += count;
		tables->times[row->t].weight += count;
		tables->times[row->t].weight_x += count * numbers[0];
	}
	return true;
}

static bool
stopped(const SegmentFitOptions *options)
{
	return options->poll != NULL && options->poll(options->poll_arg);
}

/* What of each time and of each x the term of a history takes. */
static void
fill_tables(SegmentBtydTables *tables, double alpha, double a, double b, double coin)
{
	size_t i;

	for (i = 0; i < tables->n_x; i++)
	{
		double coins = tables->xs[i].x + coin;

		tables->xs[i].log_odds = coins > 0 ? log(a / (b + coins - 1)) : -INFINITY;
	}
	for (i = 0; i < tables->n_times; i++)
	{
		tables->times[i].log_ratio = log1p(tables->times[i].time / alpha);
		tables->times[i].inverse = 1 / (alpha + tables->times[i].time);
	}
}

/* The same sum as that of segment_btyd_log_likelihood over the histories. */
double
segment_btyd_tables_objective(const double *theta, double *gradient, void *arg)
{
	SegmentBtydTables *tables = arg;
	const SegmentBtydTally *tally = tables->tally;
	double r = exp(theta[0]);
	double alpha = exp(theta[1]);
	double a = exp(theta[2]);
	double b = exp(theta[3]);
	double coin = tables->kind == SEGMENT_MBGNBD ? 1 : 0;
	double psi_r = segment_digamma(r);
	double psi_b = segment_digamma(b);
	double psi_ab = segment_digamma(a + b);
	double total = 0;
	double product = 1; /* a log of many factors is cheaper than many logs */
	double by[4] = {0, 0, 0, 0};
	size_t i;

	fill_tables(tables, alpha, a, b, coin);
	for (i = 0; i < tables->n_x; i++)
	{
		const SegmentXRow *row = &tables->xs[i];
		double coins = row->x + coin;
		double both = psi_ab - segment_digamma(a + b + coins);

		total += row->weight * (segment_log_gamma_ratio(r, row->x) + segment_log_gamma_ratio(b, coins) -
								segment_log_gamma_ratio(a + b, coins));
		by[0] += row->weight * (segment_digamma(r + row->x) - psi_r);
		by[2] += row->weight * both;
		by[3] += row->weight * (both + segment_digamma(b + coins) - psi_b);
	}
	for (i = 0; i < tables->n_times; i++)
	{
		const SegmentTimeRow *row = &tables->times[i];

		if (row->weight == 0)
			continue;
		total -= row->weight * r * row->log_ratio - row->weight_x * log(row->inverse);
		by[0] -= row->weight * row->log_ratio;
		by[1] += (row->weight * r * row->time / alpha - row->weight_x) * row->inverse;
	}
	for (i = 0; i < tally->n_rows; i++)
	{
		const SegmentTallyRow *row = &tables->rows[i];
		const SegmentXRow *x = &tables->xs[row->x];
		const SegmentTimeRow *t_x = &tables->times[row->t_x];
		const SegmentTimeRow *t = &tables->times[row->t];
		double count = (double) tally->counts[i];
		double coins = x->x + coin;
		double idle = t->log_ratio - t_x->log_ratio;
		double log_odds;
		double e;
		double dead;

		if (coins == 0)
			continue;
		if (i % POLL_EVERY == 0 && stopped(tables->options))
			return 0;
		log_odds = (r + x->x) * idle + x->log_odds;
		e = exp(-fabs(log_odds));
		dead = count * (log_odds > 0 ? 1 : e) / (1 + e);
		total += count * (log_odds > 0 ? log_odds : 0);
		if (count == 1)
			product *= 1 + e;
		else
			total += count * log1p(e);
		if (product > 1e290)
		{
			total += log(product);
			product = 1;
		}
		by[0] += dead * idle;
		by[1] += dead * (r + x->x) * (t->inverse - t_x->inverse);
		by[2] += dead / a;
		by[3] -= dead / (b + coins - 1);
	}
	total += log(product);
	gradient[0] = by[0] * r;
	gradient[1] = by[1] * alpha;
	gradient[2] = by[2] * a;
	gradient[3] = by[3] * b;
	return total;
}

/*
 * With L the log odds of having left, the term of a history is log(1 + exp(L)): its gradient is dead * dL, its Hessian
 * dead * (1 - dead) * dL dL' + dead * ddL.
 */
void
segment_btyd_tables_hessian(const double *theta, double *triangle, void *arg)
{
	SegmentBtydTables *tables = arg;
	const SegmentBtydTally *tally = tables->tally;
	double p[4] = {exp(theta[0]), exp(theta[1]), exp(theta[2]), exp(theta[3])};
	double r = p[0];
	double alpha = p[1];
	double a = p[2];
	double b = p[3];
	double coin = tables->kind == SEGMENT_MBGNBD ? 1 : 0;
	double psi_r = segment_trigamma(r);
	double psi_b = segment_trigamma(b);
	double psi_ab = segment_trigamma(a + b);
	double gradient[4];
	double h[SEGMENT_TRIANGLE(4, 0)] = {0};
	size_t i;
	int j;
	int k;

	(void) segment_btyd_tables_objective(theta, gradient, arg);
	for (i = 0; i < tables->n_x; i++)
	{
		const SegmentXRow *row = &tables->xs[i];
		double coins = row->x + coin;
		double both = psi_ab - segment_trigamma(a + b + coins);

		h[SEGMENT_TRIANGLE(0, 0)] += row->weight * (segment_trigamma(r + row->x) - psi_r);
		h[SEGMENT_TRIANGLE(2, 2)] += row->weight * both;
		h[SEGMENT_TRIANGLE(3, 2)] += row->weight * both;
		h[SEGMENT_TRIANGLE(3, 3)] += row->weight * (both + segment_trigamma(b + coins) - psi_b);
	}
	for (i = 0; i < tables->n_times; i++)
	{
		const SegmentTimeRow *row = &tables->times[i];
		double share = row->time / alpha * row->inverse;

		h[SEGMENT_TRIANGLE(1, 0)] += row->weight * share;
		h[SEGMENT_TRIANGLE(1, 1)] +=
			row->weight_x * row->inverse * row->inverse - row->weight * r * share * (1 / alpha + row->inverse);
	}
	for (i = 0; i < tally->n_rows; i++)
	{
		const SegmentTallyRow *row = &tables->rows[i];
		const SegmentXRow *x = &tables->xs[row->x];
		const SegmentTimeRow *t_x = &tables->times[row->t_x];
		const SegmentTimeRow *t = &tables->times[row->t];
		double coins = x->x + coin;
		double shape = r + x->x;
		double e;
		double dead;
		double spread;
		double by_r;
		double by_alpha;
		double by_b;
		double slope;

		if (coins == 0)
			continue;
		if (i % POLL_EVERY == 0 && stopped(tables->options))
			break;
		by_r = t->log_ratio - t_x->log_ratio;
		slope = t->inverse - t_x->inverse;
		by_alpha = shape * slope;
		by_b = -1 / (b + coins - 1);
		dead = shape * by_r + x->log_odds;
		e = exp(-fabs(dead));
		dead = (double) tally->counts[i] * (dead > 0 ? 1 : e) / (1 + e);
		spread = (double) tally->counts[i] * e / ((1 + e) * (1 + e));
		h[SEGMENT_TRIANGLE(0, 0)] += spread * by_r * by_r;
		h[SEGMENT_TRIANGLE(1, 0)] += spread * by_r * by_alpha + dead * slope;
		h[SEGMENT_TRIANGLE(1, 1)] += spread * by_alpha * by_alpha - dead * by_alpha * (t->inverse + t_x->inverse);
		h[SEGMENT_TRIANGLE(2, 0)] += spread * by_r / a;
		h[SEGMENT_TRIANGLE(2, 1)] += spread * by_alpha / a;
		h[SEGMENT_TRIANGLE(2, 2)] += (spread - dead) / (a * a);
		h[SEGMENT_TRIANGLE(3, 0)] += spread * by_r * by_b;
		h[SEGMENT_TRIANGLE(3, 1)] += spread * by_alpha * by_b;
		h[SEGMENT_TRIANGLE(3, 2)] += spread * by_b / a;
		h[SEGMENT_TRIANGLE(3, 3)] += (spread + dead) * by_b * by_b;
	}
	for (j = 0; j < 4; j++)
		for (k = 0; k <= j; k++)
			triangle[SEGMENT_TRIANGLE(j, k)] = p[j] * p[k] * h[SEGMENT_TRIANGLE(j, k)] + (j == k ? gradient[j] : 0);
}
