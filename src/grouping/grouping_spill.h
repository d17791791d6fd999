/*
 * grouping_spill.h: rows whose group finds no room in memory wait in temporary files, partitioned by their hash, and
 * are grouped when memory is free again.
 */
#ifndef SEGMENT_GROUPING_SPILL_H
#define SEGMENT_GROUPING_SPILL_H

#include "storage/buffile.h"
#include "storage/sharedfileset.h"

#include "core/aggregate.h"
#include "core/temp_file.h"
#include "grouping/grouping_row.h"

/* What errors call the owner of the files. */
#define GROUPING_FILES "a grouping"

/* The most files at a time: the buffers of more would take the memory that is missing. */
#define GROUPING_PARTITIONS_MAX 128

/* The rows of one partition. */
typedef struct GroupingPart
{
	BufFile *file;
	int level; /* how often its rows were partitioned */
	uint64 rows;
} GroupingPart;

/* What one pass over rows spills. */
typedef struct GroupingSpill
{
	MemoryContext context; /* of the files' buffers and of the list of parts */
	GroupingLayout *layout;
	const SegmentKernel *kernel; /* rows have a short form: a narrow key and what this kernel shrinks; or NULL */
	SegmentHashKey fixed_key;	 /* of the hash that partitions follow first */
	int level;
	int bits;			  /* 2^bits partitions */
	SharedFileSet *files; /* where other processes are to read the parts; else NULL */
	uint32 participant;	  /* with files: who writes them */
	GroupingPart *part;	  /* NULL until the first row comes */
	char *flat;			  /* room to make a row one piece */
	Size flat_size;
	List *waiting; /* parts that are complete and not read yet */
	/* for EXPLAIN */
	uint64 bytes;	/* written, in all */
	int partitions; /* in all */
} GroupingSpill;

/*
 * How many files a pass writes: enough that the groups of a part are likely to fit into limit bytes. bytes is what all
 * of the pass's groups are expected to need.
 */
extern int segment_grouping_spill_bits(double bytes, Size limit);

/* Memory of the files' buffers. */
extern Size segment_grouping_spill_memory(int bits);

/* Writes a row; starts the files with the first one. */
extern void segment_grouping_spill_row(GroupingSpill *spill, char *row);

/* Ends a pass: its parts wait to be read. */
extern void segment_grouping_spill_end(GroupingSpill *spill);

/* Ends a pass whose parts others read. */
extern void segment_grouping_spill_end_shared(GroupingSpill *spill);

/* The name of a participant's file of a partition. */
extern void segment_grouping_file_name(char *name, uint32 participant, int partition);

/* The next part, ready to be read, or NULL; spill->level is that of its rows. */
extern GroupingPart *segment_grouping_spill_next(GroupingSpill *spill);

/*
 * Reads the fixed part of a row and says how many bytes of varlenas follow; false at the end of the part. The second
 * call reads those into memory of their own.
 */
extern bool segment_grouping_read_row(const GroupingSpill *spill, GroupingPart *part, char *row, uint32 *bytes);
extern void segment_grouping_read_row_bytes(const GroupingLayout *layout, GroupingPart *part, char *row, char *arena,
											uint32 bytes);

/* Closes a part, and with it deletes its file. */
extern void segment_grouping_part_close(GroupingPart *part);

/* Closes everything. */
extern void segment_grouping_spill_reset(GroupingSpill *spill);

#endif
