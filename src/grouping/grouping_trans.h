/*
 * grouping_trans.h: the aggregates of a grouping: their states in a group's memory, adding rows, and results.
 *
 * Any plain aggregate can stand beside ours: it is called through the function manager as core's executor calls it.
 * An aggregate whose transition function has a kernel keeps its state flat in the group and is called directly.
 */
#ifndef SEGMENT_GROUPING_TRANS_H
#define SEGMENT_GROUPING_TRANS_H

#include "executor/nodeAgg.h"
#include "nodes/execnodes.h"

#include "grouping/grouping_row.h"

/*
 * What stands in for a transition function that works on a state of fixed size, all zero before the first row that
 * counts.
 */
typedef struct GroupingKernel
{
	Size state_size; /* a multiple of 8 */
	bool takes_cell; /* the last argument is not packed but a cell of the row */
	/* What the other functions are handed, made in the current context; NULL if these argument types can't be served. */
	void *(*bind)(const Oid *argument_types, int arguments, Oid collation);
	/* What a row adds, in packed_size bytes that hold no pointers; raises the errors of arguments out of range. */
	Size packed_size;
	void (*pack)(const void *binding, const Datum *arguments, const bool *nulls, void *packed);
	/* The same in 16 bytes, for files; false if they do not suffice; words[0] is never 0. NULL: no such form. */
	bool (*shrink)(const void *packed, uint64 words[2]);
	void (*expand)(const uint64 words[2], void *packed);
	/*
	 * Adds a packed row, and its cell; context is where a state may allocate. A kernel that takes a cell may leave
	 * memory behind in the current context.
	 */
	void (*add)(void *binding, MemoryContext context, void *state, const void *packed, Datum cell, bool cell_is_null);
	/* The value that the final function takes; false for NULL. */
	bool (*value)(void *state, Datum *value);
	/* Asks for the memory outside the state that the next row, or the result, will need; NULL if there is none. */
	void (*prefetch)(const void *state);
	void (*prefetch_result)(const void *state);
	/* Adds another state, which stays as it is. NULL: states can't move between processes; so with those that follow. */
	void (*merge)(MemoryContext context, void *state, const void *other);
	/* True if the state points to memory outside itself; then the other two give it, and point to a copy of it. */
	bool (*is_moved)(const void *state);
	const void *(*outside)(const void *state, Size *size);
	void (*relocate)(void *state, void *outside);
} GroupingKernel;

/* The kernel that does the work of a transition function for arguments of these types, or NULL. */
extern const GroupingKernel *segment_grouping_kernel(PGFunction transition, const Oid *argument_types);

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
	const GroupingKernel *kernel; /* NULL: through the function manager */
	void *binding;				  /* of the kernel */
	uint32 in_group;			  /* offset of the state */
	AttrNumber filter;			  /* column of the input, 0 without FILTER */
	int arguments;
	int *cell;		   /* the cells of the arguments that are not packed */
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
	bool is_repeatable; /* calling it leaves the state as it is, and gives the same result again */
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
	bool is_repeatable;			  /* the results can be had again at little cost: states lie in the group and stay */
	AggState *agg_state;		  /* what the functions take for their caller */
	MemoryContext state_context;  /* lives as long as the groups in memory */
	MemoryContext row_context;	  /* for the calls; the caller resets it now and then */
	MemoryContext result_context; /* for the results of a group; the caller resets it */
} GroupingAggregates;

/* Prepares the aggregates after checking the privileges that core's executor checks. */
extern void segment_grouping_init_aggregates(GroupingAggregates *aggregates, CustomScanState *node, List *aggrefs,
											 List *filters);

/* True if an argument is packed, and has no cell. */
static inline bool
grouping_is_packed(const GroupingTrans *trans, int argument)
{
	return trans->kernel != NULL && !(trans->kernel->takes_cell && argument == trans->arguments - 1);
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
