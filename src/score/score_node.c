/*
 * score_node.c: running the node of rfm_score(…) OVER (), see score_node.h.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_proc.h"
#include "commands/explain.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "core/compat.h"
#include "core/error.h"
#include "grouping/grouping.h"
#include "score/score_node.h"

#define FIRST_ROOM 1024

const ScoreOptions *
segment_score_node_options(ScoreState *node)
{
	ExprContext *econtext = node->css.ss.ps.ps_ExprContext;
	Datum arguments[SCORE_ARGS];
	bool nulls[SCORE_ARGS];
	MemoryContext caller;

	if (node->has_options)
		return &node->options;
	/* what the options point to lives as long as they */
	caller = MemoryContextSwitchTo(node->context);
	for (int i = SCORE_ARG_AS_OF; i < SCORE_ARGS; i++)
	{
		arguments[i] = ExecEvalExpr(node->argument[i], econtext, &nulls[i]);
		if (nulls[i] && i != SCORE_ARG_FALLBACK)
			segment_refuse_null_option(segment_score_argument_names[i]);
	}
	node->options = segment_score_options(arguments, nulls);
	MemoryContextSwitchTo(caller);
	node->has_options = true;
	return &node->options;
}

/* An array in the node's context, of another size or a new one. */
static void *
resized(ScoreState *node, void *elements, Size size)
{
	return elements == NULL ? MemoryContextAllocHuge(node->context, size) : repalloc_huge(elements, size);
}

/* Makes room for so many rows. */
static void
make_room(ScoreState *node, int64 rows)
{
	node->scores = resized(node, node->scores, mul_size(rows, sizeof(RfmScore)));
	for (int d = 0; d < RFM_DIMENSIONS; d++)
		node->values[d] = resized(node, node->values[d], mul_size(rows, sizeof(double)));
	node->room = rows;
}

/* Notes what the score of a row looks at. */
static void
add_row(ScoreState *node, Datum rfm, bool is_null)
{
	const ScoreOptions *options = segment_score_node_options(node);
	double measured[RFM_DIMENSIONS];
	Rfm buffer;
	RfmScore mark = SCORE_NONE;

	if (node->rows == node->room)
		make_room(node, node->room * 2);
	if (!is_null)
		mark = segment_rfm_measure(segment_rfm_open(rfm, &buffer), options->as_of, options->zone, options->monetary,
								   measured)
				   ? SCORE_DUE
				   : SCORE_UNDEFINED;
	node->scores[node->rows++] = mark;
	if (mark != SCORE_DUE)
		return;
	for (int d = 0; d < RFM_DIMENSIONS; d++)
		node->values[d][node->customers] = measured[d];
	node->customers++;
}

/* A row of the child or of the store as the row that the node's expressions look at; the score is yet to be set. */
static TupleTableSlot *
show_row(ScoreState *node, TupleTableSlot *row)
{
	TupleTableSlot *slot = node->css.ss.ss_ScanTupleSlot;

	slot_getallattrs(row);
	ExecClearTuple(slot);
	memcpy(slot->tts_values, row->tts_values, node->columns * sizeof(Datum));
	memcpy(slot->tts_isnull, row->tts_isnull, node->columns * sizeof(bool));
	slot->tts_values[node->columns] = (Datum) 0;
	slot->tts_isnull[node->columns] = true;
	node->css.ss.ps.ps_ExprContext->ecxt_scantuple = slot;
	return ExecStoreVirtualTuple(slot);
}

/* Decides, when the first row has come, where the rows are to be had from once they have scores. */
static void
begin_rows(ScoreState *node, PlanState *child)
{
	int64 kept = segment_grouping_kept_rows(child);
	MemoryContext caller;

	node->rereads = kept > 0;
	make_room(node, node->rereads ? kept : FIRST_ROOM);
	if (node->rereads)
		return;
	caller = MemoryContextSwitchTo(node->context);
	node->store = tuplestore_begin_heap(false, false, work_mem);
	MemoryContextSwitchTo(caller);
}

/* Reads the child to its end. */
static void
read_child(ScoreState *node)
{
	PlanState *child = linitial(node->css.custom_ps);
	ExprContext *econtext = node->css.ss.ps.ps_ExprContext;
	TupleTableSlot *row;

	/* the process that collects all rows has enough to do with that: rows of its own would come last */
	if (node->shared != NULL && !IsParallelWorker())
		segment_grouping_leave_groups(child);
	while (row = ExecProcNode(child), !TupIsNull(row))
	{
		MemoryContext caller;
		Datum rfm;
		bool is_null;

		if (node->room == 0)
			begin_rows(node, child);
		caller = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
		if (node->rfm_column != 0)
			rfm = slot_getattr(row, node->rfm_column, &is_null);
		else
		{
			(void) show_row(node, row);
			rfm = ExecEvalExpr(node->argument[SCORE_ARG_RFM], econtext, &is_null);
		}
		add_row(node, rfm, is_null);
		MemoryContextSwitchTo(caller);
		if (!node->rereads)
			tuplestore_puttupleslot(node->store, row);
		ResetExprContext(econtext);
	}
	if (node->rereads)
		segment_grouping_rewind(child);
}

/* The next row, as it was read; NULL at the end. */
static TupleTableSlot *
next_row(ScoreState *node)
{
	if (node->rereads)
		return segment_grouping_reread(linitial(node->css.custom_ps));
	if (node->store == NULL || !tuplestore_gettupleslot(node->store, true, false, node->stored))
		return NULL;
	return node->stored;
}

/* Reads everything and scores it. */
static void
score_all(ScoreState *node)
{
	SegmentCutsBuffer buffers[RFM_DIMENSIONS];
	const SegmentCuts *cuts[RFM_DIMENSIONS];
	MemoryContext caller;

	node->started = true;
	/* who comes when the others have read everything has no rows */
	if (node->shared == NULL || segment_score_join(node))
	{
		read_child(node);
		caller = MemoryContextSwitchTo(node->context);
		if (node->shared != NULL)
			(void) segment_score_cuts_together(node, buffers, cuts);
		else if (node->customers > 0 &&
				 !segment_score_falls_back(segment_score_node_options(node), node->customers, cuts))
		{
			for (int d = 0; d < RFM_DIMENSIONS; d++)
				cuts[d] = segment_score_make_cuts(&node->options, d, node->values[d], node->customers, &buffers[d]);
			(void) segment_warn_lopsided(cuts[RFM_MONETARY], "customers");
		}
		if (node->rows > 0)
			segment_score_rows(&node->options, cuts, node->values, node->scores, node->rows);
		for (int d = 0; d < RFM_DIMENSIONS && node->values[d] != NULL; d++)
		{
			pfree(node->values[d]);
			node->values[d] = NULL;
		}
		MemoryContextSwitchTo(caller);
	}
}

static TupleTableSlot *
score_exec(CustomScanState *css)
{
	ScoreState *node = (ScoreState *) css;
	TupleTableSlot *row;
	TupleTableSlot *slot;

	if (!node->started)
		score_all(node);
	ResetExprContext(css->ss.ps.ps_ExprContext);
	row = next_row(node);
	if (row == NULL)
		return NULL;
	slot = show_row(node, row);
	if (node->scores[node->next] != SCORE_NONE)
	{
		slot->tts_values[node->columns] = RfmScoreGetDatum(node->scores[node->next]);
		slot->tts_isnull[node->columns] = false;
	}
	node->next++;
	return css->ss.ps.ps_ProjInfo != NULL ? ExecProject(css->ss.ps.ps_ProjInfo) : slot;
}

/*
 * The function as a plain call. EXPLAIN looks for the WindowAgg of a window function, and from version 18 on raises an
 * error where there is none; until now the planner had to find the function that the query has. The plan may be a
 * cached one: what is put into it lives as long.
 */
static FuncExpr *
plain_call(CustomScan *scan)
{
	TargetEntry *entry = llast_node(TargetEntry, scan->custom_scan_tlist);

	if (IsA(entry->expr, WindowFunc))
	{
		WindowFunc *function = (WindowFunc *) entry->expr;
		MemoryContext caller = MemoryContextSwitchTo(GetMemoryChunkContext(scan));

		entry->expr = (Expr *) makeFuncExpr(function->winfnoid, function->wintype, function->args, function->wincollid,
											function->inputcollid, COERCE_EXPLICIT_CALL);
		MemoryContextSwitchTo(caller);
	}
	return castNode(FuncExpr, entry->expr);
}

static void
score_begin(CustomScanState *css, EState *estate, int eflags)
{
	ScoreState *node = (ScoreState *) css;
	CustomScan *scan = (CustomScan *) css->ss.ps.plan;
	PlanState *child;
	ListCell *argument;

	eflags &= ~(EXEC_FLAG_REWIND | EXEC_FLAG_BACKWARD | EXEC_FLAG_MARK);
	child = ExecInitNode(linitial(scan->custom_plans), estate, eflags);
	css->custom_ps = list_make1(child);
	node->columns = list_length(scan->custom_scan_tlist) - 1;
	segment_check_execute(plain_call(scan)->funcid, GetUserId(), OBJECT_FUNCTION);
	/* without a parent they are not compiled: options are looked at once, and a column needs no compiler */
	foreach (argument, scan->custom_exprs)
		node->argument[foreach_current_index(argument)] = ExecInitExpr(lfirst(argument), NULL);
	if (IsA(linitial(scan->custom_exprs), Var))
		node->rfm_column = linitial_node(Var, scan->custom_exprs)->varattno;
	node->stored = ExecInitExtraTupleSlot(estate, ExecGetResultType(child), &TTSOpsMinimalTuple);
	node->context = AllocSetContextCreate(estate->es_query_cxt, "segment scores", ALLOCSET_DEFAULT_SIZES);
}

/* Forgets everything that was read. */
static void
forget(ScoreState *node)
{
	if (node->store != NULL)
		tuplestore_end(node->store);
	ExecClearTuple(node->stored);
	MemoryContextReset(node->context);
	node->store = NULL;
	node->scores = NULL;
	for (int d = 0; d < RFM_DIMENSIONS; d++)
		node->values[d] = NULL;
	node->room = node->rows = node->customers = node->next = 0;
	node->started = node->has_options = node->rereads = false;
}

static void
score_end(CustomScanState *css)
{
	ScoreState *node = (ScoreState *) css;

	forget(node);
	MemoryContextDelete(node->context);
	ExecEndNode(linitial(css->custom_ps));
}

static void
score_rescan(CustomScanState *css)
{
	PlanState *child = linitial(css->custom_ps);

	forget((ScoreState *) css);
	if (css->ss.ps.chgParam != NULL)
		UpdateChangedParamSet(child, css->ss.ps.chgParam);
	if (child->chgParam == NULL)
		ExecReScan(child);
}

/* EXPLAIN's line; of several processes, the one that explains speaks for itself. */
static void
score_explain(CustomScanState *css, List *ancestors, ExplainState *es)
{
	const ScoreState *node = (const ScoreState *) css;

	(void) ancestors;
	if (es->analyze && node->rows > 0)
		ExplainPropertyText("Rows Read Again", node->rereads ? "from the groups" : "from a store", es);
}

static const CustomExecMethods exec_methods = {
	.CustomName = SCORE_NODE_NAME,
	.BeginCustomScan = score_begin,
	.ExecCustomScan = score_exec,
	.EndCustomScan = score_end,
	.ReScanCustomScan = score_rescan,
	.EstimateDSMCustomScan = segment_score_estimate_dsm,
	.InitializeDSMCustomScan = segment_score_init_dsm,
	.ReInitializeDSMCustomScan = segment_score_reinit_dsm,
	.InitializeWorkerCustomScan = segment_score_init_worker,
	.ExplainCustomScan = score_explain,
};

Node *
segment_score_create_state(CustomScan *scan)
{
	ScoreState *node = palloc0(sizeof(ScoreState));

	NodeSetTag(node, T_CustomScanState);
	node->css.flags = scan->flags;
	node->css.methods = &exec_methods;
	return (Node *) node;
}
