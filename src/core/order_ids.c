/*
 * order_ids.c: the order ids of one customer.
 *
 * How an id lies among the bytes depends on its type:
 *   passed by value                a Datum
 *   of fixed length                its bytes, up to a multiple of 8
 *   varlena, compared by image     its length (1 byte, or 255 and 4 bytes), then what it holds
 *   other varlena                  as functions want it: detoasted, 4-byte head, up to a multiple of 8
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "core/error.h"
#include "core/memory.h"
#include "core/order_ids.h"

/* Lengths from here on take 4 bytes more. */
#define LONG_LENGTH 255

/* Bytes: four ids that are passed by value. Few customers have more orders than that. */
#define FIRST_CAPACITY 32

/* Distinct ids of one group. */
#define IDS_MAX (PG_UINT32_MAX / 16)

/* A table of so many slots lies on the stack. */
#define SLOTS_ON_STACK 128

/* From here on calls of functions get a context of their own, which is reset every so many ids. */
#define IDS_PER_RESET 64

void
segment_order_id_type(SegmentOrderIdType *id_type, Oid type, Oid collation, MemoryContext context)
{
	TypeCacheEntry *cache = lookup_type_cache(type, TYPECACHE_EQ_OPR_FINFO | TYPECACHE_HASH_PROC);

	if (!OidIsValid(cache->eq_opr_finfo.fn_oid) || !OidIsValid(cache->hash_proc) || cache->typlen == -2 ||
		!segment_type_hash(&id_type->hash, type, cache->eq_opr, context))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION),
						errmsg("order ids of type %s cannot be compared", format_type_be(type)),
						errdetail("An order id needs a type with equality and a hash function."),
						errhint("Cast the order id to text.")));
	id_type->type = type;
	id_type->collation = collation;
	id_type->length = cache->typlen;
	id_type->by_value = cache->typbyval;
	id_type->by_image = segment_equal_by_image(cache->eq_opr_finfo.fn_oid, collation);
	fmgr_info_copy(&id_type->equal, &cache->eq_opr_finfo, context);
	segment_hash_draw(&id_type->key);
}

/* True if ids are kept as a length and bytes. */
static inline bool
has_length_prefix(const SegmentOrderIdType *id_type)
{
	return id_type->length == -1 && id_type->by_image;
}

/* Bytes of a length in front of what a varlena holds. */
static inline Size
prefix_size(Size length)
{
	return length < LONG_LENGTH ? 1 : 1 + sizeof(uint32);
}

/* The length that stands in front of an item. */
static inline uint32
prefix_of(const char *item)
{
	uint32 length = (unsigned char) *item;

	if (length == LONG_LENGTH)
		memcpy(&length, item + 1, sizeof(length));
	return length;
}

Size
segment_order_id_size(const SegmentOrderIdType *id_type, Datum id)
{
	Size length;

	if (id_type->by_value)
		return sizeof(Datum);
	if (id_type->length > 0)
		return MAXALIGN(id_type->length);
	length = VARSIZE_ANY_EXHDR(DatumGetPointer(id));
	return has_length_prefix(id_type) ? prefix_size(length) + length : MAXALIGN(VARHDRSZ + length);
}

/* Bytes of an item that lies among the bytes. */
static inline Size
item_size(const SegmentOrderIdType *id_type, const char *item)
{
	if (id_type->by_value)
		return sizeof(Datum);
	if (id_type->length > 0)
		return MAXALIGN(id_type->length);
	return has_length_prefix(id_type) ? prefix_size(prefix_of(item)) + prefix_of(item) : MAXALIGN(VARSIZE(item));
}

/* Writes an id of this size, and zeros up to it. */
static void
write_item(char *item, Size size, const SegmentOrderIdType *id_type, Datum id)
{
	const char *value = DatumGetPointer(id);
	Size length;

	if (id_type->length > 0)
	{
		memcpy(item, value, id_type->length);
		memset(item + id_type->length, 0, size - id_type->length);
		return;
	}
	length = VARSIZE_ANY_EXHDR(value);
	if (has_length_prefix(id_type))
	{
		*item++ = (char) Min(length, LONG_LENGTH);
		if (length >= LONG_LENGTH)
		{
			uint32 long_length = (uint32) length;

			memcpy(item, &long_length, sizeof(long_length));
			item += sizeof(long_length);
		}
		memcpy(item, VARDATA_ANY(value), length);
		return;
	}
	SET_VARSIZE(item, VARHDRSZ + length);
	memcpy(VARDATA(item), VARDATA_ANY(value), length);
	memset(VARDATA(item) + length, 0, size - VARHDRSZ - length);
}

static inline uint64
big_endian(const char *bytes)
{
	uint64 word;

	memcpy(&word, bytes, sizeof(word));
	return pg_ntoh64(word);
}

/*
 * memcmp. Where the bytes are few, what is done does not depend on them: memory that is still on its way then holds
 * up nothing but the result.
 */
static inline int
compare_image(const char *a, const char *b, Size length)
{
	uint64 a_word;
	uint64 b_word;
	uint64 rest;

	if (length < sizeof(uint64) || length > 2 * sizeof(uint64))
		return memcmp(a, b, length);
	a_word = big_endian(a);
	b_word = big_endian(b);
	rest = a_word == b_word ? PG_UINT64_MAX : 0;
	a_word = (a_word & ~rest) | (big_endian(a + length - sizeof(uint64)) & rest);
	b_word = (b_word & ~rest) | (big_endian(b + length - sizeof(uint64)) & rest);
	return (a_word > b_word) - (a_word < b_word);
}

/* Compares the bytes of an item with those of an id of the same size: 0 if they are the same. */
static int
compare_bytes(const char *item, Size size, const SegmentOrderIdType *id_type, Datum id)
{
	const char *value = DatumGetPointer(id);
	Size length;

	if (id_type->length > 0)
		return compare_image(item, value, id_type->length);
	length = VARSIZE_ANY_EXHDR(value);
	if (has_length_prefix(id_type))
		return compare_image(item + size - length, VARDATA_ANY(value), length);
	return VARSIZE(item) != VARHDRSZ + length ? 1 : memcmp(VARDATA(item), VARDATA_ANY(value), length);
}

bool
segment_order_ids_add_bytes(SegmentOrderIds *ids, const SegmentOrderIdType *id_type, Datum id)
{
	Size size = segment_order_id_size(id_type, id);
	char *place = ids->bytes + ids->used;

	if (ids->count > 0)
	{
		int order = ids->last != size ? (ids->last < size ? -1 : 1) : compare_bytes(place - size, size, id_type, id);

		if (order == 0)
			return true;
		ids->unordered |= order > 0;
	}
	if (ids->used + size > ids->capacity)
		return false;
	write_item(place, size, id_type, id);
	ids->used += size;
	ids->last = (uint32) size;
	ids->count++;
	return true;
}

void
segment_order_ids_append(SegmentOrderIds *ids, const SegmentOrderIds *other)
{
	if (other->count == 0)
		return;
	ids->unordered |= other->unordered || ids->count > 0;
	memcpy(ids->bytes + ids->used, other->bytes, other->used);
	ids->used += other->used;
	ids->count += other->count;
	ids->last = other->last;
}

/* An item as a Datum that functions take. */
static inline Datum
item_value(const SegmentOrderIdType *id_type, const char *item)
{
	return id_type->by_value ? *(const Datum *) item : PointerGetDatum(item);
}

static inline uint32
hash_item(SegmentOrderIdType *id_type, const char *item, Size size)
{
	uint64 hash;

	if (!id_type->by_image)
		hash = segment_type_hash_value(&id_type->hash, &id_type->key, 0, id_type->collation, item_value(id_type, item));
	else if (id_type->by_value)
		hash = segment_hash_word(&id_type->key, 0, *(const Datum *) item);
	else
		hash = segment_hash_bytes(&id_type->key, 0, item, size);
	return segment_hash_end(hash);
}

static inline bool
same_item(SegmentOrderIdType *id_type, const char *a, const char *b, Size size)
{
	if (!id_type->by_image)
		return DatumGetBool(
			FunctionCall2Coll(&id_type->equal, id_type->collation, item_value(id_type, a), item_value(id_type, b)));
	if (id_type->by_value)
		return *(const Datum *) a == *(const Datum *) b;
	/* a length in front differs first */
	return memcmp(a, b, size) == 0;
}

void
segment_order_ids_unify(SegmentOrderIds *ids, SegmentOrderIdType *id_type, uint32 *number_of)
{
	uint64 slots_on_stack[SLOTS_ON_STACK];
	Size place_on_stack[SLOTS_ON_STACK / 2];
	uint64 *slot = slots_on_stack; /* hash and number + 1; 0 is free */
	Size *place = place_on_stack;  /* of the ids that are kept, by number */
	Size slots = 4;
	char *item = ids->bytes;
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext calls = NULL;
	uint32 count = 0;
	Size used = 0;

	if (segment_order_ids_are_distinct(ids, id_type))
	{
		for (uint32 i = 0; number_of != NULL && i < ids->count; i++)
			number_of[i] = i;
		return;
	}
	while (slots < 2 * (Size) ids->count)
		slots *= 2;
	if (slots > SLOTS_ON_STACK)
	{
		slot = MemoryContextAllocHuge(caller, mul_size(sizeof(uint64), slots));
		place = MemoryContextAllocHuge(caller, mul_size(sizeof(Size), ids->count));
		if (!id_type->by_image)
			calls = AllocSetContextCreate(caller, "order ids", ALLOCSET_DEFAULT_SIZES);
	}
	memset(slot, 0, slots * sizeof(uint64));
	if (calls != NULL)
		MemoryContextSwitchTo(calls);
	for (uint32 i = 0; i < ids->count; i++)
	{
		Size size = item_size(id_type, item);
		uint32 hash = hash_item(id_type, item, size);
		Size at = hash & (slots - 1);

		while (slot[at] != 0 &&
			   !(slot[at] >> 32 == hash && same_item(id_type, ids->bytes + place[(uint32) slot[at] - 1], item, size)))
			at = (at + 1) & (slots - 1);
		if (slot[at] == 0)
		{
			if (item != ids->bytes + used)
				memmove(ids->bytes + used, item, size);
			place[count] = used;
			used += size;
			ids->last = (uint32) size;
			slot[at] = (uint64) hash << 32 | ++count;
		}
		if (number_of != NULL)
			number_of[i] = (uint32) slot[at] - 1;
		item += size;
		if (i % IDS_PER_RESET == IDS_PER_RESET - 1)
		{
			CHECK_FOR_INTERRUPTS();
			if (calls != NULL)
				MemoryContextReset(calls);
		}
	}
	ids->count = count;
	ids->used = used;
	MemoryContextSwitchTo(caller);
	if (calls != NULL)
		MemoryContextDelete(calls);
	if (slot != slots_on_stack)
	{
		pfree(slot);
		pfree(place);
	}
	SEGMENT_CHECK_STATE(segment_order_ids_fault(ids, id_type));
}

void
segment_order_ids_reserve(SegmentOrderIds *ids, Size more, MemoryContext context, SegmentArena *arena)
{
	Size capacity = Max(FIRST_CAPACITY, 2 * ids->capacity);

	if (ids->count > IDS_MAX)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many orders of one customer"),
						errdetail("One group can have at most %u distinct order ids.", IDS_MAX),
						errhint("Check that the grouping key is the customer.")));
	if (ids->used + more <= ids->capacity / 2)
		return;
	while (capacity < ids->used + more)
		capacity *= 2;
	ids->bytes = segment_arena_grow(arena, context, ids->bytes, ids->used, ids->capacity, capacity);
	ids->capacity = capacity;
}

void
segment_order_ids_write(StringInfo buffer, const SegmentOrderIds *ids)
{
	segment_check_value_size("the set of order ids of one customer", ids->used,
							 "Set max_parallel_workers_per_gather to 0: parallel workers hand sets over as values.");
	pq_sendint64(buffer, (int64) ids->used);
	appendBinaryStringInfo(buffer, ids->bytes, (int) ids->used);
}

/* Bytes of the item at the beginning of so many bytes; 0 if they are none. */
static Size
checked_item_size(const SegmentOrderIdType *id_type, const char *item, Size left)
{
	Size size;

	if (id_type->by_value || id_type->length > 0)
		size = item_size(id_type, item);
	else if (has_length_prefix(id_type))
	{
		if (left < prefix_size((unsigned char) *item))
			return 0;
		size = item_size(id_type, item);
	}
	else
	{
		if (left < VARHDRSZ || !VARATT_IS_4B_U(item) || VARSIZE(item) < VARHDRSZ)
			return 0;
		size = item_size(id_type, item);
	}
	return size <= left ? size : 0;
}

void
segment_order_ids_read(SegmentCursor *cursor, SegmentOrderIds *ids, const SegmentOrderIdType *id_type)
{
	uint64 size = segment_take(cursor, 8);
	const unsigned char *bytes = segment_take_bytes(cursor, size);

	if (bytes == NULL)
		segment_refuse_state("an aggregate with order ids", "The order ids are not what such a state holds.");
	memset(ids, 0, sizeof(*ids));
	if (size == 0)
		return;
	segment_order_ids_reserve(ids, size, CurrentMemoryContext, NULL);
	memcpy(ids->bytes, bytes, size);
	while (ids->used < size)
	{
		ids->last = (uint32) checked_item_size(id_type, ids->bytes + ids->used, size - ids->used);
		if (ids->last == 0)
			segment_refuse_state("an aggregate with order ids", "The order ids are not what such a state holds.");
		ids->used += ids->last;
		ids->count++;
	}
	ids->unordered = true;
	SEGMENT_CHECK_STATE(segment_order_ids_fault(ids, id_type));
}

#ifdef USE_ASSERT_CHECKING
const char *
segment_order_ids_fault(const SegmentOrderIds *ids, const SegmentOrderIdType *id_type)
{
	const char *item = ids->bytes;
	Size used = 0;
	Size last = 0;

	if (ids->used > ids->capacity)
		return "Order ids use more than there is.";
	for (uint32 i = 0; i < ids->count; i++)
	{
		Size size = used < ids->used ? checked_item_size(id_type, item, ids->used - used) : 0;

		if (size == 0)
			return "There are fewer order ids than were counted.";
		if (i > 0 && id_type->by_image && !ids->unordered)
		{
			bool ascends = last < size;

			if (id_type->by_value)
				ascends = ((const Datum *) item)[-1] < *(const Datum *) item;
			else if (last == size)
				ascends = memcmp(item - size, item, size) < 0;
			if (!ascends)
				return "Order ids that are said to ascend do not.";
		}
		used += size;
		item += size;
		last = size;
	}
	return used != ids->used || last != ids->last ? "The bytes of order ids do not end with the last one." : NULL;
}
#endif
