/*
 * survival.c: the product-limit estimate.
 */
#include "math/survival.h"

#include <math.h>
#include <stdbool.h>

void
segment_survival_begin(SegmentSurvivalCurve *curve, const SegmentSurvivalPoint *points, size_t n)
{
	curve->left = 0;
	for (size_t i = 0; i < n; i++)
		curve->left += points[i].events + points[i].censored;
	curve->at_risk = curve->left;
	curve->survival = 1.0;
	curve->variance = 0.0;
}

void
segment_survival_take(SegmentSurvivalCurve *curve, const SegmentSurvivalPoint *point)
{
	double n = (double) curve->left;
	double d = (double) point->events;

	curve->at_risk = curve->left;
	curve->left -= point->events + point->censored;
	if (point->events == 0)
		return;
	curve->survival *= (n - d) / n;
	curve->variance += d / (n * (n - d));
}

void
segment_survival_interval(const SegmentSurvivalCurve *curve, double z, double *low, double *high)
{
	double half = z * sqrt(curve->variance);

	*low = *high = NAN;
	if (!(curve->survival > 0.0))
		return;
	*low = exp(log(curve->survival) - half);
	*high = fmin(exp(log(curve->survival) + half), 1.0);
}

/* How near an estimate is to a share to be that share, of which rounding took something. */
#define NEAR 1e-12

/* One curve on its way down to a share: where it got there, and whether it stands still exactly on it. */
typedef struct Descent
{
	bool is_down;
	bool stands; /* exactly at the share, since that time */
	double level;
	double time;
} Descent;

static void
descent_take(Descent *descent, double level, double share, double time)
{
	if (isnan(level))
		return;
	if (!descent->is_down)
	{
		if (level > share + NEAR)
			return;
		descent->is_down = true;
		descent->stands = fabs(level - share) <= NEAR;
		descent->level = level;
		descent->time = time;
	}
	else if (descent->stands && level < descent->level)
	{
		descent->time = (descent->time + time) / 2.0;
		descent->stands = false;
	}
}

void
segment_survival_quantile(const SegmentSurvivalPoint *points, size_t n, double p, double z, double *quantile,
						  double *low, double *high)
{
	SegmentSurvivalCurve curve;
	Descent estimate = {false, false, 0.0, NAN};
	Descent lower = estimate;
	Descent upper = estimate;
	double share = 1.0 - p;

	segment_survival_begin(&curve, points, n);
	for (size_t i = 0; i < n; i++)
	{
		double below;
		double above;

		segment_survival_take(&curve, &points[i]);
		if (points[i].events == 0)
			continue;
		segment_survival_interval(&curve, z, &below, &above);
		descent_take(&estimate, curve.survival, share, points[i].time);
		descent_take(&lower, below, share, points[i].time);
		descent_take(&upper, above, share, points[i].time);
	}
	*quantile = estimate.time;
	*low = lower.time;
	*high = upper.time;
}
