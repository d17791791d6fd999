/*
 * grouping_exec.c: running the node: rows in batches into the table, groups out, then the parts that were spilled.
 */
#include "postgres.h"

#include <fcntl.h>

#include "executor/executor.h"
#include "executor/instrument.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "core/image.h"
#include "grouping/grouping_node.h"

/* Prefetch groups this many rows ahead: about as many requests as a core keeps in flight. */
#define ROWS_AHEAD 16

/* Prefetch states outside the group this many rows ahead, when the group itself has arrived. */
#define STATES_AHEAD 8
#define STATE_BYTES 256

/* Prefetch what results need this many groups ahead. */
#define GROUPS_AHEAD 16

/* Measure the memory of states outside the groups once per this many new groups. */
#define GROUPS_PER_CHECK 64

/* Prefetch the row's likely group. */
static inline void
prefetch_group(const GroupingTable *table, const GroupingLayout *layout, const char *row)
{
	const char *group = grouping_table_guess(table, ((const GroupingRowHead *) row)->hash);

	if (group == NULL)
		return;
	__builtin_prefetch(group, 1);
	/* the next cache line too: a group may begin anywhere in a line */
	__builtin_prefetch(group + Min(layout->group_size - 1, 64), 1);
}

/* Prefetch the state that the row's group points to. */
static inline void
prefetch_state(const GroupingTable *table, const GroupingTrans *trans, const char *row)
{
	const char *group = grouping_table_guess(table, ((const GroupingRowHead *) row)->hash);
	const char *state;

	if (group == NULL)
		return;
	if (trans->kernel != NULL)
	{
		trans->kernel->prefetch(group + trans->in_group);
		return;
	}
	state = DatumGetPointer(((const GroupingDatumState *) (group + trans->in_group))->value);
	for (int i = 0; i < STATE_BYTES; i += 64)
		__builtin_prefetch(state + i, 1);
}

/* Finds the row's group or creates it; NULL if there is no memory for a new one. */
static inline char *
group_of(GroupingState *node, char *row)
{
	GroupingTable *table = &node->table;
	GroupingAggregates *aggregates = &node->aggregates;
	char *group = grouping_table_find(table, row);

	if (likely(group != NULL))
		return group;
	if (table->groups % GROUPS_PER_CHECK == 0)
		node->outside = MemoryContextMemAllocated(aggregates->state_context, true);
	group = segment_grouping_table_insert(table, row, node->outside);
	if (group != NULL)
		segment_grouping_start_states(aggregates, group);
	return group;
}

/* Adds the rows of the batch to their groups, or spills them. */
static void
add_batch(GroupingState *node)
{
	GroupingTable *table = &node->table;
	GroupingLayout *layout = &node->layout;
	GroupingAggregates *aggregates = &node->aggregates;
	GroupingBatch *batch = &node->batch;
	MemoryContext caller = MemoryContextSwitchTo(aggregates->row_context);
	Size row_size = layout->row_size;
	char *row = batch->rows;

	CHECK_FOR_INTERRUPTS();
	for (; node->exchanging && batch->count > 0; batch->count--, row += row_size)
		segment_grouping_spill_row(&node->spill, row);
	for (int i = 0; i < Min(batch->count, ROWS_AHEAD); i++)
		prefetch_group(table, layout, row + i * row_size);
	for (int i = 0; i < batch->count; i++, row += row_size)
	{
		char *group;

		if (i + ROWS_AHEAD < batch->count)
			prefetch_group(table, layout, row + ROWS_AHEAD * row_size);
		if (aggregates->pointing != NULL && i + STATES_AHEAD < batch->count)
			prefetch_state(table, aggregates->pointing, row + STATES_AHEAD * row_size);
		group = group_of(node, row);
		if (unlikely(group == NULL) && node->shared != NULL && !node->plan.by_rows)
		{
			segment_grouping_hand_over(node);
			node->outside = 0;
			group = group_of(node, row);
		}
		if (unlikely(group == NULL))
			segment_grouping_spill_row(&node->spill, row);
		else
			segment_grouping_add_row(aggregates, layout, group, row);
		if (aggregates->calls)
			MemoryContextReset(aggregates->row_context);
	}
	MemoryContextReset(aggregates->row_context);
	batch->count = 0;
	batch->arena_used = 0;
	MemoryContextSwitchTo(caller);
}

/* Reserves arena space for the row's varlenas; false if the batch had to be added to the table first. */
static bool
reserve_arena(GroupingState *node, Size bytes)
{
	GroupingBatch *batch = &node->batch;

	if (likely(batch->arena_used + bytes <= batch->arena_size))
		return true;
	if (batch->count > 0)
	{
		add_batch(node);
		return false;
	}
	pfree(batch->arena);
	batch->arena = MemoryContextAllocExtended(node->css.ss.ps.state->es_query_cxt, bytes, MCXT_ALLOC_HUGE);
	batch->arena_size = bytes;
	return true;
}

/* Counts a complete row into the batch; adds the batch to the table when it is full. */
static inline void
row_added(GroupingState *node, char *row)
{
	GroupingTable *table = &node->table;

	__builtin_prefetch(&table->index[((GroupingRowHead *) row)->hash & table->mask]);
	if (++node->batch.count == node->batch.capacity)
		add_batch(node);
}

/* Moves to the next input row: the child's next, or the next one of its page; false at the end. */
static inline bool
next_row(GroupingState *node, GroupingRows *rows)
{
	PlanState *child = linitial(node->css.custom_ps);
	TupleTableSlot *slot;

	if (rows->count > 1)
	{
		rows->count--;
		rows->values += rows->columns;
		rows->nulls += rows->columns;
		return true;
	}
	slot = ExecProcNode(child);
	if (TupIsNull(slot))
		return false;
	if (node->pages != NULL)
	{
		segment_grouping_read_page(node->pages, child, rows);
		return true;
	}
	slot_getsomeattrs(slot, node->last_input);
	rows->count = 1;
	rows->values = slot->tts_values;
	rows->nulls = slot->tts_isnull;
	return true;
}

/* A bit for each aggregate whose FILTER excludes the row. */
static uint32
filtered_bits(const GroupingState *node, const Datum *values, const bool *nulls)
{
	uint32 bits = 0;

	for (int i = 0; i < node->aggregates.count; i++)
	{
		AttrNumber filter = node->aggregates.trans[i].filter;

		if (filter != 0 && (nulls[filter - 1] || !DatumGetBool(values[filter - 1])))
			bits |= (uint32) 1 << i;
	}
	return bits;
}

/* Copies a varlena into the batch's arena. May add the batch to the table first. */
static inline char *
keep_varlena(GroupingState *node, Datum value)
{
	GroupingBatch *batch = &node->batch;
	const char *bytes;
	Size size;
	char *kept;

	do
	{
		bytes = DatumGetPointer(value);
		if (unlikely(VARATT_IS_EXTERNAL_EXPANDED(bytes)))
			bytes = (const char *) PG_DETOAST_DATUM(value);
		size = VARSIZE_ANY(bytes);
	} while (!reserve_arena(node, MAXALIGN(size)));
	kept = batch->arena + batch->arena_used;
	memcpy(kept, bytes, size);
	batch->arena_used += MAXALIGN(size);
	return kept;
}

/*
 * The same for the common case: one key passed by value, one aggregate with a kernel, no FILTER; the kernel may take a
 * varlena for its field.
 */
void
segment_grouping_read_child_narrow(GroupingState *node)
{
	GroupingLayout *layout = &node->layout;
	GroupingBatch *batch = &node->batch;
	GroupingTrans *trans = &node->aggregates.trans[0];
	MemoryContext row_context = node->aggregates.row_context;
	int key_input = layout->field[0].input - 1;
	int16 key_length = layout->field[0].length;
	int field_input = layout->fields > 1 ? layout->field[1].input - 1 : -1;
	GroupingRows rows = {0};

	while (next_row(node, &rows))
	{
		const Datum *values = rows.values;
		const bool *nulls = rows.nulls;
		MemoryContext caller = MemoryContextSwitchTo(row_context);
		char *field = NULL;
		char *row;
		GroupingRowHead *head;
		Datum arguments[FUNC_MAX_ARGS];
		bool argument_nulls[FUNC_MAX_ARGS];
		Datum key = 0;

		if (field_input >= 0 && !nulls[field_input])
			field = keep_varlena(node, values[field_input]);
		row = batch->rows + (Size) batch->count * layout->row_size;
		head = (GroupingRowHead *) row;
		head->filtered = 0;
		head->nulls = nulls[key_input];
		if (field_input >= 0)
		{
			head->nulls |= (uint64) nulls[field_input] << 1;
			*(char **) (row + layout->field[1].in_row) = field;
		}
		if (likely(!nulls[key_input]))
			key = segment_canonical_datum(values[key_input], key_length);
		*(Datum *) (row + sizeof(GroupingRowHead)) = key;
		head->hash = grouping_hash_datum(&layout->key, key);
		for (int i = 0; i < trans->arguments; i++)
		{
			arguments[i] = values[trans->input[i] - 1];
			argument_nulls[i] = nulls[trans->input[i] - 1];
		}
		trans->kernel->pack(trans->binding, arguments, argument_nulls, row + trans->in_row);
		MemoryContextSwitchTo(caller);
		row_added(node, row);
	}
}

/* Reads the child to its end. */
void
segment_grouping_read_child(GroupingState *node)
{
	GroupingLayout *layout = &node->layout;
	GroupingBatch *batch = &node->batch;
	MemoryContext row_context = node->aggregates.row_context;
	GroupingRows rows = {0};

	while (next_row(node, &rows))
	{
		MemoryContext caller = MemoryContextSwitchTo(row_context);
		char *row;
		Size bytes;

		do
		{
			row = batch->rows + (Size) batch->count * layout->row_size;
			bytes = segment_grouping_fill_row(layout, rows.values, rows.nulls, row);
		} while (bytes > 0 && !reserve_arena(node, bytes));
		if (node->any_filter)
			((GroupingRowHead *) row)->filtered = filtered_bits(node, rows.values, rows.nulls);
		segment_grouping_pack_row(&node->aggregates, rows.values, rows.nulls, row);
		segment_grouping_keep_row(layout, row, batch->arena + batch->arena_used);
		batch->arena_used += bytes;
		MemoryContextSwitchTo(caller);
		row_added(node, row);
	}
}

/* Reads a spilled part to its end. */
static void
read_part(GroupingState *node, GroupingPart *part)
{
	GroupingLayout *layout = &node->layout;
	GroupingBatch *batch = &node->batch;
	uint32 bytes;

	for (;;)
	{
		char *row = batch->rows + (Size) batch->count * layout->row_size;
		char *first = batch->rows;

		if (!segment_grouping_read_row(&node->spill, part, row, &bytes))
			break;
		if (bytes > 0)
		{
			/* adding the batch leaves the row's bytes where they are */
			if (!reserve_arena(node, bytes))
			{
				memmove(first, row, layout->row_size);
				row = first;
				(void) reserve_arena(node, bytes);
			}
			segment_grouping_read_row_bytes(layout, part, row, batch->arena + batch->arena_used, bytes);
			batch->arena_used += bytes;
		}
		row_added(node, row);
	}
}

/* Remembers the highest use of memory. */
static void
note_memory(GroupingState *node)
{
	Size memory = node->table.memory + node->batch.arena_size + (Size) node->batch.capacity * node->layout.row_size +
				  MemoryContextMemAllocated(node->aggregates.state_context, true) +
				  MemoryContextMemAllocated(node->spill.context, true);

	node->peak_memory = Max(node->peak_memory, memory);
}

/* Makes the table empty for about so many groups. */
static void
start_pass(GroupingState *node, double groups)
{
	Size limit = get_hash_memory_limit();
	double bytes = groups * (node->layout.group_size + 12.0);

	segment_grouping_reset_aggregates(&node->aggregates);
	node->spill.bits = segment_grouping_spill_bits(bytes, limit);
	node->table.limit = limit;
	if (bytes > limit && (node->shared == NULL || node->plan.by_rows))
		node->table.limit -= segment_grouping_spill_memory(node->spill.bits);
	segment_grouping_table_reset(&node->table, groups);
	node->outside = 0;
	node->batch.count = 0;
	node->batch.arena_used = 0;
}

/* Fills the table: from the child, or from the next part; false if there is nothing left. */
static bool
next_pass_alone(GroupingState *node)
{
	GroupingPart *part = NULL;

	if (node->started)
	{
		part = segment_grouping_spill_next(&node->spill);
		if (part == NULL)
			return false;
	}
	start_pass(node, part != NULL ? (double) part->rows : node->plan.groups);
	node->started = true;
	if (part == NULL)
		node->read_child(node);
	else
		read_part(node, part);
	add_batch(node);
	note_memory(node);
	if (part != NULL)
		segment_grouping_part_close(part);
	segment_grouping_spill_end(&node->spill);
	node->passes++;
	return true;
}

/* Reads a share of the child's rows, and hands over groups or rows; then waits until all have done so. */
static void
build_share(GroupingState *node)
{
	GroupingShared *shared = node->shared;

	node->share.participant = pg_atomic_fetch_add_u32(&shared->participants, 1);
	start_pass(node, node->plan.by_rows ? 0 : node->plan.groups);
	if (node->plan.by_rows)
	{
		node->spill.bits = GROUPING_SHARE_BITS;
		node->spill.level = 0;
		node->spill.files = &shared->files;
		node->spill.participant = node->share.participant;
		node->exchanging = true;
	}
	node->read_child(node);
	add_batch(node);
	note_memory(node);
	node->exchanging = false;
	if (node->plan.by_rows)
		segment_grouping_spill_end_shared(&node->spill);
	segment_grouping_end_build(node);
}

/* Groups the rows of another partition; false if all are taken. */
static bool
group_partition(GroupingState *node)
{
	GroupingShared *shared = node->shared;
	uint32 partition = pg_atomic_fetch_add_u32(&shared->next, 1);
	uint32 participants = pg_atomic_read_u32(&shared->participants);

	if (partition >= GROUPING_SHARES)
	{
		segment_grouping_report(node);
		return false;
	}
	start_pass(node, node->plan.groups / GROUPING_SHARES);
	node->spill.level = 1;
	for (uint32 i = 0; i < participants; i++)
	{
		char name[MAXPGPATH];
		GroupingPart part;

		segment_grouping_file_name(name, i, partition);
		part.file = BufFileOpenFileSet(&shared->files.fs, name, O_RDONLY, true);
		if (part.file == NULL)
			continue;
		read_part(node, &part);
		BufFileClose(part.file);
		/* deleted here, while the other processes work: at the end, one process would delete them all */
		BufFileDeleteFileSet(&shared->files.fs, name, true);
	}
	add_batch(node);
	note_memory(node);
	segment_grouping_spill_end(&node->spill);
	return true;
}

/*
 * Fills the table as one of several processes. A process that starts after the others have read all rows helps to group
 * what they handed over, unless it leaves its groups to them.
 */
static bool
next_pass_together(GroupingState *node)
{
	if (!node->started)
	{
		uint32 mine = 0;

		node->share.pass = node->share.passes = 0;
		node->started = true;
		if (BarrierAttach(&node->shared->barrier) == 0)
		{
			build_share(node);
			mine = 1;
		}
		node->passes = 1;
		node->share.is_done = node->share.leaves_groups && pg_atomic_read_u32(&node->shared->participants) > mine;
	}
	if (node->share.is_done)
		return false;
	if (node->plan.by_rows)
		return node->spill.waiting != NIL ? next_pass_alone(node) : group_partition(node);
	if (!segment_grouping_merge_next(node))
		return false;
	note_memory(node);
	return true;
}

static bool
next_pass(GroupingState *node)
{
	if (!(node->shared != NULL ? next_pass_together(node) : next_pass_alone(node)))
		return false;
	node->cursor.chunk = 0;
	node->cursor.offset = 0;
	node->ahead = node->cursor;
	for (int i = 0; i < GROUPS_AHEAD; i++)
		(void) segment_grouping_table_next(&node->table, &node->ahead);
	node->groups += node->table.groups;
	return true;
}

/* The next group to return; prefetches what a later one's result needs. */
static char *
next_group(GroupingState *node)
{
	const GroupingTrans *trans = node->aggregates.pointing;

	if (trans != NULL && trans->kernel != NULL)
	{
		const char *ahead = segment_grouping_table_next(&node->table, &node->ahead);

		if (ahead != NULL)
			trans->kernel->prefetch_result(ahead + trans->in_group);
	}
	return segment_grouping_table_next(&node->table, &node->cursor);
}

/* Puts a group into the node's slot. */
static void
store_group(GroupingState *node, char *group, TupleTableSlot *slot)
{
	ExecClearTuple(slot);
	if (node->layout.narrow)
	{
		slot->tts_values[0] = *(Datum *) group;
		slot->tts_isnull[0] = group == node->table.null_group;
	}
	else
		segment_grouping_read_group(&node->layout, group, slot->tts_values, slot->tts_isnull);
	segment_grouping_results(&node->aggregates, group, slot->tts_values + node->layout.columns,
							 slot->tts_isnull + node->layout.columns);
	ExecStoreVirtualTuple(slot);
}

TupleTableSlot *
segment_grouping_row_of(GroupingState *node, char *group)
{
	CustomScanState *css = &node->css;
	ExprContext *econtext = css->ss.ps.ps_ExprContext;
	TupleTableSlot *slot = css->ss.ss_ScanTupleSlot;

	CHECK_FOR_INTERRUPTS();
	ResetExprContext(econtext);
	store_group(node, group, slot);
	econtext->ecxt_scantuple = slot;
	if (css->ss.ps.qual != NULL && !ExecQual(css->ss.ps.qual, econtext))
		return NULL;
	return css->ss.ps.ps_ProjInfo != NULL ? ExecProject(css->ss.ps.ps_ProjInfo) : slot;
}

TupleTableSlot *
segment_grouping_exec(CustomScanState *css)
{
	GroupingState *node = (GroupingState *) css;

	if (!node->started && !next_pass(node))
		return NULL;
	for (;;)
	{
		char *group = next_group(node);
		TupleTableSlot *row;

		if (group == NULL)
		{
			if (!next_pass(node))
				return NULL;
			continue;
		}
		row = segment_grouping_row_of(node, group);
		if (row != NULL)
			return row;
		InstrCountFiltered1(css, 1);
	}
}
