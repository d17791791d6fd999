/*
 * table_sink.c: CREATE TABLE AS and CREATE MATERIALIZED VIEW over a plan with nodes of ours.
 *
 * Core inserts such rows one at a time, with a log record each, and one process does so for all that compute them. Here
 * they are gathered and inserted as COPY does it: many to a call, a log record a page. Core's receiver of the rows stays
 * in charge of everything else: it makes the table, checks privileges and ends the work.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/tableam.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "executor/executor.h"
#include "nodes/extensible.h"
#include "nodes/nodeFuncs.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "core/compat.h"
#include "core/table_sink.h"

/* Rows are inserted when there are so many, or so many bytes of them: what COPY has found good. */
#define ROWS_MAX 1000
#define BYTES_MAX 65536

/* The names of our nodes begin with this. */
#define NODE_PREFIX "Segment"

typedef struct TableSink
{
	DestReceiver pub;
	DestReceiver *core; /* the receiver that core made */
	Relation rel;		/* NULL: rows go to core's receiver, one by one */
	CommandId command;
	BulkInsertState state;
	MemoryContext context; /* of everything but the rows */
	MemoryContext rows;	   /* reset when they are inserted */
	TupleTableSlot **slot;
	int count;
	Size bytes;
} TableSink;

static ExecutorRun_hook_type previous_run = NULL;

/* The table that is being made: the first one that its receiver makes. */
static object_access_hook_type previous_access = NULL;
static Oid made = InvalidOid;

static void
note_table(ObjectAccessType access, Oid class, Oid object, int column, void *arg)
{
	if (previous_access != NULL)
		previous_access(access, class, object, column, arg);
	if (access == OAT_POST_CREATE && class == RelationRelationId && column == 0 && !OidIsValid(made))
		made = object;
}

/* Calls core's startup, and finds out which table it makes. */
static Oid
start_core(TableSink *sink, int operation, TupleDesc desc)
{
	previous_access = object_access_hook;
	object_access_hook = note_table;
	made = InvalidOid;
	PG_TRY();
	{
		sink->core->rStartup(sink->core, operation, desc);
	}
	PG_FINALLY();
	{
		object_access_hook = previous_access;
	}
	PG_END_TRY();
	return made;
}

static void
sink_startup(DestReceiver *self, int operation, TupleDesc desc)
{
	TableSink *sink = (TableSink *) self;
	Oid table = start_core(sink, operation, desc);
	Relation rel;

	if (!OidIsValid(table))
		return;
	/* core's receiver holds the lock */
	rel = table_open(table, NoLock);
	if ((rel->rd_rel->relkind != RELKIND_RELATION && rel->rd_rel->relkind != RELKIND_MATVIEW) ||
		rel->rd_rel->relam != HEAP_TABLE_AM_OID || rel->rd_createSubid == InvalidSubTransactionId ||
		RelationGetDescr(rel)->natts != desc->natts)
	{
		table_close(rel, NoLock);
		return;
	}
	sink->rel = rel;
	sink->command = GetCurrentCommandId(true);
	sink->state = GetBulkInsertState();
	sink->context = AllocSetContextCreate(CurrentMemoryContext, "segment table sink", ALLOCSET_DEFAULT_SIZES);
	sink->rows = AllocSetContextCreate(sink->context, "segment table sink's rows", ALLOCSET_DEFAULT_SIZES);
	sink->slot = MemoryContextAllocZero(sink->context, sizeof(TupleTableSlot *) * ROWS_MAX);
}

/* Inserts the rows that were gathered. */
static void
insert_rows(TableSink *sink)
{
	MemoryContext caller = MemoryContextSwitchTo(sink->rows);

	if (sink->count > 0)
		table_multi_insert(sink->rel, sink->slot, sink->count, sink->command, TABLE_INSERT_SKIP_FSM, sink->state);
	for (int i = 0; i < sink->count; i++)
		ExecClearTuple(sink->slot[i]);
	sink->count = 0;
	sink->bytes = 0;
	MemoryContextSwitchTo(caller);
	MemoryContextReset(sink->rows);
}

static bool
sink_receive(TupleTableSlot *row, DestReceiver *self)
{
	TableSink *sink = (TableSink *) self;
	MemoryContext caller;
	HeapTuple tuple;

	if (sink->rel == NULL)
		return sink->core->receiveSlot(row, sink->core);
	if (sink->slot[sink->count] == NULL)
	{
		caller = MemoryContextSwitchTo(sink->context);
		sink->slot[sink->count] = MakeSingleTupleTableSlot(RelationGetDescr(sink->rel), &TTSOpsHeapTuple);
		MemoryContextSwitchTo(caller);
	}
	caller = MemoryContextSwitchTo(sink->rows);
	tuple = ExecCopySlotHeapTuple(row);
	MemoryContextSwitchTo(caller);
	ExecStoreHeapTuple(tuple, sink->slot[sink->count++], false);
	sink->bytes += tuple->t_len;
	if (sink->count == ROWS_MAX || sink->bytes >= BYTES_MAX)
		insert_rows(sink);
	return true;
}

static void
sink_shutdown(DestReceiver *self)
{
	TableSink *sink = (TableSink *) self;

	if (sink->rel != NULL)
	{
		insert_rows(sink);
		for (int i = 0; i < ROWS_MAX && sink->slot[i] != NULL; i++)
			ExecDropSingleTupleTableSlot(sink->slot[i]);
		FreeBulkInsertState(sink->state);
		table_finish_bulk_insert(sink->rel, TABLE_INSERT_SKIP_FSM);
		table_close(sink->rel, NoLock);
		sink->rel = NULL;
		MemoryContextDelete(sink->context);
	}
	sink->core->rShutdown(sink->core);
}

static void
sink_destroy(DestReceiver *self)
{
	(void) self;
}

/* True for a node of ours, or one above it. */
static bool
has_node_of_ours(PlanState *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, CustomScanState) &&
		strncmp(((CustomScanState *) node)->methods->CustomName, NODE_PREFIX, strlen(NODE_PREFIX)) == 0)
		return true;
	return planstate_tree_walker(node, has_node_of_ours, context);
}

static void
run(QueryDesc *query, SEGMENT_EXECUTOR_RUN_ARGS)
{
	DestReceiver *core = query->dest;
	TableSink sink;

	if (core != NULL && core->mydest == DestIntoRel && query->operation == CMD_SELECT &&
		has_node_of_ours(query->planstate, NULL))
	{
		memset(&sink, 0, sizeof(sink));
		sink.pub.receiveSlot = sink_receive;
		sink.pub.rStartup = sink_startup;
		sink.pub.rShutdown = sink_shutdown;
		sink.pub.rDestroy = sink_destroy;
		sink.pub.mydest = core->mydest;
		sink.core = core;
		query->dest = &sink.pub;
	}
	if (previous_run != NULL)
		previous_run(query, SEGMENT_EXECUTOR_RUN_VALUES);
	else
		standard_ExecutorRun(query, SEGMENT_EXECUTOR_RUN_VALUES);
	query->dest = core;
}

void
segment_table_sink_init(void)
{
	previous_run = ExecutorRun_hook;
	ExecutorRun_hook = run;
}
