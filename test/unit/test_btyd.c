/*
 * Predictions at published, rounded parameters. Figures: reference values of BTYD 2.4.3, BTYDplus 1.2.0 and lifetimes
 * at BG/NBD (.243, 4.414, .793, 2.426), Pareto/NBD (.553, 10.578, .606, 11.669), MBG/NBD (.525, 6.183, .891, 1.614).
 */
#include <math.h>
#include <stdio.h>

#include "math/btyd.h"
#include "math/special.h"

static int count;
static int failures;

static void
close_to(double got, double want, double relative, const char *what)
{
	int ok = isfinite(got) && fabs(got - want) <= relative * fabs(want) + 1e-300;

	count++;
	if (!ok)
		failures++;
	printf("%s %d - %s%s", ok ? "ok" : "not ok", count, what, ok ? "\n" : "");
	if (!ok)
		printf(": got %.15g, want %.15g\n", got, want);
}

static void
check(int condition, const char *what)
{
	count++;
	if (!condition)
		failures++;
	printf("%s %d - %s\n", condition ? "ok" : "not ok", count, what);
}

static const SegmentBtydParams bg = {SEGMENT_BGNBD, {.243, 4.414, .793, 2.426}};
static const SegmentBtydParams mbg = {SEGMENT_MBGNBD, {.525, 6.183, .891, 1.614}};
static const SegmentBtydParams pareto = {SEGMENT_PARETO_NBD, {.553, 10.578, .606, 11.669}};

static double
newcomer_pmf(const SegmentBtydParams *params, double t, int n)
{
	SegmentOutlook o = segment_btyd_newcomer(params);

	return segment_outlook_at_least(&o, t, n) - segment_outlook_at_least(&o, t, n + 1);
}

static double
orders(const SegmentBtydParams *params, double x, double t_x, double t, double horizon)
{
	SegmentHistory h = {x, t_x, t};
	SegmentOutlook o = segment_btyd_outlook(params, &h);

	return segment_outlook_orders(&o, horizon);
}

static double
alive(const SegmentBtydParams *params, double x, double t_x, double t)
{
	SegmentHistory h = {x, t_x, t};

	return segment_btyd_outlook(params, &h).alive;
}

static double
log_p(const SegmentBtydParams *params, double x, double t_x, double t)
{
	SegmentHistory h = {x, t_x, t};

	return segment_btyd_log_likelihood(params, &h, NULL);
}

static void
newcomers(void)
{
	static const double bg_t[7] = {.1429, 1, 3, 31.8571, 32, 52, 78};
	static const double bg_e[7] = {.007828347516,  .053267891172,  .150865230893, 1.041996060852,
								   1.045243328374, 1.446050595396, 1.860519057943};
	static const double bg_pmf[8] = {.573786352096, .199395280836, .085429759539, .045860353848,
									 .027671449336, .017965493867, .012268976716, .008695428804};
	static const double mbg_t[5] = {1, 3, 32, 52, 78};
	static const double mbg_e[5] = {.053084795264, .150863288607, 1.037182832429, 1.419723757713, 1.804757577553};
	static const double mbg_pmf[8] = {.582473189493, .182783077288, .086894825673, .048570442952,
									  .029774148559, .019387323554, .013174035023, .009240696567};
	static const double pareto_e[10] = {0,		   .05097984, .09957540, .14606119, .19066383,
										.23357292, .27494890, .31492889, .35363118, .39115858};
	static const double pareto_pmf[8] = {.5936250316,  .16556294728, .08248718412, .04903995364,
										 .03169570674, .02148482836, .01501118375, .01070775073};
	static const double bg_30[10] = {.0019995214, .0015170236, .0011633150, .0009003148, .0007023638,
									 .0005517902, .0004361913, .0003467171, .0002769613, .0002222260};
	SegmentOutlook o = segment_btyd_newcomer(&bg);
	int i;

	for (i = 0; i < 7; i++)
		close_to(segment_outlook_orders(&o, bg_t[i]), bg_e[i], 2e-10, "BG/NBD E[X(t)]");
	for (i = 0; i < 8; i++)
		close_to(newcomer_pmf(&bg, 39, i), bg_pmf[i], 1e-9, "BG/NBD pmf");
	close_to(newcomer_pmf(&bg, 2, 10), 1.07869e-07, 1e-5, "BG/NBD P(X(2) = 10)");
	for (i = 0; i < 10; i++)
		close_to(newcomer_pmf(&bg, 30, 11 + i), bg_30[i], 1e-6, "BG/NBD P(X(30) = 11..20)");
	o = segment_btyd_newcomer(&mbg);
	for (i = 0; i < 5; i++)
		close_to(segment_outlook_orders(&o, mbg_t[i]), mbg_e[i], 1e-10, "MBG/NBD E[X(t)]");
	for (i = 0; i < 8; i++)
		close_to(newcomer_pmf(&mbg, 39, i), mbg_pmf[i], 1e-10, "MBG/NBD pmf");
	o = segment_btyd_newcomer(&pareto);
	close_to(segment_outlook_orders(&o, 52), 1.47299680338, 1e-11, "Pareto/NBD E[X(52)]");
	for (i = 0; i < 10; i++)
		close_to(segment_outlook_orders(&o, i), pareto_e[i], 3e-7, "Pareto/NBD E[X(t)]");
	for (i = 0; i < 8; i++)
		close_to(newcomer_pmf(&pareto, 39, i), pareto_pmf[i], 2e-9, "Pareto/NBD pmf");
}

static void
known_customers(void)
{
	SegmentHistory h;
	SegmentOutlook o;
	SegmentBtydParams p = {SEGMENT_PARETO_NBD, {.5629966, 12.5590370, .4081095, 10.5148048}};

	close_to(orders(&bg, 2, 30.43, 38.86, 39), 1.22602817477, 1e-11, "BG/NBD orders, x = 2");
	close_to(alive(&bg, 2, 30.43, 38.86), .726578570081, 1e-11, "BG/NBD P(alive), x = 2");
	close_to(orders(&bg, 0, 0, 38.86, 39), .195098052011, 1e-11, "BG/NBD orders, x = 0");
	close_to(alive(&bg, 0, 0, 38.86), 1, 0, "BG/NBD P(alive), x = 0");
	close_to(orders(&bg, 26, 30.857142857, 31, 52), 25.7564922153, 1e-10, "BG/NBD orders, customer 1516");
	close_to(alive(&bg, 26, 30.857142857, 31), .968851562849, 1e-11, "BG/NBD P(alive), customer 1516");
	/* Published at the packages' own estimates, which differ from ours in the fourth digit. */
	close_to(orders(&bg, 10, 20, 39, 52), .3474606, 3e-4, "BG/NBD, more orders long ago mean less, x = 10");
	close_to(orders(&bg, 20, 20, 39, 52), .004158973, 3e-4, "BG/NBD, more orders long ago mean less, x = 20");
	close_to(orders(&bg, 25, 20, 39, 52), .0003583685, 3e-4, "BG/NBD, more orders long ago mean less, x = 25");

	close_to(orders(&mbg, 2, 30.43, 38.86, 39), 1.26296062327, 1e-11, "MBG/NBD orders, x = 2");
	close_to(alive(&mbg, 2, 30.43, 38.86), .706202265118, 1e-11, "MBG/NBD P(alive), x = 2");
	close_to(orders(&mbg, 0, 0, 38.86, 39), .154012746675, 1e-11, "MBG/NBD orders, x = 0");
	close_to(alive(&mbg, 0, 0, 38.86), .389735080919, 1e-11, "MBG/NBD P(alive), x = 0");
	close_to(orders(&mbg, 26, 30.857142857, 31, 52), 24.0022301239, 1e-10, "MBG/NBD orders, customer 1516");
	close_to(alive(&mbg, 26, 30.857142857, 31), .965498054764, 1e-11, "MBG/NBD P(alive), customer 1516");

	close_to(orders(&pareto, 2, 30.43, 38.86, 39), 1.45512319326, 1e-11, "Pareto/NBD orders, x = 2");
	close_to(alive(&pareto, 2, 30.43, 38.86), .869167559153, 1e-11, "Pareto/NBD P(alive), x = 2");
	close_to(orders(&pareto, 0, 0, 38.86, 39), .107081468215, 1e-11, "Pareto/NBD orders, x = 0");
	close_to(alive(&pareto, 0, 0, 38.86), .295286604617, 1e-11, "Pareto/NBD P(alive), x = 0");
	close_to(orders(&pareto, 26, 30.857142857, 31, 52), 25.4573384405, 1e-10, "Pareto/NBD orders, customer 1516");
	close_to(alive(&pareto, 26, 30.857142857, 31), .997874260608, 1e-11, "Pareto/NBD P(alive), customer 1516");
	close_to(orders(&pareto, 10, 20, 39, 52), .7062289, 3e-4, "Pareto/NBD, more orders long ago mean less, x = 10");
	close_to(orders(&pareto, 25, 20, 39, 52), .00309267, 3e-4, "Pareto/NBD, more orders long ago mean less, x = 25");

	h = (SegmentHistory) {2, 30.43, 38.86};
	o = segment_btyd_outlook(&pareto, &h);
	close_to(segment_outlook_discounted(&o, INFINITY, .0027), 6.48377356773, 1e-10, "Pareto/NBD DERT, x = 2");
	h = (SegmentHistory) {26, 30.857142857, 31};
	o = segment_btyd_outlook(&pareto, &h);
	close_to(segment_outlook_discounted(&o, INFINITY, .0027), 86.0526586488, 1e-10, "Pareto/NBD DERT, 1516");
	h = (SegmentHistory) {0, 0, 38.86};
	o = segment_btyd_outlook(&pareto, &h);
	close_to(segment_outlook_discounted(&o, INFINITY, .0027), .477136229032, 1e-10, "Pareto/NBD DERT, x = 0");
	h = (SegmentHistory) {0, 0, 77.86};
	o = segment_btyd_outlook(&p, &h);
	close_to(segment_outlook_discounted(&o, INFINITY, log(1.15) / 52), .366008511979, 1e-10, "Pareto/NBD DERT, 15 %");

	p = (SegmentBtydParams) {SEGMENT_BGNBD, {.25, 4, .8, 2.5}};
	close_to(log_p(&p, 0, 0, 40), -.59947382, 1e-7, "BG/NBD log-likelihood, x = 0");
	close_to(log_p(&p, 200, 38, 40), 100.7957, 1e-6, "BG/NBD log-likelihood, x = 200");
	close_to(alive(&bg, 1000, 10, 100) + 1, 1, 1e-12, "BG/NBD P(alive), x = 1000 long ago");
}

/* Inputs that give other implementations NaN or infinity. */
static void
stress(void)
{
	static const double x[4] = {221, 254, 161, 204};
	static const double t_x[4] = {103.42857, 97.14286, 94.71429, 98.57143};
	static const double t[4] = {103.57143, 97.28571, 98, 99.42857};
	static const SegmentHistory old[4] = {{400, 5, 6}, {500, 1, 37}, {500, 4, 37}, {40, 5, 6}};
	static const double extreme[5] = {1e-8, 1e-3, 1, 1e3, 1e8};
	SegmentBtydParams p = {SEGMENT_PARETO_NBD, {.5143, 2.8845, .2856, 14.1087}};
	int finite = 1;
	int i;
	int kind;

	for (i = 0; i < 4; i++)
		check(alive(&p, x[i], t_x[i], t[i]) > .5 && alive(&p, x[i], t_x[i], t[i]) <= 1, "Pareto/NBD P(alive), x > 160");
	p = (SegmentBtydParams) {SEGMENT_PARETO_NBD, {.55, 10.58, .61, 11.67}};
	close_to(orders(&p, 132, 200, 200, 10), 6.2060517889632418, 1e-12, "Pareto/NBD orders, x = 132");
	close_to(orders(&p, 133, 200, 200, 10), 6.2528722475748113, 1e-12, "Pareto/NBD orders, x = 133");
	p = (SegmentBtydParams) {SEGMENT_PARETO_NBD, {10.465, 7.98565181e-3, 3.0516, 2.820}};
	for (i = 0; i < 4; i++)
		check(isfinite(log_p(&p, old[i].x, old[i].t_x, old[i].t)) && alive(&p, old[i].x, old[i].t_x, old[i].t) >= 0,
			  "Pareto/NBD log-likelihood, x = 500");
	for (kind = SEGMENT_NBD; kind <= SEGMENT_BGBB; kind++)
	{
		int n = segment_btyd_n_params((SegmentBtydKind) kind);
		int combination;
		int combinations = n == 2 ? 25 : 625;

		for (combination = 0; combination < combinations; combination++)
		{
			static const SegmentHistory histories[8] = {{0, 0, 0},	  {0, 0, 40},		 {1, 0.14, 40},
														{5, 40, 40},  {30, 30, 31},		 {5000, 6000, 6010},
														{1, 1, 6000}, {5000, 5000, 6000}};
			SegmentBtydParams q;
			int digits = combination;

			q.kind = (SegmentBtydKind) kind;
			for (i = 0; i < 4; i++, digits /= 5)
				q.p[i] = extreme[digits % 5];
			for (i = 0; i < 8; i++)
			{
				SegmentHistory h = histories[i];
				SegmentOutlook o;
				double gradient[4] = {0, 0, 0, 0};
				double value;

				if (kind == SEGMENT_BGBB && (h.t > 1000 || h.t_x < h.x))
					continue;
				value = segment_btyd_log_likelihood(&q, &h, gradient);
				if (!isfinite(value) || !isfinite(gradient[0] + gradient[1] + gradient[2] + gradient[3]))
				{
					finite = 0;
					printf("# log-likelihood %d %g %g %g %g at x %g: %g, %g %g %g %g\n", kind, q.p[0], q.p[1], q.p[2],
						   q.p[3], h.x, value, gradient[0], gradient[1], gradient[2], gradient[3]);
				}
				o = segment_btyd_outlook(&q, &h);
				value = segment_outlook_orders(&o, 52);
				if (!(o.alive >= 0 && o.alive <= 1) || !isfinite(value) || value < 0)
				{
					finite = 0;
					printf("# orders %d %g %g %g %g at x %g: %g %g\n", kind, q.p[0], q.p[1], q.p[2], q.p[3], h.x,
						   o.alive, value);
				}
				value = segment_outlook_at_least(&o, 52, 3);
				if (!(value >= 0 && value <= 1 + 1e-12))
				{
					finite = 0;
					printf("# at_least %d %g %g %g %g at x %g: %g\n", kind, q.p[0], q.p[1], q.p[2], q.p[3], h.x, value);
				}
			}
		}
	}
	check(finite, "finite at every combination of extreme parameters and histories");
}

/* The two forms of the BG expectations meet where the code changes from one to the other. */
static void
continuity(void)
{
	SegmentBtydParams p = {SEGMENT_BGNBD, {5, 10, 1, 2}};
	double below = orders(&p, 0, 0, 0, 399.999999);
	double above = orders(&p, 0, 0, 0, 400.000001);

	close_to(above - below, 2e-6 * (above - orders(&p, 0, 0, 0, 399)), 1e-1, "series and quadrature meet");
	p.p[2] = 1.0000001;
	close_to(orders(&p, 3, 5, 9, 52), ({
				 SegmentBtydParams q = p;
				 q.p[2] = 1;
				 orders(&q, 3, 5, 9, 52);
			 }),
			 1e-6, "no singularity at a = 1");
}

/* Gradients against differences. */
static void
gradients(void)
{
	static const SegmentHistory histories[5] = {{0, 0, 12}, {1, 3, 12}, {4, 11, 12}, {7, 7, 20}, {3, 5, 5}};
	int kind;

	for (kind = SEGMENT_NBD; kind <= SEGMENT_BGBB; kind++)
	{
		double worst = 0;
		int i;
		int j;

		for (i = 0; i < 5; i++)
		{
			SegmentBtydParams p = {(SegmentBtydKind) kind, {.6, 2.2, .7, 1.9}};
			double gradient[4];

			segment_btyd_log_likelihood(&p, &histories[i], gradient);
			for (j = 0; j < segment_btyd_n_params(p.kind); j++)
			{
				SegmentBtydParams up = p;
				SegmentBtydParams down = p;
				double difference;

				up.p[j] += 1e-5;
				down.p[j] -= 1e-5;
				difference = (segment_btyd_log_likelihood(&up, &histories[i], NULL) -
							  segment_btyd_log_likelihood(&down, &histories[i], NULL)) /
							 2e-5;
				if (fabs(difference - gradient[j]) > worst)
					worst = fabs(difference - gradient[j]);
			}
		}
		if (worst > 1e-8)
			printf("# %s: %g\n", segment_btyd_names[kind - SEGMENT_NBD], worst);
		check(worst < 1e-8, "gradient equals the difference quotient");
	}
}

int
main(void)
{
	newcomers();
	known_customers();
	gradients();
	continuity();
	stress();
	/* Customers leave soon: discounting within a year and for ever, by an independent quadrature with 25 digits. */
	{
		SegmentBtydParams leaving = {SEGMENT_BGNBD, {650, 0.1, 100, 1.6}};
		SegmentHistory none = {0, 0, 1000};
		SegmentOutlook o = segment_btyd_outlook(&leaving, &none);
		double discount = log(1.1) / 365.25;

		close_to(segment_outlook_discounted(&o, 365.25, discount), 1.0157465, 1e-7, "discounted, leaving soon, a year");
		close_to(segment_outlook_discounted(&o, 36525, discount), 1.0157465, 1e-7,
				 "discounted, leaving soon, a century");
	}

	printf("1..%d\n", count);
	return failures != 0;
}
