/*
 * grouping_table.c: the groups in memory. Linear probing over 4-byte handles: a probe costs one line of the index and
 * the lines of the group itself.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "core/compat.h"
#include "grouping/grouping_table.h"

/* Chunks double from the first to the largest size, so that few groups take little memory. */
#define FIRST_CHUNK ((Size) 8192)

/* Slots of the smallest index. */
#define FIRST_INDEX 256

/* The index is doubled when three of four slots are taken. */
#define GROW_AT(slots) ((slots) / 4 * 3)

/* Linear probing works up to here, where memory does not allow a larger index. */
#define STOP_AT(slots) ((slots) / 16 * 15)

/* An index of zeros. */
static void
new_index(GroupingTable *table, uint32 slots)
{
	table->index = MemoryContextAllocExtended(table->context, mul_size(slots, sizeof(uint32)),
											  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	table->memory += slots * sizeof(uint32);
	table->mask = slots - 1;
	table->grow_at = GROW_AT(slots);
}

void
segment_grouping_table_reset(GroupingTable *table, double expected)
{
	uint32 slots = FIRST_INDEX;

	/* Pre-sizing saves moving the index; an estimate may be far off, so it gets a part of the memory only. */
	while (GROW_AT(slots) < expected && slots * sizeof(uint32) * 2 <= table->limit / 16)
		slots *= 2;
	MemoryContextReset(table->context);
	table->memory = 0;
	table->full = false;
	table->groups = 0;
	table->chunk = NULL;
	table->chunks = table->chunks_allocated = 0;
	table->null_group = NULL;
	new_index(table, slots);
}

/* Places a handle in the first free slot. */
static inline void
place(GroupingTable *table, uint32 hash, uint32 handle)
{
	uint32 slot = hash & table->mask;

	while (table->index[slot] != 0)
		slot = (slot + 1) & table->mask;
	table->index[slot] = handle;
}

/* The hash of a group that is not the narrow group of NULL. */
static inline uint32
hash_of_group(const GroupingLayout *layout, const char *group)
{
	return layout->narrow ? grouping_hash_datum(layout->seed, *(const Datum *) group)
						  : ((const GroupingGroupHead *) group)->hash;
}

/* Bytes of a group. */
static inline Size
size_of_group(const GroupingTable *table, const GroupingChunk *chunk, const char *group)
{
	Size eighths;

	if (!table->layout->variable)
		return table->layout->group_size;
	eighths = ((const GroupingGroupHead *) group)->eighths;
	return eighths != 0 ? eighths * 8 : chunk->used - sizeof(GroupingChunk);
}

char *
segment_grouping_table_next(const GroupingTable *table, GroupingCursor *cursor)
{
	while (cursor->chunk < table->chunks)
	{
		GroupingChunk *chunk = table->chunk[cursor->chunk];
		Size offset = Max(cursor->offset, sizeof(GroupingChunk));

		if (offset < chunk->used)
		{
			char *group = (char *) chunk + offset;

			cursor->offset = offset + size_of_group(table, chunk, group);
			return group;
		}
		cursor->chunk++;
		cursor->offset = 0;
	}
	return NULL;
}

/* Doubles the index. */
static void
grow_index(GroupingTable *table)
{
	GroupingCursor cursor = {0, 0};
	uint32 *old = table->index;
	uint32 slots = table->mask + 1;
	char *group;

	new_index(table, slots * 2);
	pfree(old);
	table->memory -= slots * sizeof(uint32);
	while ((group = segment_grouping_table_next(table, &cursor)) != NULL)
		if (group != table->null_group)
			place(table, hash_of_group(table->layout, group),
				  (cursor.chunk << GROUPING_OFFSET_BITS) | ((group - (char *) table->chunk[cursor.chunk]) / 8));
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
		GroupingChunk **chunks =
			MemoryContextAlloc(table->context, mul_size(allocated, sizeof(GroupingChunk *)));

		if (table->chunks > 0)
		{
			memcpy(chunks, table->chunk, table->chunks * sizeof(GroupingChunk *));
			pfree(table->chunk);
		}
		table->chunk = chunks;
		table->chunks_allocated = allocated;
	}
	chunk = (GroupingChunk *) TYPEALIGN(64, MemoryContextAllocExtended(table->context, size + 64, MCXT_ALLOC_HUGE));
	chunk->size = size;
	chunk->used = sizeof(GroupingChunk);
	table->memory += size + 64;
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
	if (!must_take && in_use > table->limit)
	{
		table->full = true;
		return NULL;
	}
	if (table->groups >= table->grow_at)
	{
		Size slots = (Size) table->mask + 1;

		if (slots <= PG_UINT32_MAX / 4 && in_use + 2 * slots * sizeof(uint32) <= table->limit)
			grow_index(table);
		else if (table->groups >= STOP_AT(slots))
		{
			table->full = true;
			return NULL;
		}
	}
	if (chunk == NULL || chunk->size - chunk->used < size || chunk->used >= GROUPING_CHUNK_MAX)
	{
		Size chunk_size = next_chunk_size(table, size);

		if (table->chunks == GROUPING_CHUNKS_MAX || (!must_take && in_use + chunk_size > table->limit))
		{
			table->full = true;
			return NULL;
		}
		chunk = add_chunk(table, chunk_size);
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
