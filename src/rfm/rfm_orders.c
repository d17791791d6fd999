/*
 * rfm_orders.c: rfm_agg(at, amount, order_id): rows with the same id are one order, counted exactly.
 *
 * The state keeps every order id of the customer, so that parts of an aggregation that saw rows of the same order can
 * be merged: counts are exact under parallel plans. An order counts if any of its rows is >= 0; until such a row comes
 * it is a return, whose amount is kept apart. A row with a NULL id is an order (or a return) of its own.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/typcache.h"

#include "core/error.h"
#include "rfm/rfm_input.h"
#include "rfm/rfm_wire.h"

PG_FUNCTION_INFO_V1(segment_rfm_orders_trans);
PG_FUNCTION_INFO_V1(segment_rfm_orders_combine);
PG_FUNCTION_INFO_V1(segment_rfm_orders_serial);
PG_FUNCTION_INFO_V1(segment_rfm_orders_deserial);
PG_FUNCTION_INFO_V1(segment_rfm_orders_final);

/* Up to here a walk along the entries beats an index. */
#define UNINDEXED_ENTRIES 8

/* Few customers have more orders than this. */
#define FIRST_CAPACITY 4

/* How to compare ids of one type; kept per calling function in fn_extra. */
typedef struct OrderIdType
{
	RfmInput input;				/* used by the transition function only */
	Oid type;
	int16 length;
	bool by_value;
	bool is_integer;			/* int4 or int8: compared and hashed inline */
	Oid collation;
	FmgrInfo equal;
	FmgrInfo hash;
} OrderIdType;

/* One order id that was seen. */
typedef struct OrderEntry
{
	Datum id;
	Rfm *returned;				/* NULL for an order; the summed rows (its total) of what is a return so far */
	uint32 hash;
} OrderEntry;

/* The state of one group, all of it in the aggregate's context. */
typedef struct RfmOrders
{
	Rfm *sum;					/* total of all rows; first and last; counts and returned of rows without id */
	OrderEntry *entries;
	uint32 *index;				/* entry number + 1 by hash, 0 is free; NULL while there are few */
	uint32 index_size;			/* a power of two */
	uint32 count;
	uint32 capacity;
	uint32 returns;				/* entries that are returns */
	uint32 recent;				/* the entry found last: lines of one order tend to come together */
	Oid type;
} RfmOrders;

/* Looks up how to compare ids of a type. */
static OrderIdType *
id_type_of(FunctionCallInfo fcinfo, Oid type)
{
	OrderIdType *id_type = (OrderIdType *) fcinfo->flinfo->fn_extra;
	TypeCacheEntry *cache;

	if (id_type != NULL && id_type->type == type)
		return id_type;
	cache = lookup_type_cache(type, TYPECACHE_EQ_OPR_FINFO | TYPECACHE_HASH_PROC_FINFO);
	if (!OidIsValid(cache->eq_opr_finfo.fn_oid) || !OidIsValid(cache->hash_proc_finfo.fn_oid) || cache->typlen == -2)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION), errmsg("order ids of type %s can't be compared",
																	 format_type_be(type)),
						errdetail("An order id needs a type with equality and a hash function."),
						errhint("Cast the order id to text.")));
	id_type = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(OrderIdType));
	id_type->type = type;
	id_type->length = cache->typlen;
	id_type->by_value = cache->typbyval;
	id_type->is_integer = type == INT4OID || type == INT8OID;
	id_type->collation = PG_GET_COLLATION();
	fmgr_info_copy(&id_type->equal, &cache->eq_opr_finfo, fcinfo->flinfo->fn_mcxt);
	fmgr_info_copy(&id_type->hash, &cache->hash_proc_finfo, fcinfo->flinfo->fn_mcxt);
	fcinfo->flinfo->fn_extra = id_type;
	return id_type;
}

static inline uint32
hash_id(OrderIdType *id_type, Datum id)
{
	/* Fibonacci hashing (Knuth, TAOCP 3, 6.4): 2^64 divided by the golden ratio */
	if (id_type->is_integer)
		return (uint32) (((uint64) id * UINT64CONST(0x9E3779B97F4A7C15)) >> 32);
	return DatumGetUInt32(FunctionCall1Coll(&id_type->hash, id_type->collation, id));
}

static inline bool
same_id(OrderIdType *id_type, const OrderEntry *entry, Datum id, uint32 hash)
{
	if (entry->hash != hash)
		return false;
	if (id_type->is_integer)
		return entry->id == id;
	return DatumGetBool(FunctionCall2Coll(&id_type->equal, id_type->collation, entry->id, id));
}

static RfmOrders *
create_state(SegmentTimeKind kind, Oid type)
{
	RfmOrders *state = palloc0(sizeof(RfmOrders));

	state->sum = palloc(sizeof(Rfm));
	segment_rfm_init(state->sum, kind);
	state->type = type;
	return state;
}

/* Finds an id; -1 if it is new. */
static int64
find_entry(RfmOrders *state, OrderIdType *id_type, Datum id, uint32 hash)
{
	if (state->count > 0 && same_id(id_type, &state->entries[state->recent], id, hash))
		return state->recent;
	if (state->index == NULL)
	{
		for (uint32 i = 0; i < state->count; i++)
			if (same_id(id_type, &state->entries[i], id, hash))
				return i;
		return -1;
	}
	for (uint32 at = hash;; at++)
	{
		uint32 slot = state->index[at & (state->index_size - 1)];

		if (slot == 0)
			return -1;
		if (same_id(id_type, &state->entries[slot - 1], id, hash))
			return slot - 1;
	}
}

/* Makes an index at least twice as large as the entries that fit the array. */
static void
rebuild_index(RfmOrders *state)
{
	if (state->index != NULL)
		pfree(state->index);
	state->index_size = 4 * state->capacity;
	state->index = MemoryContextAllocExtended(CurrentMemoryContext, mul_size(sizeof(uint32), state->index_size),
											  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (uint32 i = 0; i < state->count; i++)
	{
		uint32 at = state->entries[i].hash;

		while (state->index[at & (state->index_size - 1)] != 0)
			at++;
		state->index[at & (state->index_size - 1)] = i + 1;
	}
}

/* Appends an id that is not there yet; copies it into the current context. */
static OrderEntry *
append_entry(RfmOrders *state, OrderIdType *id_type, Datum id, uint32 hash)
{
	OrderEntry *entry;

	if (state->count == state->capacity)
	{
		uint32 capacity = state->capacity == 0 ? FIRST_CAPACITY : 2 * state->capacity;
		Size size = mul_size(sizeof(OrderEntry), capacity);

		if (capacity > PG_UINT32_MAX / 8)
			ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many orders of one customer"),
							errdetail("One group can have at most %u distinct order ids.", PG_UINT32_MAX / 8),
							errhint("Check that the grouping key is the customer.")));
		state->entries = state->entries == NULL ? palloc(size) : repalloc_huge(state->entries, size);
		state->capacity = capacity;
		if (capacity > UNINDEXED_ENTRIES)
			rebuild_index(state);
	}
	state->recent = state->count;
	entry = &state->entries[state->count++];
	entry->id = datumCopy(id, id_type->by_value, id_type->length);
	entry->hash = hash;
	entry->returned = NULL;
	if (state->index != NULL)
	{
		uint32 at = hash;

		while (state->index[at & (state->index_size - 1)] != 0)
			at++;
		state->index[at & (state->index_size - 1)] = state->count;
	}
	return entry;
}

/* Adds one row with the id that find_entry has found, or not; runs in the aggregate's context. */
static void
add_row(RfmOrders *state, OrderIdType *id_type, Datum id, uint32 hash, int64 found, int64 at,
		const SegmentAmount *amount)
{
	bool is_new = found < 0;
	OrderEntry *entry = is_new ? append_entry(state, id_type, id, hash) : &state->entries[found];

	state->recent = (uint32) (entry - state->entries);
	state->sum = segment_rfm_add_amount(state->sum, amount, true, false);
	if (segment_amount_is_negative(amount))
	{
		if (is_new)
		{
			entry->returned = palloc(sizeof(Rfm));
			segment_rfm_init(entry->returned, state->sum->kind);
			state->returns++;
		}
		if (entry->returned != NULL)
			entry->returned = segment_rfm_add_amount(entry->returned, amount, true, false);
		return;
	}
	if (entry->returned != NULL)
	{
		pfree(entry->returned);
		entry->returned = NULL;
		state->returns--;
	}
	state->sum->first = Min(state->sum->first, at);
	state->sum->last = Max(state->sum->last, at);
}

/* Adds one row; a row with a NULL time or amount is skipped, its id too. */
Datum
segment_rfm_orders_trans(PG_FUNCTION_ARGS)
{
	OrderIdType *id_type = (OrderIdType *) fcinfo->flinfo->fn_extra;
	RfmOrders *state = PG_ARGISNULL(0) ? NULL : (RfmOrders *) PG_GETARG_POINTER(0);
	MemoryContext aggregate_context;
	MemoryContext caller_context;
	int64 at;
	SegmentAmount amount;
	Datum id = 0;
	uint32 hash = 0;
	int64 found = -1;

	if (!AggCheckCallContext(fcinfo, &aggregate_context))
		segment_not_an_aggregate("rfm_agg_trans");
	if (id_type == NULL)
	{
		Oid type = get_fn_expr_argtype(fcinfo->flinfo, 3);

		if (!OidIsValid(type))
			elog(ERROR, "could not determine the type of the order id");
		id_type = id_type_of(fcinfo, type);
		segment_rfm_input_of(fcinfo, &id_type->input);
	}
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	segment_rfm_read_row(fcinfo, &id_type->input, &at, &amount);
	if (!PG_ARGISNULL(3))
	{
		/* in the caller's short-lived context: detoasting, hashing and comparing may leave copies behind */
		id = PG_GETARG_DATUM(3);
		if (id_type->length == -1)
			id = PointerGetDatum(PG_DETOAST_DATUM_PACKED(id));
		hash = hash_id(id_type, id);
		if (state != NULL)
			found = find_entry(state, id_type, id, hash);
	}

	caller_context = MemoryContextSwitchTo(aggregate_context);
	if (state == NULL)
		state = create_state(id_type->input.kind, id_type->type);
	if (PG_ARGISNULL(3))
		state->sum = segment_rfm_add(state->sum, at, &amount);
	else
		add_row(state, id_type, id, hash, found, at, &amount);
	MemoryContextSwitchTo(caller_context);
	PG_RETURN_POINTER(state);
}

/* A copy of a summary in the current context. */
static Rfm *
copy_rfm(const Rfm *rfm)
{
	Rfm *copy = palloc(VARSIZE(rfm));

	memcpy(copy, rfm, VARSIZE(rfm));
	return copy;
}

/* Lets the orders of other join those of state; other is left untouched. */
static void
merge_entries(RfmOrders *state, const RfmOrders *other, OrderIdType *id_type)
{
	for (uint32 i = 0; i < other->count; i++)
	{
		const OrderEntry *theirs = &other->entries[i];
		int64 found = find_entry(state, id_type, theirs->id, theirs->hash);

		if (found < 0)
		{
			OrderEntry *ours = append_entry(state, id_type, theirs->id, theirs->hash);

			if (theirs->returned != NULL)
			{
				ours->returned = copy_rfm(theirs->returned);
				state->returns++;
			}
		}
		else
		{
			OrderEntry *ours = &state->entries[found];

			if (ours->returned != NULL && theirs->returned != NULL)
				ours->returned = segment_rfm_merge(ours->returned, theirs->returned);
			else if (ours->returned != NULL)
			{
				pfree(ours->returned);
				ours->returned = NULL;
				state->returns--;
			}
		}
	}
}

Datum
segment_rfm_orders_combine(PG_FUNCTION_ARGS)
{
	RfmOrders *state = PG_ARGISNULL(0) ? NULL : (RfmOrders *) PG_GETARG_POINTER(0);
	RfmOrders *other = PG_ARGISNULL(1) ? NULL : (RfmOrders *) PG_GETARG_POINTER(1);
	OrderIdType *id_type;
	MemoryContext aggregate_context;
	MemoryContext caller_context;

	if (!AggCheckCallContext(fcinfo, &aggregate_context))
		segment_not_an_aggregate("rfm_agg_combine");
	if (other == NULL)
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	id_type = id_type_of(fcinfo, other->type);
	caller_context = MemoryContextSwitchTo(aggregate_context);
	if (state == NULL)
		state = create_state(other->sum->kind, other->type);
	state->sum = segment_rfm_merge(state->sum, other->sum);
	merge_entries(state, other, id_type);
	MemoryContextSwitchTo(caller_context);
	PG_RETURN_POINTER(state);
}

static void
write_id(StringInfo buffer, const OrderIdType *id_type, Datum id)
{
	if (id_type->by_value)
		pq_sendint64(buffer, (int64) id);
	else if (id_type->length == -1)
	{
		pq_sendint32(buffer, (uint32) VARSIZE_ANY_EXHDR(DatumGetPointer(id)));
		pq_sendbytes(buffer, VARDATA_ANY(DatumGetPointer(id)), (int) VARSIZE_ANY_EXHDR(DatumGetPointer(id)));
	}
	else
		pq_sendbytes(buffer, DatumGetPointer(id), id_type->length);
}

static Datum
read_id(StringInfo buffer, const OrderIdType *id_type)
{
	char *copy;
	int length;

	if (id_type->by_value)
		return (Datum) pq_getmsgint64(buffer);
	if (id_type->length == -1)
	{
		length = (int) pq_getmsgint(buffer, 4);
		if (length < 0 || length > buffer->len - buffer->cursor)
			elog(ERROR, "invalid length of an order id in a serialized state");
		copy = palloc(length + VARHDRSZ);
		SET_VARSIZE(copy, length + VARHDRSZ);
		memcpy(VARDATA(copy), pq_getmsgbytes(buffer, length), length);
		return PointerGetDatum(copy);
	}
	copy = palloc(id_type->length);
	memcpy(copy, pq_getmsgbytes(buffer, id_type->length), id_type->length);
	return PointerGetDatum(copy);
}

/*
 * Type of the ids, the sum, number of ids, then each id with its hash, and its returned amount if it is a return. The
 * hash travels because deserialization is not told the collation.
 */
Datum
segment_rfm_orders_serial(PG_FUNCTION_ARGS)
{
	RfmOrders *state;
	OrderIdType *id_type;
	StringInfoData buffer;

	if (!AggCheckCallContext(fcinfo, NULL))
		segment_not_an_aggregate("rfm_agg_serial");
	state = (RfmOrders *) PG_GETARG_POINTER(0);
	id_type = id_type_of(fcinfo, state->type);
	pq_begintypsend(&buffer);
	pq_sendint32(&buffer, state->type);
	segment_rfm_write(&buffer, state->sum);
	pq_sendint32(&buffer, state->count);
	for (uint32 i = 0; i < state->count; i++)
	{
		const OrderEntry *entry = &state->entries[i];

		write_id(&buffer, id_type, entry->id);
		pq_sendint32(&buffer, entry->hash);
		pq_sendint8(&buffer, entry->returned != NULL);
		if (entry->returned != NULL)
			segment_rfm_write(&buffer, entry->returned);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

Datum
segment_rfm_orders_deserial(PG_FUNCTION_ARGS)
{
	bytea *bytes;
	StringInfoData buffer;
	OrderIdType *id_type;
	RfmOrders *state;
	uint32 count;
	Oid type;

	if (!AggCheckCallContext(fcinfo, NULL))
		segment_not_an_aggregate("rfm_agg_deserial");
	bytes = PG_GETARG_BYTEA_PP(0);
	initStringInfo(&buffer);
	appendBinaryStringInfo(&buffer, VARDATA_ANY(bytes), (int) VARSIZE_ANY_EXHDR(bytes));
	type = pq_getmsgint(&buffer, 4);
	id_type = id_type_of(fcinfo, type);
	state = palloc0(sizeof(RfmOrders));
	state->type = type;
	state->sum = segment_rfm_read(&buffer, true);
	count = pq_getmsgint(&buffer, 4);
	for (uint32 i = 0; i < count; i++)
	{
		Datum id = read_id(&buffer, id_type);
		uint32 hash = pq_getmsgint(&buffer, 4);
		OrderEntry *entry = append_entry(state, id_type, id, hash);

		if (pq_getmsgbyte(&buffer) != 0)
		{
			entry->returned = segment_rfm_read(&buffer, true);
			state->returns++;
		}
	}
	pq_getmsgend(&buffer);
	pfree(buffer.data);
	PG_RETURN_POINTER(state);
}

/* The summary: the ids become counts. The state stays as it is. */
Datum
segment_rfm_orders_final(PG_FUNCTION_ARGS)
{
	RfmOrders *state;
	Rfm *result;

	if (!AggCheckCallContext(fcinfo, NULL))
		segment_not_an_aggregate("rfm_agg_final");
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (RfmOrders *) PG_GETARG_POINTER(0);
	result = copy_rfm(state->sum);
	result->orders += state->count - state->returns;
	result->returns += state->returns;
	for (uint32 i = 0; state->returns > 0 && i < state->count; i++)
	{
		const Rfm *returned = state->entries[i].returned;
		SegmentAmount amount;

		if (returned == NULL)
			continue;
		amount.scale = returned->scale;
		amount.is_wide = true;
		amount.wide = segment_rfm_total(returned);
		result = segment_rfm_add_amount(result, &amount, false, true);
	}
	PG_RETURN_POINTER(segment_rfm_finish(result));
}
