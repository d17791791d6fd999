/*
 * grouping_shape.h: what a GROUP BY asks for, as the planner sees it, if the node can do it.
 */
#ifndef SEGMENT_GROUPING_SHAPE_H
#define SEGMENT_GROUPING_SHAPE_H

#include "nodes/pathnodes.h"

typedef struct GroupingShape
{
	List *columns; /* expressions: the keys, then columns that depend on them */
	int keys;
	List *operators;	   /* OidList, a key each */
	List *collations;	   /* OidList, a key each */
	List *aggrefs;		   /* the distinct aggregates */
	List *inputs;		   /* expressions that the child must deliver, each once */
	List *column_inputs;   /* IntList: the input of each column, from 1 */
	List *argument_inputs; /* List of IntList: the inputs of each aggregate's arguments */
	List *filter_inputs;   /* IntList: the input of each aggregate's FILTER, or 0 */
	List *having;		   /* implicitly ANDed */
} GroupingShape;

/* False if the query is none of ours, or beyond what the node does. */
extern bool segment_grouping_shape(PlannerInfo *root, RelOptInfo *output_rel, Node *having, GroupingShape *shape);

#endif
