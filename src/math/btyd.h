/*
 * btyd.h: buy-till-you-die models: how likely customers are still active and how many orders they will place.
 *
 * A customer's history is x (orders after the first), t_x (time of the last order since the first) and t (time
 * observed since the first), all in one unit of time. While alive, orders come at the customer's own rate; at some
 * unseen moment the customer leaves for good.
 *
 *   NBD         nobody leaves; rate ~ Gamma(r, alpha)                                        (Ehrenberg 1959)
 *   BG/NBD      leaves after an order with probability p ~ Beta(a, b)                        (Fader, Hardie, Lee 2005)
 *   MBG/NBD     the same, and may leave right after the first order                          (Batislam et al. 2007)
 *   Pareto/NBD  leaves at a rate ~ Gamma(s, beta), at any time                               (Schmittlein et al. 1987)
 *   BG/BB       n = t chances, buys at each with p ~ Beta(alpha, beta), leaves before each with probability
 *               theta ~ Beta(gamma, delta)                                                   (Fader et al. 2010)
 *
 * Everything is computed in logs or as sums of positive terms; results are finite for every history with
 * 0 <= t_x <= t and parameters from 1e-8 to 1e8.
 */
#ifndef SEGMENT_MATH_BTYD_H
#define SEGMENT_MATH_BTYD_H

#include <stdbool.h>

typedef enum SegmentBtydKind
{
	SEGMENT_NBD = 1,
	SEGMENT_BGNBD = 2,
	SEGMENT_MBGNBD = 3,
	SEGMENT_PARETO_NBD = 4,
	SEGMENT_BGBB = 5
} SegmentBtydKind;
#define SEGMENT_BTYD_KINDS 5

#define SEGMENT_BTYD_MAX_PARAMS 4

/*
 * NBD: r, alpha. BG/NBD and MBG/NBD: r, alpha, a, b. Pareto/NBD: r, alpha, s, beta. BG/BB: alpha, beta, gamma, delta.
 */
typedef struct SegmentBtydParams
{
	SegmentBtydKind kind;
	double p[SEGMENT_BTYD_MAX_PARAMS];
} SegmentBtydParams;

typedef struct SegmentHistory
{
	double x;
	double t_x;
	double t;
} SegmentHistory;

extern int segment_btyd_n_params(SegmentBtydKind kind);

/* Name of parameter i, "alpha". */
extern const char *segment_btyd_param_name(SegmentBtydKind kind, int i);

/* "nbd", ..., from SEGMENT_NBD on. */
extern const char *const segment_btyd_names[SEGMENT_BTYD_KINDS];

/* Log-likelihood of one history; gradient by the natural parameters if gradient is not NULL. */
extern double segment_btyd_log_likelihood(const SegmentBtydParams *params, const SegmentHistory *history,
										  double *gradient);

/*
 * What a model knows about a customer at the end of the history: probability of being alive, and, given that, the
 * distributions of rate and dropout. Every prediction is a function of this.
 */
typedef struct SegmentOutlook
{
	SegmentBtydKind kind;
	double alive;
	double left;  /* 1 - alive, to full precision */
	double shape; /* rate ~ Gamma(shape, scale); BG/BB: p ~ Beta(shape, scale) */
	double scale;
	double leave_a; /* dropout ~ Beta(leave_a, leave_b); Pareto: Gamma(leave_a, leave_b) */
	double leave_b;
} SegmentOutlook;

extern SegmentOutlook segment_btyd_outlook(const SegmentBtydParams *params, const SegmentHistory *history);

/* The outlook of a customer right after the first order: x = t_x = t = 0. */
extern SegmentOutlook segment_btyd_newcomer(const SegmentBtydParams *params);

/* Probability of being alive time later. */
extern double segment_outlook_alive(const SegmentOutlook *outlook, double time);

/* Expected orders within time; for BG/BB time counts whole chances. */
extern double segment_outlook_orders(const SegmentOutlook *outlook, double time);

/* Expected orders per unit of time, at the moment time (continuous models). */
extern double segment_outlook_rate(const SegmentOutlook *outlook, double time);

/* Probability of at least n orders within time, n >= 0. */
extern double segment_outlook_at_least(const SegmentOutlook *outlook, double time, double n);

/* Probability of exactly n orders within time, n >= 0. */
extern double segment_outlook_exactly(const SegmentOutlook *outlook, double time, double n);

/* Mean time until the next order, given that it comes within time; NaN where none can: time is 0. */
extern double segment_outlook_mean_wait(const SegmentOutlook *outlook, double time);

/*
 * Expected orders within time, each discounted by exp(-discount * its moment), discount >= 0 per unit; time may be
 * INFINITY if discount > 0. BG/BB: discounted by exp(-discount * i) at chance i.
 */
extern double segment_outlook_discounted(const SegmentOutlook *outlook, double time, double discount);

/* The shortest time within which an order comes with the given probability; INFINITY if never that probable. */
extern double segment_outlook_wait(const SegmentOutlook *outlook, double probability);

/* Probability that another order ever comes. */
extern double segment_outlook_returns(const SegmentOutlook *outlook);

#endif
