/*
 * grouping_table.h: the groups in memory: an index of 32-bit slots over chunks that groups are appended to.
 *
 * A slot holds a group's handle in its low bits and bits of the group's hash in the others. These tell most groups
 * that are not the one in question apart without touching their memory: a look at a group that was not asked for in
 * time costs more than everything else that is done with a row.
 */
#ifndef SEGMENT_GROUPING_TABLE_H
#define SEGMENT_GROUPING_TABLE_H

#include "grouping/grouping_row.h"

/* A handle is a chunk's number and the offset in it in units of 8 bytes; 0 is none, as chunks begin with a head. */
#define GROUPING_OFFSET_BITS 16
#define GROUPING_CHUNK_MAX ((Size) 8 << GROUPING_OFFSET_BITS)
#define GROUPING_CHUNKS_MAX (1 << (32 - GROUPING_OFFSET_BITS))

/* This many groups fit however small the limit is, so that every pass over spilled rows makes progress. */
#define GROUPING_FEWEST_GROUPS 64

/* The head of a chunk, as long as a cache line: groups of 16 n bytes then touch no more lines than they must. */
typedef struct GroupingChunk
{
	Size size; /* with this head */
	Size used; /* with this head */
	char pad[64 - 2 * sizeof(Size)];
} GroupingChunk;

typedef struct GroupingTable
{
	GroupingLayout *layout;
	MemoryContext context; /* everything below; reset with the table */
	Size limit;			   /* bytes of memory */
	Size memory;		   /* bytes in use */
	bool full;			   /* no more new groups */
	uint32 *index;
	uint32 mask; /* slots of the index - 1 */
	uint32 expected_chunks;
	uint32 handle_mask; /* the bits of a slot that are the handle */
	uint32 groups;
	uint32 grow_at; /* groups at which the index is doubled */
	GroupingChunk **chunk;
	uint32 chunks;
	uint32 chunks_allocated;
	char *slab; /* what is left of the memory that chunks are cut from */
	Size slab_left;
	uint32 longest_probe; /* slots looked at to place a group, at most; for EXPLAIN */
	char *null_group;	  /* narrow form: the group whose key is NULL */
} GroupingTable;

/* Reading all groups, in the order of their creation. */
typedef struct GroupingCursor
{
	uint32 chunk;
	Size offset;
} GroupingCursor;

static inline char *
grouping_table_group(const GroupingTable *table, uint32 handle)
{
	return (char *) table->chunk[handle >> GROUPING_OFFSET_BITS] +
		   (Size) (handle & ((1 << GROUPING_OFFSET_BITS) - 1)) * 8;
}

/* An empty table; expected groups sizes the index. context is reset now and with every later call. */
extern void segment_grouping_table_reset(GroupingTable *table, double expected);

/*
 * A new group for a row that has none: its columns are written and its states zeroed. NULL if the limit is reached;
 * outside is memory that counts but that the table does not know of.
 */
extern char *segment_grouping_table_insert(GroupingTable *table, char *row, Size outside);

/* Bytes of a group of this chunk. */
extern Size segment_grouping_table_group_size(const GroupingTable *table, const GroupingChunk *chunk,
											  const char *group);

/* The next group, or NULL. */
extern char *segment_grouping_table_next(const GroupingTable *table, GroupingCursor *cursor);

/* The group that a hash most likely belongs to, without looking at it; NULL if there is none. */
static inline char *
grouping_table_guess(const GroupingTable *table, uint32 hash)
{
	uint32 position = hash & table->mask;
	uint32 slot;

	while ((slot = table->index[position]) != 0)
	{
		if (((slot ^ hash) & ~table->handle_mask) == 0)
			return grouping_table_group(table, slot & table->handle_mask);
		position = (position + 1) & table->mask;
	}
	return NULL;
}

/* The group of a row, or NULL. */
static inline char *
grouping_table_find(const GroupingTable *table, char *row)
{
	GroupingLayout *layout = table->layout;
	uint32 hash = ((GroupingRowHead *) row)->hash;
	uint32 position = hash & table->mask;
	Datum key = 0;
	uint32 slot;

	if (layout->narrow)
	{
		if (unlikely(grouping_row_is_null(row, 0)))
			return table->null_group;
		key = *(Datum *) (row + layout->field[0].in_row);
	}
	while ((slot = table->index[position]) != 0)
	{
		if (((slot ^ hash) & ~table->handle_mask) == 0)
		{
			char *group = grouping_table_group(table, slot & table->handle_mask);

			if (layout->narrow ? *(Datum *) group == key : segment_grouping_same_keys(layout, group, row))
				return group;
		}
		position = (position + 1) & table->mask;
	}
	return NULL;
}

#endif
