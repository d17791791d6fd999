/*
 * score_path.c: when the node of rfm_score(...) OVER (...) is offered to the planner. Whatever is not understood here
 * stays with core's WindowAgg.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planner.h"
#include "optimizer/tlist.h"
#include "utils/lsyscache.h"

#include "core/compat.h"
#include "core/init_plans.h"
#include "grouping/grouping.h"
#include "score/score_node.h"
#include "score/score_windows.h"

PGDLLEXPORT Datum segment_rfm_score_window(PG_FUNCTION_ARGS);

static create_upper_paths_hook_type previous_hook = NULL;
static const CustomPathMethods path_methods;

/* A window function of the query, and the keys of its partitions: expressions, equality operators and collations. */
typedef struct ScoreFunction
{
	WindowFunc *function;
	List *keys;
	List *operators;
	List *collations;
} ScoreFunction;

/* Collects the different window functions of a target. */
static bool
collect_functions(Node *node, List **functions)
{
	if (node == NULL)
		return false;
	if (IsA(node, WindowFunc))
	{
		*functions = list_append_unique(*functions, node);
		return false;
	}
	return expression_tree_walker(node, collect_functions, (void *) functions);
}

/* True for a column of the child, or what is the same in all its rows. */
static bool
is_delivered(Node *expression, const Path *child)
{
	return list_member(child->pathtarget->exprs, expression) || IsA(expression, Const) || IsA(expression, Param);
}

/* The keys of a window; false if it is more than partitions that can be hashed. */
static bool
find_keys(PlannerInfo *root, const WindowClause *window, const Path *child, ScoreFunction *found)
{
	ListCell *cell;

	if (window->orderClause != NIL || window->startOffset != NULL || window->endOffset != NULL ||
		list_length(window->partitionClause) > SCORE_MAX_KEYS)
		return false;
	foreach (cell, window->partitionClause)
	{
		SortGroupClause *clause = lfirst_node(SortGroupClause, cell);
		Node *key = (Node *) get_sortgroupclause_tle(clause, root->processed_tlist)->expr;
		Oid hash;

		if (!clause->hashable || !get_op_hash_functions(clause->eqop, &hash, NULL) || get_typlen(exprType(key)) == -2 ||
			!is_delivered(key, child) || contain_volatile_functions(key) || contain_subplans(key) ||
			expression_returns_set(key))
			return false;
		found->keys = lappend(found->keys, key);
		found->operators = lappend_oid(found->operators, clause->eqop);
		found->collations = lappend_oid(found->collations, exprCollation(key));
	}
	return true;
}

/* True if a window function is rfm_score(...) OVER (...) and the node can do what its window asks for. */
static bool
find_function(PlannerInfo *root, WindowFunc *function, const Path *child, ScoreFunction *found)
{
	FmgrInfo info;
	ListCell *cell;

	memset(found, 0, sizeof(*found));
	found->function = function;
	if (function->aggfilter != NULL || segment_has_null_treatment(function) ||
		list_length(function->args) != SCORE_ARGS || contain_volatile_functions((Node *) function->args) ||
		contain_subplans((Node *) function->args))
		return false;
	fmgr_info(function->winfnoid, &info);
	if (info.fn_addr != segment_rfm_score_window)
		return false;
	foreach (cell, root->parse->windowClause)
		if (lfirst_node(WindowClause, cell)->winref == function->winref)
			return find_keys(root, lfirst(cell), child, found);
	return false;
}

/* What a query asks for. */
typedef struct ScoreShape
{
	List *ours;	   /* ScoreFunctions */
	List *others;  /* WindowFuncs, which stay with core */
	List *windows; /* core's WindowAggPaths for these, the lowest first */
	PathTarget *target;
	PathTarget *output; /* of the last window: the same, if there is none */
} ScoreShape;

/* Tells the window functions of a query apart; false if none is for the node. */
static bool
find_shape(PlannerInfo *root, const RelOptInfo *output_rel, const Path *child, ScoreShape *shape)
{
	List *windows = segment_score_core_windows(output_rel);
	List *functions = NIL;
	List *scores = NIL;
	ListCell *cell;

	memset(shape, 0, sizeof(*shape));
	shape->target = shape->output = root->upper_targets[UPPERREL_WINDOW];
	if (windows == NIL || root->parse->hasTargetSRFs)
		return false;
	(void) collect_functions((Node *) shape->output->exprs, &functions);
	foreach (cell, functions)
	{
		ScoreFunction *function = palloc(sizeof(ScoreFunction));

		if (find_function(root, lfirst_node(WindowFunc, cell), child, function))
		{
			shape->ours = lappend(shape->ours, function);
			scores = lappend(scores, function->function);
		}
		else
			shape->others = lappend(shape->others, lfirst(cell));
	}
	if (shape->ours == NIL)
		return false;
	if (shape->others != NIL)
	{
		shape->windows = segment_score_windows_of(windows, shape->others);
		shape->target = segment_score_columns(child->pathtarget, scores);
	}
	return true;
}

/* Rows of a batch fill this share of the memory, if estimates are right: partitions differ in size. */
#define BATCH_SHARE 0.25

/* Bytes that a row takes in memory while its batch is scored. */
#define BYTES_A_ROW 64.0

#define FEWEST_BATCHES 32
#define MOST_BATCHES 512

/* How many batches so many rows are scored in. */
static int
batches_of(double rows)
{
	int batches = FEWEST_BATCHES;

	while (batches < MOST_BATCHES && rows * BYTES_A_ROW > batches * BATCH_SHARE * (double) get_hash_memory_limit())
		batches *= 2;
	return batches;
}

/* Writing and reading a row's record, in units of cpu_tuple_cost. */
#define RECORD_SHARE 0.5

/* The node above a path; rows of all processes. */
static CustomPath *
score_path(RelOptInfo *output_rel, PathTarget *target, List *functions, Path *child, double rows, bool is_partial)
{
	CustomPath *path = makeNode(CustomPath);
	List *functions_of = NIL;
	List *keys = NIL;
	ScorePlan plan = {NIL, NIL, batches_of(rows)};
	double per_row = cpu_operator_cost;
	ListCell *cell;

	foreach (cell, functions)
	{
		const ScoreFunction *function = lfirst(cell);

		functions_of = lappend(functions_of, function->function);
		keys = lappend(keys, function->keys);
		plan.operators = lappend(plan.operators, function->operators);
		plan.collations = lappend(plan.collations, function->collations);
		per_row += cpu_operator_cost * (1 + 2 * list_length(function->keys));
		if (function->keys != NIL || list_length(functions) > 1)
			per_row += RECORD_SHARE * cpu_tuple_cost;
	}
	path->path.pathtype = T_CustomScan;
	path->path.parent = output_rel;
	path->path.pathtarget = target;
	path->path.parallel_safe = output_rel->consider_parallel && child->parallel_safe;
	path->path.parallel_aware = is_partial;
	path->path.parallel_workers = child->parallel_workers;
	path->path.rows = child->rows;
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->custom_paths = list_make1(child);
	path->custom_private = list_make3(functions_of, keys, segment_score_plan_write(&plan));
	path->methods = &path_methods;
	/*
	 * core's node takes what precedes the first row for what precedes its child's: two costs to be compared must agree
	 */
	path->path.startup_cost = child->startup_cost + target->cost.startup;
	path->path.total_cost = child->total_cost + target->cost.startup + child->rows * (per_row + target->cost.per_tuple);
	if (segment_grouping_enable == GROUPING_FORCE)
		path->path.startup_cost = path->path.total_cost = 0.03;
	else
		segment_count_disabled(&path->path, child);
	return path;
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
 * anywhere, but what it is called with may not: nor are columns of a query around this one known to workers.
 */
static Path *
partial_path(PlannerInfo *root, RelOptInfo *input_rel, PathTarget *target, List *functions)
{
	Path *path;
	ListCell *cell;

	if (!input_rel->consider_parallel || input_rel->partial_pathlist == NIL ||
		!is_parallel_safe(root, without_functions((Node *) target->exprs, NULL)))
		return NULL;
	foreach (cell, functions)
		if (!is_parallel_safe(root, (Node *) ((const ScoreFunction *) lfirst(cell))->function->args))
			return NULL;
	path = (Path *) linitial(input_rel->partial_pathlist);
	return path->param_info == NULL && path->parallel_workers > 0 ? path : NULL;
}

/* What core does above the node: its WindowAggs for other functions, or nothing; the last one computes the output. */
static Path *
finished(PlannerInfo *root, RelOptInfo *output_rel, Path *path, const ScoreShape *shape, Cost forced)
{
	path = segment_score_add_windows(root, output_rel, path, shape->windows, shape->others, shape->output);
	if (segment_grouping_enable == GROUPING_FORCE)
		path->startup_cost = path->total_cost = forced;
	return path;
}

/* Offers the node as several processes under a Gather; false if it can't be. */
static bool
add_parallel_path(PlannerInfo *root, RelOptInfo *input_rel, RelOptInfo *output_rel, const ScoreShape *shape)
{
	Path *child = input_rel->cheapest_total_path;
	Path *partial = partial_path(root, input_rel, shape->target, shape->ours);
	bool was_considered = output_rel->consider_parallel;
	double rows = child->rows;
	List *order = NIL;
	Path *path;

	if (partial == NULL || !equal(partial->pathtarget->exprs, child->pathtarget->exprs))
		return false;
	/* core takes no window function for parallel safe, as rows may come in any order: that never matters here */
	output_rel->consider_parallel = true;
	path = &score_path(output_rel, shape->target, shape->ours, partial, rows, true)->path;
	if (shape->windows != NIL)
		order = segment_score_window_order(root, linitial(shape->windows));
	if (order != NIL)
	{
		path = (Path *) create_sort_path(root, output_rel, path, order, -1.0);
		path = (Path *) create_gather_merge_path(root, output_rel, path, shape->target, order, NULL, &rows);
	}
	else
		path = (Path *) create_gather_path(root, output_rel, path, shape->target, NULL, &rows);
	if (shape->windows != NIL)
		output_rel->consider_parallel = was_considered;
	add_path(output_rel, finished(root, output_rel, path, shape, 0.01));
	/* the planner may free a path that it does not use */
	if (shape->windows == NIL)
		add_partial_path(output_rel, &score_path(output_rel, shape->target, shape->ours, partial, rows, true)->path);
	return true;
}

/* The planner's hook. */
static void
score_upper_paths(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input_rel, RelOptInfo *output_rel,
				  void *extra)
{
	ScoreShape shape;
	Path *child;
	Path *path;

	if (previous_hook != NULL)
		previous_hook(root, stage, input_rel, output_rel, extra);
	if (stage == UPPERREL_FINAL)
		segment_hand_up_init_plans(root, output_rel, &path_methods);
	if (stage != UPPERREL_WINDOW || segment_grouping_enable == GROUPING_OFF)
		return;
	child = input_rel->cheapest_total_path;
	if (child->param_info != NULL || !find_shape(root, output_rel, child, &shape))
		return;
	if (add_parallel_path(root, input_rel, output_rel, &shape) && segment_grouping_enable == GROUPING_FORCE)
		return;
	path = &score_path(output_rel, shape.target, shape.ours, child, child->rows, false)->path;
	add_path(output_rel, finished(root, output_rel, path, &shape, 0.03));
}

List *
segment_score_plan_write(const ScorePlan *plan)
{
	return list_make3(plan->operators, plan->collations, makeInteger(plan->batches));
}

void
segment_score_plan_read(ScorePlan *plan, List *custom_private)
{
	plan->operators = (List *) linitial(custom_private);
	plan->collations = (List *) lsecond(custom_private);
	plan->batches = intVal(lthird(custom_private));
}

static Plan *
plan_score_path(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist, List *clauses, List *custom_plans)
{
	CustomScan *scan = makeNode(CustomScan);
	List *keys = (List *) lsecond(path->custom_private);
	List *outputs = NIL;
	ListCell *cell;

	(void) root;
	(void) rel;
	(void) clauses;
	foreach (cell, ((Plan *) linitial(custom_plans))->targetlist)
		outputs = lappend(outputs, makeTargetEntry(copyObjectImpl(lfirst_node(TargetEntry, cell)->expr),
												   list_length(outputs) + 1, NULL, false));
	foreach (cell, (List *) linitial(path->custom_private))
	{
		WindowFunc *function = lfirst_node(WindowFunc, cell);

		outputs = lappend(outputs, makeTargetEntry(copyObjectImpl(function), list_length(outputs) + 1, NULL, false));
		scan->custom_exprs = list_concat(scan->custom_exprs, copyObjectImpl(function->args));
		scan->custom_exprs =
			list_concat(scan->custom_exprs, copyObjectImpl(list_nth(keys, foreach_current_index(cell))));
	}
	scan->scan.plan.targetlist = tlist;
	scan->scan.scanrelid = 0;
	scan->flags = path->flags;
	scan->custom_plans = custom_plans;
	scan->custom_scan_tlist = outputs;
	scan->custom_private = (List *) lthird(path->custom_private);
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
