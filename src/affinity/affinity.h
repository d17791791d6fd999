/*
 * affinity.h: items (the set of things in one basket) and affinity (how often two of them lie in one), as values.
 *
 * Items are integers or texts. Integers are ordered by value, texts by their bytes; a value holds one kind only.
 */
#ifndef SEGMENT_AFFINITY_AFFINITY_H
#define SEGMENT_AFFINITY_AFFINITY_H

#include "core/compat.h"

#include "lib/stringinfo.h"

#include "math/wire.h"

typedef enum SegmentItemKind
{
	SEGMENT_ITEM_INTEGER = 0,
	SEGMENT_ITEM_TEXT = 1
} SegmentItemKind;

#define SEGMENT_ITEM_KINDS 2

/* One item; bytes belong to whatever it was read from. */
typedef struct SegmentItem
{
	union
	{
		int64 number;
		const char *bytes;
	};
	uint32 length; /* of bytes */
} SegmentItem;

/* Three-way comparison. */
static inline int
segment_item_compare(SegmentItemKind kind, const SegmentItem *a, const SegmentItem *b)
{
	int order;

	if (kind == SEGMENT_ITEM_INTEGER)
		return a->number < b->number ? -1 : a->number > b->number;
	order = memcmp(a->bytes, b->bytes, Min(a->length, b->length));
	return order != 0 ? order : a->length < b->length ? -1 : a->length > b->length;
}

/* --- numbers of any size, seven bits a byte ------------------------------------------------------ */

#define SEGMENT_COUNT_BYTES 10

/* Writes a number, the least significant bits first, and returns the place behind. */
static inline unsigned char *
segment_put_count(unsigned char *at, uint64 value)
{
	for (; value >= 0x80; value >>= 7)
		*at++ = (unsigned char) (0x80 | (value & 0x7F));
	*at++ = (unsigned char) value;
	return at;
}

extern uint64 segment_take_long_count(SegmentCursor *cursor);

/* Reads one; 0 and is_short if it is not there, or not in its shortest form. */
static inline uint64
segment_take_count(SegmentCursor *cursor)
{
	if (likely(cursor->at < cursor->end && *cursor->at < 0x80))
		return *cursor->at++;
	return segment_take_long_count(cursor);
}

/* --- lists of items ------------------------------------------------------------------------------- */

/* A growing list in one memory context, of items in any order, or sorted and each once. */
typedef struct SegmentItems
{
	MemoryContext context;
	SegmentItemKind kind;
	uint32 n;
	uint32 size; /* room for items */
	SegmentItem *item;
	char *bytes; /* texts */
	Size used;
	Size capacity;
	bool is_pointing; /* texts: items point to their bytes, not only say at what distance from bytes they lie */
} SegmentItems;

/* An empty list. */
extern void segment_items_init(SegmentItems *items, SegmentItemKind kind, MemoryContext context);

/* Appends a copy. */
extern void segment_items_add(SegmentItems *items, const SegmentItem *item);

/* Sorts, and keeps each once. Items can be read until one is added. */
extern void segment_items_sort(SegmentItems *items);

/* Sorts and returns how: place[i] is where the item that was i stands now. False if some item was there twice. */
extern bool segment_items_sort_places(SegmentItems *items, uint32 *place);

/* Bytes that sorted items take, and the items themselves: integers by their differences, texts after their lengths. */
extern Size segment_items_size(const SegmentItems *items);
extern unsigned char *segment_items_put(unsigned char *at, const SegmentItems *items);

/* Reads sorted items one by one. */
typedef struct SegmentItemReader
{
	SegmentCursor cursor;
	SegmentItemKind kind;
	uint64 left;
	uint64 read;
	SegmentItem last;
	const char *fault;
} SegmentItemReader;

extern SegmentItemReader segment_item_reader(SegmentCursor cursor, SegmentItemKind kind, uint64 n);

/* False at the end, or if the next one is not in order: then fault says so. */
extern bool segment_item_next(SegmentItemReader *reader, SegmentItem *item);

/*
 * Reads one item: digits, or a text in double quotes as JSON has it, which goes to bytes (room for all the rest of text).
 * What is wrong with it, or NULL.
 */
extern const char *segment_item_parse(const char **text, SegmentItemKind kind, char *bytes, SegmentItem *item);
extern void segment_item_print(StringInfo text, SegmentItemKind kind, const SegmentItem *item);

/* The kind of the item that a text begins with: texts begin with a quote. */
extern SegmentItemKind segment_item_kind_of(const char **text);

/* The binary form of one item: texts in the client's encoding. */
extern void segment_item_send(StringInfo message, SegmentItemKind kind, const SegmentItem *item);
extern void segment_item_receive(SegmentCursor *cursor, SegmentItemKind kind, SegmentItem *item);

/* An item as the text that functions give out. */
extern Datum segment_item_text(SegmentItemKind kind, const SegmentItem *item);

/* --- the value items ------------------------------------------------------------------------------ */

#define SEGMENT_ITEMS_VERSION 1

/* Opens a value of at least one item: version, kind (a byte each), number of items, items. */
extern SegmentItemReader segment_items_open(struct varlena *value);

/* The value of sorted items. */
extern struct varlena *segment_items_value(const SegmentItems *items);

#define PG_GETARG_ITEMS(n) segment_items_open((struct varlena *) PG_GETARG_VARLENA_PP(n))

/* Words that name kinds. */
extern const char *const segment_item_kind_names[SEGMENT_ITEM_KINDS];

/* Stops with 22023: integers and texts meet. */
pg_noreturn extern void segment_refuse_kinds(const char *what);

#endif
