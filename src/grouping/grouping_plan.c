/*
 * grouping_plan.c: from the planner's path to the plan node.
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "nodes/plannodes.h"
#include "nodes/value.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/plancat.h"

#include "core/compat.h"
#include "grouping/grouping_node.h"

List *
segment_grouping_plan_write(const GroupingPlan *plan)
{
	List *written = list_make5(plan->columns, plan->operators, plan->collations, plan->arguments, plan->filters);

	/* with a decimal point: without one, a worker would read it back as an Integer */
	written = lappend(written, makeFloat(psprintf("%.1f", plan->groups)));
	written = lappend(written, makeInteger(plan->by_rows));
	return lappend(written, plan->kernels);
}

void
segment_grouping_plan_read(GroupingPlan *plan, List *custom_private)
{
	plan->columns = (List *) linitial(custom_private);
	plan->operators = (List *) lsecond(custom_private);
	plan->collations = (List *) lthird(custom_private);
	plan->arguments = (List *) lfourth(custom_private);
	plan->filters = (List *) list_nth(custom_private, 4);
	plan->groups = floatVal(list_nth(custom_private, 5));
	plan->by_rows = intVal(list_nth(custom_private, 6)) != 0;
	plan->kernels = (List *) list_nth(custom_private, 7);
}

/* Translates column numbers; 0 stays 0. */
static List *
translated(List *numbers, List *columns)
{
	List *result = NIL;
	ListCell *number;

	foreach (number, numbers)
		result = lappend_int(result, lfirst_int(number) == 0 ? 0 : list_nth_int(columns, lfirst_int(number) - 1));
	return result;
}

/*
 * A scan that returns its table's rows as they are saves the copying of every row's columns into another slot. Core's
 * planner does the same below its aggregation (use_physical_tlist).
 */
static void
take_rows_as_stored(PlannerInfo *root, Plan *child, GroupingPlan *plan)
{
	Index relid;
	List *columns;
	List *stored;
	ListCell *arguments;

	/* reading pages takes only the columns that are needed */
	if ((!IsA(child, SeqScan) && !IsA(child, BitmapHeapScan) && !IsA(child, IndexScan)) ||
		segment_grouping_can_read_pages(child))
		return;
	relid = ((Scan *) child)->scanrelid;
	columns = segment_grouping_scanned_columns((Scan *) child);
	stored = columns != NIL ? build_physical_tlist(root, find_base_rel(root, relid)) : NIL;
	if (stored == NIL)
		return;
	child->targetlist = stored;
	plan->columns = translated(plan->columns, columns);
	plan->filters = translated(plan->filters, columns);
	foreach (arguments, plan->arguments)
		lfirst(arguments) = translated((List *) lfirst(arguments), columns);
}

static Plan *
plan_custom_path(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist, List *clauses, List *custom_plans)
{
	CustomScan *scan = makeNode(CustomScan);
	List *columns = (List *) linitial(path->custom_private);
	List *aggrefs = (List *) lsecond(path->custom_private);
	List *inputs = (List *) lfourth(path->custom_private);
	GroupingPlan plan;
	List *outputs = NIL;
	ListCell *cell;

	(void) rel;
	(void) clauses;
	plan.columns = (List *) linitial(inputs);
	plan.operators = (List *) lsecond(inputs);
	plan.collations = (List *) lthird(inputs);
	plan.arguments = list_copy((List *) lfourth(inputs));
	plan.filters = (List *) list_nth(inputs, 4);
	plan.groups = floatVal(list_nth(path->custom_private, 4));
	plan.by_rows = intVal(list_nth(path->custom_private, 5)) != 0;
	plan.kernels = NIL;
	take_rows_as_stored(root, (Plan *) linitial(custom_plans), &plan);

	foreach (cell, columns)
		outputs = lappend(
			outputs, makeTargetEntry((Expr *) copyObjectImpl(lfirst(cell)), list_length(outputs) + 1, NULL, false));
	foreach (cell, aggrefs)
	{
		plan.kernels = lappend_int(plan.kernels, segment_grouping_kernel_of(lfirst_node(Aggref, cell)) != NULL);
		outputs = lappend(
			outputs, makeTargetEntry((Expr *) copyObjectImpl(lfirst(cell)), list_length(outputs) + 1, NULL, false));
	}
	scan->scan.plan.targetlist = tlist;
	scan->scan.plan.qual = (List *) lthird(path->custom_private);
	scan->scan.scanrelid = 0;
	scan->flags = path->flags;
	scan->custom_plans = custom_plans;
	scan->custom_scan_tlist = outputs;
	scan->custom_private = segment_grouping_plan_write(&plan);
	scan->methods = &segment_grouping_scan_methods;
	return (Plan *) scan;
}

const CustomPathMethods segment_grouping_path_methods = {
	.CustomName = GROUPING_NODE_NAME,
	.PlanCustomPath = plan_custom_path,
};

const CustomScanMethods segment_grouping_scan_methods = {
	.CustomName = GROUPING_NODE_NAME,
	.CreateCustomScanState = segment_grouping_create_state,
};
