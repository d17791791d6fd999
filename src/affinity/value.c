/*
 * value.c: reading and writing the value affinity, see value.h.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "affinity/value.h"
#include "core/memory.h"
#include "math/wire.h"

#define N_PAIRS_AT 12

const char *
segment_affinity_head_fault(const Affinity *affinity)
{
	const AffinityHead *head = &affinity->head;
	int64 total = 0;

	if (head->max_items < 2 || head->max_items > SEGMENT_AFFINITY_MAX_ITEMS)
		return "max_items is out of range.";
	if (head->baskets < 1 || head->baskets > SEGMENT_AFFINITY_MAX_BASKETS || head->n_items < 1)
		return "It has no basket, or more than can be counted.";
	if (head->single < 0 || head->large < 0 || head->single > head->baskets ||
		head->large > head->baskets - head->single)
		return "More baskets are small or large than there are.";
	if (head->largest < 1 || head->largest > head->n_items || (head->large > 0) != (head->largest > head->max_items) ||
		(head->largest == 1) != (head->single == head->baskets))
		return "The largest basket is none.";
	for (uint32 i = 0; i < head->n_items; i++)
	{
		if (affinity->count[i] < 1 || affinity->count[i] > head->baskets)
			return "An item is in no basket, or in more than there are.";
		/* what is enough is enough: the sum itself could overflow */
		total = Min(total + affinity->count[i], head->baskets);
	}
	return total < head->baskets ? "Items are in fewer baskets than there are." : NULL;
}

const char *
segment_affinity_pair_fault(const Affinity *affinity, const AffinityPair *pair)
{
	int64 a = affinity->count[pair->a];
	int64 b = affinity->count[pair->b];

	/* two items lie together in large baskets, too, which give no pairs */
	if (pair->n < 1 || pair->n > a || pair->n > b || a + b - pair->n > affinity->head.baskets + affinity->head.large)
		return "A pair is in no basket, or in more than its items.";
	return NULL;
}

Affinity *
segment_affinity_open(SegmentCursor cursor, const char **fault)
{
	Affinity *affinity = palloc0(sizeof(Affinity));
	AffinityHead *head = &affinity->head;
	SegmentItemReader reader;
	uint64 version = segment_take(&cursor, 1);
	uint64 kind = segment_take(&cursor, 1);
	uint64 zero = segment_take(&cursor, 2);

	head->max_items = (int32) segment_take(&cursor, 4);
	head->n_items = (uint32) segment_take(&cursor, 4);
	head->n_pairs = (int64) segment_take(&cursor, 8);
	head->baskets = (int64) segment_take(&cursor, 8);
	head->single = (int64) segment_take(&cursor, 8);
	head->large = (int64) segment_take(&cursor, 8);
	head->largest = (int64) segment_take(&cursor, 8);
	*fault = NULL;
	if (version != SEGMENT_AFFINITY_VERSION || kind >= SEGMENT_ITEM_KINDS || zero != 0)
		*fault = "Its version or kind is unknown.";
	/* an item takes three bytes at least: itself, its count, and the end of its pairs */
	else if (head->n_items > segment_cursor_left(&cursor) / 3)
		*fault = "It has fewer items than it says.";
	if (*fault)
		return NULL;
	head->kind = (SegmentItemKind) kind;
	affinity->item = MemoryContextAllocHuge(CurrentMemoryContext, mul_size(head->n_items + 1, sizeof(SegmentItem)));
	affinity->count = MemoryContextAllocHuge(CurrentMemoryContext, mul_size(head->n_items + 1, sizeof(int64)));
	reader = segment_item_reader(cursor, head->kind, head->n_items);
	for (uint32 i = 0; segment_item_next(&reader, &affinity->item[i]); i++)
		;
	cursor = reader.cursor;
	for (uint32 i = 0; i < head->n_items; i++)
		affinity->count[i] = (int64) segment_take_count(&cursor);
	affinity->pairs = cursor;
	*fault = reader.fault ? reader.fault : cursor.is_short ? "It is too short." : segment_affinity_head_fault(affinity);
	return *fault ? NULL : affinity;
}

void
segment_refuse_affinity(const char *fault)
{
	ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("affinity is damaged"), errdetail("%s", fault),
					errhint("Collect it anew.")));
}

Affinity *
segment_affinity_of(struct varlena *value)
{
	const char *fault;
	Affinity *affinity = segment_affinity_open(segment_cursor(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)), &fault);

	if (fault)
		segment_refuse_affinity(fault);
	return affinity;
}

AffinityPairReader
segment_affinity_pairs(const Affinity *affinity)
{
	AffinityPairReader reader = {.cursor = affinity->pairs, .affinity = affinity};

	return reader;
}

bool
segment_affinity_pair_next(AffinityPairReader *reader)
{
	const AffinityHead *head = &reader->affinity->head;
	AffinityPair *pair = &reader->pair;

	while (pair->a < head->n_items)
	{
		uint64 step = segment_take_count(&reader->cursor);

		if (reader->cursor.is_short)
			break;
		if (step == 0)
		{
			pair->b = ++pair->a;
			continue;
		}
		if (step >= head->n_items - pair->b)
		{
			reader->fault = "A pair is of an item that is not there.";
			return false;
		}
		pair->b += (uint32) step;
		pair->n = (int64) segment_take_count(&reader->cursor);
		reader->fault = segment_affinity_pair_fault(reader->affinity, pair);
		reader->read++;
		return reader->fault == NULL;
	}
	reader->fault = segment_cursor_fault(&reader->cursor);
	if (reader->fault == NULL && reader->read != head->n_pairs)
		reader->fault = "It has another number of pairs than it says.";
	return false;
}

/* --- writing -------------------------------------------------------------------------------------- */

/* Room for more bytes behind those written. */
static inline unsigned char *
reserve(AffinityWriter *writer, Size more)
{
	if (unlikely(writer->size - writer->used < more))
	{
		Size needed = add_size(writer->used, more);

		segment_check_value_size("affinity", needed, "Take items of a higher level, or fewer of them.");
		writer->size = Min(Max(2 * writer->size, needed), MaxAllocSize);
		writer->bytes = repalloc_huge(writer->bytes, writer->size);
	}
	return (unsigned char *) writer->bytes + writer->used;
}

static inline void
written(AffinityWriter *writer, const unsigned char *end)
{
	writer->used = (Size) ((const char *) end - writer->bytes);
}

void
segment_affinity_write_start(AffinityWriter *writer, const AffinityHead *head, const SegmentItems *items,
							 const int64 *count)
{
	Size size = add_size(VARHDRSZ + SEGMENT_AFFINITY_HEAD + 64, segment_items_size(items));
	unsigned char *at;

	size = add_size(size, mul_size(items->n, SEGMENT_COUNT_BYTES));
	memset(writer, 0, sizeof(AffinityWriter));
	segment_check_value_size("affinity", size, "Take items of a higher level, or fewer of them.");
	writer->bytes = MemoryContextAllocHuge(CurrentMemoryContext, size);
	writer->size = size;
	writer->n_items = items->n;
	at = (unsigned char *) writer->bytes + VARHDRSZ;
	at = segment_wire_put(at, SEGMENT_AFFINITY_VERSION, 1);
	at = segment_wire_put(at, (uint64) head->kind, 1);
	at = segment_wire_put(at, 0, 2);
	at = segment_wire_put(at, (uint64) head->max_items, 4);
	at = segment_wire_put(at, items->n, 4);
	at = segment_wire_put(at, 0, 8);
	at = segment_wire_put(at, (uint64) head->baskets, 8);
	at = segment_wire_put(at, (uint64) head->single, 8);
	at = segment_wire_put(at, (uint64) head->large, 8);
	at = segment_wire_put(at, (uint64) head->largest, 8);
	at = segment_items_put(at, items);
	for (uint32 i = 0; i < items->n; i++)
		at = segment_put_count(at, (uint64) count[i]);
	written(writer, at);
}

/* Ends the pairs of all items before this one. */
static void
end_rows(AffinityWriter *writer, uint32 row)
{
	unsigned char *at = reserve(writer, row - writer->row);

	memset(at, 0, row - writer->row);
	written(writer, at + (row - writer->row));
	writer->row = writer->last = row;
}

void
segment_affinity_write_pair(AffinityWriter *writer, uint32 a, uint32 b, int64 n)
{
	unsigned char *at;

	if (a != writer->row)
		end_rows(writer, a);
	/* states that other processes sent are not checked for the order of items in baskets */
	if (unlikely(b <= writer->last || b >= writer->n_items))
		ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("pairs of affinity are not in order"),
						errdetail("Items %u and %u follow %u and %u.", a, b, writer->row, writer->last),
						errhint("Use the aggregates as they are.")));
	at = reserve(writer, 2 * SEGMENT_COUNT_BYTES);
	at = segment_put_count(at, b - writer->last);
	at = segment_put_count(at, (uint64) n);
	written(writer, at);
	writer->last = b;
	writer->n_pairs++;
}

struct varlena *
segment_affinity_write_end(AffinityWriter *writer)
{
	end_rows(writer, writer->n_items);
	segment_wire_put((unsigned char *) writer->bytes + VARHDRSZ + N_PAIRS_AT, (uint64) writer->n_pairs, 8);
	SET_VARSIZE(writer->bytes, writer->used);
	return (struct varlena *) writer->bytes;
}
