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
 * Where several processes share the node, this one reads its share of the input but returns no groups, provided that
 * others run the node too. Only for a caller who knows that the others read everything they are given. Has no effect on
 * any other node.
 */
extern void segment_grouping_leave_groups(PlanState *node);

/*
 * Returning a node's rows a second time, to a node that must see all of them before it can answer the first. After the
 * first row: the number of groups, which is the most rows there can be, if all groups are in memory and their rows can
 * be made again cheaply; 0 otherwise, and for any other node.
 */
extern uint32 segment_grouping_kept_rows(PlanState *node);

/* Goes back to the first row; then the next row, or NULL. EXPLAIN does not count these rows. */
extern void segment_grouping_rewind(PlanState *node);
extern TupleTableSlot *segment_grouping_reread(PlanState *node);

#endif
