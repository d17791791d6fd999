/*
 * value.h: the value affinity: which items there are, how many baskets hold each, and how many hold two of them.
 */
#ifndef SEGMENT_AFFINITY_VALUE_H
#define SEGMENT_AFFINITY_VALUE_H

#include "affinity/affinity.h"

#define SEGMENT_AFFINITY_VERSION 1

#define SEGMENT_AFFINITY_MAX_ITEMS 100000

/* Counts stay within this, so that sums of a few of them cannot overflow, and are exact as doubles. */
#define SEGMENT_AFFINITY_MAX_BASKETS (INT64CONST(1) << 48)

/* What is said of all baskets. */
typedef struct AffinityHead
{
	SegmentItemKind kind;
	int32 max_items; /* baskets of more give no pairs */
	uint32 n_items;
	int64 n_pairs;
	int64 baskets; /* of at least one item */
	int64 single;  /* of one item */
	int64 large;   /* of more than max_items */
	int64 largest; /* items of the largest one */
} AffinityHead;

/* Bytes of a stored head: version, kind, two of zero, max_items, n_items (4 each), the others (8 each). */
#define SEGMENT_AFFINITY_HEAD 52

/* The head and the items of a value, in the current context; pairs are read from where they are. */
typedef struct Affinity
{
	AffinityHead head;
	SegmentItem *item; /* sorted; they point into the value */
	int64 *count;	   /* baskets that hold the item */
	SegmentCursor pairs;
} Affinity;

/*
 * Reads pairs: of each item all with a later one, ascending: how much later (at least 1) and in how many baskets; 0 ends
 * the pairs of an item.
 */
typedef struct AffinityPair
{
	uint32 a;
	uint32 b; /* > a */
	int64 n;
} AffinityPair;

typedef struct AffinityPairReader
{
	SegmentCursor cursor;
	const Affinity *affinity;
	AffinityPair pair;
	int64 read;
	const char *fault;
} AffinityPairReader;

/* Opens bytes that are checked as far as it reads: *fault says what is wrong, or is NULL. */
extern Affinity *segment_affinity_open(SegmentCursor cursor, const char **fault);

/* The same of a value; a value that is damaged is an error. */
extern Affinity *segment_affinity_of(struct varlena *value);

#define PG_GETARG_AFFINITY(n) segment_affinity_of((struct varlena *) PG_GETARG_VARLENA_PP(n))

extern AffinityPairReader segment_affinity_pairs(const Affinity *affinity);

/* False at the end, or where pairs are not sound: then fault says why. */
extern bool segment_affinity_pair_next(AffinityPairReader *reader);

/* What is wrong with head and counts, or NULL. */
extern const char *segment_affinity_head_fault(const Affinity *affinity);
extern const char *segment_affinity_pair_fault(const Affinity *affinity, const AffinityPair *pair);

/* Stops with XX001: a stored value is not what was stored. */
pg_noreturn extern void segment_refuse_affinity(const char *fault);

/*
 * Writes a value: head, items and their counts, then pairs in order. The head's number of pairs is filled in at the end.
 */
typedef struct AffinityWriter
{
	char *bytes;
	Size used;
	Size size;
	uint32 n_items;
	uint32 row; /* pairs of this item are being written */
	uint32 last;
	int64 n_pairs;
} AffinityWriter;

/* items are sorted; count by their numbers. */
extern void segment_affinity_write_start(AffinityWriter *writer, const AffinityHead *head, const SegmentItems *items,
										 const int64 *count);
extern void segment_affinity_write_pair(AffinityWriter *writer, uint32 a, uint32 b, int64 n);
extern struct varlena *segment_affinity_write_end(AffinityWriter *writer);

#endif
