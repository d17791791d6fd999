/*
 * grouping_table.h: the groups in memory: an index of 32-bit handles over chunks that groups are appended to.
 */
#ifndef SEGMENT_GROUPING_TABLE_H
#define SEGMENT_GROUPING_TABLE_H

#include "grouping/grouping_row.h"

/* A handle is a chunk's number and the offset in it in units of 8 bytes; 0 is none, as chunks begin with a head. */
#define GROUPING_OFFSET_BITS 16
#define GROUPING_CHUNK_MAX ((Size) 8 << GROUPING_OFFSET_BITS)
#define GROUPING_CHUNKS_MAX (1 << (32 - GROUPING_OFFSET_BITS))

/* However small the limit is, this many groups are taken: so every pass over spilled rows makes progress. */
#define GROUPING_FEWEST_GROUPS 64

/* The head of a chunk, as long as a cache line: groups of 16 n bytes then touch no more lines than they must. */
typedef struct GroupingChunk
{
	Size size;					/* with this head */
	Size used;					/* with this head */
	char pad[64 - 2 * sizeof(Size)];
} GroupingChunk;

typedef struct GroupingTable
{
	GroupingLayout *layout;
	MemoryContext context;		/* everything below; reset with the table */
	Size limit;					/* bytes of memory */
	Size memory;				/* bytes in use */
	bool full;					/* no more new groups */
	uint32 *index;
	uint32 mask;				/* slots of the index - 1 */
	uint32 groups;
	uint32 grow_at;				/* groups at which the index is doubled */
	GroupingChunk **chunk;
	uint32 chunks;
	uint32 chunks_allocated;
	char *null_group;			/* narrow form: the group whose key is NULL */
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

/* The next group, or NULL. */
extern char *segment_grouping_table_next(const GroupingTable *table, GroupingCursor *cursor);

/* The group of a row, or NULL. */
static inline char *
grouping_table_find(GroupingTable *table, char *row)
{
	GroupingLayout *layout = table->layout;
	uint32 slot = ((GroupingRowHead *) row)->hash & table->mask;
	uint32 handle;

	if (layout->narrow)
	{
		Datum key = *(Datum *) (row + layout->cell[0].in_row);

		if (unlikely(grouping_row_is_null(row, 0)))
			return table->null_group;
		while ((handle = table->index[slot]) != 0)
		{
			char *group = grouping_table_group(table, handle);

			if (*(Datum *) group == key)
				return group;
			slot = (slot + 1) & table->mask;
		}
		return NULL;
	}
	while ((handle = table->index[slot]) != 0)
	{
		char *group = grouping_table_group(table, handle);

		if (segment_grouping_same_keys(layout, group, row))
			return group;
		slot = (slot + 1) & table->mask;
	}
	return NULL;
}

#endif
