/*
 * grouping_table.c: the groups in memory. Linear probing over 4-byte handles: a probe costs one line of the index and
 * the lines of the group itself.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "core/arena.h"
#include "core/checked.h"
#include "grouping/grouping_table.h"

/* Chunks double from the first to the largest size, so that few groups take little memory. */
#define FIRST_CHUNK ((Size) 8192)

/* Slots of the smallest index. */
#define FIRST_INDEX 256

/* The index is doubled when three of four slots are taken. */
#define GROW_AT(slots) ((slots) / 4 * 3)

/* Linear probing works up to here, where memory does not allow a larger index. */
#define STOP_AT(slots) ((slots) / 16 * 15)

/* Tables that use less than this have chunks of their own size; larger ones cut them from slabs of a quarter. */
#define FIRST_SLAB_AT ((Size) 16 * 1024 * 1024)
#define LARGEST_SLAB ((Size) 32 * 1024 * 1024)

static void *
allocate(GroupingTable *table, Size size)
{
	table->memory += size;
	return segment_alloc_scattered(table->context, size);
}

/* An index of zeros. Its slots have room for the handles of twice as many chunks as there are. */
static void
new_index(GroupingTable *table, uint32 slots)
{
	Size size = mul_size(slots, sizeof(uint32));
	uint32 chunks = Max(table->chunks * 2, table->expected_chunks);

	table->index = allocate(table, size);
	memset(table->index, 0, size);
	table->mask = slots - 1;
	table->handle_mask = ((uint32) 1 << GROUPING_OFFSET_BITS) - 1;
	while (table->handle_mask != PG_UINT32_MAX && (table->handle_mask >> GROUPING_OFFSET_BITS) < chunks)
		table->handle_mask = table->handle_mask * 2 + 1;
	table->grow_at = GROW_AT(slots);
}

void
segment_grouping_table_reset(GroupingTable *table, double expected)
{
	uint32 slots = FIRST_INDEX;

	/*
	 * Pre-sizing avoids rebuilding the index, but estimates may be far off: it may use only this share of the memory.
	 */
	while (GROW_AT(slots) < expected && slots * sizeof(uint32) * 2 <= table->limit / 16)
		slots *= 2;
	MemoryContextReset(table->context);
	table->memory = 0;
	table->full = false;
	table->groups = 0;
	table->chunk = NULL;
	table->slab = NULL;
	table->slab_left = 0;
	table->chunks = table->chunks_allocated = 0;
	table->null_group = NULL;
	table->expected_chunks =
		(uint32) Min(GROW_AT((double) slots) * table->layout->group_size / GROUPING_CHUNK_MAX, 1024);
	new_index(table, slots);
}

/* Places a handle in the first free slot. */
static inline void
place(GroupingTable *table, uint32 hash, uint32 handle)
{
	uint32 position = hash & table->mask;
	uint32 probes = 1;

	for (; table->index[position] != 0; probes++)
		position = (position + 1) & table->mask;
	if (unlikely(probes > table->longest_probe))
		table->longest_probe = probes;
	table->index[position] = (hash & ~table->handle_mask) | handle;
}

Size
segment_grouping_table_group_size(const GroupingTable *table, const GroupingChunk *chunk, const char *group)
{
	Size eighths;

	if (!table->layout->variable)
		return table->layout->group_size;
	eighths = ((const GroupingGroupHead *) group)->eighths;
	return eighths != 0 ? eighths * 8 : chunk->used - sizeof(GroupingChunk);
}

/* The next group, or NULL. */
static char *
next_group(const GroupingTable *table, GroupingCursor *cursor)
{
	while (cursor->chunk < table->chunks)
	{
		GroupingChunk *chunk = table->chunk[cursor->chunk];
		Size offset = Max(cursor->offset, sizeof(GroupingChunk));

		if (offset < chunk->used)
		{
			char *group = (char *) chunk + offset;

			cursor->offset = offset + segment_grouping_table_group_size(table, chunk, group);
			return group;
		}
		cursor->chunk++;
		cursor->offset = 0;
	}
	return NULL;
}

/* A group's handle, once the cursor has passed it. */
static uint32
handle_of(const GroupingTable *table, const GroupingCursor *cursor, const char *group)
{
	return (cursor->chunk << GROUPING_OFFSET_BITS) | (uint32) ((group - (char *) table->chunk[cursor->chunk]) / 8);
}

#ifdef USE_ASSERT_CHECKING
/* What is wrong with the groups and their index; NULL if nothing is. */
static const char *
find_fault(const GroupingTable *table)
{
	GroupingCursor cursor = {0, 0};
	uint32 groups = 0;
	uint32 taken = 0;
	char *group;

	for (uint32 i = 0; i < table->chunks; i++)
		if (table->chunk[i]->used > table->chunk[i]->size)
			return "A chunk holds more than it has room for.";
	while ((group = next_group(table, &cursor)) != NULL)
	{
		uint32 handle = handle_of(table, &cursor, group);
		uint32 hash = group == table->null_group ? 0 : grouping_hash_of_group(table->layout, group);
		uint32 position = hash & table->mask;

		groups++;
		if (group == table->null_group)
			continue;
		while (table->index[position] != 0 && (table->index[position] & table->handle_mask) != handle)
			position = (position + 1) & table->mask;
		if (table->index[position] != ((hash & ~table->handle_mask) | handle))
			return "A group is not found by its hash.";
	}
	for (uint32 i = 0;; i++)
	{
		taken += table->index[i] != 0;
		if (i == table->mask)
			break;
	}
	if (groups != table->groups)
		return "The chunks do not hold as many groups as were counted.";
	return taken + (table->null_group != NULL) != groups ? "The index does not hold every group once." : NULL;
}
#endif

char *
segment_grouping_table_next(const GroupingTable *table, GroupingCursor *cursor)
{
	if (cursor->chunk == 0 && cursor->offset == 0)
		SEGMENT_CHECK_STATE(find_fault(table));
	return next_group(table, cursor);
}

/* Makes the index anew. */
static void
rebuild_index(GroupingTable *table, uint32 slots)
{
	GroupingCursor cursor = {0, 0};
	uint32 *old = table->index;
	Size old_size = ((Size) table->mask + 1) * sizeof(uint32);
	char *group;

	new_index(table, slots);
	pfree(old);
	table->memory -= old_size;
	while ((group = next_group(table, &cursor)) != NULL)
		if (group != table->null_group)
			place(table, grouping_hash_of_group(table->layout, group), handle_of(table, &cursor, group));
}

/* The size of a chunk that a group of size bytes would be the first in. */
static Size
next_chunk_size(const GroupingTable *table, Size size)
{
	Size wanted = FIRST_CHUNK;

	if (table->chunks > 0)
		wanted = Min(table->memory, GROUPING_CHUNK_MAX);
	wanted = Max(wanted & ~(Size) 8191, FIRST_CHUNK);
	return Max(wanted, size + sizeof(GroupingChunk));
}

/* Appends a chunk of this size, beginning at a cache line. */
static GroupingChunk *
add_chunk(GroupingTable *table, Size size)
{
	GroupingChunk *chunk;

	if (table->chunks == table->chunks_allocated)
	{
		uint32 allocated = Max(table->chunks_allocated * 2, 64);
		GroupingChunk **chunks = MemoryContextAlloc(table->context, mul_size(allocated, sizeof(GroupingChunk *)));

		if (table->chunks > 0)
		{
			memcpy(chunks, table->chunk, table->chunks * sizeof(GroupingChunk *));
			pfree(table->chunk);
		}
		table->chunk = chunks;
		table->chunks_allocated = allocated;
	}
	if (size > table->slab_left)
	{
		Size slab = size;

		if (size == GROUPING_CHUNK_MAX && table->memory >= FIRST_SLAB_AT)
			slab = Max(Min(Min(table->memory / 4, LARGEST_SLAB), table->limit - table->memory), size);
		table->slab = (char *) TYPEALIGN(64, allocate(table, slab + 64));
		table->slab_left = slab;
	}
	chunk = (GroupingChunk *) table->slab;
	table->slab += size;
	table->slab_left -= size;
	chunk->size = size;
	chunk->used = sizeof(GroupingChunk);
	table->chunk[table->chunks++] = chunk;
	return chunk;
}

char *
segment_grouping_table_insert(GroupingTable *table, char *row, Size outside)
{
	GroupingLayout *layout = table->layout;
	Size size = segment_grouping_group_size(layout, row);
	bool is_narrow_null = layout->narrow && grouping_row_is_null(row, 0);
	bool must_take = table->groups < GROUPING_FEWEST_GROUPS;
	Size in_use = table->memory + outside;
	GroupingChunk *chunk = table->chunks > 0 ? table->chunk[table->chunks - 1] : NULL;
	char *group;

	if (table->full)
		return NULL;
	if (!must_take && outside > 0 && in_use > table->limit)
	{
		table->full = true;
		return NULL;
	}
	if (table->groups >= table->grow_at)
	{
		Size slots = (Size) table->mask + 1;

		if (slots <= PG_UINT32_MAX / 4 && in_use + 2 * slots * sizeof(uint32) <= table->limit)
			rebuild_index(table, slots * 2);
		else if (table->groups >= STOP_AT(slots))
		{
			table->full = true;
			return NULL;
		}
	}
	if (chunk == NULL || chunk->size - chunk->used < size || chunk->used >= GROUPING_CHUNK_MAX)
	{
		Size chunk_size = next_chunk_size(table, size);

		if (table->chunks == GROUPING_CHUNKS_MAX ||
			(!must_take && chunk_size > table->slab_left && in_use + chunk_size > table->limit))
		{
			table->full = true;
			return NULL;
		}
		chunk = add_chunk(table, chunk_size);
		if (table->chunks > (table->handle_mask >> GROUPING_OFFSET_BITS) + 1)
			rebuild_index(table, table->mask + 1);
	}
	group = (char *) chunk + chunk->used;
	segment_grouping_write_group(layout, group, size, row);
	if (is_narrow_null)
		table->null_group = group;
	else
		place(table, ((GroupingRowHead *) row)->hash,
			  ((table->chunks - 1) << GROUPING_OFFSET_BITS) | (chunk->used / 8));
	chunk->used += size;
	table->groups++;
	return group;
}
