/*
 * btyd_fit.c: likelihoods of whole samples, their gradients and starting points.
 */
#include "math/btyd_fit.h"

#include <math.h>
#include <string.h>

#include "math/btyd_tables.h"
#include "math/special.h"

/* Poll once per this many histories: a poll is cheap, but not free. */
#define POLL_EVERY 4096

/* Two fits whose costs differ by less, relatively, are one. */
#define SAME_COST 1e-10

/* A model of leaving that gains no more log-likelihood than this over one without says that nobody leaves. */
#define NO_GAIN 0.01

typedef struct BtydSample
{
	SegmentBtydKind kind;
	const SegmentBtydTally *tally;
	const SegmentFitOptions *options;
	/* Of each covariate over the customers: the fit works with standardised covariates. */
	double mean[SEGMENT_BTYD_MAX_COVARIATES];
	double deviation[SEGMENT_BTYD_MAX_COVARIATES];
} BtydSample;

static bool
stopped(const SegmentFitOptions *options)
{
	return options->poll != NULL && options->poll(options->poll_arg);
}

static double
linear(const double *coefficients, const double *values, int n)
{
	double sum = 0;
	int i;

	for (i = 0; i < n; i++)
		sum += coefficients[i] * values[i];
	return sum;
}

void
segment_btyd_params_of(SegmentBtydKind kind, const double *theta, int n_covariates, const double *covariates,
					   SegmentBtydParams *params)
{
	int n = segment_btyd_n_params(kind);
	int i;

	params->kind = kind;
	for (i = 0; i < SEGMENT_BTYD_MAX_PARAMS; i++)
		params->p[i] = i < n ? exp(theta[i]) : 1;
	if (n_covariates > 0)
	{
		double leave = exp(linear(theta + n + n_covariates, covariates, n_covariates));

		params->p[1] *= exp(-linear(theta + n, covariates, n_covariates));
		if (kind == SEGMENT_PARETO_NBD)
			params->p[3] /= leave;
		else
			/* a alone, so that the odds of leaving, a : b on average, change: with b they would stay and only scatter less. */
			params->p[2] *= leave;
	}
}

static void
measure_covariates(BtydSample *sample, double customers)
{
	const SegmentBtydTally *tally = sample->tally;
	size_t i;
	int j;

	for (j = 0; j < tally->n_covariates; j++)
	{
		double square = 0;

		sample->mean[j] = 0;
		for (i = 0; i < tally->n_rows; i++)
			sample->mean[j] +=
				(double) tally->counts[i] / customers * tally->numbers[(3 + tally->n_covariates) * i + 3 + j];
		for (i = 0; i < tally->n_rows; i++)
		{
			double distance = tally->numbers[(3 + tally->n_covariates) * i + 3 + j] - sample->mean[j];

			square += (double) tally->counts[i] / customers * distance * distance;
		}
		sample->deviation[j] = square > 0 ? sqrt(square) : 1;
	}
}

/* Converts coefficients of standardised covariates to those of the caller's, which changes the scales too. */
static void
caller_covariates(const BtydSample *sample, SegmentFit *fit)
{
	int z = sample->tally->n_covariates;
	int n = fit->n_params - 2 * z;
	double slope[SEGMENT_FIT_MAX_PARAMS][SEGMENT_FIT_MAX_PARAMS] = {{0}};
	double theta[SEGMENT_FIT_MAX_PARAMS];
	double covariance[SEGMENT_FIT_TRIANGLE];
	int i;
	int j;

	for (i = 0; i < fit->n_params; i++)
		slope[i][i] = i < n ? 1 : 1 / sample->deviation[(i - n) % z];
	for (j = 0; j < z; j++)
	{
		double share = sample->mean[j] / sample->deviation[j];

		slope[1][n + j] = share;
		if (sample->kind != SEGMENT_PARETO_NBD)
			slope[2][n + z + j] = -share;
		else
			slope[3][n + z + j] = share;
	}
	for (i = 0; i < fit->n_params; i++)
	{
		theta[i] = linear(slope[i], fit->theta, fit->n_params);
		for (j = 0; j <= i; j++)
		{
			double sum = 0;
			int k;
			int l;

			for (k = 0; k < fit->n_params; k++)
				for (l = 0; l < fit->n_params; l++)
					sum += slope[i][k] * slope[j][l] *
						   fit->covariance[k >= l ? SEGMENT_TRIANGLE(k, l) : SEGMENT_TRIANGLE(l, k)];
			covariance[SEGMENT_TRIANGLE(i, j)] = sum;
		}
	}
	memcpy(fit->theta, theta, fit->n_params * sizeof(double));
	memcpy(fit->covariance, covariance, SEGMENT_TRIANGLE(fit->n_params, 0) * sizeof(double));
}

/* Any model, history by history, with or without covariates. */
static double
row_objective(const double *theta, double *gradient, void *arg)
{
	BtydSample *sample = arg;
	const SegmentBtydTally *tally = sample->tally;
	int n = segment_btyd_n_params(sample->kind);
	int z = tally->n_covariates;
	SegmentBtydParams params;
	double total = 0;
	size_t i;
	int j;

	memset(gradient, 0, (n + 2 * z) * sizeof(double));
	segment_btyd_params_of(sample->kind, theta, 0, NULL, &params);
	for (i = 0; i < tally->n_rows; i++)
	{
		const double *numbers = tally->numbers + (3 + z) * i;
		SegmentHistory history = {numbers[0], numbers[1], numbers[2]};
		double count = (double) tally->counts[i];
		double by[SEGMENT_BTYD_MAX_PARAMS];
		double covariates[SEGMENT_BTYD_MAX_COVARIATES];

		if (i % 64 == 0 && stopped(sample->options))
			return 0;
		for (j = 0; j < z; j++)
			covariates[j] = (numbers[3 + j] - sample->mean[j]) / sample->deviation[j];
		if (z > 0)
			segment_btyd_params_of(sample->kind, theta, z, covariates, &params);
		total += count * segment_btyd_log_likelihood(&params, &history, by);
		for (j = 0; j < n; j++)
			by[j] *= count * params.p[j];
		for (j = 0; j < n; j++)
			gradient[j] += by[j];
		for (j = 0; j < z; j++)
		{
			gradient[n + j] -= by[1] * covariates[j];
			gradient[n + z + j] += (sample->kind == SEGMENT_PARETO_NBD ? -by[3] : by[2]) * covariates[j];
		}
	}
	return total;
}

bool
segment_btyd_uses_tables(SegmentBtydKind kind, const SegmentBtydTally *tally)
{
	return (kind == SEGMENT_BGNBD || kind == SEGMENT_MBGNBD) && tally->n_covariates == 0;
}

/*
 * True if NBD, in which nobody leaves, fits as well as a model of leaving. The parameters of leaving then tend to zero
 * or run along a ridge, and no longer walk finds an end.
 */
static bool
nobody_leaves(SegmentBtydKind kind, const SegmentBtydTally *tally, const SegmentFitOptions *options,
			  const SegmentFit *fit)
{
	SegmentFit without;

	if (tally->n_covariates > 0 || (kind != SEGMENT_BGNBD && kind != SEGMENT_MBGNBD && kind != SEGMENT_PARETO_NBD) ||
		fit->status == SEGMENT_FIT_CONVERGED || fit->status == SEGMENT_FIT_STOPPED ||
		fit->status == SEGMENT_FIT_NO_OPTIMUM)
		return false;
	segment_btyd_fit(SEGMENT_NBD, tally, options, NULL, 0, &without);
	/* NBD is a limit of these models: one that is clearly below it has not come to its end. */
	if (fit->status == SEGMENT_FIT_MAX_ITERATIONS && fit->log_likelihood < without.log_likelihood - NO_GAIN)
		return false;
	return without.status == SEGMENT_FIT_CONVERGED && without.log_likelihood > fit->log_likelihood - NO_GAIN;
}

bool
segment_btyd_fit(SegmentBtydKind kind, const SegmentBtydTally *tally, const SegmentFitOptions *options, void *work,
				 size_t max_times, SegmentFit *fit)
{
	/*
	 * Of the shape of the rate and of leaving; the scales follow from the data. The last one leads to where a few leave at
	 * once and all others never, which the others may pass by.
	 */
	static const double shapes[5][4] = {
		{0.5, 1, 0.7, 2}, {2, 1, 0.3, 1}, {0.1, 1, 2, 10}, {1, 1, 0.05, 0.5}, {1, 1, 0.001, 0.1}};
	BtydSample sample = {kind, tally, options, {0}, {0}};
	SegmentBtydTables tables = {kind, tally, options, 0, 0, NULL, NULL, NULL};
	SegmentFitProblem problem;
	double customers = 0;
	double orders = 0;
	double time = 0;
	size_t i;
	int attempt;

	for (i = 0; i < tally->n_rows; i++)
	{
		const double *numbers = tally->numbers + (3 + tally->n_covariates) * i;
		double count = (double) tally->counts[i];

		customers += count;
		orders += count * numbers[0];
		time += count * numbers[2];
	}
	measure_covariates(&sample, customers);
	memset(&problem, 0, sizeof(problem));
	problem.arg = &sample;
	problem.objective = row_objective;
	if (segment_btyd_uses_tables(kind, tally))
	{
		if (!segment_btyd_tables_make(&tables, work, max_times))
			return false;
		problem.arg = &tables;
		problem.objective = segment_btyd_tables_objective;
		problem.hessian = segment_btyd_tables_hessian;
	}
	problem.n_logs = segment_btyd_n_params(kind);
	problem.n_params = problem.n_logs + 2 * tally->n_covariates;
	problem.observations = customers;
	problem.penalty = options->penalty;
	problem.max_iterations = options->max_iterations;
	problem.poll = options->poll;
	problem.poll_arg = options->poll_arg;
	/* The mean time observed is the fit's unit of time; BG/BB has no parameter that a time could scale. */
	if (kind != SEGMENT_BGBB && time > 0)
	{
		problem.center[1] = log(time / customers);
		if (kind == SEGMENT_PARETO_NBD)
			problem.center[3] = problem.center[1];
		problem.unit_log_likelihood = orders * problem.center[1];
	}
	for (attempt = 0; attempt < 5; attempt++)
	{
		double start[SEGMENT_FIT_MAX_PARAMS] = {0};
		double natural[4];
		SegmentFit one;
		int j;

		memcpy(natural, shapes[attempt], sizeof(natural));
		if (kind == SEGMENT_BGBB)
			natural[1] = natural[3] = 2;
		else
		{
			/* Rates average orders per time, a little more because some have left. */
			natural[1] = natural[0] / (1.5 * orders / customers + 0.05);
			if (kind == SEGMENT_PARETO_NBD)
				natural[3] = 1;
		}
		for (j = 0; j < problem.n_logs; j++)
			start[j] = fmin(fmax(log(natural[j]), 1 - SEGMENT_FIT_WALL), SEGMENT_FIT_WALL - 1);
		segment_fit(&problem, start, &one);
		/* The lowest is kept; of those that differ by no more than the noise of the sums, the first that converged. */
		if (attempt == 0 || one.cost < fit->cost - SAME_COST * (1 + fabs(fit->cost)) ||
			(one.cost < fit->cost + SAME_COST * (1 + fabs(fit->cost)) && one.status == SEGMENT_FIT_CONVERGED &&
			 fit->status != SEGMENT_FIT_CONVERGED))
			*fit = one;
		if (one.status == SEGMENT_FIT_STOPPED)
		{
			*fit = one;
			break;
		}
		if (fit->status == SEGMENT_FIT_CONVERGED)
			break;
		/* Where nobody leaves, other starts would walk the same ridge, and Pareto/NBD's likelihood is dear. */
		if (kind == SEGMENT_PARETO_NBD && nobody_leaves(kind, tally, options, fit))
			break;
	}
	if (tally->n_covariates > 0)
		caller_covariates(&sample, fit);
	/* Without a repeat order the likelihood rises for ever: rates to zero, or leaving at once. */
	if (orders == 0 && fit->status != SEGMENT_FIT_STOPPED)
	{
		fit->status = SEGMENT_FIT_NO_OPTIMUM;
		fit->has_covariance = false;
	}
	if (nobody_leaves(kind, tally, options, fit))
	{
		fit->status = SEGMENT_FIT_NOBODY_LEAVES;
		fit->has_covariance = false;
	}
	return true;
}

typedef struct SpendSample
{
	size_t n_rows;
	const double *numbers;
	const int64_t *counts;
	const SegmentFitOptions *options;
} SpendSample;

static double
gamma_gamma_objective(const double *theta, double *gradient, void *arg)
{
	SpendSample *sample = arg;
	double p = exp(theta[0]);
	double q = exp(theta[1]);
	double v = exp(theta[2]);
	double total = 0;
	double by[3] = {0, 0, 0};
	double x = -1;
	double by_x = 0; /* terms in x alone */
	double psi_both = 0;
	double psi_x = 0;
	double psi_q = segment_digamma(q);
	size_t i;

	for (i = 0; i < sample->n_rows; i++)
	{
		double spend = sample->numbers[2 * i + 1];
		double count = (double) sample->counts[i];
		double log_share;

		if (i % POLL_EVERY == 0 && stopped(sample->options))
			return 0;
		if (sample->numbers[2 * i] != x)
		{
			x = sample->numbers[2 * i];
			by_x = -segment_log_beta(p * x, q);
			psi_both = segment_digamma(p * x + q);
			psi_x = segment_digamma(p * x);
		}
		/* spend x / (v + spend x) */
		log_share = -log1p(v / (spend * x));
		total += count * (by_x + p * x * log_share - log(spend) - q * log1p(spend * x / v));
		by[0] += count * x * (psi_both - psi_x + log_share);
		by[1] += count * (psi_both - psi_q - log1p(spend * x / v));
		by[2] += count * (q / v - (p * x + q) / (v + spend * x));
	}
	gradient[0] = by[0] * p;
	gradient[1] = by[1] * q;
	gradient[2] = by[2] * v;
	return total;
}

void
segment_gamma_gamma_fit(size_t n_rows, const double *numbers, const int64_t *counts, const SegmentFitOptions *options,
						SegmentFit *fit)
{
	SpendSample sample = {n_rows, numbers, counts, options};
	SegmentFitProblem problem;
	double customers = 0;
	double spend = 0;
	double start[3];
	size_t i;

	for (i = 0; i < n_rows; i++)
	{
		customers += (double) counts[i];
		spend += (double) counts[i] * numbers[2 * i + 1];
	}
	memset(&problem, 0, sizeof(problem));
	problem.objective = gamma_gamma_objective;
	problem.arg = &sample;
	problem.n_params = problem.n_logs = 3;
	problem.observations = customers;
	problem.penalty = options->penalty;
	problem.max_iterations = options->max_iterations;
	problem.poll = options->poll;
	problem.poll_arg = options->poll_arg;
	/* The mean spend is the fit's unit of money. */
	problem.center[2] = log(spend / customers);
	problem.unit_log_likelihood = customers * problem.center[2];
	/* The population's mean p v / (q - 1) is that of the sample. */
	start[0] = log(4);
	start[1] = log(4);
	start[2] = log(0.75);
	segment_fit(&problem, start, fit);
}

double
segment_gamma_gamma_expected(double p, double q, double v, double x, double spend)
{
	double weight = p * x + q - 1;

	return weight > 0 ? p * (v + (x > 0 ? spend * x : 0)) / weight : INFINITY;
}

typedef struct RenewalSample
{
	int n;
	const double *active;
} RenewalSample;

static double
sbg_objective(const double *theta, double *gradient, void *arg)
{
	RenewalSample *sample = arg;
	double alpha = exp(theta[0]);
	double beta = exp(theta[1]);
	double total = 0;
	double by_alpha = 0;
	double by_beta = 0;
	int i;

	for (i = 1; i <= sample->n; i++)
	{
		/* i < n: lost at renewal i, after i - 1 kept; i = n: still there after n - 1 renewals */
		bool lost = i < sample->n;
		double count = lost ? sample->active[i - 1] - sample->active[i] : sample->active[i - 1];
		double kept = i - 1;
		double all = lost ? kept + 1 : kept;
		double both = segment_digamma(alpha + beta) - segment_digamma(alpha + beta + all);

		total += count * ((lost ? log(alpha) : 0) + segment_log_gamma_ratio(beta, kept) -
						  segment_log_gamma_ratio(alpha + beta, all));
		by_alpha += count * ((lost ? 1 / alpha : 0) + both);
		by_beta += count * (segment_digamma(beta + kept) - segment_digamma(beta) + both);
	}
	gradient[0] = by_alpha * alpha;
	gradient[1] = by_beta * beta;
	return total;
}

void
segment_sbg_fit(int n, const double *active, const SegmentFitOptions *options, SegmentFit *fit)
{
	RenewalSample sample = {n, active};
	SegmentFitProblem problem;
	double start[2] = {0, 0};

	memset(&problem, 0, sizeof(problem));
	problem.objective = sbg_objective;
	problem.arg = &sample;
	problem.n_params = problem.n_logs = 2;
	problem.observations = active[0];
	problem.penalty = options->penalty;
	problem.max_iterations = options->max_iterations;
	problem.poll = options->poll;
	problem.poll_arg = options->poll_arg;
	segment_fit(&problem, start, fit);
}
