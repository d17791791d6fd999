/*
 * score_path.c: when the node of rfm_score(…) OVER () is offered to the planner. Whatever is not understood here
 * stays with core's WindowAgg.
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planner.h"
#include "optimizer/clauses.h"

#include "core/compat.h"
#include "grouping/grouping.h"
#include "score/score_node.h"

PGDLLEXPORT Datum segment_rfm_score_window(PG_FUNCTION_ARGS);

static create_upper_paths_hook_type previous_hook = NULL;
static const CustomPathMethods path_methods;

/* Finds the window function of a target; true if there are two, or one that is not ours. */
static bool
find_function(Node *node, WindowFunc **found)
{
	if (node == NULL)
		return false;
	if (IsA(node, WindowFunc))
	{
		if (*found == NULL)
			*found = (WindowFunc *) node;
		return !equal(*found, node);
	}
	return expression_tree_walker(node, find_function, (void *) found);
}

/*
 * True for an expression that may differ from row to row. Parameters don't: one that is an uncorrelated subquery's value,
 * or a column of a query around this one, changes between scans only, and each scan evaluates the options again.
 */
static bool
is_varying(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var) || IsA(node, Aggref) || IsA(node, GroupingFunc) || IsA(node, PlaceHolderVar) ||
		IsA(node, SubPlan) || IsA(node, AlternativeSubPlan))
		return true;
	return expression_tree_walker(node, is_varying, context);
}

/* The one window function of the query, if it is rfm_score(…) OVER () with constant options; else NULL. */
static WindowFunc *
score_function(PlannerInfo *root, PathTarget *target)
{
	WindowFunc *function = NULL;
	FmgrInfo info;
	ListCell *argument;

	if (target == NULL || list_length(root->parse->windowClause) != 1 || root->parse->hasTargetSRFs ||
		find_function((Node *) target->exprs, &function) || function == NULL)
		return NULL;
	if (function->aggfilter != NULL || segment_has_null_treatment(function) ||
		list_length(function->args) != SCORE_ARGS || contain_volatile_functions((Node *) function->args) ||
		contain_subplans(linitial(function->args)))
		return NULL;
	for_each_from(argument, function->args, SCORE_ARG_AS_OF) if (is_varying(lfirst(argument), NULL)) return NULL;
	fmgr_info(function->winfnoid, &info);
	return info.fn_addr == segment_rfm_score_window ? function : NULL;
}

/* The node above a path. */
static CustomPath *
score_path(RelOptInfo *output_rel, PathTarget *target, WindowFunc *function, Path *child, bool is_partial)
{
	CustomPath *path = makeNode(CustomPath);

	path->path.pathtype = T_CustomScan;
	path->path.parent = output_rel;
	path->path.pathtarget = target;
	path->path.parallel_safe = output_rel->consider_parallel && child->parallel_safe;
	path->path.parallel_aware = is_partial;
	path->path.parallel_workers = child->parallel_workers;
	path->path.rows = child->rows;
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->custom_paths = list_make1(child);
	path->custom_private = list_make1(function);
	path->methods = &path_methods;
	/* core's node takes what precedes the first row for what precedes its child's: two costs to be compared must agree */
	path->path.startup_cost = child->startup_cost + target->cost.startup;
	path->path.total_cost =
		child->total_cost + target->cost.startup + child->rows * (2 * cpu_operator_cost + target->cost.per_tuple);
	if (segment_grouping_enable == GROUPING_FORCE)
		path->path.startup_cost = path->path.total_cost = 0.03;
	return path;
}

/* The path below core's node; NULL if its window is more than OVER (). */
static Path *
windowed_path(const RelOptInfo *rel)
{
	ListCell *cell;

	foreach (cell, rel->pathlist)
	{
		const WindowAggPath *path = (const WindowAggPath *) lfirst(cell);
		const WindowClause *window;

		if (!IsA(path, WindowAggPath))
			continue;
		window = path->winclause;
		if (window->partitionClause != NIL || window->orderClause != NIL || window->startOffset != NULL ||
			window->endOffset != NULL || path->qual != NIL)
			return NULL;
		return path->subpath;
	}
	return NULL;
}

/* An expression with a constant in the place of window functions. */
static Node *
without_functions(Node *node, void *context)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, WindowFunc))
		return (Node *) makeNullConst(exprType(node), -1, exprCollation(node));
	return expression_tree_mutator(node, without_functions, context);
}

/*
 * A path that several processes share and that the node may stand on; NULL if there is none. The function may be called
 * anywhere, but what it is called with may not: nor are parameters of a query around this one known to workers.
 */
static Path *
partial_path(PlannerInfo *root, RelOptInfo *input_rel, PathTarget *target, WindowFunc *function)
{
	Path *path;

	if (!input_rel->consider_parallel || input_rel->partial_pathlist == NIL ||
		!is_parallel_safe(root, without_functions((Node *) target->exprs, NULL)) ||
		!is_parallel_safe(root, (Node *) function->args))
		return NULL;
	path = (Path *) linitial(input_rel->partial_pathlist);
	return path->param_info == NULL && path->parallel_workers > 0 ? path : NULL;
}

/* The planner's hook. */
static void
score_upper_paths(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input_rel, RelOptInfo *output_rel,
				  void *extra)
{
	PathTarget *target = root->upper_targets[UPPERREL_WINDOW];
	WindowFunc *function;
	Path *child;
	Path *partial;

	if (previous_hook != NULL)
		previous_hook(root, stage, input_rel, output_rel, extra);
	if (stage != UPPERREL_WINDOW || segment_grouping_enable == GROUPING_OFF)
		return;
	child = windowed_path(output_rel);
	function = child != NULL ? score_function(root, target) : NULL;
	if (function == NULL || child->param_info != NULL)
		return;
	partial = partial_path(root, input_rel, target, function);
	if (partial != NULL && equal(partial->pathtarget->exprs, child->pathtarget->exprs))
	{
		CustomPath *path;
		GatherPath *gather;
		double rows = child->rows;

		/* core takes no window function for parallel safe, as rows may come in any order: that never matters here */
		output_rel->consider_parallel = true;
		path = score_path(output_rel, target, function, partial, true);
		gather = create_gather_path(root, output_rel, &path->path, target, NULL, &rows);
		if (segment_grouping_enable == GROUPING_FORCE)
			gather->path.startup_cost = gather->path.total_cost = 0.01;
		add_path(output_rel, &gather->path);
		/* the planner may free a path that it has no use for */
		add_partial_path(output_rel, &score_path(output_rel, target, function, partial, true)->path);
		if (segment_grouping_enable == GROUPING_FORCE)
			return;
	}
	add_path(output_rel, &score_path(output_rel, target, function, child, false)->path);
}

static Plan *
plan_score_path(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist, List *clauses, List *custom_plans)
{
	CustomScan *scan = makeNode(CustomScan);
	WindowFunc *function = linitial_node(WindowFunc, path->custom_private);
	List *outputs = NIL;
	ListCell *cell;

	(void) root;
	(void) rel;
	(void) clauses;
	foreach (cell, ((Plan *) linitial(custom_plans))->targetlist)
		outputs = lappend(outputs, makeTargetEntry(copyObjectImpl(lfirst_node(TargetEntry, cell)->expr),
												   list_length(outputs) + 1, NULL, false));
	outputs = lappend(outputs, makeTargetEntry(copyObjectImpl(function), list_length(outputs) + 1, NULL, false));
	scan->scan.plan.targetlist = tlist;
	scan->scan.scanrelid = 0;
	scan->flags = path->flags;
	scan->custom_plans = custom_plans;
	scan->custom_scan_tlist = outputs;
	scan->custom_exprs = copyObjectImpl(function->args);
	scan->methods = &segment_score_scan_methods;
	return (Plan *) scan;
}

static const CustomPathMethods path_methods = {
	.CustomName = SCORE_NODE_NAME,
	.PlanCustomPath = plan_score_path,
};

const CustomScanMethods segment_score_scan_methods = {
	.CustomName = SCORE_NODE_NAME,
	.CreateCustomScanState = segment_score_create_state,
};

void
segment_score_init(void)
{
	RegisterCustomScanMethods(&segment_score_scan_methods);
	previous_hook = create_upper_paths_hook;
	create_upper_paths_hook = score_upper_paths;
}
