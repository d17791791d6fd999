/*
 * rows.h: one person's events as aggregates collect them: those that any condition holds for, 16 bytes each.
 */
#ifndef SEGMENT_EVENT_ROWS_H
#define SEGMENT_EVENT_ROWS_H

#include "core/compat.h"

#include "core/arena.h"
#include "core/day.h"
#include "math/funnel.h"
#include "math/wire.h"

/*
 * What an aggregate is asked for, the same in all rows of a group; its kind of time comes with the types of its
 * arguments. Bounds and distances are in microseconds, dates too.
 */
typedef struct EventOptions
{
	int64 within;
	int64 from;
	int64 before;
	uint8 kind;		 /* SegmentTimeKind */
	uint8 steps;	 /* conditions; 0: none is known yet */
	uint8 is_later;	 /* see SegmentFunnelRule */
	uint8 any_order; /* the same */
	uint32 reserved; /* zero */
} EventOptions;

/* All zero before the first row. */
typedef struct EventRows
{
	EventOptions options;
	SegmentEvent *rows;
	uint32 n;
	uint32 size;
	uint64 is_unsorted;
} EventRows;

/* One row as it is read: counts is false if its time is NULL. */
typedef struct EventRow
{
	int64 at;
	uint32 steps;
	uint32 counts;
	EventOptions options;
} EventRow;

/* Which arguments there are, behind the state. */
typedef struct EventCall
{
	SegmentTimeKind kind;
	int arguments;
	bool has_within; /* at, within, [ties, step_order, [entered_from, entered_before,]] steps; else at, steps */
	/* the options as words, looked up once */
	struct varlena *ties;
	struct varlena *step_order;
	bool is_later;
	bool any_order;
} EventCall;

/* From the types of the arguments; false if they are none of ours. */
extern bool segment_event_call_of_types(const Oid *types, int arguments, EventCall *call);

/* Reads a row; raises the errors of its arguments. */
extern void segment_event_read(EventCall *call, const NullableDatum *arguments, EventRow *row);

/* Adds a row, in the context or, if there is one, the arena. */
extern void segment_event_add(EventRows *rows, MemoryContext context, SegmentArena *arena, const EventRow *row);

/* Stops with 22023 unless the options are those of all rows so far. */
extern void segment_event_same_options(const EventOptions *options, const EventOptions *other);

/* Adds all rows of another one. */
extern void segment_event_add_all(EventRows *rows, MemoryContext context, const EventRows *other);

/* Sorts them: by time, then by their first condition. */
extern void segment_event_sort(EventRows *rows);

/* The polling callback of src/math. */
extern void segment_event_poll(void);

/* A support function's call, looked up once. */
extern EventCall *segment_event_call(FunctionCallInfo fcinfo);

/* As bytes, and back from them, in the current context; name is the aggregate's. */
extern bytea *segment_event_serialize(const EventRows *rows);
extern EventRows *segment_event_deserialize(SegmentCursor cursor, const char *name);

/* A time of a kind, from microseconds, for error messages and results. */
extern int64 segment_event_native_time(int64 at, SegmentTimeKind kind);

/* True if it is the time of an event of this kind. */
extern bool segment_event_time_is_sound(int64 at, SegmentTimeKind kind);

#endif
