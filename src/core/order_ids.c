/*
 * order_ids.c: a set of order ids of any hashable type.
 */
#include "postgres.h"

#include "core/order_ids.h"

#include "catalog/pg_type.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/typcache.h"

/* Up to here a walk along the ids beats an index. */
#define UNINDEXED_IDS 8

/* Few customers have more orders than this. */
#define FIRST_CAPACITY 4

void
segment_order_id_type(SegmentOrderIdType *id_type, Oid type, Oid collation, MemoryContext context)
{
	TypeCacheEntry *cache = lookup_type_cache(type, TYPECACHE_EQ_OPR_FINFO | TYPECACHE_HASH_PROC_FINFO);

	if (!OidIsValid(cache->eq_opr_finfo.fn_oid) || !OidIsValid(cache->hash_proc_finfo.fn_oid) || cache->typlen == -2)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION), errmsg("order ids of type %s can't be compared",
																	 format_type_be(type)),
						errdetail("An order id needs a type with equality and a hash function."),
						errhint("Cast the order id to text.")));
	id_type->type = type;
	id_type->length = cache->typlen;
	id_type->by_value = cache->typbyval;
	id_type->is_integer = type == INT4OID || type == INT8OID;
	id_type->collation = collation;
	fmgr_info_copy(&id_type->equal, &cache->eq_opr_finfo, context);
	fmgr_info_copy(&id_type->hash, &cache->hash_proc_finfo, context);
}

static inline uint32
hash_id(SegmentOrderIdType *id_type, Datum id)
{
	/* Fibonacci hashing (Knuth, TAOCP 3, 6.4): 2^64 divided by the golden ratio */
	if (id_type->is_integer)
		return (uint32) (((uint64) id * UINT64CONST(0x9E3779B97F4A7C15)) >> 32);
	return DatumGetUInt32(FunctionCall1Coll(&id_type->hash, id_type->collation, id));
}

static inline bool
same_id(const SegmentOrderIds *ids, SegmentOrderIdType *id_type, uint32 number, Datum id, uint32 hash)
{
	if (ids->hashes[number] != hash)
		return false;
	if (id_type->is_integer)
		return ids->ids[number] == id;
	return DatumGetBool(FunctionCall2Coll(&id_type->equal, id_type->collation, ids->ids[number], id));
}

/* The number of an id; -1 if it is new. */
static int64
find_id(const SegmentOrderIds *ids, SegmentOrderIdType *id_type, Datum id, uint32 hash)
{
	if (ids->count > 0 && same_id(ids, id_type, ids->recent, id, hash))
		return ids->recent;
	if (ids->index == NULL)
	{
		for (uint32 i = 0; i < ids->count; i++)
			if (same_id(ids, id_type, i, id, hash))
				return i;
		return -1;
	}
	for (uint32 at = hash;; at++)
	{
		uint32 slot = ids->index[at & (ids->index_size - 1)];

		if (slot == 0)
			return -1;
		if (same_id(ids, id_type, slot - 1, id, hash))
			return slot - 1;
	}
}

static void
put_in_index(SegmentOrderIds *ids, uint32 number)
{
	uint32 at = ids->hashes[number];

	while (ids->index[at & (ids->index_size - 1)] != 0)
		at++;
	ids->index[at & (ids->index_size - 1)] = number + 1;
}

/* Makes room for one more; the index stays at most half full. */
static void
grow(SegmentOrderIds *ids)
{
	uint32 capacity = ids->capacity == 0 ? FIRST_CAPACITY : 2 * ids->capacity;

	if (capacity > PG_UINT32_MAX / 8)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many orders of one customer"),
						errdetail("One group can have at most %u distinct order ids.", PG_UINT32_MAX / 8),
						errhint("Check that the grouping key is the customer.")));
	if (ids->ids == NULL)
	{
		ids->ids = segment_palloc_array(Datum, capacity);
		ids->hashes = segment_palloc_array(uint32, capacity);
	}
	else
	{
		ids->ids = repalloc_huge(ids->ids, mul_size(sizeof(Datum), capacity));
		ids->hashes = repalloc_huge(ids->hashes, mul_size(sizeof(uint32), capacity));
	}
	ids->capacity = capacity;
	if (capacity <= UNINDEXED_IDS)
		return;
	if (ids->index != NULL)
		pfree(ids->index);
	ids->index_size = 2 * capacity;
	ids->index = MemoryContextAllocExtended(CurrentMemoryContext, mul_size(sizeof(uint32), ids->index_size),
											MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (uint32 i = 0; i < ids->count; i++)
		put_in_index(ids, i);
}

uint32
segment_order_ids_number(SegmentOrderIds *ids, SegmentOrderIdType *id_type, Datum id, MemoryContext context)
{
	uint32 hash = hash_id(id_type, id);
	int64 found = find_id(ids, id_type, id, hash);

	if (found < 0)
	{
		MemoryContext caller_context = MemoryContextSwitchTo(context);

		if (ids->count == ids->capacity)
			grow(ids);
		found = ids->count;
		ids->ids[found] = datumCopy(id, id_type->by_value, id_type->length);
		ids->hashes[found] = hash;
		ids->count++;
		if (ids->index != NULL)
			put_in_index(ids, (uint32) found);
		MemoryContextSwitchTo(caller_context);
	}
	ids->recent = (uint32) found;
	return (uint32) found;
}

void
segment_order_id_write(StringInfo buffer, const SegmentOrderIdType *id_type, Datum id)
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

Datum
segment_order_id_read(StringInfo buffer, const SegmentOrderIdType *id_type)
{
	char *copy;
	int length;

	if (id_type->by_value)
		return (Datum) pq_getmsgint64(buffer);
	if (id_type->length == -1)
	{
		length = (int) pq_getmsgint(buffer, 4);
		if (length < 0 || length > buffer->len - buffer->cursor)
			ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
							errmsg("invalid length of an order id in a serialized state")));
		copy = palloc(length + VARHDRSZ);
		SET_VARSIZE(copy, length + VARHDRSZ);
		memcpy(VARDATA(copy), pq_getmsgbytes(buffer, length), length);
		return PointerGetDatum(copy);
	}
	copy = palloc(id_type->length);
	memcpy(copy, pq_getmsgbytes(buffer, id_type->length), id_type->length);
	return PointerGetDatum(copy);
}
