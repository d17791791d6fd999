/*
 * runs.h: sorted records in temporary files, for aggregates that outgrow their memory limit.
 *
 * What is in memory becomes a sorted run in a file; every eight runs of one level are merged into one of the next, so
 * that a record is read and written a logarithmic number of times and few files are open. A merge reads all runs, and
 * what is in memory, in order; equal records become one.
 */
#ifndef SEGMENT_CORE_RUNS_H
#define SEGMENT_CORE_RUNS_H

#include "core/compat.h"

#include "storage/buffile.h"

/* What records are. */
typedef struct SegmentRecord
{
	const char *name; /* for errors: "quantiles" */
	/* Three-way comparison of two records. */
	int (*compare)(const void *a, const void *b, Size size);
	/* Adds the count of an equal record. */
	void (*combine)(void *record, const void *equal, Size size);
} SegmentRecord;

/* Distinct records in memory: sorted, or read in that order of their numbers. */
typedef struct SegmentSorted
{
	const void *records;
	const uint32 *order; /* NULL: as they stand */
	Size n;
} SegmentSorted;

typedef struct SegmentRun
{
	BufFile *file;
	Size n;
	int level; /* 0: of records in memory; n: of runs of level n - 1 */
} SegmentRun;

/* The runs of a state. */
typedef struct SegmentRuns
{
	const SegmentRecord *record;
	Size size;			   /* bytes a record */
	MemoryContext context; /* of the list and the files' buffers */
	bool closes_files;	   /* the aggregate will close the files */
	int n_runs;
	int max_runs;
	SegmentRun *run;
} SegmentRuns;

/* No runs; context is the state's. */
extern void segment_runs_init(SegmentRuns *runs, const SegmentRecord *record, Size size, MemoryContext context);

/* Moves what is in memory to a file. */
extern void segment_runs_write(SegmentRuns *runs, const SegmentSorted *memory);

/* Call after writing in an aggregate: closes the files when it ends. */
extern void segment_runs_settle(SegmentRuns *runs, FunctionCallInfo fcinfo);

/* Closes the files of runs that nobody settles. */
extern void segment_runs_close(SegmentRuns *runs);

/*
 * Reads all runs and the records in memory, which must not change meanwhile. One merge at a time: runs share file
 * positions.
 */
typedef struct SegmentMerge SegmentMerge;
extern SegmentMerge *segment_merge_start(const SegmentRuns *runs, const SegmentSorted *memory);
extern bool segment_merge_next(SegmentMerge *merge, void *record);
extern void segment_merge_rewind(SegmentMerge *merge);
extern void segment_merge_end(SegmentMerge *merge);

/* An upper bound of the records that a merge gives: duplicates across runs are counted. */
extern Size segment_merge_records(const SegmentMerge *merge);

#endif
