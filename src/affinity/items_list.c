/*
 * items_list.c: growing lists of items, and readers of sorted ones.
 *
 * Sorted integers are stored as the first one (zigzag: small where it is near 0) and the differences from one to the
 * next; texts as their lengths and bytes.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "affinity/affinity.h"

#define FIRST_SIZE 4

uint64
segment_take_long_count(SegmentCursor *cursor)
{
	uint64 value = 0;

	for (int shift = 0; shift < 64; shift += 7)
	{
		uint64 byte = segment_take(cursor, 1);

		/* only what fits, in the shortest form: equal values have equal bytes */
		if ((shift == 63 && byte > 1) || (shift > 0 && byte == 0))
			break;
		value |= (byte & 0x7F) << shift;
		if (byte < 0x80)
			return value;
	}
	cursor->is_short = true;
	cursor->at = cursor->end;
	return 0;
}

static int
count_bytes(uint64 value)
{
	unsigned char bytes[SEGMENT_COUNT_BYTES];

	return (int) (segment_put_count(bytes, value) - bytes);
}

void
segment_items_init(SegmentItems *items, SegmentItemKind kind, MemoryContext context)
{
	memset(items, 0, sizeof(SegmentItems));
	items->context = context;
	items->kind = kind;
}

/* Texts lie in one piece of memory that moves as it grows, so items keep distances while it does. */
static void
point(SegmentItems *items, bool pointing)
{
	if (items->kind == SEGMENT_ITEM_TEXT && items->is_pointing != pointing)
		for (uint32 i = 0; i < items->n; i++)
		{
			if (pointing)
				items->item[i].bytes = items->bytes + items->item[i].number;
			else
				items->item[i].number = items->item[i].bytes - items->bytes;
		}
	items->is_pointing = pointing;
}

static void *
grow(MemoryContext context, void *memory, Size size)
{
	return memory == NULL ? MemoryContextAllocHuge(context, size) : repalloc_huge(memory, size);
}

/* Copies the bytes of the items that are left together. */
static void
squeeze(SegmentItems *items)
{
	char *bytes;
	Size used = 0;

	if (items->kind != SEGMENT_ITEM_TEXT)
		return;
	bytes = MemoryContextAllocHuge(items->context, items->capacity);
	for (uint32 i = 0; i < items->n; i++)
	{
		memcpy(bytes + used, items->item[i].bytes, items->item[i].length);
		items->item[i].bytes = bytes + used;
		used += items->item[i].length;
	}
	pfree(items->bytes);
	items->bytes = bytes;
	items->used = used;
}

/* Makes room for one item more: by throwing out what is there twice, if that helps. */
static void
make_room(SegmentItems *items)
{
	if (items->n >= FIRST_SIZE * 4)
	{
		uint32 before = items->n;

		segment_items_sort(items);
		if (items->n < before)
			squeeze(items);
		point(items, false);
		if (items->n <= items->size / 2)
			return;
	}
	if (items->size > PG_INT32_MAX / 2)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many items"),
						errdetail("At most %d different items can be kept.", PG_INT32_MAX / 2),
						errhint("Take items of a higher level, such as categories.")));
	items->size = Max(2 * items->size, FIRST_SIZE);
	items->item = grow(items->context, items->item, mul_size(items->size, sizeof(SegmentItem)));
}

void
segment_items_add(SegmentItems *items, const SegmentItem *item)
{
	SegmentItem *copy;

	point(items, false);
	if (items->n == items->size)
		make_room(items);
	copy = &items->item[items->n++];
	memset(copy, 0, sizeof(SegmentItem));
	if (items->kind == SEGMENT_ITEM_INTEGER)
	{
		copy->number = item->number;
		return;
	}
	if (items->capacity - items->used < item->length || items->bytes == NULL)
	{
		items->capacity = Max(add_size(items->capacity, Max(items->capacity, item->length)), 8 * FIRST_SIZE);
		items->bytes = grow(items->context, items->bytes, items->capacity);
	}
	copy->number = (int64) items->used;
	copy->length = item->length;
	memcpy(items->bytes + items->used, item->bytes, item->length);
	items->used += item->length;
}

static int
compare_integers(const void *a, const void *b)
{
	return segment_item_compare(SEGMENT_ITEM_INTEGER, a, b);
}

static int
compare_texts(const void *a, const void *b)
{
	return segment_item_compare(SEGMENT_ITEM_TEXT, a, b);
}

void
segment_items_sort(SegmentItems *items)
{
	uint32 n = 0;

	point(items, true);
	if (items->n == 0)
		return;
	qsort(items->item, items->n, sizeof(SegmentItem),
		  items->kind == SEGMENT_ITEM_INTEGER ? compare_integers : compare_texts);
	for (uint32 i = 1; i < items->n; i++)
		if (segment_item_compare(items->kind, &items->item[n], &items->item[i]) != 0)
			items->item[++n] = items->item[i];
	items->n = n + 1;
}

/* --- sorting with places -------------------------------------------------------------------------- */

typedef struct Sorting
{
	SegmentItemKind kind;
	const SegmentItem *item;
} Sorting;

static int
compare_places(const void *a, const void *b, void *arg)
{
	const Sorting *sorting = arg;

	return segment_item_compare(sorting->kind, &sorting->item[*(const uint32 *) a],
								&sorting->item[*(const uint32 *) b]);
}

bool
segment_items_sort_places(SegmentItems *items, uint32 *place)
{
	uint32 *order = MemoryContextAllocHuge(CurrentMemoryContext, mul_size(items->n + 1, sizeof(uint32)));
	SegmentItem *sorted = MemoryContextAllocHuge(CurrentMemoryContext, mul_size(items->n + 1, sizeof(SegmentItem)));
	bool differ = true;

	point(items, true);
	for (uint32 i = 0; i < items->n; i++)
		order[i] = i;
	qsort_arg(order, items->n, sizeof(uint32), compare_places, &(Sorting) {items->kind, items->item});
	for (uint32 i = 0; i < items->n; i++)
	{
		place[order[i]] = i;
		sorted[i] = items->item[order[i]];
		differ = differ && (i == 0 || segment_item_compare(items->kind, &sorted[i - 1], &sorted[i]) < 0);
	}
	memcpy(items->item, sorted, items->n * sizeof(SegmentItem));
	pfree(sorted);
	pfree(order);
	return differ;
}

/* --- stored lists --------------------------------------------------------------------------------- */

static uint64
zigzag(int64 number)
{
	return (uint64) number << 1 ^ (number < 0 ? ~UINT64CONST(0) : 0);
}

/* What stands for item i. */
static uint64
step_of(const SegmentItems *items, uint32 i)
{
	return i == 0 ? zigzag(items->item[0].number) : (uint64) items->item[i].number - (uint64) items->item[i - 1].number;
}

Size
segment_items_size(const SegmentItems *items)
{
	Size size = 0;

	for (uint32 i = 0; i < items->n; i++)
		size += items->kind == SEGMENT_ITEM_INTEGER ? (Size) count_bytes(step_of(items, i))
													: (Size) count_bytes(items->item[i].length) + items->item[i].length;
	return size;
}

unsigned char *
segment_items_put(unsigned char *at, const SegmentItems *items)
{
	for (uint32 i = 0; i < items->n; i++)
	{
		const SegmentItem *item = &items->item[i];

		if (items->kind == SEGMENT_ITEM_INTEGER)
		{
			at = segment_put_count(at, step_of(items, i));
			continue;
		}
		at = segment_put_count(at, item->length);
		memcpy(at, item->bytes, item->length);
		at += item->length;
	}
	return at;
}

SegmentItemReader
segment_item_reader(SegmentCursor cursor, SegmentItemKind kind, uint64 n)
{
	SegmentItemReader reader = {.cursor = cursor, .kind = kind, .left = n};

	/* each takes a byte at least */
	if (n > segment_cursor_left(&cursor))
	{
		reader.fault = "It has fewer items than it says.";
		reader.left = 0;
	}
	return reader;
}

bool
segment_item_next(SegmentItemReader *reader, SegmentItem *item)
{
	uint64 count;

	if (reader->left == 0)
		return false;
	reader->left--;
	memset(item, 0, sizeof(SegmentItem));
	count = segment_take_count(&reader->cursor);
	if (reader->kind == SEGMENT_ITEM_INTEGER)
	{
		if (reader->read == 0)
			item->number = (int64) (count >> 1 ^ (~(count & 1) + 1));
		else
		{
			item->number = (int64) ((uint64) reader->last.number + count);
			if (item->number <= reader->last.number)
				reader->fault = "Its items are not in order.";
		}
	}
	else
	{
		item->bytes = (const char *) segment_take_bytes(&reader->cursor, count);
		item->length = (uint32) count;
		if (item->bytes == NULL || count > MaxAllocSize)
			reader->fault = "A text is too long.";
		else if (reader->read > 0 && segment_item_compare(SEGMENT_ITEM_TEXT, &reader->last, item) >= 0)
			reader->fault = "Its items are not in order.";
	}
	if (reader->cursor.is_short && reader->fault == NULL)
		reader->fault = "It is too short.";
	if (reader->fault != NULL)
	{
		reader->left = 0;
		return false;
	}
	reader->last = *item;
	reader->read++;
	return true;
}
