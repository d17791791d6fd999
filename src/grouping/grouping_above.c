/*
 * grouping_above.c: what the node does for a node above it, see grouping.h: it returns its rows a second time, so that
 * a node that needs every row twice keeps no copies while the groups are still in memory; and it leaves its groups to
 * other processes.
 */
#include "postgres.h"

#include "optimizer/optimizer.h"

#include "grouping/grouping_node.h"

static bool
is_grouping(const PlanState *ps)
{
	return IsA(ps, CustomScanState) && ((const CustomScanState *) ps)->methods->ExecCustomScan == segment_grouping_exec;
}

/* True if the node returns plain columns, and its HAVING gives the same answer when it is evaluated again. */
static bool
is_repeatable(const GroupingState *node)
{
	const Plan *plan = node->css.ss.ps.plan;
	ListCell *cell;

	/* subplans may have side effects, and may be expensive */
	if (!node->aggregates.is_repeatable || node->css.ss.ps.subPlan != NIL ||
		contain_volatile_functions((Node *) plan->qual))
		return false;
	foreach (cell, plan->targetlist)
		if (!IsA(lfirst_node(TargetEntry, cell)->expr, Var))
			return false;
	return true;
}

void
segment_grouping_leave_groups(PlanState *ps)
{
	if (is_grouping(ps))
		((GroupingState *) ps)->share.leaves_groups = true;
}

uint32
segment_grouping_kept_rows(PlanState *ps)
{
	const GroupingState *node = (const GroupingState *) ps;

	if (!is_grouping(ps))
		return 0;
	/*
	 * Groups from files, or shared with other processes, will replace these in memory. If others came before these,
	 * HAVING excluded all of them.
	 */
	if (node->spill.waiting != NIL || node->shared != NULL || !is_repeatable(node))
		return 0;
	return node->table.groups;
}

void
segment_grouping_rewind(PlanState *ps)
{
	GroupingState *node = (GroupingState *) ps;

	node->cursor.chunk = 0;
	node->cursor.offset = 0;
}

TupleTableSlot *
segment_grouping_reread(PlanState *ps)
{
	GroupingState *node = (GroupingState *) ps;
	char *group;

	while ((group = segment_grouping_table_next(&node->table, &node->cursor)) != NULL)
	{
		TupleTableSlot *row = segment_grouping_row_of(node, group);

		if (row != NULL)
			return row;
	}
	return NULL;
}
