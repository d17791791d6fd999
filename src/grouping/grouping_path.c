/*
 * grouping_path.c: when the node is offered to the planner, and at what cost.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "nodes/value.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planner.h"
#include "optimizer/prep.h"
#include "optimizer/tlist.h"
#include "utils/guc.h"
#include "utils/selfuncs.h"

#include "core/compat.h"
#include "core/init_plans.h"
#include "grouping/grouping.h"
#include "grouping/grouping_node.h"
#include "grouping/grouping_shape.h"

int segment_grouping_enable = GROUPING_ON;
int segment_grouping_seed = 0;

static create_upper_paths_hook_type previous_hook = NULL;

static const struct config_enum_entry enable_options[] = {
	{"off", GROUPING_OFF, false},	  {"on", GROUPING_ON, false},
	{"force", GROUPING_FORCE, false}, {"false", GROUPING_OFF, true},
	{"true", GROUPING_ON, true},	  {"no", GROUPING_OFF, true},
	{"yes", GROUPING_ON, true},		  {"0", GROUPING_OFF, true},
	{"1", GROUPING_ON, true},		  {NULL, 0, false},
};

/* Making the node ready costs about as much as this many rows. */
#define STARTUP_ROWS 100

/*
 * Finding a row's group, in units of what core takes it for. Core's cost model knows no cache misses: it takes a probe
 * for one operator call a key, whatever the size of the table. Rows in batches are better than that.
 */
#define PROBE_SHARE 0.5

/* Handing a row over by way of a file that the kernel keeps in memory, in units of cpu_tuple_cost. */
#define EXCHANGE_SHARE 0.25

/*
 * A finished group's way through a worker's queue, in units of what core takes it for: measured, two workers and the
 * leader are a third faster than one process where core's figure says that they are slower. Only where nothing else of
 * the query could be the workers' work: there, core's own Gather on top has core's cost.
 */
#define QUEUE_SHARE 0.4

/* With fewer rows of a process to a group, a process spends more on groups that it hands over than it saves. */
#define FEWEST_ROWS_A_GROUP 16

/*
 * Costs of grouping rows of the child into groups, by one of so many processes: what is due before the first group,
 * and for all of them.
 */
static void
set_costs(PlannerInfo *root, CustomPath *path, const GroupingShape *shape, double rows, double groups, double processes,
		  bool by_rows)
{
	Path *child = linitial(path->custom_paths);
	AggClauseCosts costs;
	QualCost having;
	Cost startup;
	Cost total;
	double group_bytes;
	double limit = (double) get_hash_memory_limit();
	Cost transition;

	MemSet(&costs, 0, sizeof(costs));
	get_agg_clause_costs(root, AGGSPLIT_SIMPLE, &costs);
	/* the child computes the arguments: their cost is its target's, and not that of the transitions once more */
	transition = Max(costs.transCost.per_tuple - child->pathtarget->cost.per_tuple,
					 list_length(shape->aggrefs) * cpu_operator_cost);
	startup = child->total_cost + costs.transCost.startup + costs.finalCost.startup +
			  STARTUP_ROWS * (cpu_tuple_cost + cpu_operator_cost);
	startup += rows * PROBE_SHARE * (transition + cpu_operator_cost * shape->keys);
	group_bytes = path->path.pathtarget->width + 32.0 + costs.transitionSpace;
	if (by_rows)
		startup += rows * EXCHANGE_SHARE * cpu_tuple_cost;
	else if (processes > 1)
		startup += Min(rows, groups) * cpu_tuple_cost;
	else if (groups * group_bytes > limit)
	{
		/* the rows of the groups that find no room are written and read once */
		double spilled = rows * (1.0 - limit / (groups * group_bytes));
		double pages = ceil(spilled * (child->pathtarget->width + 32.0) / BLCKSZ);

		startup += 2.0 * pages * seq_page_cost + spilled * cpu_tuple_cost;
	}
	groups = clamp_row_est(groups / processes);
	total = startup + groups * (cpu_tuple_cost + costs.finalCost.per_tuple);
	path->path.rows = groups;
	if (shape->having != NIL)
	{
		cost_qual_eval(&having, shape->having, root);
		startup += having.startup;
		total += having.startup + groups * having.per_tuple;
		path->path.rows = clamp_row_est(groups * clauselist_selectivity(root, shape->having, 0, JOIN_INNER, NULL));
	}
	startup += path->path.pathtarget->cost.startup;
	total += path->path.pathtarget->cost.startup + path->path.rows * path->path.pathtarget->cost.per_tuple;
	path->path.startup_cost = startup;
	path->path.total_cost = total;
}

/* The node on top of an input path. */
static CustomPath *
grouping_path(PlannerInfo *root, RelOptInfo *input_rel, RelOptInfo *output_rel, const GroupingShape *shape, Path *input,
			  double groups, double processes, bool by_rows)
{
	PathTarget *target = create_empty_pathtarget();
	CustomPath *path = makeNode(CustomPath);
	ListCell *expression;

	foreach (expression, shape->inputs)
		add_column_to_pathtarget(target, (Expr *) lfirst(expression), 0);
	set_pathtarget_cost_width(root, target);

	path->path.pathtype = T_CustomScan;
	path->path.parent = output_rel;
	path->path.pathtarget = output_rel->reltarget;
	path->path.parallel_safe = output_rel->consider_parallel && input->parallel_safe;
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->custom_paths = list_make1(create_projection_path(root, input_rel, input, target));
	path->methods = &segment_grouping_path_methods;
	path->custom_private = list_make5(shape->columns, shape->aggrefs, shape->having,
									  list_make5(shape->column_inputs, shape->operators, shape->collations,
												 shape->argument_inputs, shape->filter_inputs),
									  makeFloat(psprintf("%.1f", groups)));
	path->custom_private = lappend(path->custom_private, makeInteger(by_rows));
	set_costs(root, path, shape, input->rows, groups, processes, by_rows);
	if (segment_grouping_enable != GROUPING_FORCE)
		segment_count_disabled(&path->path, input);
	return path;
}

/* Offers the node as a whole. */
static void
add_serial_path(PlannerInfo *root, RelOptInfo *input_rel, RelOptInfo *output_rel, const GroupingShape *shape,
				Path *input, double groups)
{
	CustomPath *path = grouping_path(root, input_rel, output_rel, shape, input, groups, 1.0, false);

	if (segment_grouping_enable == GROUPING_FORCE)
		path->path.startup_cost = path->path.total_cost = 0.02;
	add_path(output_rel, (Path *) path);
}

/* The processes that a parallel path counts on: workers, and a leader who has other work too, as core estimates. */
static double
processes_of(const Path *path)
{
	double processes = path->parallel_workers;

	if (parallel_leader_participation && path->parallel_workers < 4)
		processes += 1.0 - 0.3 * path->parallel_workers;
	return processes;
}

/* The node as one of several processes. */
static CustomPath *
parallel_path(PlannerInfo *root, RelOptInfo *input_rel, RelOptInfo *output_rel, const GroupingShape *shape, Path *input,
			  double groups, double processes, bool by_rows)
{
	CustomPath *path = grouping_path(root, input_rel, output_rel, shape, input, groups, processes, by_rows);

	path->path.parallel_aware = true;
	path->path.parallel_workers = input->parallel_workers;
	return path;
}

/* Offers the node as several processes under a Gather; false if it can't be. */
static bool
add_parallel_path(PlannerInfo *root, RelOptInfo *input_rel, RelOptInfo *output_rel, const GroupingShape *shape,
				  double groups)
{
	Path *input;
	CustomPath *path;
	GatherPath *gather;
	ListCell *aggref;
	double processes;
	double rows;
	bool by_rows;

	if (!output_rel->consider_parallel || input_rel->partial_pathlist == NIL || IS_OTHER_REL(output_rel))
		return false;
	input = (Path *) linitial(input_rel->partial_pathlist);
	if (input->parallel_workers <= 0 || input->param_info != NULL)
		return false;
	processes = processes_of(input);
	by_rows = input->rows < groups * FEWEST_ROWS_A_GROUP ||
			  groups * (output_rel->reltarget->width + 32.0) > (double) get_hash_memory_limit();
	foreach (aggref, shape->aggrefs)
		by_rows = by_rows || !segment_grouping_is_mergeable(lfirst_node(Aggref, aggref));
	path = parallel_path(root, input_rel, output_rel, shape, input, groups, processes, by_rows);
	rows = path->path.rows * processes;
	gather = create_gather_path(root, output_rel, (Path *) path, output_rel->reltarget, NULL, &rows);
	if (root->query_level == 1 && !root->parse->hasWindowFuncs)
		gather->path.total_cost -= (1.0 - QUEUE_SHARE) * parallel_tuple_cost * rows;
	if (segment_grouping_enable == GROUPING_FORCE)
		gather->path.startup_cost = gather->path.total_cost = 0.01;
	add_path(output_rel, (Path *) gather);
	/* the planner has gathered partial paths of a partition-wise grouping already: adding another might free them */
	if (output_rel->partial_pathlist != NIL)
		return true;
	/* what stands above the groups may run in several processes too; the planner may free a path it has no use for */
	path = parallel_path(root, input_rel, output_rel, shape, input, groups, processes, by_rows);
	if (segment_grouping_enable == GROUPING_FORCE)
		path->path.startup_cost = path->path.total_cost = 0.01;
	add_partial_path(output_rel, (Path *) path);
	return true;
}

/* True for a path that fetches every row through a queue from parallel workers. */
static bool
is_gather(const Path *path)
{
	while (IsA(path, ProjectionPath))
		path = ((const ProjectionPath *) path)->subpath;
	return IsA(path, GatherPath) || IsA(path, GatherMergePath);
}

/* The cheapest input path that does not gather; NULL if there is none. */
static Path *
cheapest_without_gather(const RelOptInfo *rel)
{
	Path *cheapest = NULL;
	ListCell *cell;

	foreach (cell, rel->pathlist)
	{
		Path *path = (Path *) lfirst(cell);

		if (path->param_info == NULL && !is_gather(path) &&
			(cheapest == NULL || compare_path_costs(path, cheapest, TOTAL_COST) < 0))
			cheapest = path;
	}
	return cheapest;
}

/* The planner's hook: called for every stage, for a GROUP BY again for each partition of a partition-wise one. */
void
segment_grouping_upper_paths(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input_rel, RelOptInfo *output_rel,
							 void *extra)
{
	GroupPathExtraData *group_extra = (GroupPathExtraData *) extra;
	GroupingShape shape;
	Path *input;
	List *keys;
	double groups;

	if (previous_hook != NULL)
		previous_hook(root, stage, input_rel, output_rel, extra);
	if (stage == UPPERREL_FINAL)
		segment_hand_up_init_plans(root, output_rel, &segment_grouping_path_methods);
	if (stage != UPPERREL_GROUP_AGG || segment_grouping_enable == GROUPING_OFF || group_extra == NULL ||
		output_rel->pathlist == NIL)
		return;
	/* who turns hash aggregation off means this one too */
	if (!enable_hashagg && segment_grouping_enable != GROUPING_FORCE)
		return;
	if (!segment_grouping_shape(root, output_rel, group_extra->havingQual, &shape))
		return;
	input = cheapest_without_gather(input_rel);
	if (input == NULL)
		return;
	keys = list_truncate(list_copy(shape.columns), shape.keys);
	groups = estimate_num_groups(root, keys, input->rows, NULL, NULL);
	/* two forced paths would be judged by what they cost further up */
	if (add_parallel_path(root, input_rel, output_rel, &shape, groups) && segment_grouping_enable == GROUPING_FORCE)
		return;
	add_serial_path(root, input_rel, output_rel, &shape, input, groups);
}

void
segment_grouping_init(void)
{
	DefineCustomEnumVariable("segment.enable_fast_aggregate",
							 "Lets the planner use this extension's own node for GROUP BY over its aggregates.",
							 "force is for tests: the node is used wherever it can be, whatever the cost.",
							 &segment_grouping_enable, GROUPING_ON, enable_options, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("segment.grouping_seed",
							"Seed of the hash that the grouping node uses; 0 is a random one for each execution.",
							"For tests: results do not depend on it.", &segment_grouping_seed, 0, 0, INT_MAX,
							PGC_USERSET, GUC_NO_SHOW_ALL | GUC_NOT_IN_SAMPLE, NULL, NULL, NULL);
	RegisterCustomScanMethods(&segment_grouping_scan_methods);
	previous_hook = create_upper_paths_hook;
	create_upper_paths_hook = segment_grouping_upper_paths;
}
