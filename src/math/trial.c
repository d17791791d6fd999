/*
 * trial.c: planning a trial and judging it as a whole, see trial.h.
 */
#include "math/trial.h"

#include <math.h>

#include "math/distribution.h"
#include "math/special.h"

/* --- power ------------------------------------------------------------------------------------- */

static double
critical_tail(const SegmentTest *test)
{
	return test->side == SEGMENT_TWO_SIDED ? test->alpha / 2 : test->alpha;
}

/* The effect in the direction that the test looks into. */
static double
directed(const SegmentTest *test, double diff)
{
	return test->side == SEGMENT_TWO_SIDED ? fabs(diff) : test->side == SEGMENT_GREATER ? diff : -diff;
}

double
segment_power_rates(const SegmentTest *test, double control, double treated, double n_control, double n_treated)
{
	double pooled = (n_control * control + n_treated * treated) / (n_control + n_treated);
	double reach = segment_normal_upper_quantile(critical_tail(test)) *
				   sqrt(pooled * (1 - pooled) * (1 / n_control + 1 / n_treated));
	double deviation = sqrt(control * (1 - control) / n_control + treated * (1 - treated) / n_treated);
	double diff = directed(test, treated - control);

	if (!(deviation > 0.0))
		return diff > reach ? 1.0 : 0.0;
	return segment_normal_upper((reach - diff) / deviation) +
		   (test->strict && test->side == SEGMENT_TWO_SIDED ? segment_normal_upper((reach + diff) / deviation) : 0.0);
}

double
segment_power_means(const SegmentTest *test, double sd, double diff, double n_control, double n_treated)
{
	double df = n_control + n_treated - 2;
	double reach = segment_t_upper_quantile(critical_tail(test), df);
	double shift = directed(test, diff) / sd / sqrt(1 / n_control + 1 / n_treated);

	return segment_noncentral_t_upper(reach, df, shift) +
		   (test->strict && test->side == SEGMENT_TWO_SIDED ? segment_noncentral_t_upper(reach, df, -shift) : 0.0);
}

/* The power, as a function of one unknown. */
typedef struct Plan
{
	const SegmentTest *test;
	double (*power_at)(const struct Plan *plan, double x);
	double control;
	double treated;
	double sd;
	double diff;
	double n_control;
	double n_treated;
	double ratio;
} Plan;

/* Where a power that grows from low to high (which may lie below low) reaches the wanted one. */
static double
solve(const Plan *plan, double wanted, double low, double high)
{
	for (int i = 0; i < 200; i++)
	{
		double middle = low + (high - low) / 2;

		if (middle == low || middle == high)
			break;
		if (plan->power_at(plan, middle) < wanted)
			low = middle;
		else
			high = middle;
	}
	return high;
}

/* A number of rows is tried up to here. */
#define MAX_SAMPLE 1e15

/* The same from low on, to wherever that is. */
static double
solve_upward(const Plan *plan, double wanted, double low)
{
	double high = low * 2;

	while (plan->power_at(plan, high) < wanted)
	{
		low = high;
		high *= 2;
		if (high > MAX_SAMPLE)
			return HUGE_VAL;
	}
	return solve(plan, wanted, low, high);
}

static double
rates_by_n(const Plan *plan, double n)
{
	return segment_power_rates(plan->test, plan->control, plan->treated, n, n * plan->ratio);
}

static double
means_by_n(const Plan *plan, double n)
{
	return segment_power_means(plan->test, plan->sd, plan->diff, n, n * plan->ratio);
}

static double
means_by_diff(const Plan *plan, double diff)
{
	return segment_power_means(plan->test, plan->sd, plan->test->side == SEGMENT_LESS ? -diff : diff, plan->n_control,
							   plan->n_treated);
}

static double
rates_by_rate(const Plan *plan, double rate)
{
	return segment_power_rates(plan->test, plan->control, rate, plan->n_control, plan->n_treated);
}

double
segment_sample_rates(const SegmentTest *test, double power, double control, double treated, double ratio)
{
	Plan plan = {.test = test, .power_at = rates_by_n, .control = control, .treated = treated, .ratio = ratio};

	if (!(directed(test, treated - control) > 0.0))
		return HUGE_VAL;
	return solve_upward(&plan, power, 1e-6);
}

double
segment_sample_means(const SegmentTest *test, double power, double sd, double diff, double ratio)
{
	Plan plan = {.test = test, .power_at = means_by_n, .sd = sd, .diff = diff, .ratio = ratio};
	double fewest = fmax(2.0, 2.0 / ratio); /* two rows an arm, or there is no variance to go by */

	if (!(directed(test, diff) > 0.0))
		return HUGE_VAL;
	if (means_by_n(&plan, fewest) >= power)
		return fewest;
	return solve_upward(&plan, power, fewest);
}

double
segment_detectable_means(const SegmentTest *test, double power, double sd, double n_control, double n_treated)
{
	Plan plan = {.test = test, .power_at = means_by_diff, .sd = sd, .n_control = n_control, .n_treated = n_treated};
	double diff = solve_upward(&plan, power, sd * 1e-9);

	return test->side == SEGMENT_LESS ? -diff : diff;
}

double
segment_detectable_rate(const SegmentTest *test, double power, double control, double n_control, double n_treated,
						bool above)
{
	Plan plan = {
		.test = test, .power_at = rates_by_rate, .control = control, .n_control = n_control, .n_treated = n_treated};
	double end = above ? 1.0 : 0.0;

	if (test->side == (above ? SEGMENT_LESS : SEGMENT_GREATER) || control == end || rates_by_rate(&plan, end) < power)
		return NAN;
	return solve(&plan, power, control, end);
}

/* --- families of tests ------------------------------------------------------------------------- */

static void
sort_by_p(const double *p, int n, int *rank)
{
	/* heapsort: no allocation, and no more than n log n for any order */
	for (int i = 0; i < n; i++)
		rank[i] = i;
	for (int size = n, start = n / 2; size > 1;)
	{
		int root;
		int moved;

		if (start > 0)
			root = --start;
		else
		{
			int last = rank[--size];

			rank[size] = rank[0];
			rank[0] = last;
			root = 0;
		}
		moved = rank[root];
		for (int child; (child = 2 * root + 1) < size; root = child)
		{
			if (child + 1 < size && p[rank[child + 1]] > p[rank[child]])
				child++;
			if (!(p[rank[child]] > p[moved]))
				break;
			rank[root] = rank[child];
		}
		rank[root] = moved;
	}
}

void
segment_adjust_p(double *p, int n, SegmentAdjustment method, int *rank)
{
	double harmonic = 0.0;
	double edge;

	sort_by_p(p, n, rank);
	for (int i = 1; i <= n; i++)
		harmonic += 1.0 / i;
	switch (method)
	{
		case SEGMENT_BONFERRONI:
			for (int i = 0; i < n; i++)
				p[i] = fmin(n * p[i], 1.0);
			break;
		case SEGMENT_HOLM:
			edge = 0.0;
			for (int i = 0; i < n; i++)
				p[rank[i]] = edge = fmin(fmax(edge, (n - i) * p[rank[i]]), 1.0);
			break;
		default:
			edge = 1.0;
			for (int i = n - 1; i >= 0; i--)
			{
				double factor = method == SEGMENT_HOCHBERG ? n - i : (double) n / (i + 1);

				p[rank[i]] = edge = fmin(edge, (method == SEGMENT_BY ? harmonic : 1.0) * factor * p[rank[i]]);
			}
			break;
	}
}

double
segment_cochran_q(const double *estimate, const double *se, int n, double *pooled, double *pooled_se)
{
	double weights = 0.0;
	double sum = 0.0;
	double q = 0.0;

	for (int i = 0; i < n; i++)
	{
		double weight = 1.0 / (se[i] * se[i]);

		weights += weight;
		sum += weight * estimate[i];
	}
	*pooled = sum / weights;
	*pooled_se = 1.0 / sqrt(weights);
	for (int i = 0; i < n; i++)
	{
		double distance = (estimate[i] - *pooled) / se[i];

		q += distance * distance;
	}
	return q;
}

/* --- the split --------------------------------------------------------------------------------- */

double
segment_pearson(const int64_t *counts, const double *shares, int n)
{
	double total = 0.0;
	double sum = 0.0;

	for (int i = 0; i < n; i++)
		total += (double) counts[i];
	for (int i = 0; i < n; i++)
	{
		double expected = total * shares[i];
		double distance = (double) counts[i] - expected;

		sum += distance * distance / expected;
	}
	return sum;
}

/* Outcomes as likely as the one seen count, whatever the last digits of their logarithms. */
#define TIE 1e-9

typedef struct Multinomial
{
	const double *log_share;
	int n;
	double seen; /* log probability */
	double sum;
	double smallest; /* log probability of the least likely outcome */
} Multinomial;

/* Adds the outcomes that give rest rows to the arms from this one on; so_far: their log probability but for these. */
static void
add_outcomes(Multinomial *m, int arm, int64_t rest, double so_far)
{
	if (arm == m->n - 1)
	{
		double log_p = so_far + (double) rest * m->log_share[arm] - segment_log_gamma((double) rest + 1);

		if (log_p <= m->seen + TIE)
			m->sum += exp(log_p);
		m->smallest = fmin(m->smallest, log_p);
		return;
	}
	for (int64_t count = 0; count <= rest; count++)
		add_outcomes(m, arm + 1, rest - count,
					 so_far + (double) count * m->log_share[arm] - segment_log_gamma((double) count + 1));
}

/* Arms beyond this are never few enough outcomes. */
#define MAX_ARMS 32

double
segment_multinomial_p(const int64_t *counts, const double *shares, int n, double limit, double *smallest)
{
	double log_share[MAX_ARMS];
	double total = 0.0;
	double outcomes = 1.0;
	Multinomial m = {log_share, n, 0.0, 0.0, HUGE_VAL};
	double p;

	*smallest = 0.0;
	if (n > MAX_ARMS)
		return NAN;
	for (int i = 0; i < n; i++)
		total += (double) counts[i];
	for (int i = 1; i < n; i++)
		outcomes *= (total + i) / i;
	if (outcomes > limit)
		return NAN;
	m.seen = segment_log_gamma(total + 1);
	for (int i = 0; i < n; i++)
	{
		log_share[i] = log(shares[i]);
		m.seen += (double) counts[i] * log_share[i] - segment_log_gamma((double) counts[i] + 1);
	}
	add_outcomes(&m, 0, (int64_t) total, segment_log_gamma(total + 1));
	p = fmin(m.sum, 1.0);
	/* the p-value of the least likely outcome: those that are as likely count with it */
	m.seen = m.smallest;
	m.sum = 0.0;
	add_outcomes(&m, 0, (int64_t) total, segment_log_gamma(total + 1));
	*smallest = m.sum;
	return p;
}
