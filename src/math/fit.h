/*
 * fit.h: maximum likelihood by L-BFGS (liblbfgs) and a Newton finish, with standard errors, and a reason for stopping.
 *
 * Parameters are unconstrained: positive ones are passed as their logs. liblbfgs allocates for itself while it runs, so
 * nothing may jump out of an objective: a poll function says when to stop instead.
 */
#ifndef SEGMENT_MATH_FIT_H
#define SEGMENT_MATH_FIT_H

#include <stdbool.h>

#define SEGMENT_FIT_MAX_PARAMS 20
#define SEGMENT_FIT_TRIANGLE (SEGMENT_FIT_MAX_PARAMS * (SEGMENT_FIT_MAX_PARAMS + 1) / 2)

/* Place of element (i, j), i >= j, in a lower triangle by rows. */
#define SEGMENT_TRIANGLE(i, j) ((i) * ((i) + 1) / 2 + (j))

/* Parameters beyond exp(+/-this), in the scale of the data, are at the boundary: the likelihood still rises, or is flat, toward zero or infinity. */
#define SEGMENT_FIT_WALL 17.0

typedef enum SegmentFitStatus
{
	SEGMENT_FIT_CONVERGED = 1,
	SEGMENT_FIT_BOUNDARY = 2, /* the best value lies at zero or infinity of a parameter */
	SEGMENT_FIT_FLAT = 3,	  /* no curvature, or next to none: the data do not determine the parameters */
	SEGMENT_FIT_MAX_ITERATIONS = 4,
	SEGMENT_FIT_FAILED = 5,		  /* gradient not zero at the best point found */
	SEGMENT_FIT_STOPPED = 6,	  /* poll said so */
	SEGMENT_FIT_NO_OPTIMUM = 7,	  /* these data have none: the likelihood rises without end */
	SEGMENT_FIT_NOBODY_LEAVES = 8 /* a model of leaving whose best value is that nobody does */
} SegmentFitStatus;

typedef struct SegmentFit
{
	SegmentFitStatus status;
	int n_params;
	int iterations;
	int evaluations;
	double log_likelihood; /* without the penalty */
	double gradient_norm;  /* largest component, per observation */
	double cost;		   /* what was minimised, per observation */
	double theta[SEGMENT_FIT_MAX_PARAMS];
	bool has_covariance;
	double covariance[SEGMENT_FIT_TRIANGLE]; /* of theta; lower triangle by rows */
} SegmentFit;

/* Log-likelihood and its gradient at theta. */
typedef double (*SegmentObjective)(const double *theta, double *gradient, void *arg);

/* Its Hessian at theta, lower triangle by rows. */
typedef void (*SegmentHessian)(const double *theta, double *triangle, void *arg);

typedef struct SegmentFitProblem
{
	SegmentObjective objective;
	SegmentHessian hessian; /* NULL: by central differences of the gradient */
	void *arg;
	int n_params;
	int n_logs;			 /* the first so many parameters are logs, and have walls */
	double observations; /* the objective is divided by this */
	double penalty;		 /* times the sum of squared parameters, logs from their center, per observation; 0: none */

	/*
	 * What the units of the data add to the logs of parameters that have a dimension, and take from the log-likelihood.
	 * Walls, penalty and stopping rules look at what is left, so that the units change nothing but the result's units.
	 */
	double center[SEGMENT_FIT_MAX_PARAMS];
	double unit_log_likelihood;
	int max_iterations;
	bool (*poll)(void *arg); /* true: stop; may be NULL */
	void *poll_arg;
} SegmentFitProblem;

/* start: the parameters to begin with, without their centers. */
extern void segment_fit(const SegmentFitProblem *problem, const double *start, SegmentFit *fit);

/* Inverse of a symmetric positive definite matrix (lower triangle by rows, in place); false if it is not. */
extern bool segment_invert_triangle(double *triangle, int n);

#endif
