/*
 * concentration.c: how unequally a total is spread over the values of quantiles: Gini, Lorenz curve, top shares.
 * Values below 0 are left out of all of it, and counted.
 */
#include "postgres.h"

#include <math.h>

#include "core/compat.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "core/error.h"
#include "math/kpi.h"
#include "score/quantiles.h"

static SegmentConcentration
concentration_of(const Quantiles *quantiles, SegmentMultiset *set)
{
	SegmentConcentration what;

	*set = segment_quantiles_set(quantiles);
	segment_concentration(set, &what);
	if (!isfinite(what.total))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("total of the values is out of range"),
						errdetail("The sum of %lld values leaves the range of float8.", (long long) what.n),
						errhint("Pass the values in a larger unit.")));
	return what;
}

/* gini(quantiles, corrected): NULL if nothing is left, or all of it is 0; corrected for one value, too. Strict. */
PG_FUNCTION_INFO_V1(segment_quantiles_gini);

Datum
segment_quantiles_gini(PG_FUNCTION_ARGS)
{
	SegmentMultiset set;
	SegmentConcentration what = concentration_of(PG_GETARG_QUANTILES(0), &set);
	bool corrected = PG_GETARG_BOOL(1);
	double gini = segment_concentration_gini(&set, &what);

	if (isnan(gini) || (corrected && what.n < 2))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(corrected ? gini * (double) what.n / (double) (what.n - 1) : gini);
}

/* How many values a share of them is, rounded up; 0.2 of ten is two, though 0.2 is a little more than a fifth. */
static int64
top_count(const SegmentConcentration *what, double share)
{
	return Min((int64) ceil((double) what->n * share * (1.0 - 1e-12)), what->n);
}

/* top_share(quantiles, share): what part of the total the highest ceil(n * share) values are. Strict. */
PG_FUNCTION_INFO_V1(segment_quantiles_top_share);

Datum
segment_quantiles_top_share(PG_FUNCTION_ARGS)
{
	SegmentMultiset set;
	SegmentConcentration what = concentration_of(PG_GETARG_QUANTILES(0), &set);
	double share = PG_GETARG_FLOAT8(1);
	int64 top;

	if (!(share >= 0.0 && share <= 1.0))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("share is out of range"),
						errdetail("share is %g; accepted are 0 to 1.", share),
						errhint("The top 20 percent are a share of 0.2.")));
	if (!(what.total > 0.0))
		PG_RETURN_NULL();
	top = top_count(&what, share);
	PG_RETURN_FLOAT8(fmax(1.0 - segment_lowest_sum(&set, &what, what.n - top) / what.total, 0.0));
}

PG_FUNCTION_INFO_V1(segment_quantiles_left_out);

Datum
segment_quantiles_left_out(PG_FUNCTION_ARGS)
{
	SegmentMultiset set = segment_quantiles_set(PG_GETARG_QUANTILES(0));
	SegmentConcentration what;

	segment_concentration(&set, &what);
	PG_RETURN_INT64(what.left_out);
}

/* lorenz_table(quantiles, steps): steps + 1 points of the curve, linear between two customers. Strict. */
PG_FUNCTION_INFO_V1(segment_lorenz_table);

Datum
segment_lorenz_table(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	SegmentMultiset set;
	SegmentConcentration what = concentration_of(PG_GETARG_QUANTILES(0), &set);
	int steps = PG_GETARG_INT32(1);
	size_t entry = what.first;
	int64 before = 0;
	double sum = 0.0;

	segment_check_int_range("steps", steps, 1, 1000);
	InitMaterializedSRF(fcinfo, 0);
	if (!(what.total > 0.0))
		return (Datum) 0;
	for (int i = 0; i <= steps; i++)
	{
		double customers = (double) what.n * i / steps;
		Datum values[2];
		bool nulls[2] = {false, false};
		double lowest;

		while (entry < set.n && before + segment_multiset_count(&set, entry) <= customers)
		{
			sum += set.values[entry] * (double) segment_multiset_count(&set, entry);
			before += segment_multiset_count(&set, entry++);
			CHECK_FOR_INTERRUPTS();
		}
		lowest = entry < set.n ? sum + set.values[entry] * (customers - (double) before) : what.total;
		values[0] = Float8GetDatum((double) i / steps);
		values[1] = Float8GetDatum(fmin(lowest / what.total, 1.0));
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* Values of one tier, from the highest down. */
typedef struct Tier
{
	int64 n;
	double total;
	double lowest;
	double highest;
} Tier;

/* Takes values until there are so many, and those that are equal to the last. */
static Tier
take_tier(const SegmentMultiset *set, const SegmentConcentration *what, size_t *end, int64 n)
{
	Tier tier = {0};

	while (*end > what->first && tier.n < n)
	{
		int64 count = segment_multiset_count(set, *end - 1);

		tier.lowest = set->values[--*end];
		if (tier.n == 0)
			tier.highest = tier.lowest;
		tier.n += count;
		tier.total += tier.lowest * (double) count;
		CHECK_FOR_INTERRUPTS();
	}
	return tier;
}

/* heavy_medium_light(quantiles, heavy, medium): strict. */
PG_FUNCTION_INFO_V1(segment_heavy_medium_light);

Datum
segment_heavy_medium_light(PG_FUNCTION_ARGS)
{
	static const char *const names[] = {"Heavy", "Medium", "Light"};
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	SegmentMultiset set;
	SegmentConcentration what = concentration_of(PG_GETARG_QUANTILES(0), &set);
	double heavy = PG_GETARG_FLOAT8(1);
	double medium = PG_GETARG_FLOAT8(2);
	size_t end = set.n;
	int64 taken = 0;

	if (!(heavy >= 0.0 && medium >= 0.0 && heavy + medium <= 1.0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("share is out of range"),
				 errdetail("heavy is %g and medium %g; accepted are shares from 0 to 1, together too.", heavy, medium),
				 errhint("The top 20 percent are a share of 0.2.")));
	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < 3; i++)
	{
		int64 upto = i == 0 ? top_count(&what, heavy) : i == 1 ? top_count(&what, heavy + medium) : what.n;
		Tier tier = take_tier(&set, &what, &end, upto - taken);
		Datum values[8] = {
			Int32GetDatum(i + 1),		 CStringGetTextDatum(names[i]),
			Int64GetDatum(tier.n),		 Float8GetDatum(what.n > 0 ? (double) tier.n / (double) what.n : 0.0),
			Float8GetDatum(tier.total),	 Float8GetDatum(what.total > 0.0 ? tier.total / what.total : 0.0),
			Float8GetDatum(tier.lowest), Float8GetDatum(tier.highest)};
		bool nulls[8] = {false};

		taken += tier.n;
		nulls[3] = what.n == 0;
		nulls[5] = !(what.total > 0.0);
		nulls[6] = nulls[7] = tier.n == 0;
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
