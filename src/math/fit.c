/*
 * fit.c: maximum likelihood. L-BFGS walks to the neighbourhood of the optimum; Newton steps take it to the last digits
 * and give the standard errors.
 */
#include "math/fit.h"

#if !__has_include(<lbfgs.h>)
#error "lbfgs.h is missing: install liblbfgs's development files (liblbfgs-dev in Debian and Ubuntu)"
#endif
#include <lbfgs.h>
#include <math.h>
#include <string.h>

#define HESSIAN_STEP 1e-4
#define NEWTON_STEPS 8

/* Norm of the gradient, relative to that of the parameters, from which Newton steps go on. */
#define NEAR 1e-7
#define ROUGHLY_NEAR 1e-3

/* Largest gradient component per observation at which a point counts as the optimum. */
#define GRADIENT_TOLERANCE 1e-8

/* A log that is known to a factor of exp(5) at best is not determined: the likelihood has a ridge. */
#define RIDGE 5.0

typedef struct FitRun
{
	const SegmentFitProblem *problem;
	int evaluations;
	bool stopped;
} FitRun;

static void
from_center(const SegmentFitProblem *problem, const double *theta, double *with_center)
{
	int i;

	for (i = 0; i < problem->n_params; i++)
		with_center[i] = theta[i] + problem->center[i];
}

/*
 * What is minimised: minus the mean log-likelihood, plus the penalty, plus walls that keep a parameter whose best
 * value is zero or infinity within reach of a double. theta is without the centers, here and in all that follows.
 */
static double
cost(FitRun *run, const double *theta, double *gradient, double *log_likelihood)
{
	const SegmentFitProblem *problem = run->problem;
	double with_center[SEGMENT_FIT_MAX_PARAMS];
	double value;
	int i;

	if (run->stopped || (problem->poll != NULL && problem->poll(problem->poll_arg)))
	{
		run->stopped = true;
		for (i = 0; i < problem->n_params; i++)
			gradient[i] = 0;
		*log_likelihood = 0;
		return 0;
	}
	for (i = 0; i < problem->n_logs; i++)
	{
		/* A line search may look far out: there the walls decide, not an overflow. */
		if (!(fabs(theta[i]) < 3 * SEGMENT_FIT_WALL))
		{
			int j;

			for (j = 0; j < problem->n_params; j++)
				gradient[j] = 0;
			gradient[i] = theta[i] > 0 ? 1e6 : -1e6;
			*log_likelihood = -HUGE_VAL;
			return 1e10;
		}
	}
	run->evaluations++;
	from_center(problem, theta, with_center);
	*log_likelihood = problem->objective(with_center, gradient, problem->arg);
	value = -(*log_likelihood + problem->unit_log_likelihood) / problem->observations;
	for (i = 0; i < problem->n_params; i++)
	{
		double over = fabs(theta[i]) - SEGMENT_FIT_WALL;

		gradient[i] /= -problem->observations;
		value += problem->penalty * theta[i] * theta[i];
		gradient[i] += 2 * problem->penalty * theta[i];
		if (i < problem->n_logs && over > 0)
		{
			value += over * over;
			gradient[i] += theta[i] > 0 ? 2 * over : -2 * over;
		}
	}
	if (!isfinite(value))
		value = 1e10;
	return value;
}

static lbfgsfloatval_t
evaluate(void *instance, const lbfgsfloatval_t *theta, lbfgsfloatval_t *gradient, const int n,
		 const lbfgsfloatval_t step)
{
	double log_likelihood;

	(void) n;
	(void) step;
	return cost(instance, theta, gradient, &log_likelihood);
}

/* Called after each iteration; anything but zero ends the run. */
static int
progress(void *instance, const lbfgsfloatval_t *x, const lbfgsfloatval_t *g, const lbfgsfloatval_t fx,
		 const lbfgsfloatval_t xnorm, const lbfgsfloatval_t gnorm, const lbfgsfloatval_t step, int n, int k, int ls)
{
	(void) x;
	(void) g;
	(void) fx;
	(void) xnorm;
	(void) gnorm;
	(void) step;
	(void) n;
	(void) ls;
	((SegmentFit *) ((void **) instance)[1])->iterations = k;
	return ((FitRun *) ((void **) instance)[0])->stopped ? 1 : 0;
}

/* liblbfgs passes one pointer to both callbacks: a pair of run and fit. */
static lbfgsfloatval_t
evaluate_pair(void *instance, const lbfgsfloatval_t *theta, lbfgsfloatval_t *gradient, const int n,
			  const lbfgsfloatval_t step)
{
	return evaluate(((void **) instance)[0], theta, gradient, n, step);
}

static double
largest(const double *values, int n)
{
	double result = 0;
	int i;

	for (i = 0; i < n; i++)
		if (!(fabs(values[i]) <= result))
			result = fabs(values[i]);
	return result;
}

bool
segment_invert_triangle(double *m, int n)
{
	int i;
	int j;
	int k;

	/* Cholesky: m = L L' */
	for (i = 0; i < n; i++)
		for (j = 0; j <= i; j++)
		{
			double sum = m[SEGMENT_TRIANGLE(i, j)];

			for (k = 0; k < j; k++)
				sum -= m[SEGMENT_TRIANGLE(i, k)] * m[SEGMENT_TRIANGLE(j, k)];
			if (i == j)
			{
				if (!(sum > 0) || !isfinite(sum))
					return false;
				m[SEGMENT_TRIANGLE(i, i)] = sqrt(sum);
			}
			else
				m[SEGMENT_TRIANGLE(i, j)] = sum / m[SEGMENT_TRIANGLE(j, j)];
		}
	/* inverse of L */
	for (i = 0; i < n; i++)
	{
		m[SEGMENT_TRIANGLE(i, i)] = 1 / m[SEGMENT_TRIANGLE(i, i)];
		for (j = 0; j < i; j++)
		{
			double sum = 0;

			for (k = j; k < i; k++)
				sum -= m[SEGMENT_TRIANGLE(i, k)] * m[SEGMENT_TRIANGLE(k, j)];
			m[SEGMENT_TRIANGLE(i, j)] = sum * m[SEGMENT_TRIANGLE(i, i)];
		}
	}
	/* inverse of m = L^-T L^-1 */
	for (j = 0; j < n; j++)
		for (i = j; i < n; i++)
		{
			double sum = 0;

			for (k = i; k < n; k++)
				sum += m[SEGMENT_TRIANGLE(k, i)] * m[SEGMENT_TRIANGLE(k, j)];
			m[SEGMENT_TRIANGLE(i, j)] = sum;
		}
	return true;
}

/* The Hessian of the cost at theta, lower triangle, from that of the log-likelihood. */
static void
given_hessian(FitRun *run, const double *theta, double *triangle)
{
	const SegmentFitProblem *problem = run->problem;
	double with_center[SEGMENT_FIT_MAX_PARAMS];
	int n = problem->n_params;
	int i;

	from_center(problem, theta, with_center);
	problem->hessian(with_center, triangle, problem->arg);
	for (i = 0; i < SEGMENT_TRIANGLE(n, 0); i++)
		triangle[i] /= -problem->observations;
	for (i = 0; i < n; i++)
	{
		triangle[SEGMENT_TRIANGLE(i, i)] += 2 * problem->penalty;
		if (i < problem->n_logs && fabs(theta[i]) > SEGMENT_FIT_WALL)
			triangle[SEGMENT_TRIANGLE(i, i)] += 2;
	}
	run->evaluations++;
}

/* The same by central differences of the gradient, symmetrised. */
static void
difference_hessian(FitRun *run, const double *theta, double *triangle)
{
	double at[SEGMENT_FIT_MAX_PARAMS];
	double up[SEGMENT_FIT_MAX_PARAMS];
	double down[SEGMENT_FIT_MAX_PARAMS];
	double full[SEGMENT_FIT_MAX_PARAMS][SEGMENT_FIT_MAX_PARAMS];
	double unused;
	int n = run->problem->n_params;
	int i;
	int j;

	memcpy(at, theta, n * sizeof(double));
	for (i = 0; i < n; i++)
	{
		at[i] = theta[i] + HESSIAN_STEP;
		cost(run, at, up, &unused);
		at[i] = theta[i] - HESSIAN_STEP;
		cost(run, at, down, &unused);
		at[i] = theta[i];
		for (j = 0; j < n; j++)
			full[i][j] = (up[j] - down[j]) / (2 * HESSIAN_STEP);
	}
	for (i = 0; i < n; i++)
		for (j = 0; j <= i; j++)
			triangle[SEGMENT_TRIANGLE(i, j)] = (full[i][j] + full[j][i]) / 2;
}

/* Newton steps from fit->theta; leaves the covariance, the log-likelihood and the gradient norm. */
static void
newton(FitRun *run, SegmentFit *fit)
{
	double gradient[SEGMENT_FIT_MAX_PARAMS];
	int n = fit->n_params;
	double value = cost(run, fit->theta, gradient, &fit->log_likelihood);
	int round;

	for (round = 0; round < NEWTON_STEPS && !run->stopped; round++)
	{
		double trial[SEGMENT_FIT_MAX_PARAMS];
		double trial_gradient[SEGMENT_FIT_MAX_PARAMS];
		double trial_log_likelihood;
		double trial_value;
		double before = largest(gradient, n);
		double longest = 0;
		int i;
		int j;

		if (run->problem->hessian != NULL)
			given_hessian(run, fit->theta, fit->covariance);
		else
			difference_hessian(run, fit->theta, fit->covariance);
		fit->has_covariance = segment_invert_triangle(fit->covariance, n);
		if (!fit->has_covariance)
			break;
		for (i = 0; i < n; i++)
		{
			double step = 0;

			for (j = 0; j < n; j++)
				step += fit->covariance[i >= j ? SEGMENT_TRIANGLE(i, j) : SEGMENT_TRIANGLE(j, i)] * gradient[j];
			trial[i] = fit->theta[i] - step;
			if (!(fabs(step) <= longest))
				longest = fabs(step);
		}
		if (!(longest < 2))
			break;
		trial_value = cost(run, trial, trial_gradient, &trial_log_likelihood);
		/* At the end both value and gradient are at the noise of the sums: keep the better of the two. */
		if (run->stopped || trial_value > value + 1e-12 * fabs(value) || largest(trial_gradient, n) >= before)
			break;
		memcpy(fit->theta, trial, n * sizeof(double));
		memcpy(gradient, trial_gradient, n * sizeof(double));
		fit->log_likelihood = trial_log_likelihood;
		value = trial_value;
		fit->iterations++;
		if (longest < 1e-9)
			break;
	}
	fit->gradient_norm = largest(gradient, n);
	fit->cost = value;
}

void
segment_fit(const SegmentFitProblem *problem, const double *start, SegmentFit *fit)
{
	FitRun run = {problem, 0, false};
	void *pair[2];
	lbfgs_parameter_t parameters;
	lbfgsfloatval_t *theta = lbfgs_malloc(problem->n_params);
	bool at_wall = false;
	bool on_ridge = false;
	bool is_near;
	int code = 0;
	int i;

	memset(fit, 0, sizeof(*fit));
	fit->n_params = problem->n_params;
	fit->status = SEGMENT_FIT_FAILED;
	memcpy(fit->theta, start, problem->n_params * sizeof(double));
	if (theta == NULL)
		return;
	for (i = 0; i < problem->n_params; i++)
		theta[i] = start[i];
	lbfgs_parameter_init(&parameters);
	parameters.max_iterations = problem->max_iterations;
	parameters.max_linesearch = 60;
	pair[0] = &run;
	pair[1] = fit;
	/* Cheap Newton steps may begin early; if they fail, L-BFGS goes on to the end before the next ones. */
	for (is_near = problem->hessian == NULL;; is_near = true)
	{
		parameters.epsilon = is_near ? NEAR : ROUGHLY_NEAR;
		code = lbfgs(problem->n_params, theta, NULL, evaluate_pair, progress, pair, &parameters);
		for (i = 0; i < problem->n_params; i++)
			if (isfinite(theta[i]))
				fit->theta[i] = theta[i];
		if (!run.stopped)
			newton(&run, fit);
		if (is_near || run.stopped || (fit->has_covariance && fit->gradient_norm <= GRADIENT_TOLERANCE))
			break;
	}
	lbfgs_free(theta);
	fit->evaluations = run.evaluations;
	for (i = 0; i < problem->n_logs; i++)
		if (fabs(fit->theta[i]) > SEGMENT_FIT_WALL - 1)
			at_wall = true;
	/* The covariance is that of the whole sample. */
	for (i = 0; i < SEGMENT_TRIANGLE(fit->n_params, 0); i++)
		fit->covariance[i] /= problem->observations;
	for (i = 0; i < problem->n_logs && fit->has_covariance; i++)
		if (!(fit->covariance[SEGMENT_TRIANGLE(i, i)] <= RIDGE * RIDGE))
			on_ridge = true;
	from_center(problem, fit->theta, fit->theta);
	if (run.stopped)
		fit->status = SEGMENT_FIT_STOPPED;
	else if (at_wall)
	{
		fit->status = SEGMENT_FIT_BOUNDARY;
		fit->has_covariance = false;
	}
	else if (!(fit->gradient_norm <= GRADIENT_TOLERANCE))
		fit->status = code == LBFGSERR_MAXIMUMITERATION ? SEGMENT_FIT_MAX_ITERATIONS : SEGMENT_FIT_FAILED;
	else if (!fit->has_covariance || on_ridge)
	{
		fit->status = SEGMENT_FIT_FLAT;
		fit->has_covariance = false;
	}
	else
		fit->status = SEGMENT_FIT_CONVERGED;
}
