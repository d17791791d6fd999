/*
 * grouping_spill.c: rows in temporary files. A row is its length, its fixed part, and the bytes of its varlenas.
 */
#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/memutils.h"

#include "core/compat.h"
#include "grouping/grouping_spill.h"
#include "grouping/grouping_trans.h"

int
segment_grouping_spill_bits(double bytes, Size limit)
{
	int bits = 2;

	/* Twice as many as needed: parts differ in size. Their buffers get a quarter of the memory at most. */
	while ((1 << bits) * (double) limit < bytes * 2 && (2 << bits) <= GROUPING_PARTITIONS_MAX &&
		   segment_grouping_spill_memory(bits + 1) <= limit / 4)
		bits++;
	return bits;
}

Size
segment_grouping_spill_memory(int bits)
{
	return (Size) BLCKSZ << bits;
}

/*
 * From this level on, partitions follow the table's hash, which is seeded at random. Before, they follow a fixed hash,
 * so that groups come in the same order in every run. Keys crafted to share one partition of the fixed hash get no
 * further than this level; other data never reach it.
 */
#define RANDOM_LEVEL 8

/* The partition of a row. Each level uses hash bits that neither the level before nor the table's index uses. */
static inline int
partition_of(const GroupingSpill *spill, char *row)
{
	uint32 hash = ((GroupingRowHead *) row)->hash;

	/* several processes return their groups in any order anyway */
	if (spill->files == NULL && spill->level < RANDOM_LEVEL)
		hash = segment_grouping_hash_row(spill->layout, &spill->fixed_key, row);
	return (int) (grouping_mix(((uint64) spill->level << 32) + hash + 1) >> (64 - spill->bits));
}

/* A row's short form. Where words[0] is 0, the row is written out instead, and follows these 8 bytes. */
typedef struct ShortRow
{
	uint64 words[2];
	Datum key;
} ShortRow;

/* Writes bytes to a part. */
static inline void
write_bytes(GroupingSpill *spill, GroupingPart *part, void *bytes, Size size)
{
	BufFileWrite(part->file, bytes, size);
	spill->bytes += size;
}

/* Writes a row in its short form if it has one. */
static void
write_short(GroupingSpill *spill, GroupingPart *part, char *row)
{
	const GroupingLayout *layout = spill->layout;
	ShortRow short_row = {{0, 0}, 0};

	if (!grouping_row_is_null(row, 0) && spill->kernel->shrink(row + layout->packed_offset, short_row.words))
	{
		short_row.key = *(Datum *) (row + layout->field[0].in_row);
		write_bytes(spill, part, &short_row, sizeof(short_row));
		return;
	}
	write_bytes(spill, part, &short_row, sizeof(uint64));
	write_bytes(spill, part, row, layout->row_size);
}

void
segment_grouping_spill_row(GroupingSpill *spill, char *row)
{
	const GroupingLayout *layout = spill->layout;
	MemoryContext caller = MemoryContextSwitchTo(spill->context);
	int partition = partition_of(spill, row);
	GroupingPart *part;
	uint32 bytes = 0;

	if (spill->part == NULL)
		spill->part = palloc0(mul_size(sizeof(GroupingPart), 1 << spill->bits));
	part = &spill->part[partition];
	if (part->file == NULL)
	{
		char name[MAXPGPATH];

		segment_grouping_file_name(name, spill->participant, partition);
		part->file = spill->files != NULL ? BufFileCreateFileSet(&spill->files->fs, name) : BufFileCreateTemp(false);
		part->level = spill->level + 1;
		spill->partitions++;
	}
	part->rows++;
	if (spill->kernel != NULL)
	{
		write_short(spill, part, row);
		MemoryContextSwitchTo(caller);
		return;
	}
	if (layout->by_reference)
	{
		for (int i = 0; i < layout->fields; i++)
			if (layout->field[i].kind == GROUPING_FIELD_VARLENA && !grouping_row_is_null(row, i))
				bytes += MAXALIGN(VARSIZE_ANY(*(char **) (row + layout->field[i].in_row)));
		write_bytes(spill, part, &bytes, sizeof(bytes));
	}
	write_bytes(spill, part, row, layout->row_size);
	if (bytes > 0)
	{
		Size used = 0;

		if (bytes > spill->flat_size)
		{
			if (spill->flat != NULL)
				pfree(spill->flat);
			spill->flat_size = Max(bytes, 1024);
			spill->flat = palloc0(spill->flat_size);
		}
		for (int i = 0; i < layout->fields; i++)
			if (layout->field[i].kind == GROUPING_FIELD_VARLENA && !grouping_row_is_null(row, i))
			{
				char *value = *(char **) (row + layout->field[i].in_row);

				memcpy(spill->flat + used, value, VARSIZE_ANY(value));
				used += MAXALIGN(VARSIZE_ANY(value));
			}
		write_bytes(spill, part, spill->flat, bytes);
	}
	MemoryContextSwitchTo(caller);
}

void
segment_grouping_spill_end(GroupingSpill *spill)
{
	MemoryContext caller;

	if (spill->part == NULL)
		return;
	caller = MemoryContextSwitchTo(spill->context);
	for (int i = 0; i < 1 << spill->bits; i++)
	{
		GroupingPart *part;

		if (spill->part[i].file == NULL)
			continue;
		segment_file_rewind(spill->part[i].file, GROUPING_FILES);
		part = palloc(sizeof(GroupingPart));
		*part = spill->part[i];
		spill->waiting = lappend(spill->waiting, part);
	}
	pfree(spill->part);
	spill->part = NULL;
	MemoryContextSwitchTo(caller);
}

void
segment_grouping_spill_end_shared(GroupingSpill *spill)
{
	if (spill->part != NULL)
	{
		for (int i = 0; i < 1 << spill->bits; i++)
			if (spill->part[i].file != NULL)
				BufFileClose(spill->part[i].file);
		pfree(spill->part);
		spill->part = NULL;
	}
	spill->files = NULL;
}

void
segment_grouping_file_name(char *name, uint32 participant, int partition)
{
	snprintf(name, MAXPGPATH, "%u.%d", participant, partition);
}

GroupingPart *
segment_grouping_spill_next(GroupingSpill *spill)
{
	GroupingPart *part;

	if (spill->waiting == NIL)
		return NULL;
	/* last in, first out: a part's own parts are finished before its neighbours, so few files exist at a time */
	part = (GroupingPart *) llast(spill->waiting);
	spill->waiting = list_delete_last(spill->waiting);
	spill->level = part->level;
	return part;
}

/* Reads exactly size bytes; false at the end of the file, if may_end. */
static bool
read_bytes(GroupingPart *part, void *bytes, Size size, bool may_end)
{
	return segment_file_read(part->file, bytes, size, may_end, GROUPING_FILES);
}

/* Reads a row that may be in its short form. */
static bool
read_short(const GroupingSpill *spill, GroupingPart *part, char *row)
{
	const GroupingLayout *layout = spill->layout;
	GroupingRowHead *head = (GroupingRowHead *) row;
	ShortRow short_row;

	if (!read_bytes(part, &short_row, sizeof(short_row), true))
		return false;
	if (unlikely(short_row.words[0] == 0))
	{
		/* the row has begun */
		Size begun = sizeof(short_row) - sizeof(uint64);

		memcpy(row, &short_row.words[1], begun);
		return read_bytes(part, row + begun, layout->row_size - begun, false);
	}
	head->filtered = 0;
	head->nulls = 0;
	head->hash = grouping_hash_datum(&layout->key, short_row.key);
	*(Datum *) (row + layout->field[0].in_row) = short_row.key;
	spill->kernel->expand(short_row.words, row + layout->packed_offset);
	return true;
}

bool
segment_grouping_read_row(const GroupingSpill *spill, GroupingPart *part, char *row, uint32 *bytes)
{
	const GroupingLayout *layout = spill->layout;

	*bytes = 0;
	if (spill->kernel != NULL)
		return read_short(spill, part, row);
	if (layout->by_reference && !read_bytes(part, bytes, sizeof(*bytes), true))
		return false;
	return read_bytes(part, row, layout->row_size, !layout->by_reference);
}

void
segment_grouping_read_row_bytes(const GroupingLayout *layout, GroupingPart *part, char *row, char *arena, uint32 bytes)
{
	if (bytes == 0)
		return;
	(void) read_bytes(part, arena, bytes, false);
	for (int i = 0; i < layout->fields; i++)
		if (layout->field[i].kind == GROUPING_FIELD_VARLENA && !grouping_row_is_null(row, i))
		{
			*(char **) (row + layout->field[i].in_row) = arena;
			arena += MAXALIGN(VARSIZE_ANY(arena));
		}
}

void
segment_grouping_part_close(GroupingPart *part)
{
	BufFileClose(part->file);
	pfree(part);
}

void
segment_grouping_spill_reset(GroupingSpill *spill)
{
	ListCell *part;

	if (spill->part != NULL)
	{
		for (int i = 0; i < 1 << spill->bits; i++)
			if (spill->part[i].file != NULL)
				BufFileClose(spill->part[i].file);
		spill->part = NULL;
	}
	foreach (part, spill->waiting)
		BufFileClose(((GroupingPart *) lfirst(part))->file);
	spill->waiting = NIL;
	spill->level = 0;
	spill->files = NULL;
	spill->flat = NULL;
	spill->flat_size = 0;
	MemoryContextReset(spill->context);
}
