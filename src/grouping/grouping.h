/*
 * grouping.h: the fast path under GROUP BY: a custom scan node that takes the place of the executor's hash
 * aggregation where a query groups with our aggregates.
 */
#ifndef SEGMENT_GROUPING_GROUPING_H
#define SEGMENT_GROUPING_GROUPING_H

#include "nodes/execnodes.h"

/* segment.enable_fast_aggregate: whether queries run through nodes of ours. */
typedef enum GroupingEnable
{
	GROUPING_OFF,
	GROUPING_ON,
	GROUPING_FORCE /* for tests: whatever the cost */
} GroupingEnable;

extern int segment_grouping_enable;

/* Defines the settings, registers the node and hooks it into the planner; called once, when the library is loaded. */
extern void segment_grouping_init(void);

/*
 * Of several processes that share a node, this one will read its share of the input but return no groups, if others
 * run the node too. Only for a caller who knows that those read all that they are given. Any other node ignores it.
 */
extern void segment_grouping_leave_groups(PlanState *node);

/*
 * The rows of a node once more, for who has to see all of them before the first can be answered. Of a node that has
 * returned its first row: the number of its groups, and so the most rows it returns, if it has all of them in memory
 * and makes the same rows of them again at little cost; 0 if not, or if it is another node.
 */
extern uint32 segment_grouping_kept_rows(PlanState *node);

/* Goes back to the first row; then the next row, or NULL. EXPLAIN does not count these rows. */
extern void segment_grouping_rewind(PlanState *node);
extern TupleTableSlot *segment_grouping_reread(PlanState *node);

#endif
