/*
 * grouping_node.h: the custom scan node: its state, and what its files share.
 */
#ifndef SEGMENT_GROUPING_NODE_H
#define SEGMENT_GROUPING_NODE_H

#include "nodes/extensible.h"
#include "nodes/pathnodes.h"

#include "grouping/grouping.h"
#include "grouping/grouping_pages.h"
#include "grouping/grouping_parallel.h"
#include "grouping/grouping_spill.h"
#include "grouping/grouping_table.h"
#include "grouping/grouping_trans.h"

#define GROUPING_NODE_NAME "SegmentGrouping"

/* Setting. */
extern int segment_grouping_seed;

/* What the plan says about the node's input and output; kept in CustomScan.custom_private. */
typedef struct GroupingPlan
{
	List *columns;	  /* IntList: the child's column of each stored column, keys first */
	List *operators;  /* OidList: equality operator of each key */
	List *collations; /* OidList: of each key */
	List *arguments;  /* List of IntList: the child's columns of each aggregate's arguments */
	List *filters;	  /* IntList: the child's column of each aggregate's FILTER, or 0 */
	List *kernels;	  /* IntList: whether each aggregate has a kernel */
	double groups;	  /* expected */
	bool by_rows;	  /* how several processes share the work, see grouping_parallel.h */
} GroupingPlan;

extern List *segment_grouping_plan_write(const GroupingPlan *plan);
extern void segment_grouping_plan_read(GroupingPlan *plan, List *custom_private);

/* Rows on their way from the child to their groups. */
typedef struct GroupingBatch
{
	int count;
	int capacity;
	char *rows;	 /* capacity rows of layout->row_size bytes */
	char *arena; /* bytes of their varlenas */
	Size arena_used;
	Size arena_size;
} GroupingBatch;

typedef struct GroupingState GroupingState;
struct GroupingState
{
	CustomScanState css;
	GroupingPlan plan;
	GroupingLayout layout;
	GroupingAggregates aggregates;
	GroupingTable table;
	GroupingSpill spill;
	GroupingBatch batch;
	GroupingShared *shared; /* NULL unless several processes work on it */
	GroupingShare share;
	bool exchanging; /* rows go to their partitions, not to groups */
	void (*read_child)(struct GroupingState *node);
	GroupingPages *pages;  /* of the child, or NULL */
	AttrNumber last_input; /* highest column of the input that is read */
	bool any_filter;
	Size outside;		   /* memory of states outside the groups, when last measured */
	bool started;		   /* the child was read, or is being read */
	GroupingCursor cursor; /* next group to return */
	GroupingCursor ahead;  /* next group to prefetch */
	/* for EXPLAIN */
	uint64 groups;
	Size peak_memory;
	int passes;
};

/* The planner's side, grouping_path.c and grouping_plan.c. */
extern void segment_grouping_upper_paths(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input_rel,
										 RelOptInfo *output_rel, void *extra);
extern const CustomPathMethods segment_grouping_path_methods;
extern const CustomScanMethods segment_grouping_scan_methods;

/* Creates the executor's state of a plan node. */
extern Node *segment_grouping_create_state(CustomScan *scan);

/* The next group as a row of the node's output. */
extern TupleTableSlot *segment_grouping_exec(CustomScanState *css);

/* A group as a row of the node's output; NULL if HAVING leaves it out. */
extern TupleTableSlot *segment_grouping_row_of(GroupingState *node, char *group);

/* Read the child to its end; the first needs one key passed by value, one aggregate with a kernel, and no FILTER. */
extern void segment_grouping_read_child_narrow(GroupingState *node);
extern void segment_grouping_read_child(GroupingState *node);

/* EXPLAIN's lines. */
extern void segment_grouping_explain(CustomScanState *node, List *ancestors, ExplainState *es);

#endif
