/*
 * order_ids.h: the order ids of one customer, of any hashable type, numbered in the order they came.
 *
 * Each id is appended unless it equals the previous one, so a row touches one place in memory. Duplicates are removed
 * when the buffer is full, and at the end: often enough that memory follows the number of distinct ids, rarely enough
 * that the cost per row does not grow. Ids that arrived in ascending order, as in most growing tables, are known to be
 * distinct without a check.
 */
#ifndef SEGMENT_CORE_ORDER_IDS_H
#define SEGMENT_CORE_ORDER_IDS_H

#include "core/arena.h"
#include "core/checked.h"
#include "core/hash.h"
#include "core/image.h"

#include "lib/stringinfo.h"
#include "math/wire.h"

/* Bytes of a small room. */
#define SEGMENT_ORDER_IDS_SMALL 256

/* How to compare and keep ids of one type. */
typedef struct SegmentOrderIdType
{
	Oid type;
	Oid collation;
	int16 length;
	bool by_value;
	bool by_image; /* equal exactly if their bytes are */
	FmgrInfo equal;
	SegmentTypeHash hash; /* for ids that are not compared by their bytes */
	SegmentHashKey key;
} SegmentOrderIdType;

/* All zero: no ids. */
typedef struct SegmentOrderIds
{
	char *bytes;
	Size capacity; /* of bytes */
	Size used;
	uint32 count;
	uint32 last : 31;	  /* bytes of the id added last */
	uint32 unordered : 1; /* some id did not follow the one before it: by number, or length and bytes */
} SegmentOrderIds;

/* 42883 for a type without equality or hash function. What is looked up lives in context. */
extern void segment_order_id_type(SegmentOrderIdType *id_type, Oid type, Oid collation, MemoryContext context);

/* Bytes that an id takes; ids that vary in length must be detoasted (packed), here and below. */
extern Size segment_order_id_size(const SegmentOrderIdType *id_type, Datum id);

/* segment_order_ids_add for ids that are passed by reference. */
extern bool segment_order_ids_add_bytes(SegmentOrderIds *ids, const SegmentOrderIdType *id_type, Datum id);

/* Adds an id, whose number then is count - 1. False if there is no room for it. */
static inline bool
segment_order_ids_add(SegmentOrderIds *ids, const SegmentOrderIdType *id_type, Datum id)
{
	Datum *place;

	if (!id_type->by_value)
		return segment_order_ids_add_bytes(ids, id_type, id);
	id = segment_canonical_datum(id, id_type->length);
	place = (Datum *) (ids->bytes + ids->used);
	if (ids->count > 0)
	{
		if (place[-1] == id)
			return true;
		ids->unordered |= place[-1] > id;
	}
	if (ids->used + sizeof(Datum) > ids->capacity)
		return false;
	*place = id;
	ids->used += sizeof(Datum);
	ids->last = sizeof(Datum);
	ids->count++;
	return true;
}

/*
 * Adds all ids of another set of the same type, whose numbers go up by ids' count; there must be room for other->used.
 */
extern void segment_order_ids_append(SegmentOrderIds *ids, const SegmentOrderIds *other);

/* Prefetch what adding an id will read. */
static inline void
segment_order_ids_prefetch(const SegmentOrderIds *ids)
{
	__builtin_prefetch(ids->bytes + ids->used - ids->last, 1);
}

/* Prefetch what unifying will read, or most of it. */
static inline void
segment_order_ids_prefetch_all(const SegmentOrderIds *ids)
{
	if (ids->unordered)
		for (Size i = 0; i < Min(ids->used, SEGMENT_ORDER_IDS_SMALL); i += 64)
			__builtin_prefetch(ids->bytes + i);
}

/* True while the room is so small that doubling it is cheaper than unifying. */
static inline bool
segment_order_ids_is_small(const SegmentOrderIds *ids)
{
	return ids->capacity < SEGMENT_ORDER_IDS_SMALL;
}

#ifdef USE_ASSERT_CHECKING
/* What is wrong with a set; NULL if nothing is. */
extern const char *segment_order_ids_fault(const SegmentOrderIds *ids, const SegmentOrderIdType *id_type);
#endif

/* True if no id comes twice, as far as that can be told without looking at them. */
static inline bool
segment_order_ids_are_distinct(const SegmentOrderIds *ids, const SegmentOrderIdType *id_type)
{
	SEGMENT_CHECK_STATE(segment_order_ids_fault(ids, id_type));
	return ids->count <= 1 || (id_type->by_image && !ids->unordered);
}

/*
 * Keeps each id once. number_of (NULL, or room for count numbers) tells which number an id of the old number has now;
 * new numbers follow the first occurrences. Hash and equality functions of some types (numeric) leave copies in the
 * current context, which should be one that is reset after the row.
 */
extern void segment_order_ids_unify(SegmentOrderIds *ids, SegmentOrderIdType *id_type, uint32 *number_of);

/*
 * Makes room for more bytes, in the arena or, where that is NULL, in context; it must be the same each time. Call it
 * after segment_order_ids_unify unless the room is small. Where that left half the room free it does nothing: so
 * unifying pays. 54000 if there are too many ids.
 */
extern void segment_order_ids_reserve(SegmentOrderIds *ids, Size more, MemoryContext context, SegmentArena *arena);

extern void segment_order_ids_write(StringInfo buffer, const SegmentOrderIds *ids);

/* Reads what segment_order_ids_write wrote into the current context; 22P03 unless it is ids of this type. */
extern void segment_order_ids_read(SegmentCursor *cursor, SegmentOrderIds *ids, const SegmentOrderIdType *id_type);

#endif
