/*
 * items_input.h: values of any type as items.
 */
#ifndef SEGMENT_AFFINITY_ITEMS_INPUT_H
#define SEGMENT_AFFINITY_ITEMS_INPUT_H

#include "affinity/affinity.h"

typedef enum SegmentItemSource
{
	SEGMENT_SOURCE_INT2,
	SEGMENT_SOURCE_INT4,
	SEGMENT_SOURCE_INT8,
	SEGMENT_SOURCE_TEXT,	/* text and what has its bytes */
	SEGMENT_SOURCE_BPCHAR,	/* without the blanks at its end */
	SEGMENT_SOURCE_NUMERIC, /* without zeros at its end */
	SEGMENT_SOURCE_OUTPUT	/* by the type's output function */
} SegmentItemSource;

/* How items of one type are read; kept for the query. */
typedef struct SegmentItemInput
{
	SegmentItemKind kind;
	SegmentItemSource source;
	FmgrInfo output;
} SegmentItemInput;

/*
 * How argument arg of a call is read. 42883 for a type without equality and hash function; 42804 for one whose text depends
 * on a setting.
 */
extern SegmentItemInput *segment_item_input(FunctionCallInfo fcinfo, int arg);

/* The item that a value is; it may point into the value, or into the current context. */
extern void segment_item_input_read(SegmentItemInput *input, Datum value, SegmentItem *item);

#endif
