/*
 * grouping_above.c: what the node does for a node above it, see grouping.h: returning its rows once more, for one that
 * has to see every row twice and need not keep copies where the groups themselves are still there; leaving the groups
 * to other processes.
 */
#include "postgres.h"

#include "optimizer/optimizer.h"

#include "grouping/grouping_node.h"

static bool
is_grouping(const PlanState *ps)
{
	return IsA(ps, CustomScanState) && ((const CustomScanState *) ps)->methods->ExecCustomScan == segment_grouping_exec;
}

/* True for a node that returns columns as they are, and tests nothing that could come out differently. */
static bool
is_repeatable(const GroupingState *node)
{
	const Plan *plan = node->css.ss.ps.plan;
	ListCell *cell;

	/* subplans might have effects, and what they cost nobody would want to pay twice */
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
	 * What waits in files, or is shared out to several processes, will take the place of these groups. If groups came
	 * before these, HAVING left all of them out.
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
