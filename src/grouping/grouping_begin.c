/*
 * grouping_begin.c: the node's beginning and end: rows and groups laid out for the query's columns, and the callbacks.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "core/error.h"
#include "core/image.h"
#include "grouping/grouping_node.h"

/* Rows of a batch: enough to hide the way to memory, few enough to stay in the first-level cache. */
#define BATCH_ROWS 512
#define BATCH_BYTES (32 * 1024)
#define ARENA_BYTES (32 * 1024)

/* How the values of a key are compared. */
static GroupingCompare
compare_of(const GroupingField *field)
{
	if (!segment_equal_by_image(field->equal.fn_oid, field->collation))
		return GROUPING_COMPARE_FUNCTION;
	switch (field->kind)
	{
		case GROUPING_FIELD_BYVAL:
			return GROUPING_COMPARE_DATUM;
		case GROUPING_FIELD_FIXED:
			return GROUPING_COMPARE_FIXED;
		default:
			return GROUPING_COMPARE_BYTES;
	}
}

/* Sets a field for the child's column of this type. */
static void
init_field(GroupingField *field, AttrNumber input, Oid type)
{
	bool by_value;

	get_typlenbyval(type, &field->length, &by_value);
	field->kind = by_value ? GROUPING_FIELD_BYVAL : field->length > 0 ? GROUPING_FIELD_FIXED : GROUPING_FIELD_VARLENA;
	field->compare = GROUPING_COMPARE_NONE;
	field->input = input;
}

/* The field of the child's column, a new one if there is none yet. */
static int
field_of(GroupingLayout *layout, AttrNumber input, Oid type)
{
	for (int i = 0; i < layout->fields; i++)
		if (layout->field[i].input == input)
			return i;
	init_field(&layout->field[layout->fields], input, type);
	return layout->fields++;
}

/* The fields of keys, carried columns and arguments. */
static void
init_layout(GroupingState *node, List *outputs)
{
	GroupingLayout *layout = &node->layout;
	GroupingPlan *plan = &node->plan;

	layout->field = palloc0(sizeof(GroupingField) * GROUPING_MAX_FIELDS);
	if (segment_grouping_seed == 0)
		segment_hash_draw(&layout->key);
	else
		segment_hash_numbered(&layout->key, (uint64) segment_grouping_seed);
	layout->columns = list_length(plan->columns);
	layout->keys = list_length(plan->operators);
	for (int i = 0; i < layout->columns; i++)
	{
		GroupingField *field = &layout->field[layout->fields++];

		init_field(field, list_nth_int(plan->columns, i),
				   exprType((Node *) list_nth_node(TargetEntry, outputs, i)->expr));
		if (i < layout->keys)
		{
			Oid op = list_nth_oid(plan->operators, i);
			Oid type = exprType((Node *) list_nth_node(TargetEntry, outputs, i)->expr);

			if (!segment_type_hash(&field->hash, type, op, CurrentMemoryContext))
				elog(ERROR, "operator %u has no hash function", op);
			fmgr_info(get_opcode(op), &field->equal);
			segment_check_execute(field->equal.fn_oid, GetUserId(), OBJECT_FUNCTION);
			field->collation = list_nth_oid(plan->collations, i);
			field->compare = compare_of(field);
		}
	}
	for (int i = 0; i < node->aggregates.count; i++)
	{
		GroupingTrans *trans = &node->aggregates.trans[i];
		List *inputs = (List *) list_nth(plan->arguments, i);

		trans->arguments = list_length(inputs);
		trans->field = palloc(sizeof(int) * (trans->arguments + 1));
		trans->input = palloc(sizeof(AttrNumber) * (trans->arguments + 1));
		for (int j = 0; j < trans->arguments; j++)
		{
			TargetEntry *argument = list_nth_node(TargetEntry, trans->aggref->args, j);

			trans->input[j] = list_nth_int(inputs, j);
			node->last_input = Max(node->last_input, trans->input[j]);
			if (!grouping_is_packed(trans, j))
				trans->field[j] = field_of(layout, trans->input[j], exprType((Node *) argument->expr));
		}
		if (trans->filter != 0)
			node->any_filter = true;
		node->last_input = Max(node->last_input, trans->filter);
	}
	segment_grouping_lay_out(layout, node->aggregates.states_size, node->aggregates.packed_size);
	for (int i = 0; i < layout->fields; i++)
		node->last_input = Max(node->last_input, layout->field[i].input);
	for (int i = 0; i < node->aggregates.count; i++)
	{
		node->aggregates.trans[i].in_group += layout->states_offset;
		node->aggregates.trans[i].in_row += layout->packed_offset;
	}
	node->read_child = segment_grouping_read_child;
	if (layout->narrow && (layout->fields == 1 || (layout->fields == 2 && layout->by_reference)) &&
		node->aggregates.count == 1 && node->aggregates.trans[0].kernel != NULL && !node->any_filter)
	{
		node->read_child = segment_grouping_read_child_narrow;
		if (node->aggregates.trans[0].kernel->shrink != NULL)
			node->spill.kernel = node->aggregates.trans[0].kernel;
	}
}

/* Initializes the child, and the reading of its pages if it is a scan that allows it. */
static void
init_child(GroupingState *node, Plan *plan, int eflags)
{
	EState *estate = node->css.ss.ps.state;
	bool by_pages = !(eflags & EXEC_FLAG_EXPLAIN_ONLY) && segment_grouping_can_read_pages(plan);
	int jit = estate->es_jit_flags;
	PlanState *child;

	/* a filter that sees a row a page needs no compiler */
	if (by_pages)
		estate->es_jit_flags = 0;
	child = ExecInitNode(plan, estate, eflags);
	estate->es_jit_flags = jit;
	node->css.custom_ps = list_make1(child);
	if (by_pages)
		node->pages = segment_grouping_open_pages(child);
}

static void
grouping_begin(CustomScanState *css, EState *estate, int eflags)
{
	GroupingState *node = (GroupingState *) css;
	CustomScan *scan = (CustomScan *) css->ss.ps.plan;
	List *outputs = scan->custom_scan_tlist;
	List *aggrefs = NIL;

	segment_grouping_plan_read(&node->plan, scan->custom_private);
	init_child(node, linitial(scan->custom_plans), eflags & ~(EXEC_FLAG_REWIND | EXEC_FLAG_BACKWARD | EXEC_FLAG_MARK));

	for (int i = list_length(node->plan.columns); i < list_length(outputs); i++)
		aggrefs = lappend(aggrefs, list_nth_node(TargetEntry, outputs, i)->expr);
	segment_grouping_init_aggregates(&node->aggregates, css, aggrefs, node->plan.filters, node->plan.kernels,
									 node->plan.by_rows);
	init_layout(node, outputs);

	node->table.layout = node->spill.layout = &node->layout;
	segment_hash_numbered(&node->spill.fixed_key, 0);
	node->table.context = AllocSetContextCreate(estate->es_query_cxt, "segment grouping table", ALLOCSET_DEFAULT_SIZES);
	node->spill.context = AllocSetContextCreate(estate->es_query_cxt, "segment grouping files", ALLOCSET_DEFAULT_SIZES);
	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;
	node->batch.capacity = Max(Min(BATCH_ROWS, BATCH_BYTES / node->layout.row_size), 16);
	node->batch.rows = palloc(mul_size(node->batch.capacity, node->layout.row_size));
	node->batch.arena_size = node->layout.by_reference ? ARENA_BYTES : 0;
	node->batch.arena = palloc(Max(node->batch.arena_size, 8));
}

static void
grouping_end(CustomScanState *css)
{
	GroupingState *node = (GroupingState *) css;

	segment_grouping_spill_reset(&node->spill);
	MemoryContextDelete(node->table.context);
	ExecEndNode(linitial(css->custom_ps));
}

static void
grouping_rescan(CustomScanState *css)
{
	GroupingState *node = (GroupingState *) css;
	PlanState *child = linitial(css->custom_ps);

	segment_grouping_spill_reset(&node->spill);
	node->started = node->exchanging = false;
	if (node->pages != NULL)
		segment_grouping_restart_pages(node->pages, child);
	if (css->ss.ps.chgParam != NULL)
		UpdateChangedParamSet(child, css->ss.ps.chgParam);
	if (child->chgParam == NULL)
		ExecReScan(child);
}

static const CustomExecMethods exec_methods = {
	.CustomName = GROUPING_NODE_NAME,
	.BeginCustomScan = grouping_begin,
	.ExecCustomScan = segment_grouping_exec,
	.EndCustomScan = grouping_end,
	.ReScanCustomScan = grouping_rescan,
	.EstimateDSMCustomScan = segment_grouping_estimate_dsm,
	.InitializeDSMCustomScan = segment_grouping_init_dsm,
	.ReInitializeDSMCustomScan = segment_grouping_reinit_dsm,
	.InitializeWorkerCustomScan = segment_grouping_init_worker,
	.ShutdownCustomScan = segment_grouping_shutdown,
	.ExplainCustomScan = segment_grouping_explain,
};

Node *
segment_grouping_create_state(CustomScan *scan)
{
	GroupingState *node = palloc0(sizeof(GroupingState));

	NodeSetTag(node, T_CustomScanState);
	node->css.flags = scan->flags;
	node->css.methods = &exec_methods;
	return (Node *) node;
}
