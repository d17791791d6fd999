/*
 * next_best.c: what to offer next, why, and whether that is better than offering what sells best.
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/builtins.h"

#include "affinity/neighbours.h"
#include "core/error.h"

#define MOST_OFFERS 1000
#define NEXT_COLUMNS 7
#define CHECK_COLUMNS 4

static Neighbours *
open_arguments(FunctionCallInfo fcinfo, int k_arg)
{
	int64 min_count = PG_GETARG_INT64(k_arg + 2);

	segment_check_int_range("k", PG_GETARG_INT32(k_arg), 1, MOST_OFFERS);
	segment_check_int_range("min_count", min_count, 1, SEGMENT_AFFINITY_MAX_BASKETS);
	return segment_neighbours_of(fcinfo, 0, min_count);
}

PG_FUNCTION_INFO_V1(segment_next_best);

/* next_best(affinity, items, k, allow_repeat, min_count): strict. */
Datum
segment_next_best(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	int k = PG_GETARG_INT32(2);
	Neighbours *neighbours;
	const Affinity *affinity;
	Offer *offer;
	int n;

	neighbours = open_arguments(fcinfo, 2);
	affinity = neighbours->affinity;
	InitMaterializedSRF(fcinfo, 0);
	offer = segment_palloc_array(Offer, k);
	segment_neighbours_own(neighbours, PG_GETARG_ITEMS(1));
	n = segment_neighbours_best(neighbours, k, PG_GETARG_BOOL(3), offer);
	segment_neighbours_forget(neighbours);
	for (int i = 0; i < n; i++)
	{
		Datum values[NEXT_COLUMNS];
		bool nulls[NEXT_COLUMNS] = {false};

		values[0] = Int32GetDatum(i + 1);
		values[1] = segment_item_text(affinity->head.kind, &affinity->item[offer[i].item]);
		values[2] = Float8GetDatum(offer[i].score);
		values[3] = segment_item_text(affinity->head.kind, &affinity->item[offer[i].because]);
		values[4] = Int64GetDatum(offer[i].together);
		values[5] = Int64GetDatum(affinity->count[offer[i].because]);
		values[6] = Int64GetDatum(affinity->count[offer[i].item]);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* True if an item is among those of a reader; both are in order, but not the questions. */
static bool
holds(SegmentItemReader reader, const SegmentItem *wanted)
{
	SegmentItem item;

	while (segment_item_next(&reader, &item))
	{
		int order = segment_item_compare(reader.kind, &item, wanted);

		if (order >= 0)
			return order == 0;
	}
	return false;
}

/* How many later items could have been offered: those that are new, unless repeats are offered too. */
static int64
count_new(SegmentItemReader items, SegmentItemReader later, bool allow_repeat)
{
	SegmentItem item;
	int64 n = 0;

	while (segment_item_next(&later, &item))
		n += allow_repeat || !holds(items, &item);
	return n;
}

PG_FUNCTION_INFO_V1(segment_next_best_check);

/* next_best_check(affinity, items, later, k, allow_repeat, min_count): strict. */
Datum
segment_next_best_check(PG_FUNCTION_ARGS)
{
	SegmentItemReader items = PG_GETARG_ITEMS(1);
	SegmentItemReader later = PG_GETARG_ITEMS(2);
	int k = PG_GETARG_INT32(3);
	bool allow_repeat = PG_GETARG_BOOL(4);
	Neighbours *neighbours = open_arguments(fcinfo, 3);
	const Affinity *affinity = neighbours->affinity;
	Offer *offer = segment_palloc_array(Offer, k);
	uint32 *popular = segment_palloc_array(uint32, k);
	int64 hits = 0;
	int64 popular_hits = 0;
	int n_offers;
	int n_popular;
	TupleDesc desc;
	Datum values[CHECK_COLUMNS];
	bool nulls[CHECK_COLUMNS] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "next_best_check must return a row");
	if (later.kind != items.kind)
		segment_refuse_kinds("items");
	segment_neighbours_own(neighbours, items);
	n_offers = segment_neighbours_best(neighbours, k, allow_repeat, offer);
	n_popular = segment_neighbours_popular(neighbours, k, allow_repeat, popular);
	segment_neighbours_forget(neighbours);
	for (int i = 0; i < n_offers; i++)
		hits += holds(later, &affinity->item[offer[i].item]);
	for (int i = 0; i < n_popular; i++)
		popular_hits += holds(later, &affinity->item[popular[i]]);
	values[0] = Int64GetDatum(count_new(items, later, allow_repeat));
	values[1] = Int32GetDatum(n_offers);
	values[2] = Int64GetDatum(hits);
	values[3] = Int64GetDatum(popular_hits);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
