/*
 * row.h: what the functions of this room have in common: results that are rows of numbers, some of them NULL with a reason,
 * and the options confidence and side.
 */
#ifndef SEGMENT_EXPERIMENT_ROW_H
#define SEGMENT_EXPERIMENT_ROW_H

#include "core/compat.h"

#include "access/tupdesc.h"

#include "math/effect.h"

#define SEGMENT_ROW_COLUMNS 24

typedef struct SegmentRow
{
	TupleDesc desc;
	int columns;
	int reason; /* number of the column of the reason, or -1 */
	Datum value[SEGMENT_ROW_COLUMNS];
	bool is_null[SEGMENT_ROW_COLUMNS];
} SegmentRow;

/* A row of NULLs. */
extern void segment_row_begin(SegmentRow *row, FunctionCallInfo fcinfo, int columns, int reason);

/* A number that is none stays NULL. */
extern void segment_row_set(SegmentRow *row, int column, double value);
extern void segment_row_set_count(SegmentRow *row, int column, int64 value);
extern void segment_row_set_text(SegmentRow *row, int column, const char *value);

/* Why something is NULL; the first reason stays. */
extern void segment_row_reason(SegmentRow *row, const char *reason);

extern Datum segment_row_end(SegmentRow *row);

/* 1 - confidence; 22004 for NULL, 22023 unless confidence is between 0 and 1. */
extern double segment_alpha_arg(FunctionCallInfo fcinfo, int arg);

/* two-sided, greater or less. */
extern SegmentSide segment_side_arg(FunctionCallInfo fcinfo, int arg);

/* A number that must lie between these, ends excluded; 22004 for NULL, 22023 otherwise. */
extern double segment_between_arg(FunctionCallInfo fcinfo, int arg, const char *name, double low, double high);

/* The elements of a list of numbers, which must be finite or NULL (then NaN here), and at most so many; allocated. */
extern double *segment_list_arg(FunctionCallInfo fcinfo, int arg, const char *name, int *n);

#endif
