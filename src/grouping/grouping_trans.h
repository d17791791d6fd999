/*
 * grouping_trans.h: the aggregates of a grouping: their states in a group's memory, adding rows, and results.
 *
 * Any plain aggregate can stand beside ours: it is called through the function manager as core's executor calls it.
 * An aggregate that has a kernel keeps its state flat in the group and is called directly.
 */
#ifndef SEGMENT_GROUPING_TRANS_H
#define SEGMENT_GROUPING_TRANS_H

#include "executor/nodeAgg.h"
#include "nodes/execnodes.h"

#include "core/aggregate.h"
#include "grouping/grouping_row.h"

/* The state of an aggregate that is called through the function manager. */
typedef struct GroupingDatumState
{
	Datum value;
	bool is_set; /* false: no value yet, the first row's argument may become it */
	bool is_null;
} GroupingDatumState;

/* One distinct aggregate of the query. */
typedef struct GroupingTrans
{
	Aggref *aggref;
	const SegmentKernel *kernel; /* NULL: through the function manager */
	void *binding;				 /* of the kernel */
	uint32 in_group;			 /* offset of the state */
	AttrNumber filter;			 /* column of the input, 0 without FILTER */
	int arguments;
	int *field;		   /* the fields of the arguments that are not packed */
	AttrNumber *input; /* the input's columns of the arguments */
	uint32 in_row;	   /* offset of the packed arguments, if there is a kernel */
	/* the transition function */
	AggStatePerTransData pertrans; /* what AggGetAggref and its like look at; initial value; type of the state */
	FunctionCallInfo call;
	FmgrInfo combine; /* used by parallel plans, for a state that is passed by value */
	FunctionCallInfo combine_call;
	/* the final function */
	AggStatePerAggData peragg;
	FmgrInfo final;
	FunctionCallInfo final_call; /* NULL: the state is the result */
	int16 result_length;
	bool result_by_value;
	bool is_repeatable; /* calling it again gives the same result, and leaves the state unchanged */
} GroupingTrans;

/* All aggregates of the node, and the memory that their states and results live in. */
typedef struct GroupingAggregates
{
	int count;
	GroupingTrans *trans;
	Size states_size;
	Size packed_size;			  /* of all arguments that kernels pack */
	bool calls;					  /* some transition function is called, and may leave memory behind */
	GroupingTrans *pointing;	  /* the first whose states point to memory of their own, or NULL */
	bool is_repeatable;			  /* results can be made again cheaply: states lie in the group and are kept */
	AggState *agg_state;		  /* the caller that the functions see */
	MemoryContext state_context;  /* lives as long as the groups in memory */
	MemoryContext row_context;	  /* for the calls; the caller resets it now and then */
	MemoryContext result_context; /* for the results of a group; the caller resets it */
} GroupingAggregates;

/* The kernel of an aggregate that is ours in all its parts, or NULL. */
extern const SegmentKernel *segment_grouping_kernel_of(const Aggref *aggref);

/*
 * Prepares the aggregates after checking the privileges that core's executor checks. kernels: IntList, whether the plan
 * has a kernel for each. 55000 if an aggregate has been replaced since.
 */
extern void segment_grouping_init_aggregates(GroupingAggregates *aggregates, CustomScanState *node, List *aggrefs,
											 List *filters, List *kernels, bool by_rows);

/* True if an argument is packed, and has no field. */
static inline bool
grouping_is_packed(const GroupingTrans *trans, int argument)
{
	return trans->kernel != NULL && argument != trans->kernel->unpacked;
}

/* Bytes of an aggregate's state in a group. */
static inline Size
grouping_state_size(const GroupingTrans *trans)
{
	return trans->kernel != NULL ? trans->kernel->state_size : sizeof(GroupingDatumState);
}

/* Drops everything that the states hold outside the groups. */
extern void segment_grouping_reset_aggregates(GroupingAggregates *aggregates);

/* Sets up the states of a new group where zero is not the beginning. */
extern void segment_grouping_start_states(GroupingAggregates *aggregates, char *group);

/* Packs the input's columns that kernels take into a row whose filtered bits are set. */
extern void segment_grouping_pack_row(GroupingAggregates *aggregates, const Datum *values, const bool *nulls,
									  char *row);

/* Adds a row to all states of its group. */
extern void segment_grouping_add_row(GroupingAggregates *aggregates, const GroupingLayout *layout, char *group,
									 char *row);

/* Adds the states of another group of the same keys, which stay as they are. */
extern void segment_grouping_merge_states(GroupingAggregates *aggregates, char *group, char *other);

/* True if groups of this aggregate can be merged, and their states moved between processes. */
extern bool segment_grouping_is_mergeable(Aggref *aggref);

/* The results of a group. */
extern void segment_grouping_results(GroupingAggregates *aggregates, char *group, Datum *values, bool *nulls);

#endif
