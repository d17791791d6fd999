/*
 * aggregate.h: the registry of the extension's aggregates that the grouping node knows, and their kernels. A room
 * registers its aggregates when the library is loaded; the node looks them up here and so includes no room.
 *
 * A kernel does the work of an aggregate's transition function on states that lie inside the groups, without the
 * function manager. Its results must be those of core's plan, byte for byte, whatever the order of the rows.
 */
#ifndef SEGMENT_CORE_AGGREGATE_H
#define SEGMENT_CORE_AGGREGATE_H

#include "core/compat.h"

/* What stands in for a transition function whose state has a fixed size and is all zero before the first row. */
typedef struct SegmentKernel
{
	Size state_size; /* a multiple of 8 */
	/* The number of the argument that is not packed, which reaches add as it is; -1 if all are packed. */
	int unpacked;
	/* Makes what the other functions are handed, in the current context; the types are ones the kernel was chosen for. */
	void *(*bind)(const Oid *argument_types, int arguments, Oid collation);
	/*
	 * What a row adds, in packed_size bytes without pointers; raises the errors of arguments out of range. Arguments
	 * may be toasted. Memory that it leaves behind in the current context is freed soon.
	 */
	Size packed_size;
	void (*pack)(void *binding, const Datum *arguments, const bool *nulls, void *packed);
	/* The same in 16 bytes, for files; false if they do not suffice; words[0] is never 0. NULL: no such form. */
	bool (*shrink)(const void *packed, uint64 words[2]);
	void (*expand)(const uint64 words[2], void *packed);
	/*
	 * Adds a packed row and the argument that is not packed, which may be toasted. context is where a state may
	 * allocate. A kernel with such an argument may leave memory behind in the current context.
	 */
	void (*add)(void *binding, MemoryContext context, void *state, const void *packed, Datum unpacked, bool is_null);
	/* The argument of the aggregate's final function; false for NULL. */
	bool (*value)(void *state, Datum *value);
	/* Prefetch memory outside the state that the next row, or the result, will touch. NULL: there is none. */
	void (*prefetch)(const void *state);
	void (*prefetch_result)(const void *state);
	/* Adds another state, which stays as it is. NULL: states can't move between processes; so with those that follow. */
	void (*merge)(MemoryContext context, void *state, const void *other);
	/* True if the state points to memory outside itself; then the other two give it, and point to a copy of it. */
	bool (*is_moved)(const void *state);
	const void *(*outside)(const void *state, Size *size);
	void (*relocate)(void *state, void *outside);
} SegmentKernel;

/*
 * The C functions that one of our aggregates consists of, NULL for those it does not have; its initial value is NULL.
 * The transition function has segment_internal.rfm_agg_support for its planner support function, whose call loads the library in
 * time. An aggregate is ours only if all of this holds: anyone may create one over some of our functions.
 */
typedef struct SegmentAggregate
{
	PGFunction transition;
	PGFunction combine;
	PGFunction serialize;
	PGFunction deserialize;
	PGFunction final;
	/* The kernel for arguments of these types, or NULL. The function itself may be NULL. */
	const SegmentKernel *(*kernel)(const Oid *argument_types, int arguments);
} SegmentAggregate;

/* Makes an aggregate known for the life of the process. Transition functions tell aggregates apart. */
extern void segment_aggregate_register(const SegmentAggregate *aggregate);

/* True for the transition function of an aggregate that is registered; whether the rest of it is ours is open. */
extern bool segment_aggregate_has_transition(Oid function);

/* The aggregate with this pg_proc entry if it is one of ours; else NULL. */
extern const SegmentAggregate *segment_aggregate_of(Oid function);

/* Its kernel for arguments of these types; NULL if there is none or the aggregate is not ours. */
extern const SegmentKernel *segment_aggregate_kernel(Oid function, const Oid *argument_types, int arguments);

#endif
