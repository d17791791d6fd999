/*
 * score_node.c: running the node of rfm_score(...) OVER (...), see score_node.h.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_proc.h"
#include "commands/explain.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/ruleutils.h"
#include "utils/tuplestore.h"

#include "core/compat.h"
#include "core/error.h"
#include "grouping/grouping.h"
#include "score/score_node.h"

#define FIRST_ROOM 1024

/* Resizes an array in the node's context, or creates it. */
static void *
resized(ScoreState *node, void *elements, Size size)
{
	return elements == NULL ? MemoryContextAllocHuge(node->context, size) : repalloc_huge(elements, size);
}

/* Makes room for this many rows. */
static void
make_room(ScoreState *node, int64 rows)
{
	node->scores = resized(node, node->scores, mul_size(rows, sizeof(RfmScore)));
	for (int d = 0; d < RFM_DIMENSIONS; d++)
		node->values[d] = resized(node, node->values[d], mul_size(rows, sizeof(double)));
	node->room = rows;
}

/* Keeps what the row's score depends on; the whole input is one partition. */
static void
add_value(ScoreState *node, Datum rfm, bool is_null)
{
	const ScoreOptions *options = segment_scorer_known(node->scorer);
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
	node->scores[node->rows] = mark;
	if (mark != SCORE_DUE)
		return;
	for (int d = 0; d < RFM_DIMENSIONS; d++)
		node->values[d][node->customers] = measured[d];
	node->customers++;
}

/* Puts a row of the child, or of the store, where the node's expressions read it; its scores are set later. */
static TupleTableSlot *
show_row(ScoreState *node, TupleTableSlot *row)
{
	TupleTableSlot *slot = node->css.ss.ss_ScanTupleSlot;

	slot_getallattrs(row);
	ExecClearTuple(slot);
	memcpy(slot->tts_values, row->tts_values, node->columns * sizeof(Datum));
	memcpy(slot->tts_isnull, row->tts_isnull, node->columns * sizeof(bool));
	for (int i = 0; i < node->scorers; i++)
		slot->tts_isnull[node->columns + i] = true;
	node->css.ss.ps.ps_ExprContext->ecxt_scantuple = slot;
	return ExecStoreVirtualTuple(slot);
}

/* Decides, at the first row, whether rows are stored or read from the child again. */
static void
begin_rows(ScoreState *node, PlanState *child)
{
	int64 kept = segment_grouping_kept_rows(child);
	MemoryContext caller;

	node->rereads = kept > 0;
	if (node->is_whole)
		make_room(node, node->rereads ? kept : FIRST_ROOM);
	if (node->rereads)
		return;
	caller = MemoryContextSwitchTo(node->context);
	node->store = tuplestore_begin_heap(false, false, work_mem);
	MemoryContextSwitchTo(caller);
}

/* Takes a row of the child. */
static void
add_row(ScoreState *node, TupleTableSlot *row)
{
	const Scorer *whole = node->is_whole ? node->scorer : NULL;

	if (whole != NULL)
	{
		Datum rfm;
		bool is_null;

		if (whole->rfm_column != 0)
			rfm = slot_getattr(row, whole->rfm_column, &is_null);
		else
		{
			(void) show_row(node, row);
			rfm = ExecEvalExpr(whole->argument[SCORE_ARG_RFM], whole->econtext, &is_null);
		}
		add_value(node, rfm, is_null);
	}
	else
	{
		(void) show_row(node, row);
		for (int i = 0; i < node->scorers; i++)
			segment_scorer_add(&node->scorer[i]);
	}
	node->rows++;
}

/* Reads the child to its end. */
static void
read_child(ScoreState *node)
{
	PlanState *child = linitial(node->css.custom_ps);
	ExprContext *econtext = node->css.ss.ps.ps_ExprContext;
	TupleTableSlot *row;

	/* the leader is busy collecting rows: its own would come last */
	if (node->shared != NULL && !IsParallelWorker())
		segment_grouping_leave_groups(child);
	while (row = ExecProcNode(child), !TupIsNull(row))
	{
		MemoryContext caller;

		if (node->rows == 0)
			begin_rows(node, child);
		caller = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
		add_row(node, row);
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

/* Scores the whole. */
static void
score_whole(ScoreState *node)
{
	SegmentCutsBuffer buffers[RFM_DIMENSIONS];
	const SegmentCuts *cuts[RFM_DIMENSIONS];
	MemoryContext caller;

	caller = MemoryContextSwitchTo(node->context);
	if (node->shared != NULL)
		(void) segment_score_cuts_together(node, buffers, cuts);
	else if (node->customers > 0 &&
			 !segment_score_falls_back(segment_scorer_known(node->scorer), node->customers, cuts))
	{
		for (int d = 0; d < RFM_DIMENSIONS; d++)
			cuts[d] = segment_score_make_cuts(segment_scorer_known(node->scorer), d, node->values[d], node->customers,
											  &buffers[d]);
		(void) segment_warn_lopsided(cuts[RFM_MONETARY], "customers");
	}
	if (node->rows > 0)
		segment_score_rows(segment_scorer_known(node->scorer), cuts, node->values, node->scores, node->rows);
	for (int d = 0; d < RFM_DIMENSIONS && node->values[d] != NULL; d++)
	{
		pfree(node->values[d]);
		node->values[d] = NULL;
	}
	MemoryContextSwitchTo(caller);
}

/* Reads everything and scores it. */
static void
score_all(ScoreState *node)
{
	node->started = true;
	/* a process that starts after the others have read everything has no rows */
	if (node->shared != NULL && !segment_score_join(node))
		return;
	for (int i = 0; i < node->scorers && !node->is_whole; i++)
		segment_scorer_begin(&node->scorer[i]);
	read_child(node);
	if (node->is_whole)
		score_whole(node);
	else
		segment_score_batches(node);
}

/* The score of the row that is shown, of one function. */
static RfmScore
next_score(ScoreState *node, int function)
{
	ExprContext *econtext = node->css.ss.ps.ps_ExprContext;
	MemoryContext caller;
	RfmScore score;

	if (node->is_whole)
		return node->scores[node->next++];
	caller = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
	score = segment_scorer_next(&node->scorer[function]);
	MemoryContextSwitchTo(caller);
	return score;
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
	for (int i = 0; i < node->scorers; i++)
	{
		RfmScore score = next_score(node, i);

		slot->tts_values[node->columns + i] = RfmScoreGetDatum(score);
		slot->tts_isnull[node->columns + i] = score == SCORE_NONE;
	}
	return css->ss.ps.ps_ProjInfo != NULL ? ExecProject(css->ss.ps.ps_ProjInfo) : slot;
}

/*
 * A function as a plain call. EXPLAIN looks for the WindowAgg of a window function, and from version 18 on raises an
 * error where there is none; until now the planner had to find the function that the query has. The plan may be a
 * cached one: what is put into it lives as long.
 */
static FuncExpr *
plain_call(CustomScan *scan, TargetEntry *entry)
{
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

/* Sets up a function; its arguments and keys stand in the expressions from a place on, which is moved behind them. */
static void
init_scorer(ScoreState *node, int number, const ScorePlan *plan, List *expressions, int *at)
{
	Scorer *scorer = &node->scorer[number];
	List *operators = list_nth(plan->operators, number);
	List *collations = list_nth(plan->collations, number);
	ListCell *operator;

	scorer->number = number;
	scorer->batches = plan->batches;
	scorer->limit = get_hash_memory_limit();
	scorer->econtext = node->css.ss.ps.ps_ExprContext;
	scorer->has_warned = &node->has_warned;
	scorer->context = AllocSetContextCreate(node->context, "segment scorer", ALLOCSET_DEFAULT_SIZES);
	foreach (operator, operators)
		segment_score_add_field(&scorer->layout,
								list_nth(expressions, *at + SCORE_ARGS + foreach_current_index(operator)),
								lfirst_oid(operator), list_nth_oid(collations, foreach_current_index(operator)));
	for (int i = 0; i < SCORE_ARGS; i++)
	{
		Expr *argument = list_nth(expressions, *at + i);

		/* no parent, so that they are not compiled: options are evaluated once, and a column needs no compiler */
		scorer->argument[i] = ExecInitExpr(argument, NULL);
		scorer->field_of[i] = -1;
		if (i == SCORE_ARG_RFM)
			scorer->rfm_column = IsA(argument, Var) ? ((Var *) argument)->varattno : 0;
		else if (contain_var_clause((Node *) argument))
		{
			scorer->varies = true;
			scorer->field_of[i] = scorer->layout.fields;
			segment_score_add_field(&scorer->layout, argument, InvalidOid, InvalidOid);
		}
	}
	*at += SCORE_ARGS + list_length(operators);
}

static void
score_begin(CustomScanState *css, EState *estate, int eflags)
{
	ScoreState *node = (ScoreState *) css;
	CustomScan *scan = (CustomScan *) css->ss.ps.plan;
	ScorePlan plan;
	PlanState *child;
	SegmentHashKey key;
	int at = 0;

	segment_score_plan_read(&plan, scan->custom_private);
	eflags &= ~(EXEC_FLAG_REWIND | EXEC_FLAG_BACKWARD | EXEC_FLAG_MARK);
	child = ExecInitNode(linitial(scan->custom_plans), estate, eflags);
	css->custom_ps = list_make1(child);
	node->scorers = list_length(plan.operators);
	node->columns = list_length(scan->custom_scan_tlist) - node->scorers;
	for (int i = 0; i < node->scorers; i++)
	{
		TargetEntry *entry = list_nth_node(TargetEntry, scan->custom_scan_tlist, node->columns + i);

		segment_check_execute(plain_call(scan, entry)->funcid, GetUserId(), OBJECT_FUNCTION);
	}
	node->stored = ExecInitExtraTupleSlot(estate, ExecGetResultType(child), &TTSOpsMinimalTuple);
	node->context = AllocSetContextCreate(estate->es_query_cxt, "segment scores", ALLOCSET_DEFAULT_SIZES);
	node->scorer = palloc0(mul_size(node->scorers, sizeof(Scorer)));
	segment_hash_draw(&key);
	for (int i = 0; i < node->scorers; i++)
	{
		init_scorer(node, i, &plan, scan->custom_exprs, &at);
		node->scorer[i].layout.key = key;
	}
	node->is_whole = node->scorers == 1 && node->scorer->layout.fields == 0;
}

/* Forgets everything that was read. */
static void
forget(ScoreState *node)
{
	if (node->store != NULL)
		tuplestore_end(node->store);
	ExecClearTuple(node->stored);
	for (int i = 0; i < node->scorers; i++)
		segment_scorer_forget(&node->scorer[i]);
	node->store = NULL;
	if (node->scores != NULL)
		pfree(node->scores);
	node->scores = NULL;
	for (int d = 0; d < RFM_DIMENSIONS; d++)
	{
		if (node->values[d] != NULL)
			pfree(node->values[d]);
		node->values[d] = NULL;
	}
	node->room = node->rows = node->customers = node->next = 0;
	node->started = node->rereads = node->has_warned = false;
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

/* The keys of a function's partitions as the query writes them, in a list. */
static List *
keys_of(const ScoreState *node, int number, List *context, bool use_prefix)
{
	const CustomScan *scan = (const CustomScan *) node->css.ss.ps.plan;
	List *keys = NIL;
	int at = SCORE_ARGS;

	for (int i = 0; i < number; i++)
		at += node->scorer[i].layout.keys + SCORE_ARGS;
	for (int i = 0; i < node->scorer[number].layout.keys; i++)
		keys = lappend(keys, deparse_expression(list_nth(scan->custom_exprs, at + i), context, use_prefix, true));
	return keys;
}

/* Keys as one text: (market, channel). */
static char *
joined(List *keys)
{
	StringInfoData text;
	ListCell *key;

	initStringInfo(&text);
	appendStringInfoChar(&text, '(');
	foreach (key, keys)
		appendStringInfo(&text, "%s%s", foreach_current_index(key) > 0 ? ", " : "", (char *) lfirst(key));
	appendStringInfoChar(&text, ')');
	return text.data;
}

/* What the rows are partitioned by; several partitionings in parentheses. */
static void
explain_keys(const ScoreState *node, List *ancestors, ExplainState *es)
{
	List *context = set_deparse_context_plan(es->deparse_cxt, node->css.ss.ps.plan, ancestors);
	bool use_prefix = es->verbose || segment_explain_relations(es) > 1;
	List *first = keys_of(node, 0, context, use_prefix);
	List *partitionings = list_make1(joined(first));

	for (int i = 1; i < node->scorers; i++)
	{
		char *text = joined(keys_of(node, i, context, use_prefix));
		bool is_known = false;
		ListCell *known;

		foreach (known, partitionings)
			is_known = is_known || strcmp(lfirst(known), text) == 0;
		if (!is_known)
			partitionings = lappend(partitionings, text);
	}
	if (list_length(partitionings) > 1)
		ExplainPropertyList("Partition Keys", partitionings, es);
	else if (first != NIL)
		ExplainPropertyList("Partition Key", first, es);
}

/* EXPLAIN's lines; how the rows are read again is told by the process that explains, of several. */
static void
score_explain(CustomScanState *css, List *ancestors, ExplainState *es)
{
	const ScoreState *node = (const ScoreState *) css;

	explain_keys(node, ancestors, es);
	if (!es->analyze)
		return;
	if (node->rows > 0)
		ExplainPropertyText("Rows Read Again", node->rereads ? "from the groups" : "from a store", es);
	if (node->is_whole || !node->started)
		return;
	ExplainPropertyInteger("Partitions", NULL, node->partitions, es);
	if (node->bytes > 0)
		ExplainPropertyInteger("Disk Usage", "kB", (node->bytes + 1023) / 1024, es);
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
	.ShutdownCustomScan = segment_score_shutdown,
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
