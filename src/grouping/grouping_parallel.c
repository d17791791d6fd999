/*
 * grouping_parallel.c: grouping by several processes.
 *
 * Nobody merges what another has merged already, and no state is serialised: groups are handed over as the bytes that
 * they are. They go through temporary files of a shared file set, which the kernel keeps in memory unless it is short
 * of it: so the limit on memory holds without a second scheme, and a cancel leaves nothing behind.
 *
 * No participant waits after it has returned a row: a waiting process could otherwise wait for one that waits for room
 * in its queue of rows.
 */
#include "postgres.h"

#include <fcntl.h>

#include "access/parallel.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

#include "core/compat.h"
#include "grouping/grouping_node.h"

/* Precedes each group in a file. */
typedef struct RecordHead
{
	uint32 size;		  /* of the group */
	uint32 outside;		  /* bytes that its states keep outside, which follow it */
	uint64 is_null_group; /* the narrow group of NULL */
} RecordHead;

/* The partition of a hash: bits that neither the index nor a pass of a merge uses first. */
static inline int
partition_of(uint32 hash)
{
	return (int) (grouping_mix((uint64) hash + 0x5345) >> 59);
}

/* The pass of a merge that a hash belongs to. */
static inline int
pass_of(const GroupingShare *share, uint32 hash)
{
	return (int) ((grouping_mix((uint64) hash + 0x474D) >> 32) % (uint64) share->passes);
}

/* Room for a record of size bytes. */
static char *
record_room(GroupingState *node, Size size)
{
	GroupingShare *share = &node->share;

	if (size > share->record_size)
	{
		if (share->record != NULL)
			pfree(share->record);
		share->record_size = Max(size, 1024);
		share->record = MemoryContextAlloc(node->css.ss.ps.state->es_query_cxt, share->record_size);
	}
	return share->record;
}

/* The file of a partition that this participant writes. */
static BufFile *
file_of(GroupingState *node, int partition)
{
	GroupingShare *share = &node->share;

	if (share->file[partition] == NULL)
	{
		char name[MAXPGPATH];

		segment_grouping_file_name(name, share->participant, partition);
		share->file[partition] = BufFileCreateFileSet(&node->shared->files.fs, name);
	}
	return share->file[partition];
}

/* Bytes that the states of a group keep outside it. */
static Size
outside_bytes(GroupingAggregates *aggregates, char *group)
{
	Size bytes = 0;

	for (int i = 0; i < aggregates->count; i++)
	{
		GroupingTrans *trans = &aggregates->trans[i];
		Size size;

		if (trans->kernel == NULL || !trans->kernel->is_moved(group + trans->in_group))
			continue;
		(void) trans->kernel->outside(group + trans->in_group, &size);
		bytes += MAXALIGN(size);
	}
	return bytes;
}

/* Writes one group; what its states keep outside follows it. */
static void
write_group(GroupingState *node, char *group, Size size, bool is_null_group)
{
	GroupingAggregates *aggregates = &node->aggregates;
	int partition = partition_of(is_null_group ? 0 : grouping_hash_of_group(&node->layout, group));
	BufFile *file = file_of(node, partition);
	RecordHead head;

	head.size = (uint32) size;
	head.outside = (uint32) outside_bytes(aggregates, group);
	head.is_null_group = is_null_group;
	BufFileWrite(file, &head, sizeof(head));
	BufFileWrite(file, group, size);
	for (int i = 0; i < aggregates->count && head.outside > 0; i++)
	{
		GroupingTrans *trans = &aggregates->trans[i];
		Size outside_size;
		const void *outside;
		char *copy;

		if (trans->kernel == NULL || !trans->kernel->is_moved(group + trans->in_group))
			continue;
		outside = trans->kernel->outside(group + trans->in_group, &outside_size);
		copy = record_room(node, MAXALIGN(outside_size));
		memcpy(copy, outside, outside_size);
		BufFileWrite(file, copy, MAXALIGN(outside_size));
	}
	pg_atomic_fetch_add_u64(&node->shared->groups[partition], 1);
	pg_atomic_fetch_add_u64(&node->shared->bytes[partition], size + head.outside);
}

void
segment_grouping_hand_over(GroupingState *node)
{
	MemoryContext caller = MemoryContextSwitchTo(node->css.ss.ps.state->es_query_cxt);
	GroupingCursor cursor = {0, 0};
	char *group;

	while ((group = segment_grouping_table_next(&node->table, &cursor)) != NULL)
	{
		GroupingChunk *chunk = node->table.chunk[cursor.chunk];

		CHECK_FOR_INTERRUPTS();
		write_group(node, group, segment_grouping_table_group_size(&node->table, chunk, group),
					group == node->table.null_group);
	}
	MemoryContextSwitchTo(caller);
	segment_grouping_reset_aggregates(&node->aggregates);
	segment_grouping_table_reset(&node->table, 0);
}

void
segment_grouping_end_build(GroupingState *node)
{
	GroupingShare *share = &node->share;

	segment_grouping_hand_over(node);
	for (int i = 0; i < GROUPING_SHARES; i++)
	{
		if (share->file[i] != NULL)
			BufFileClose(share->file[i]);
		share->file[i] = NULL;
	}
	(void) BarrierArriveAndWait(&node->shared->barrier, PG_WAIT_EXTENSION);
}

/* Merges the group in the record into the table. */
static void
merge_record(GroupingState *node, const RecordHead *head)
{
	GroupingAggregates *aggregates = &node->aggregates;
	GroupingShare *share = &node->share;
	char *other = share->record;
	char *row = node->batch.rows;
	char *outside = other + head->size;
	char *group;

	segment_grouping_group_as_row(&node->layout, other, head->is_null_group != 0, row);
	if (share->passes > 1 && pass_of(share, ((GroupingRowHead *) row)->hash) != share->pass)
		return;
	group = grouping_table_find(&node->table, row);
	if (group == NULL)
	{
		group = segment_grouping_table_insert(&node->table, row, 0);
		if (group == NULL)
			elog(ERROR, "a merged partition does not fit into memory");
		segment_grouping_start_states(aggregates, group);
	}
	for (int i = 0; i < aggregates->count && head->outside > 0; i++)
	{
		GroupingTrans *trans = &aggregates->trans[i];
		Size outside_size;

		/* a pointer of the process that wrote the group: only whether it is NULL matters */
		if (trans->kernel == NULL || !trans->kernel->is_moved(other + trans->in_group))
			continue;
		trans->kernel->relocate(other + trans->in_group, outside);
		(void) trans->kernel->outside(other + trans->in_group, &outside_size);
		outside += MAXALIGN(outside_size);
	}
	segment_grouping_merge_states(aggregates, group, other);
}

/* Raises a shared maximum. */
static void
raise_to(pg_atomic_uint32 *maximum, uint32 value)
{
	uint32 now = pg_atomic_read_u32(maximum);

	while (now < value && !pg_atomic_compare_exchange_u32(maximum, &now, value))
		;
}

void
segment_grouping_report(GroupingState *node)
{
	if (!IsParallelWorker())
		return;
	pg_atomic_fetch_add_u64(&node->shared->total_groups, node->groups);
	pg_atomic_fetch_add_u64(&node->shared->peak_memory, node->peak_memory);
	pg_atomic_fetch_add_u64(&node->shared->spilled_bytes, node->spill.bytes);
	raise_to(&node->shared->longest_probe, node->table.longest_probe);
	node->groups = 0;
	node->peak_memory = 0;
	node->spill.bytes = 0;
}

bool
segment_grouping_merge_next(GroupingState *node)
{
	GroupingShared *shared = node->shared;
	GroupingShare *share = &node->share;
	uint32 participants = pg_atomic_read_u32(&shared->participants);
	MemoryContext caller;
	double groups;

	if (++share->pass >= share->passes)
	{
		Size needed;

		share->partition = (int) pg_atomic_fetch_add_u32(&shared->next, 1);
		if (share->partition >= GROUPING_SHARES)
		{
			segment_grouping_report(node);
			return false;
		}
		/* the table's index and its last chunk come on top of the groups */
		needed = pg_atomic_read_u64(&shared->bytes[share->partition]) +
				 pg_atomic_read_u64(&shared->groups[share->partition]) * 16;
		share->passes = (int) (needed / Max(get_hash_memory_limit() / 2, 1)) + 1;
		share->pass = 0;
	}
	segment_grouping_reset_aggregates(&node->aggregates);
	node->table.limit = SIZE_MAX / 4;
	groups = (double) pg_atomic_read_u64(&shared->groups[share->partition]) / share->passes;
	segment_grouping_table_reset(&node->table, groups);
	caller = MemoryContextSwitchTo(node->aggregates.row_context);
	for (uint32 i = 0; i < participants; i++)
	{
		char name[MAXPGPATH];
		BufFile *file;
		RecordHead head;

		segment_grouping_file_name(name, i, share->partition);
		file = BufFileOpenFileSet(&shared->files.fs, name, O_RDONLY, true);
		if (file == NULL)
			continue;
		while (segment_file_read(file, &head, sizeof(head), true, GROUPING_FILES))
		{
			Size size = (Size) head.size + head.outside;

			(void) segment_file_read(file, record_room(node, size), size, false, GROUPING_FILES);
			merge_record(node, &head);
		}
		BufFileClose(file);
		if (share->pass == share->passes - 1)
			BufFileDeleteFileSet(&shared->files.fs, name, true);
		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(node->aggregates.row_context);
	}
	MemoryContextSwitchTo(caller);
	return true;
}

Size
segment_grouping_estimate_dsm(CustomScanState *node, ParallelContext *pcxt)
{
	(void) node;
	(void) pcxt;
	return sizeof(GroupingShared);
}

/* Resets the shared state. */
static void
reset_shared(GroupingShared *shared)
{
	BarrierInit(&shared->barrier, 0);
	pg_atomic_init_u32(&shared->participants, 0);
	pg_atomic_init_u32(&shared->next, 0);
	for (int i = 0; i < GROUPING_SHARES; i++)
	{
		pg_atomic_init_u64(&shared->groups[i], 0);
		pg_atomic_init_u64(&shared->bytes[i], 0);
	}
	pg_atomic_init_u64(&shared->total_groups, 0);
	pg_atomic_init_u64(&shared->peak_memory, 0);
	pg_atomic_init_u64(&shared->spilled_bytes, 0);
	pg_atomic_init_u32(&shared->longest_probe, 0);
}

void
segment_grouping_init_dsm(CustomScanState *css, ParallelContext *pcxt, void *coordinate)
{
	GroupingState *node = (GroupingState *) css;

	/* without a segment there are no workers, and the node works alone */
	if (pcxt->seg == NULL)
		return;
	node->shared = (GroupingShared *) coordinate;
	reset_shared(node->shared);
	node->shared->segment = dsm_segment_handle(pcxt->seg);
	node->shared->key = node->layout.key;
	SharedFileSetInit(&node->shared->files, pcxt->seg);
}

void
segment_grouping_reinit_dsm(CustomScanState *css, ParallelContext *pcxt, void *coordinate)
{
	GroupingState *node = (GroupingState *) css;

	(void) pcxt;
	(void) coordinate;
	if (node->shared == NULL)
		return;
	SharedFileSetDeleteAll(&node->shared->files);
	reset_shared(node->shared);
}

void
segment_grouping_init_worker(CustomScanState *css, shm_toc *toc, void *coordinate)
{
	GroupingState *node = (GroupingState *) css;

	(void) toc;
	node->shared = (GroupingShared *) coordinate;
	node->layout.key = node->shared->key;
	SharedFileSetAttach(&node->shared->files, dsm_find_mapping(node->shared->segment));
}

/* Keeps what EXPLAIN shows, before the shared memory goes. */
void
segment_grouping_shutdown(CustomScanState *css)
{
	GroupingState *node = (GroupingState *) css;
	GroupingShared *shared = node->shared;

	if (shared == NULL || IsParallelWorker())
		return;
	node->groups += pg_atomic_exchange_u64(&shared->total_groups, 0);
	node->peak_memory += pg_atomic_exchange_u64(&shared->peak_memory, 0);
	node->spill.bytes += pg_atomic_exchange_u64(&shared->spilled_bytes, 0);
	node->table.longest_probe = Max(node->table.longest_probe, pg_atomic_read_u32(&shared->longest_probe));
	node->shared = NULL;
}
