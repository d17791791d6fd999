/*
 * simulate.c: simulate_orders, simulate_summaries and simulate_renewals: customers drawn from models, the same for one
 * seed.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "clv/predict.h"
#include "core/day.h"
#include "core/decimal.h"
#include "core/error.h"
#include "math/btyd_simulate.h"

PG_FUNCTION_INFO_V1(segment_simulate_orders);
PG_FUNCTION_INFO_V1(segment_simulate_orders_spend);
PG_FUNCTION_INFO_V1(segment_simulate_summaries);
PG_FUNCTION_INFO_V1(segment_simulate_summaries_spend);
PG_FUNCTION_INFO_V1(segment_simulate_renewals);

/* Most orders a customer can place: absurd parameters would otherwise never end. */
#define MAX_ORDERS 1000000

/* Streams of random numbers: a customer's orders are the same with and without spend. */
#define SPEND_STREAM (UINT64CONST(1) << 40)

/* Amounts have cents, and no order is worth more. */
#define CENTS 2
#define MAX_AMOUNT 1e15

/* What all transaction simulations take: models, customers, period [from, to], span of first orders, seed. */
typedef struct Simulation
{
	SegmentBtydParams params;
	const ClvModel *spend; /* NULL: orders only */
	int32 customers;
	double period; /* in units of the model */
	double entry;  /* first orders spread evenly over so long */
	uint64 seed;
} Simulation;

/* Arguments from first on: customers, then, from period_arg on, period, entry and seed. */
static void
read_arguments(FunctionCallInfo fcinfo, const ClvModel *model, const ClvModel *spend, int first, int period_arg,
			   Simulation *simulation)
{
	simulation->params = segment_clv_params(model);
	simulation->spend = spend;
	simulation->customers = PG_GETARG_INT32(first);
	segment_check_int_range("customers", simulation->customers, 1, 100000000);
	simulation->period = segment_clv_horizon(model, PG_GETARG_INTERVAL_P(period_arg));
	simulation->entry = segment_clv_horizon(model, PG_GETARG_INTERVAL_P(period_arg + 1));
	simulation->seed = (uint64) PG_GETARG_INT64(period_arg + 2);
	if (simulation->entry > simulation->period)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("first orders would lie after the period"),
						errdetail("They spread over %g units, the period is %g units long.", simulation->entry,
								  simulation->period),
						errhint("Pass an entry of at most the period.")));
}

/* Customer number i: starts its buyer, and returns when its first order is. */
static double
start_customer(const Simulation *simulation, int32 i, SegmentBuyer *buyer)
{
	SegmentRng rng = segment_rng_start(simulation->seed, (uint64) i);
	double first = segment_rng_double(&rng) * simulation->entry;

	if (simulation->params.kind == SEGMENT_BGBB)
		first = floor(first);
	*buyer = segment_buyer_start(&simulation->params, rng);
	return first;
}

/* What one customer spends per order: Gamma-Gamma draws the customer's own rate first. */
typedef struct Spender
{
	SegmentRng rng;
	double rate;
} Spender;

static Spender
start_spender(const Simulation *simulation, int32 i)
{
	Spender spender = {segment_rng_start(simulation->seed, SPEND_STREAM + (uint64) i), 0};

	if (simulation->spend != NULL)
		spender.rate = segment_rng_gamma(&spender.rng, simulation->spend->params[1]) / simulation->spend->params[2];
	return spender;
}

static double
next_amount(const Simulation *simulation, Spender *spender)
{
	return fmin(segment_rng_gamma(&spender->rng, simulation->spend->params[0]) / spender->rate, MAX_AMOUNT);
}

/* Rows of customer, ordered_at and, with a model of spend, amount. */
static Datum
simulate_orders(FunctionCallInfo fcinfo, const ClvModel *spend, int first_arg)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	ClvModel *model = PG_GETARG_CLV_MODEL(0);
	Timestamp from = PG_GETARG_TIMESTAMP(first_arg + 1);
	double usecs = model->unit * USECS_PER_DAY;
	Simulation simulation;

	read_arguments(fcinfo, model, spend, first_arg, first_arg + 2, &simulation);
	if (!segment_time_is_finite(from, SEGMENT_TIME_TIMESTAMP))
		segment_time_refuse(from, SEGMENT_TIME_TIMESTAMP);
	if (!IS_VALID_TIMESTAMP(from + (int64) (simulation.period * usecs)))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_FIELD_OVERFLOW), errmsg("the period is out of range"),
				 errdetail("Its end is no timestamp."), errhint("Begin earlier, or simulate a shorter period.")));
	InitMaterializedSRF(fcinfo, 0);
	for (int32 i = 1; i <= simulation.customers; i++)
	{
		SegmentBuyer buyer;
		Spender spender = start_spender(&simulation, i);
		double first = start_customer(&simulation, i, &buyer);
		double since = 0;
		Datum values[3];
		bool nulls[3] = {false, false, false};

		CHECK_FOR_INTERRUPTS();
		values[0] = Int32GetDatum(i);
		for (int n = 0; isfinite(since) && n < MAX_ORDERS; n++)
		{
			values[1] = TimestampGetDatum(from + (int64) ((first + since) * usecs));
			if (spend != NULL)
				values[2] = segment_units_to_numeric((int64) rint(next_amount(&simulation, &spender) * 100), CENTS);
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
			if (spend != NULL)
				pfree(DatumGetPointer(values[2]));
			since = segment_buyer_next(&buyer, simulation.period - first);
		}
	}
	return (Datum) 0;
}

/* simulate_orders(model, customers, from_time, period, entry, seed) */
Datum
segment_simulate_orders(PG_FUNCTION_ARGS)
{
	return simulate_orders(fcinfo, NULL, 1);
}

/* simulate_orders(model, spend, customers, from_time, period, entry, seed): with amounts in whole cents. */
Datum
segment_simulate_orders_spend(PG_FUNCTION_ARGS)
{
	return simulate_orders(fcinfo, PG_GETARG_CLV_MODEL(1), 2);
}

/* A repeat summary a customer, of the exact moments and amounts: days are not merged, nothing is rounded. */
static Datum
simulate_summaries(FunctionCallInfo fcinfo, const ClvModel *spend, int first_arg)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	ClvModel *model = PG_GETARG_CLV_MODEL(0);
	Simulation simulation;

	read_arguments(fcinfo, model, spend, first_arg, first_arg + 1, &simulation);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	for (int32 i = 1; i <= simulation.customers; i++)
	{
		SegmentBuyer buyer;
		Spender spender = start_spender(&simulation, i);
		double first = start_customer(&simulation, i, &buyer);
		RepeatSummary repeat;
		double since;
		double total = 0;
		Datum values[1];
		bool nulls[1] = {false};

		CHECK_FOR_INTERRUPTS();
		memset(&repeat, 0, sizeof(repeat));
		SET_VARSIZE(&repeat, sizeof(repeat));
		repeat.version = SEGMENT_REPEAT_VERSION;
		repeat.unit = model->unit;
		repeat.t = simulation.period - first;
		if (spend != NULL)
		{
			repeat.has_first_spend = 1;
			repeat.first_spend = next_amount(&simulation, &spender);
		}
		while (repeat.x < MAX_ORDERS && isfinite(since = segment_buyer_next(&buyer, repeat.t)))
		{
			repeat.x++;
			repeat.t_x = since;
			if (spend != NULL)
				total += next_amount(&simulation, &spender);
		}
		if (spend != NULL && repeat.x > 0)
		{
			repeat.has_spend = 1;
			repeat.spend = total / (double) repeat.x;
		}
		values[0] = PointerGetDatum(&repeat);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* simulate_summaries(model, customers, period, entry, seed) */
Datum
segment_simulate_summaries(PG_FUNCTION_ARGS)
{
	return simulate_summaries(fcinfo, NULL, 1);
}

/* simulate_summaries(model, spend, customers, period, entry, seed) */
Datum
segment_simulate_summaries_spend(PG_FUNCTION_ARGS)
{
	return simulate_summaries(fcinfo, PG_GETARG_CLV_MODEL(1), 2);
}

/* simulate_renewals(model, customers, renewals, seed): how many start, and are left after each renewal, as bigint[]. */
Datum
segment_simulate_renewals(PG_FUNCTION_ARGS)
{
	ClvModel *model = PG_GETARG_CLV_MODEL(0);
	int32 customers = PG_GETARG_INT32(1);
	int32 renewals = PG_GETARG_INT32(2);
	uint64 seed = (uint64) PG_GETARG_INT64(3);
	int64 *active;
	Datum *counts;

	segment_check_int_range("customers", customers, 1, 100000000);
	segment_check_int_range("renewals", renewals, 2, 9999);
	active = segment_palloc0_array(int64, renewals + 1);
	active[0] = customers;
	for (int32 i = 1; i <= customers; i++)
	{
		SegmentRng rng = segment_rng_start(seed, (uint64) i);
		double leave = segment_rng_beta(&rng, model->params[0], model->params[1]);

		CHECK_FOR_INTERRUPTS();
		for (int32 n = 1; n <= renewals && segment_rng_double(&rng) >= leave; n++)
			active[n]++;
	}
	counts = segment_palloc_array(Datum, renewals + 1);
	for (int32 n = 0; n <= renewals; n++)
		counts[n] = Int64GetDatum(active[n]);
	PG_RETURN_ARRAYTYPE_P(
		construct_array(counts, renewals + 1, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}
