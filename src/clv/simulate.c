/*
 * simulate.c: simulate_orders and simulate_summaries: customers drawn from a transaction model, the same for one seed.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "clv/predict.h"
#include "core/day.h"
#include "core/error.h"
#include "math/btyd_simulate.h"

PG_FUNCTION_INFO_V1(segment_simulate_orders);
PG_FUNCTION_INFO_V1(segment_simulate_summaries);

/* Nobody orders more often; a model of absurd parameters would otherwise never end. */
#define MAX_ORDERS 1000000

/* What both functions take: model, customers, period [from, to], span of first orders, seed. */
typedef struct Simulation
{
	SegmentBtydParams params;
	int32 customers;
	double period;				/* in units of the model */
	double entry;				/* first orders spread evenly over so long */
	uint64 seed;
} Simulation;

static void
read_arguments(FunctionCallInfo fcinfo, const ClvModel *model, const Interval *period, const Interval *entry,
			   int64 seed, Simulation *simulation)
{
	simulation->params = segment_clv_params(model);
	simulation->customers = PG_GETARG_INT32(1);
	segment_check_int_range("customers", simulation->customers, 1, 100000000);
	simulation->period = segment_clv_horizon(model, period);
	simulation->entry = segment_clv_horizon(model, entry);
	simulation->seed = (uint64) seed;
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

/* simulate_orders(model, customers, from_time, period, entry, seed): rows of customer, ordered_at. */
Datum
segment_simulate_orders(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	ClvModel *model = PG_GETARG_CLV_MODEL(0);
	Timestamp from = PG_GETARG_TIMESTAMP(2);
	double usecs = model->unit * USECS_PER_DAY;
	Simulation simulation;

	read_arguments(fcinfo, model, PG_GETARG_INTERVAL_P(3), PG_GETARG_INTERVAL_P(4), PG_GETARG_INT64(5), &simulation);
	if (!segment_time_is_finite(from, SEGMENT_TIME_TIMESTAMP))
		segment_time_refuse(from, SEGMENT_TIME_TIMESTAMP);
	if (!IS_VALID_TIMESTAMP(from + (int64) (simulation.period * usecs)))
		ereport(ERROR, (errcode(ERRCODE_DATETIME_FIELD_OVERFLOW), errmsg("the period is out of range"),
						errdetail("Its end is no timestamp."), errhint("Begin earlier, or simulate a shorter period.")));
	InitMaterializedSRF(fcinfo, 0);
	for (int32 i = 1; i <= simulation.customers; i++)
	{
		SegmentBuyer buyer;
		double first = start_customer(&simulation, i, &buyer);
		double since = 0;
		Datum values[2];
		bool nulls[2] = {false, false};

		CHECK_FOR_INTERRUPTS();
		values[0] = Int32GetDatum(i);
		for (int n = 0; isfinite(since) && n < MAX_ORDERS; n++)
		{
			values[1] = TimestampGetDatum(from + (int64) ((first + since) * usecs));
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
			since = segment_buyer_next(&buyer, simulation.period - first);
		}
	}
	return (Datum) 0;
}

/*
 * simulate_summaries(model, customers, period, entry, seed): a repeat summary a customer, of the exact moments: days
 * are not merged.
 */
Datum
segment_simulate_summaries(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	ClvModel *model = PG_GETARG_CLV_MODEL(0);
	Simulation simulation;

	read_arguments(fcinfo, model, PG_GETARG_INTERVAL_P(2), PG_GETARG_INTERVAL_P(3), PG_GETARG_INT64(4), &simulation);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	for (int32 i = 1; i <= simulation.customers; i++)
	{
		SegmentBuyer buyer;
		double first = start_customer(&simulation, i, &buyer);
		RepeatSummary repeat;
		double since;
		Datum values[1];
		bool nulls[1] = {false};

		CHECK_FOR_INTERRUPTS();
		memset(&repeat, 0, sizeof(repeat));
		SET_VARSIZE(&repeat, sizeof(repeat));
		repeat.version = SEGMENT_REPEAT_VERSION;
		repeat.unit = model->unit;
		repeat.t = simulation.period - first;
		while (repeat.x < MAX_ORDERS && isfinite(since = segment_buyer_next(&buyer, repeat.t)))
		{
			repeat.x++;
			repeat.t_x = since;
		}
		values[0] = PointerGetDatum(&repeat);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
