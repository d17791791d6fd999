/*
 * score_windows.c: core's WindowAggs above the node, see score_windows.h. They are made as the planner makes its own:
 * one a window, each with the functions of those below among its columns.
 */
#include "postgres.h"

#include "optimizer/cost.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/tlist.h"
#include "utils/lsyscache.h"

#include "core/compat.h"
#include "score/score_windows.h"

List *
segment_score_core_windows(const RelOptInfo *rel)
{
	List *windows = NIL;
	const Path *path = NULL;
	ListCell *cell;

	foreach (cell, rel->pathlist)
		if (path == NULL && IsA(lfirst(cell), WindowAggPath))
			path = (const Path *) lfirst(cell);
	/* what is below the windows belongs to another relation */
	while (path != NULL && path->parent == rel)
		if (IsA(path, WindowAggPath))
		{
			WindowAggPath *window = makeNode(WindowAggPath);

			/* the planner may free a path when it is given another */
			*window = *(const WindowAggPath *) path;
			windows = lcons(window, windows);
			path = window->subpath;
		}
		else if (IsA(path, SortPath) || IsA(path, IncrementalSortPath))
			path = ((const SortPath *) path)->subpath;
		else
			return NIL;
	return windows;
}

/* The functions of a window. */
static List *
functions_of(const WindowAggPath *window, List *functions)
{
	List *found = NIL;
	ListCell *cell;

	foreach (cell, functions)
		if (lfirst_node(WindowFunc, cell)->winref == window->winclause->winref)
			found = lappend(found, lfirst(cell));
	return found;
}

List *
segment_score_windows_of(List *windows, List *functions)
{
	List *found = NIL;
	ListCell *cell;

	foreach (cell, windows)
		if (functions_of(lfirst(cell), functions) != NIL)
			found = lappend(found, lfirst(cell));
	return found;
}

List *
segment_score_window_order(PlannerInfo *root, const WindowAggPath *window)
{
	const WindowClause *clause = window->winclause;

	return make_pathkeys_for_sortclauses(root, list_concat_copy(clause->partitionClause, clause->orderClause),
										 root->processed_tlist);
}

/* The path in this order. */
static Path *
sorted(PlannerInfo *root, RelOptInfo *rel, Path *path, List *order)
{
	int presorted;

	if (pathkeys_count_contained_in(order, path->pathkeys, &presorted))
		return path;
	if (presorted == 0 || !enable_incremental_sort)
		return (Path *) create_sort_path(root, rel, path, order, -1.0);
	return (Path *) create_incremental_sort_path(root, rel, path, order, presorted, -1.0);
}

PathTarget *
segment_score_columns(PathTarget *columns, List *functions)
{
	PathTarget *target = copy_pathtarget(columns);
	ListCell *cell;

	foreach (cell, functions)
	{
		add_column_to_pathtarget(target, lfirst(cell), 0);
		target->width += get_typavgwidth(lfirst_node(WindowFunc, cell)->wintype, -1);
	}
	/* what is below computes them */
	target->cost.startup = target->cost.per_tuple = 0;
	return target;
}

Path *
segment_score_add_windows(PlannerInfo *root, RelOptInfo *rel, Path *path, List *windows, List *functions,
						  PathTarget *target)
{
	PathTarget *columns = path->pathtarget;
	List *conditions = NIL;
	ListCell *cell;

	foreach (cell, windows)
	{
		const WindowAggPath *window = lfirst(cell);
		List *own = functions_of(window, functions);
		bool is_top = lnext(windows, cell) == NULL;

		path = sorted(root, rel, path, segment_score_window_order(root, window));
		columns = segment_score_columns(columns, own);
		path = (Path *) segment_windowagg_path(root, rel, path, is_top ? target : columns, own, window,
											   is_top ? conditions : NIL, is_top);
		/* a window that ends early passes the rows on; the last one leaves them out */
		conditions = list_concat(conditions, segment_run_condition(window));
	}
	return path;
}
