/*
 * state_writer.c: rows into a table of the room and its indexes, many at a time, as COPY does it: a log record a page.
 *
 * The rows are ours: what the tables' CHECK constraints say holds by the way they are made, and is not asked of each that
 * is inserted. Columns that must not be NULL are looked at.
 */
#include "postgres.h"

#include "core/compat.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "segmentation/authority.h"
#include "segmentation/forgotten.h"
#include "segmentation/state_writer.h"

/* What COPY has found good. */
#define ROWS_MAX 1000
#define BYTES_MAX 65536

struct RowWriter
{
	Relation table;
	EState *estate;
	ResultRelInfo *result;
	BulkInsertState bulk;
	TupleTableSlot **slot;
	int count;
	Size bytes;
	int64 inserted;
	MemoryContext rows; /* reset when they are inserted */
};

bool
segment_writes_plainly(Relation table)
{
	return table->trigdesc == NULL && table->rd_rel->relkind == RELKIND_RELATION;
}

RowWriter *
segment_writer_begin(const char *table)
{
	RowWriter *w = palloc0(sizeof(RowWriter));
	EState *estate = CreateExecutorState();

	(void) segment_required_authority();
	w->table = table_open(segment_table(table), RowExclusiveLock);
	w->estate = estate;
	w->result = makeNode(ResultRelInfo);
	InitResultRelInfo(w->result, w->table, 0, NULL, 0);
	ExecOpenIndices(w->result, false);
	estate->es_snapshot = GetActiveSnapshot();
	estate->es_output_cid = GetCurrentCommandId(true);
	w->bulk = GetBulkInsertState();
	w->rows = AllocSetContextCreate(CurrentMemoryContext, "segment rows to write", ALLOCSET_DEFAULT_SIZES);
	w->slot = segment_palloc0_array(TupleTableSlot *, ROWS_MAX);
	return w;
}

Relation
segment_writer_table(RowWriter *w)
{
	return w->table;
}

static void
flush(RowWriter *w)
{
	MemoryContext caller;

	if (w->count == 0)
		return;
	CHECK_FOR_INTERRUPTS();
	caller = MemoryContextSwitchTo(GetPerTupleMemoryContext(w->estate));
	table_multi_insert(w->table, w->slot, w->count, GetCurrentCommandId(true), 0, w->bulk);
	MemoryContextSwitchTo(caller);
	for (int i = 0; i < w->count; i++)
	{
		ResetPerTupleExprContext(w->estate);
		if (w->result->ri_NumIndices > 0)
			segment_insert_index_tuples(w->result, w->slot[i], w->estate);
		ExecClearTuple(w->slot[i]);
	}
	ResetPerTupleExprContext(w->estate);
	MemoryContextReset(w->rows);
	w->inserted += w->count;
	w->count = 0;
	w->bytes = 0;
}

void
segment_writer_insert(RowWriter *w, TupleTableSlot *row)
{
	TupleDesc desc = RelationGetDescr(w->table);
	TupleTableSlot *slot = w->slot[w->count];
	MemoryContext caller;

	slot_getallattrs(row);
	for (int i = 0; i < desc->natts; i++)
		if (unlikely(row->tts_isnull[i] && TupleDescAttr(desc, i)->attnotnull))
			elog(ERROR, "%s of a row of %s is not known", NameStr(TupleDescAttr(desc, i)->attname),
				 RelationGetRelationName(w->table));
	if (slot == NULL)
	{
		caller = MemoryContextSwitchTo(MemoryContextGetParent(w->rows));
		slot = w->slot[w->count] = MakeSingleTupleTableSlot(desc, &TTSOpsHeapTuple);
		MemoryContextSwitchTo(caller);
	}
	caller = MemoryContextSwitchTo(w->rows);
	ExecStoreHeapTuple(heap_form_tuple(desc, row->tts_values, row->tts_isnull), slot, false);
	MemoryContextSwitchTo(caller);
	slot->tts_tableOid = RelationGetRelid(w->table);
	w->bytes += ((HeapTupleTableSlot *) slot)->tuple->t_len;
	w->count++;
	if (w->count == ROWS_MAX || w->bytes >= BYTES_MAX)
		flush(w);
}

void
segment_writer_update(RowWriter *w, TupleTableSlot *old, TupleTableSlot *row)
{
	EPQState none;

	memset(&none, 0, sizeof(none));
	/* neither triggers nor EvalPlanQual */
	ExecSimpleRelationUpdate(w->result, w->estate, &none, old, row);
	ResetPerTupleExprContext(w->estate);
}

int64
segment_writer_end(RowWriter *w)
{
	int64 inserted;

	flush(w);
	for (int i = 0; i < ROWS_MAX && w->slot[i] != NULL; i++)
		ExecDropSingleTupleTableSlot(w->slot[i]);
	FreeBulkInsertState(w->bulk);
	table_finish_bulk_insert(w->table, 0);
	ExecCloseIndices(w->result);
	table_close(w->table, NoLock);
	FreeExecutorState(w->estate);
	MemoryContextDelete(w->rows);
	inserted = w->inserted;
	pfree(w);
	return inserted;
}
