/*
 * order_ids.h: a set of order ids of any hashable type, numbered in the order they came. Equality is that of the type.
 */
#ifndef SEGMENT_CORE_ORDER_IDS_H
#define SEGMENT_CORE_ORDER_IDS_H

#include "core/compat.h"

#include "lib/stringinfo.h"

/* How to compare, copy and send ids of one type. */
typedef struct SegmentOrderIdType
{
	Oid type;
	int16 length;
	bool by_value;
	bool is_integer;			/* int4 or int8: compared and hashed inline */
	Oid collation;
	FmgrInfo equal;
	FmgrInfo hash;
} SegmentOrderIdType;

typedef struct SegmentOrderIds
{
	Datum *ids;
	uint32 *hashes;
	uint32 *index;				/* number + 1 by hash, 0 is free; NULL while there are few */
	uint32 index_size;			/* a power of two */
	uint32 count;
	uint32 capacity;
	uint32 recent;				/* the id found last: lines of one order tend to come together */
} SegmentOrderIds;

/* 42883 for a type without equality or hash function. What is looked up lives in context. */
extern void segment_order_id_type(SegmentOrderIdType *id_type, Oid type, Oid collation, MemoryContext context);

/*
 * The number of an id; if it is new, it is added, copied into context, where the set lives. Hash and equality functions
 * of some types (numeric) leave copies behind: the current context should be one that is reset after the row.
 */
extern uint32 segment_order_ids_number(SegmentOrderIds *ids, SegmentOrderIdType *id_type, Datum id,
									   MemoryContext context);

extern void segment_order_id_write(StringInfo buffer, const SegmentOrderIdType *id_type, Datum id);

/* Reads what segment_order_id_write wrote into the current context; 22P03 where that can't be. */
extern Datum segment_order_id_read(StringInfo buffer, const SegmentOrderIdType *id_type);

#endif
