/*
 * affinity_table.c: the rows of affinity: pairs, items, and what it was made of.
 */
#include "postgres.h"

#include <math.h>

#include "common/int.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "affinity/value.h"
#include "core/error.h"
#include "math/association.h"
#include "math/special.h"

#define TABLE_COLUMNS 12
#define ITEM_COLUMNS 4
#define INFO_COLUMNS 9

/* The normal quantile of a level; 22023 unless it lies between 0 and 1. */
static double
quantile_of(double level)
{
	if (isnan(level) || level <= 0 || level >= 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("level is out of range"),
						errdetail("level is %g; accepted are numbers between 0 and 1.", level),
						errhint("The usual one is 0.95.")));
	return segment_normal_quantile(0.5 + level / 2);
}

/* One direction of a pair. */
static void
put_pair(ReturnSetInfo *result, const Affinity *affinity, const Datum *name, uint32 a, uint32 b, int64 n, double z)
{
	SegmentTogether together = {n, affinity->count[a], affinity->count[b], affinity->head.baskets};
	SegmentAssociation measures = segment_association(&together, z);
	Datum values[TABLE_COLUMNS];
	bool nulls[TABLE_COLUMNS] = {false};

	values[0] = name[a];
	values[1] = name[b];
	values[2] = Int64GetDatum(n);
	values[3] = Int64GetDatum(together.n_a);
	values[4] = Int64GetDatum(together.n_b);
	values[5] = Int64GetDatum(together.baskets);
	values[6] = Float8GetDatum(measures.support);
	values[7] = Float8GetDatum(measures.confidence);
	values[8] = Float8GetDatum(measures.lift);
	values[9] = Float8GetDatum(measures.lift_low);
	values[10] = Float8GetDatum(measures.leverage);
	values[11] = Float8GetDatum(measures.conviction);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static void
check_min_count(int64 min_count)
{
	segment_check_int_range("min_count", min_count, 1, SEGMENT_AFFINITY_MAX_BASKETS);
}

static Datum *
names_of(const Affinity *affinity)
{
	Datum *name = segment_palloc_array(Datum, affinity->head.n_items);

	for (uint32 i = 0; i < affinity->head.n_items; i++)
		name[i] = segment_item_text(affinity->head.kind, &affinity->item[i]);
	return name;
}

PG_FUNCTION_INFO_V1(segment_affinity_table);

/* affinity_table(affinity, min_count, level): strict. */
Datum
segment_affinity_table(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	int64 min_count = PG_GETARG_INT64(1);
	double z = quantile_of(PG_GETARG_FLOAT8(2));
	Affinity *affinity = PG_GETARG_AFFINITY(0);
	AffinityPairReader reader = segment_affinity_pairs(affinity);
	Datum *name;

	check_min_count(min_count);
	InitMaterializedSRF(fcinfo, 0);
	name = names_of(affinity);
	while (segment_affinity_pair_next(&reader))
	{
		if ((reader.read & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (reader.pair.n < min_count)
			continue;
		put_pair(result, affinity, name, reader.pair.a, reader.pair.b, reader.pair.n, z);
		put_pair(result, affinity, name, reader.pair.b, reader.pair.a, reader.pair.n, z);
	}
	if (reader.fault)
		segment_refuse_affinity(reader.fault);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(segment_affinity_items);

/* affinity_items(affinity): strict. */
Datum
segment_affinity_items(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Affinity *affinity = PG_GETARG_AFFINITY(0);

	InitMaterializedSRF(fcinfo, 0);
	for (uint32 i = 0; i < affinity->head.n_items; i++)
	{
		Datum values[ITEM_COLUMNS];
		bool nulls[ITEM_COLUMNS] = {false};

		if ((i & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		values[0] = segment_item_text(affinity->head.kind, &affinity->item[i]);
		values[1] = Int64GetDatum(affinity->count[i]);
		values[2] = Int64GetDatum(affinity->head.baskets);
		values[3] = Float8GetDatum((double) affinity->count[i] / (double) affinity->head.baskets);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(segment_affinity_info);

/* affinity_info(affinity): one row. Strict. */
Datum
segment_affinity_info(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Affinity *affinity = PG_GETARG_AFFINITY(0);
	const AffinityHead *head = &affinity->head;
	Datum values[INFO_COLUMNS];
	bool nulls[INFO_COLUMNS] = {false};
	int64 incidences = 0;

	InitMaterializedSRF(fcinfo, 0);
	/* items of a basket are at most 2^32, baskets 2^48: what exceeds 63 bits is no count of real baskets */
	for (uint32 i = 0; i < head->n_items; i++)
		if (pg_add_s64_overflow(incidences, affinity->count[i], &incidences))
			segment_refuse_affinity("The counts of its items exceed what can be added.");
	values[0] = CStringGetTextDatum(segment_item_kind_names[head->kind]);
	values[1] = Int64GetDatum(head->baskets);
	values[2] = Int64GetDatum(head->single);
	values[3] = Int64GetDatum(head->largest);
	values[4] = Int64GetDatum(head->n_items);
	values[5] = Int64GetDatum(incidences);
	values[6] = Int64GetDatum(head->n_pairs);
	values[7] = Int32GetDatum(head->max_items);
	values[8] = Int64GetDatum(head->large);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	return (Datum) 0;
}
