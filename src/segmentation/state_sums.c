/*
 * state_sums.c: the sums that totals of a snapshot are made of, by market, segment and scores, in one pass over states.
 *
 * Sums are exact, so what some states add can be taken away again: totals are brought forward from one day to the next
 * without reading the states that did not change. Nothing in them depends on the day: recency is there as the number of
 * the last order's day.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/typcache.h"

#include "core/agg_context.h"
#include "score/score.h"
#include "segmentation/revenue.h"

/* Squares have twice the decimals. */
#define AVERAGE_DECIMALS 12

/* Sums that may leave 128 bits: what did is in a numeric beside it. */
typedef enum LongSum
{
	SUM_REVENUE,
	SUM_REVENUE_SQUARED,
	SUM_AVERAGE,
	SUM_AVERAGE_SQUARED,
	LONG_SUMS
} LongSum;

static const int long_sum_decimals[LONG_SUMS] = {SEGMENT_REVENUE_DECIMALS, 2 * SEGMENT_REVENUE_DECIMALS,
												 AVERAGE_DECIMALS, 2 * AVERAGE_DECIMALS};

typedef struct StateGroup
{
	uint32 hash;
	const char *market;
	const char *segment;
	int market_length;
	int segment_length;
	int16 sort;
	bool has_score;
	RfmScore score;
	int64 customers;
	int64 customers_with_orders;
	segment_int128 orders;
	segment_int128 orders_squared;
	segment_int128 last_day;
	segment_int128 last_day_squared;
	segment_int128 hashes;
	segment_int128 sum[LONG_SUMS];
	Numeric beyond[LONG_SUMS]; /* NULL: nothing */
} StateGroup;

/* Open addressing over pointers; a power of two, at most half full. */
typedef struct StateSums
{
	MemoryContext context;
	StateGroup **slots;
	uint32 size;
	uint32 count;
} StateSums;

#define FIRST_SIZE 256

PG_FUNCTION_INFO_V1(segment_state_sums_trans);
PG_FUNCTION_INFO_V1(segment_state_sums_final);

static void
place(StateSums *sums, StateGroup *group)
{
	uint32 i = group->hash & (sums->size - 1);

	while (sums->slots[i])
		i = (i + 1) & (sums->size - 1);
	sums->slots[i] = group;
}

static void
grow(StateSums *sums)
{
	StateGroup **old = sums->slots;
	uint32 size = sums->size;

	sums->size *= 2;
	sums->slots = MemoryContextAllocZero(sums->context, mul_size(sizeof(StateGroup *), sums->size));
	for (uint32 i = 0; i < size; i++)
		if (old[i])
			place(sums, old[i]);
	pfree(old);
}

static const char *
keep(StateSums *sums, const text *value)
{
	char *copy = MemoryContextAlloc(sums->context, VARSIZE_ANY_EXHDR(value) + 1);

	memcpy(copy, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
	return copy;
}

static bool
same_text(const char *a, int length, const text *b)
{
	return length == (int) VARSIZE_ANY_EXHDR(b) && memcmp(a, VARDATA_ANY(b), length) == 0;
}

static uint32
hash_of_text(const text *value)
{
	return hash_bytes((const unsigned char *) VARDATA_ANY(value), (int) VARSIZE_ANY_EXHDR(value));
}

/* The group of a state, made if it is new. score is NULL for a customer who has none. */
static StateGroup *
group_of(StateSums *sums, const text *market, const text *segment, int16 sort, const RfmScore *score)
{
	uint32 hash = hash_combine(hash_of_text(market), hash_of_text(segment));
	StateGroup *group;
	uint32 i;

	hash = hash_combine(hash, murmurhash32((score ? *score : 0) ^ (uint32) (uint16) sort << 24));
	for (i = hash & (sums->size - 1); (group = sums->slots[i]) != NULL; i = (i + 1) & (sums->size - 1))
		if (group->hash == hash && group->sort == sort && group->has_score == (score != NULL) &&
			group->score == (score ? *score : 0) && same_text(group->market, group->market_length, market) &&
			same_text(group->segment, group->segment_length, segment))
			return group;

	if (2 * (sums->count + 1) > sums->size)
		grow(sums);
	group = MemoryContextAllocZero(sums->context, sizeof(StateGroup));
	group->hash = hash;
	group->market = keep(sums, market);
	group->market_length = (int) VARSIZE_ANY_EXHDR(market);
	group->segment = keep(sums, segment);
	group->segment_length = (int) VARSIZE_ANY_EXHDR(segment);
	group->sort = sort;
	group->has_score = score != NULL;
	group->score = score ? *score : 0;
	place(sums, group);
	sums->count++;
	return group;
}

/* Adds a value beyond 128 bits, or a full sum. */
static void
add_beyond(StateSums *sums, StateGroup *group, LongSum which, Numeric value)
{
	Numeric *beyond = &group->beyond[which];
	MemoryContext caller = MemoryContextSwitchTo(sums->context);
	Numeric old = *beyond;

	if (old)
	{
		*beyond = DatumGetNumeric(DirectFunctionCall2(numeric_add, NumericGetDatum(old), NumericGetDatum(value)));
		pfree(old);
	}
	else
		*beyond = DatumGetNumericCopy(NumericGetDatum(value));
	MemoryContextSwitchTo(caller);
}

static void
add_units(StateSums *sums, StateGroup *group, LongSum which, segment_int128 units)
{
	__int128 sum;

	if (likely(!__builtin_add_overflow((__int128) group->sum[which], (__int128) units, &sum)))
	{
		group->sum[which] = sum;
		return;
	}
	add_beyond(sums, group, which,
			   DatumGetNumeric(segment_units_to_numeric(group->sum[which], long_sum_decimals[which])));
	group->sum[which] = units;
}

static Numeric
squared(Numeric value)
{
	return DatumGetNumeric(DirectFunctionCall2(numeric_mul, NumericGetDatum(value), NumericGetDatum(value)));
}

static void
add_revenue(StateSums *sums, StateGroup *group, const Rfm *rfm, bool fits, int64 revenue)
{
	segment_int128 average;
	bool negative = revenue < 0;

	if (unlikely(!fits))
	{
		Numeric value = segment_revenue_numeric(rfm);

		add_beyond(sums, group, SUM_REVENUE, value);
		add_beyond(sums, group, SUM_REVENUE_SQUARED, squared(value));
		if (rfm->orders == 0)
			return;
		value = DatumGetNumeric(
			DirectFunctionCall2(numeric_div, NumericGetDatum(value), NumericGetDatum(int64_to_numeric(rfm->orders))));
		value = DatumGetNumeric(
			DirectFunctionCall2(numeric_round, NumericGetDatum(value), Int32GetDatum(AVERAGE_DECIMALS)));
		add_beyond(sums, group, SUM_AVERAGE, value);
		add_beyond(sums, group, SUM_AVERAGE_SQUARED, squared(value));
		return;
	}
	add_units(sums, group, SUM_REVENUE, revenue);
	add_units(sums, group, SUM_REVENUE_SQUARED, (__int128) revenue * revenue);
	if (rfm->orders == 0)
		return;
	/* half away from zero, as numeric rounds */
	average = (negative ? -(__int128) revenue : (__int128) revenue) *
			  segment_power_of_ten(AVERAGE_DECIMALS - SEGMENT_REVENUE_DECIMALS);
	average = (2 * average + rfm->orders) / (2 * (__int128) rfm->orders);
	if (negative)
		average = -average;
	add_units(sums, group, SUM_AVERAGE, average);
	if (likely(average >= PG_INT64_MIN && average <= PG_INT64_MAX))
		add_units(sums, group, SUM_AVERAGE_SQUARED, (__int128) average * average);
	else
		add_beyond(sums, group, SUM_AVERAGE_SQUARED,
				   squared(DatumGetNumeric(segment_units_to_numeric(average, AVERAGE_DECIMALS))));
}

static void
add_count(segment_int128 *sum, segment_int128 value)
{
	__int128 result;

	if (__builtin_add_overflow((__int128) *sum, (__int128) value, &result))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("total of orders is out of range"),
						errdetail("A sum of squares leaves 128 bits."), errhint("Check the stored states.")));
	*sum = result;
}

/*
 * The sum of these over a snapshot tells whether two hold the same rows: customer, market, summary, score, segment and
 * channel. Equal summaries have the same hash.
 */
static uint64
hash_of_state(const text *customer, const text *market, const Rfm *rfm, bool fits, int64 revenue, const RfmScore *score,
			  const text *segment, const text *channel)
{
	const text *texts[] = {customer, market, segment, channel};
	int64 parts[] = {rfm->kind, rfm->first, rfm->last, rfm->orders, rfm->returns, revenue, score ? (int64) *score : -1};
	uint64 hash = hash_bytes_extended((const unsigned char *) parts, sizeof(parts), 0);

	if (!fits)
		hash = hash_combine64(
			hash, DatumGetUInt64(DirectFunctionCall2(hash_numeric_extended,
													 NumericGetDatum(segment_revenue_numeric(rfm)), Int64GetDatum(0))));
	if (rfm->returns > 0)
		hash = hash_combine64(hash, segment_returned_hash(rfm));
	for (int i = 0; i < (int) lengthof(texts); i++)
		hash = hash_combine64(hash, texts[i] ? hash_bytes_extended((const unsigned char *) VARDATA_ANY(texts[i]),
																   (int) VARSIZE_ANY_EXHDR(texts[i]), 0)
											 : 1);
	return hash;
}

/*
 * state_sums_agg(customer, market, rfm, score, segment, sort, channel, zone): states without a summary (no customer any
 * more) add nothing. zone is the segmentation's; it must not be NULL.
 */
Datum
segment_state_sums_trans(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	StateSums *sums;
	StateGroup *group;
	Rfm buffer;
	const Rfm *rfm;
	RfmScore score = 0;
	bool has_score = !PG_ARGISNULL(4);
	text *customer;
	text *market;
	text *segment;
	int64 revenue = 0;
	bool fits;

	context = segment_aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
	{
		sums = MemoryContextAllocZero(context, sizeof(StateSums));
		sums->context = context;
		sums->size = FIRST_SIZE;
		sums->slots = MemoryContextAllocZero(context, sizeof(StateGroup *) * FIRST_SIZE);
	}
	else
		sums = (StateSums *) PG_GETARG_POINTER(0);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3) || PG_ARGISNULL(5) || PG_ARGISNULL(6) || PG_ARGISNULL(8))
		PG_RETURN_POINTER(sums);

	customer = PG_GETARG_TEXT_PP(1);
	market = PG_GETARG_TEXT_PP(2);
	rfm = segment_rfm_open(PG_GETARG_DATUM(3), &buffer);
	if (has_score)
		score = PG_GETARG_RFM_SCORE(4);
	segment = PG_GETARG_TEXT_PP(5);
	fits = segment_revenue_units(rfm, &revenue);

	group = group_of(sums, market, segment, PG_GETARG_INT16(6), has_score ? &score : NULL);
	group->customers++;
	add_count(&group->orders, rfm->orders);
	add_count(&group->orders_squared, (__int128) rfm->orders * rfm->orders);
	add_revenue(sums, group, rfm, fits, revenue);
	if (segment_rfm_has_orders(rfm))
	{
		int64 day = segment_day_of(rfm->last, rfm->kind, segment_zone_arg(fcinfo, 8));

		group->customers_with_orders++;
		add_count(&group->last_day, day);
		add_count(&group->last_day_squared, (__int128) day * day);
	}
	add_count(&group->hashes, (int64) hash_of_state(customer, market, rfm, fits, revenue, has_score ? &score : NULL,
													segment, PG_ARGISNULL(7) ? NULL : PG_GETARG_TEXT_PP(7)));
	PG_RETURN_POINTER(sums);
}

static int
compare_texts(const char *a, int length_a, const char *b, int length_b)
{
	int order = memcmp(a, b, Min(length_a, length_b));

	return order != 0 ? order : (length_a > length_b) - (length_a < length_b);
}

static int
compare_groups(const void *first, const void *second)
{
	const StateGroup *a = *(StateGroup *const *) first;
	const StateGroup *b = *(StateGroup *const *) second;
	int order = compare_texts(a->market, a->market_length, b->market, b->market_length);

	if (order == 0)
		order = compare_texts(a->segment, a->segment_length, b->segment, b->segment_length);
	if (order == 0)
		order = (a->sort > b->sort) - (a->sort < b->sort);
	if (order == 0)
		order = (int) a->has_score - (int) b->has_score;
	return order != 0 ? order : (a->score > b->score) - (a->score < b->score);
}

static Datum
long_sum(const StateGroup *group, LongSum which)
{
	Datum sum = segment_units_to_numeric(group->sum[which], long_sum_decimals[which]);

	return group->beyond[which] ? DirectFunctionCall2(numeric_add, sum, NumericGetDatum(group->beyond[which])) : sum;
}

#define COLUMNS 17

/* Columns in the order of type segment_internal.state_sum. */
static Datum
group_datum(const StateGroup *group, TupleDesc desc)
{
	Datum values[COLUMNS];
	bool nulls[COLUMNS] = {false};
	bool scored = group->has_score && rfm_score_has_orders(group->score);
	int i = 0;

	values[i++] = PointerGetDatum(cstring_to_text_with_len(group->market, group->market_length));
	values[i++] = PointerGetDatum(cstring_to_text_with_len(group->segment, group->segment_length));
	values[i++] = Int16GetDatum(group->sort);
	for (int dimension = 0; dimension < RFM_DIMENSIONS; dimension++)
	{
		nulls[i] = !scored;
		values[i++] = Int16GetDatum((int16) rfm_score_of(group->score, dimension));
	}
	values[i++] = Int64GetDatum(group->customers);
	values[i++] = Int64GetDatum(group->customers_with_orders);
	values[i++] = segment_units_to_numeric(group->orders, 0);
	values[i++] = segment_units_to_numeric(group->orders_squared, 0);
	values[i++] = long_sum(group, SUM_REVENUE);
	values[i++] = long_sum(group, SUM_REVENUE_SQUARED);
	values[i++] = long_sum(group, SUM_AVERAGE);
	values[i++] = long_sum(group, SUM_AVERAGE_SQUARED);
	values[i++] = segment_units_to_numeric(group->last_day, 0);
	values[i++] = segment_units_to_numeric(group->last_day_squared, 0);
	values[i++] = segment_units_to_numeric(group->hashes, 0);
	Assert(i == COLUMNS && desc->natts == COLUMNS);
	return HeapTupleGetDatum(heap_form_tuple(desc, values, nulls));
}

/* The groups as an array of composites, sorted; NULL without any. */
Datum
segment_state_sums_final(PG_FUNCTION_ARGS)
{
	Oid element = get_element_type(get_fn_expr_rettype(fcinfo->flinfo));
	StateSums *sums;
	StateGroup **groups;
	Datum *rows;
	TupleDesc desc;
	int16 length;
	bool by_value;
	char align;
	uint32 n = 0;

	(void) segment_aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	sums = (StateSums *) PG_GETARG_POINTER(0);
	if (sums->count == 0 || !OidIsValid(element))
		PG_RETURN_NULL();
	desc = lookup_rowtype_tupdesc(element, -1);
	if (desc->natts != COLUMNS)
		elog(ERROR, "state_sums_final returns another type");
	groups = segment_palloc_array(StateGroup *, sums->count);
	rows = segment_palloc_array(Datum, sums->count);
	for (uint32 i = 0; i < sums->size; i++)
		if (sums->slots[i])
			groups[n++] = sums->slots[i];
	qsort(groups, n, sizeof(StateGroup *), compare_groups);
	for (uint32 i = 0; i < n; i++)
		rows[i] = group_datum(groups[i], desc);
	ReleaseTupleDesc(desc);
	get_typlenbyvalalign(element, &length, &by_value, &align);
	PG_RETURN_ARRAYTYPE_P(construct_array(rows, (int) n, element, length, by_value, align));
}
