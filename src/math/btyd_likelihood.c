/*
 * btyd_likelihood.c: log-likelihoods of the buy-till-you-die models, their gradients, and what follows from a history.
 */
#include "math/btyd.h"

#include <math.h>
#include <stddef.h>

#include "math/special.h"

typedef struct BtydModel
{
	int n_params;
	const char *param[SEGMENT_BTYD_MAX_PARAMS];
} BtydModel;

const char *const segment_btyd_names[SEGMENT_BTYD_KINDS] = {"nbd", "bgnbd", "mbgnbd", "pareto_nbd", "bgbb"};

/* By SegmentBtydKind. */
static const BtydModel models[] = {
	{0, {NULL, NULL, NULL, NULL}}, {2, {"r", "alpha", NULL, NULL}},	 {4, {"r", "alpha", "a", "b"}},
	{4, {"r", "alpha", "a", "b"}}, {4, {"r", "alpha", "s", "beta"}}, {4, {"alpha", "beta", "gamma", "delta"}},
};

int
segment_btyd_n_params(SegmentBtydKind kind)
{
	return models[kind].n_params;
}

const char *
segment_btyd_param_name(SegmentBtydKind kind, int i)
{
	return models[kind].param[i];
}

/* NBD: the likelihood of x orders at known moments within t; the moments themselves carry no information. */
static double
nbd_log_likelihood(const double *p, const SegmentHistory *h, double *gradient)
{
	double r = p[0];
	double alpha = p[1];
	double log_ratio = log1p(h->t / alpha);

	if (gradient != NULL)
	{
		gradient[0] = segment_digamma(r + h->x) - segment_digamma(r) - log_ratio;
		gradient[1] = (r * h->t - h->x * alpha) / (alpha * (alpha + h->t));
	}
	return segment_log_gamma_ratio(r, h->x) - r * log_ratio - h->x * log(alpha + h->t);
}

/*
 * BG/NBD (Fader, Hardie, Lee 2005, eq. 6) and MBG/NBD, whose extra coin at the first order adds one to b + x, and
 * makes it possible to be dead at x = 0. log_odds becomes the log odds of being dead at t.
 */
static double
bg_log_likelihood(const double *p, const SegmentHistory *h, bool modified, double *log_odds, double *gradient)
{
	double r = p[0];
	double alpha = p[1];
	double a = p[2];
	double b = p[3];
	double x = h->x;
	double coins = modified ? x + 1 : x;
	bool may_be_dead = coins > 0;
	double idle = log1p((h->t - h->t_x) / (alpha + h->t_x));
	double log_t = log1p(h->t / alpha);
	double result;

	*log_odds = may_be_dead ? (r + x) * idle + log(a) - log(b + coins - 1) : -INFINITY;
	result = segment_log_gamma_ratio(r, x) - r * log_t - x * log(alpha + h->t) + segment_log_gamma_ratio(b, coins) -
			 segment_log_gamma_ratio(a + b, coins);
	if (may_be_dead)
		result += segment_log1p_exp(*log_odds);
	if (gradient != NULL)
	{
		double dead = may_be_dead ? segment_logistic(*log_odds) : 0;
		double both = segment_digamma(a + b) - segment_digamma(a + b + coins);

		gradient[0] = segment_digamma(r + x) - segment_digamma(r) - log_t + dead * idle;
		gradient[1] = (r * h->t - x * alpha) / (alpha * (alpha + h->t)) -
					  dead * (r + x) * (h->t - h->t_x) / ((alpha + h->t) * (alpha + h->t_x));
		gradient[2] = both + dead / a;
		gradient[3] = both + segment_digamma(b + coins) - segment_digamma(b);
		if (may_be_dead)
			gradient[3] -= dead / (b + coins - 1);
	}
	return result;
}

/* The integrand of the Pareto/NBD likelihood over the moment of leaving, in z = log(y + least). */
typedef struct ParetoIntegral
{
	double rate_shape; /* r + x */
	double alpha;
	double leave_shape; /* s + 1 */
	double beta;
	double least; /* min(alpha, beta): keeps both singularities pi away from the axis */
} ParetoIntegral;

static double
pareto_log_f(double z, const void *arg, double *values)
{
	const ParetoIntegral *f = arg;
	double y = exp(z) - f->least;
	double log_rate = log(f->alpha + y);
	double log_leave = log(f->beta + y);

	if (values != NULL)
	{
		values[0] = log_rate;
		values[1] = log_leave;
		values[2] = 1 / (f->alpha + y);
		values[3] = 1 / (f->beta + y);
	}
	return z - f->rate_shape * log_rate - f->leave_shape * log_leave;
}

/* Largest slope within one unit of z, where the shares y + least have in alpha + y and beta + y grow e-fold at most. */
static double
pareto_bound(double z, const void *arg)
{
	const ParetoIntegral *f = arg;
	double e = exp(z);
	double y = e - f->least;
	double rate = 2.718281828459045 * e / (f->alpha + y);
	double leave = 2.718281828459045 * e / (f->beta + y);

	return 1 + f->rate_shape * (rate < 1 ? rate : 1) + f->leave_shape * (leave < 1 ? leave : 1);
}

/*
 * Pareto/NBD (Schmittlein, Morrison, Colombo 1987), as the sum over being alive at t and having left at y in
 * (t_x, t): (alpha+t)^-(r+x) (beta+t)^-s + s * integral of (alpha+y)^-(r+x) (beta+y)^-(s+1). The integral is done
 * numerically, in place of the usual hypergeometric functions that lose all digits for large x.
 */
static double
pareto_log_likelihood(const double *p, const SegmentHistory *h, double *log_odds, double *gradient)
{
	double r = p[0];
	double alpha = p[1];
	double s = p[2];
	double beta = p[3];
	double x = h->x;
	double alive = -(r + x) * log(alpha + h->t) - s * log(beta + h->t);
	double left = -INFINITY;
	double sums[1 + SEGMENT_MAX_EXTRA] = {0, 0, 0, 0, 0};
	double result;

	if (h->t > h->t_x)
	{
		ParetoIntegral f;
		SegmentIntegrand integrand;
		double low;
		double reference;

		f.rate_shape = r + x;
		f.alpha = alpha;
		f.leave_shape = s + 1;
		f.beta = beta;
		f.least = alpha < beta ? alpha : beta;
		integrand.log_f = pareto_log_f;
		integrand.bound = pareto_bound;
		integrand.is_concave = true;
		integrand.n_extra = gradient != NULL ? 4 : 0;
		integrand.arg = &f;
		low = log(f.least + h->t_x);
		reference = pareto_log_f(low, &f, NULL);
		segment_integrate(&integrand, low, low + log1p((h->t - h->t_x) / (f.least + h->t_x)), reference, sums);
		if (sums[0] > 0)
			left = log(s) + reference + log(sums[0]);
	}
	*log_odds = left - alive;
	result = segment_log_gamma_ratio(r, x) + r * log(alpha) + s * log(beta) + segment_log_add(alive, left);
	if (gradient != NULL)
	{
		double dead = left > -INFINITY ? segment_logistic(*log_odds) : 0;
		double living = left > -INFINITY ? segment_logistic(-*log_odds) : 1;
		double mean[4] = {0, 0, 0, 0};
		int i;

		for (i = 0; i < 4 && sums[0] > 0; i++)
			mean[i] = sums[1 + i] / sums[0];
		gradient[0] =
			segment_digamma(r + x) - segment_digamma(r) + log(alpha) - living * log(alpha + h->t) - dead * mean[0];
		gradient[1] = r / alpha - (r + x) * (living / (alpha + h->t) + dead * mean[2]);
		gradient[2] = log(beta) - living * log(beta + h->t) + dead * (1 / s - mean[1]);
		gradient[3] = s / beta - s * living / (beta + h->t) - (s + 1) * dead * mean[3];
	}
	return result;
}

/* log of B(a + i, b + j) / B(a, b), and its derivatives by a and b if da is not NULL. */
static double
log_beta_step(double a, double b, double i, double j, double *da, double *db)
{
	if (da != NULL)
	{
		double both = segment_digamma(a + b) - segment_digamma(a + b + i + j);

		*da = both + segment_digamma(a + i) - segment_digamma(a);
		*db = both + segment_digamma(b + j) - segment_digamma(b);
	}
	return segment_log_gamma_ratio(a, i) + segment_log_gamma_ratio(b, j) - segment_log_gamma_ratio(a + b, i + j);
}

/*
 * BG/BB (Fader, Hardie, Shang 2010, eq. 7): alive through all t chances, or left after chance t_x + i. log_odds is
 * that of having left.
 */
static double
bgbb_log_likelihood(const double *p, const SegmentHistory *h, double *log_odds, double *gradient)
{
	double idle = h->t - h->t_x;
	double alive = 0;
	double left = -INFINITY;
	double result;
	double weighted[4] = {0, 0, 0, 0};
	double step[4];
	double i;
	int j;

	/* The running reference is the first term, that of i = 0 or of being alive: the others are no larger than e^0 of it. */
	double sum = 0;
	double reference = -INFINITY;

	for (i = 0; i <= idle; i++)
	{
		bool living = i == idle;
		double term = log_beta_step(p[0], p[1], h->x, h->t_x - h->x + i, gradient ? &step[0] : NULL, &step[1]) +
					  log_beta_step(p[2], p[3], living ? 0 : 1, h->t_x + i, gradient ? &step[2] : NULL, &step[3]);
		double share;

		if (living)
			alive = term;
		else
			left = segment_log_add(left, term);
		if (term > reference)
		{
			double shrink = exp(reference - term);

			sum *= shrink;
			for (j = 0; j < 4; j++)
				weighted[j] *= shrink;
			reference = term;
		}
		share = exp(term - reference);
		sum += share;
		for (j = 0; j < 4 && gradient != NULL; j++)
			weighted[j] += share * step[j];
	}
	*log_odds = left - alive;
	result = segment_log_add(alive, left);
	for (j = 0; j < 4 && gradient != NULL; j++)
		gradient[j] = weighted[j] / sum;
	return result;
}

static double
log_likelihood(const SegmentBtydParams *params, const SegmentHistory *history, double *log_odds, double *gradient)
{
	switch (params->kind)
	{
		case SEGMENT_BGNBD:
		case SEGMENT_MBGNBD:
			return bg_log_likelihood(params->p, history, params->kind == SEGMENT_MBGNBD, log_odds, gradient);
		case SEGMENT_PARETO_NBD:
			return pareto_log_likelihood(params->p, history, log_odds, gradient);
		case SEGMENT_BGBB:
			return bgbb_log_likelihood(params->p, history, log_odds, gradient);
		default:
			*log_odds = -INFINITY;
			return nbd_log_likelihood(params->p, history, gradient);
	}
}

double
segment_btyd_log_likelihood(const SegmentBtydParams *params, const SegmentHistory *history, double *gradient)
{
	double log_odds;

	return log_likelihood(params, history, &log_odds, gradient);
}

/* Log odds of having left, without the parts of the likelihood that they do not need where those are costly. */
static double
log_odds_left(const SegmentBtydParams *params, const SegmentHistory *h)
{
	double log_odds;

	if (params->kind == SEGMENT_BGNBD || params->kind == SEGMENT_MBGNBD)
	{
		double coins = params->kind == SEGMENT_MBGNBD ? h->x + 1 : h->x;

		if (coins <= 0)
			return -INFINITY;
		return (params->p[0] + h->x) * log1p((h->t - h->t_x) / (params->p[1] + h->t_x)) +
			   log(params->p[2] / (params->p[3] + coins - 1));
	}
	log_likelihood(params, h, &log_odds, NULL);
	return log_odds;
}

SegmentOutlook
segment_btyd_outlook(const SegmentBtydParams *params, const SegmentHistory *h)
{
	const double *p = params->p;
	SegmentOutlook outlook;
	double log_odds;

	outlook.kind = params->kind;
	log_odds = log_odds_left(params, h);
	outlook.alive = segment_logistic(-log_odds);
	outlook.left = segment_logistic(log_odds);
	outlook.shape = p[0] + h->x;
	outlook.scale = p[1] + h->t;
	outlook.leave_a = p[2];
	outlook.leave_b = p[3];
	switch (params->kind)
	{
		case SEGMENT_BGNBD:
			outlook.leave_b += h->x;
			break;
		case SEGMENT_MBGNBD:
			outlook.leave_b += h->x + 1;
			break;
		case SEGMENT_PARETO_NBD:
			outlook.leave_b += h->t;
			break;
		case SEGMENT_BGBB:
			outlook.scale = p[1] + h->t - h->x;
			outlook.leave_b += h->t;
			break;
		case SEGMENT_NBD:
			outlook.alive = 1;
			outlook.left = 0;
			break;
	}
	return outlook;
}

SegmentOutlook
segment_btyd_newcomer(const SegmentBtydParams *params)
{
	static const SegmentHistory nothing = {0, 0, 0};

	return segment_btyd_outlook(params, &nothing);
}
