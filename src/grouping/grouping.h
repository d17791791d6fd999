/*
 * grouping.h: the fast path under GROUP BY: a custom scan node that takes the place of the executor's hash
 * aggregation where a query groups with our aggregates.
 */
#ifndef SEGMENT_GROUPING_GROUPING_H
#define SEGMENT_GROUPING_GROUPING_H

/* segment.enable_fast_aggregate: whether queries run through nodes of ours. */
typedef enum GroupingEnable
{
	GROUPING_OFF,
	GROUPING_ON,
	GROUPING_FORCE				/* for tests: whatever the cost */
} GroupingEnable;

extern int segment_grouping_enable;

/* Defines the settings, registers the node and hooks it into the planner; called once, when the library is loaded. */
extern void segment_grouping_init(void);

#endif
