/*
 * grouping_row.h: how an input row and a group lie in memory.
 *
 * A row holds the fields that the node needs of one input row: first the stored columns (the grouping keys, then
 * columns that depend on them and are only carried along), then the arguments of the aggregates. Rows are gathered in
 * batches, so that the memory of many groups can be prefetched at once. A group (an entry of the hash table) begins
 * with the same stored columns; the states of the aggregates follow.
 *
 *   row:    GroupingRowHead | fields | packed      varlenas: pointers into the batch's arena
 *   group:  [GroupingGroupHead] | fields | states | bytes     varlenas: offsets from the group's start
 *
 * A group's columns hold no pointers, so it can lie in memory that several processes map at different addresses. A
 * single key that is passed by value and compared by its bits needs no head: its hash is cheap, and the table
 * remembers the group whose key is NULL. That is the narrow form, 8 bytes beside the states.
 */
#ifndef SEGMENT_GROUPING_ROW_H
#define SEGMENT_GROUPING_ROW_H

#include "executor/tuptable.h"
#include "fmgr.h"

#include "core/hash.h"

/* Limits of the node; wider queries stay with core's executor. */
#define GROUPING_MAX_COLUMNS 16
#define GROUPING_MAX_FIELDS 64
#define GROUPING_MAX_AGGREGATES 32

typedef enum GroupingFieldKind
{
	GROUPING_FIELD_BYVAL, /* a Datum */
	GROUPING_FIELD_FIXED, /* length bytes, passed by reference */
	GROUPING_FIELD_VARLENA
} GroupingFieldKind;

/* How two values of a key are compared. The first three compare bits and need no function call. */
typedef enum GroupingCompare
{
	GROUPING_COMPARE_DATUM,
	GROUPING_COMPARE_FIXED,
	GROUPING_COMPARE_BYTES,	   /* the bytes of a varlena */
	GROUPING_COMPARE_FUNCTION, /* the clause's equality operator and its hash function */
	GROUPING_COMPARE_NONE	   /* not a key */
} GroupingCompare;

typedef struct GroupingField
{
	GroupingFieldKind kind;
	GroupingCompare compare;
	int16 length;	  /* typlen */
	AttrNumber input; /* column of the input, from 1 */
	uint32 in_row;	  /* offset in a row */
	uint32 in_group;  /* offset in a group; stored columns only */
	Oid collation;
	FmgrInfo equal;
	SegmentTypeHash hash;
} GroupingField;

typedef struct GroupingRowHead
{
	uint32 hash;
	uint32 filtered; /* bit per aggregate: its FILTER left the row out */
	uint64 nulls;	 /* bit per field */
} GroupingRowHead;

typedef struct GroupingGroupHead
{
	uint32 hash;
	uint16 nulls;	/* bit per stored column */
	uint16 eighths; /* size in units of 8 bytes; 0: alone in its chunk */
} GroupingGroupHead;

/* The fields of a query, their places, and how to find its groups. */
typedef struct GroupingLayout
{
	int columns; /* stored columns, keys first */
	int keys;
	int fields; /* stored columns and arguments */
	GroupingField *field;
	bool narrow;		  /* groups have no head */
	bool variable;		  /* some stored column is a varlena */
	bool by_reference;	  /* some field is a varlena: rows point into the arena */
	uint32 packed_offset; /* of what kernels pack into a row */
	uint32 row_size;
	uint32 states_offset; /* of the first state in a group */
	uint32 group_size;	  /* without the bytes of varlenas */
	SegmentHashKey key;	  /* of the hash; the same in all processes that share the groups */
} GroupingLayout;

/*
 * Other bits of a hash, for partitions: the finalizer of MurmurHash3 (Appleby), a bijection of 64 bits that spreads every
 * input bit.
 */
static inline uint64
grouping_mix(uint64 value)
{
	value ^= value >> 33;
	value *= UINT64CONST(0xff51afd7ed558ccd);
	value ^= value >> 33;
	value *= UINT64CONST(0xc4ceb9fe1a85ec53);
	value ^= value >> 33;
	return value;
}

/* The hash of a single key that is passed by value and compared by its bits. */
static inline uint32
grouping_hash_datum(const SegmentHashKey *key, Datum value)
{
	return segment_hash_end(segment_hash_word(key, 0, (uint64) value));
}

/* A field of a row as a Datum. */
static inline Datum
grouping_row_value(const GroupingField *field, char *row)
{
	return field->kind == GROUPING_FIELD_FIXED ? PointerGetDatum(row + field->in_row)
											   : *(Datum *) (row + field->in_row);
}

static inline bool
grouping_row_is_null(const char *row, int field)
{
	return (((const GroupingRowHead *) row)->nulls >> field) & 1;
}

/*
 * Kinds, offsets and sizes from the fields' types; states_size bytes of states follow a group's stored columns, and
 * packed_size bytes of packed arguments a row's fields.
 */
extern void segment_grouping_lay_out(GroupingLayout *layout, Size states_size, Size packed_size);

/*
 * Copies the fields of the input's columns to a row: values by value are complete, varlenas still point into the input
 * or, detoasted keys, into the current context. Returns the bytes that segment_grouping_keep_row needs.
 */
extern Size segment_grouping_fill_row(const GroupingLayout *layout, const Datum *values, const bool *nulls, char *row);

/* The hash of a row's keys. */
extern uint32 segment_grouping_hash_row(GroupingLayout *layout, const SegmentHashKey *key, char *row);

/* Moves the varlenas of a row to memory of their own, and computes its hash. */
extern void segment_grouping_keep_row(GroupingLayout *layout, char *row, char *arena);

/* True if the group's keys are those of the row. Not for narrow groups. */
extern bool segment_grouping_same_keys(GroupingLayout *layout, char *group, char *row);

/* The hash of a group that is not the narrow group of NULL. */
static inline uint32
grouping_hash_of_group(const GroupingLayout *layout, const char *group)
{
	return layout->narrow ? grouping_hash_datum(&layout->key, *(const Datum *) group)
						  : ((const GroupingGroupHead *) group)->hash;
}

/* Bytes of a group for this row, and writing its head and stored columns; the states are zeroed. */
extern Size segment_grouping_group_size(const GroupingLayout *layout, const char *row);
extern void segment_grouping_write_group(const GroupingLayout *layout, char *group, Size size, char *row);

/* Turns a group, wherever it lies, into a row that holds its stored columns only. */
extern void segment_grouping_group_as_row(const GroupingLayout *layout, char *group, bool is_null_group, char *row);

/* Reads the stored columns of a group with a head. */
extern void segment_grouping_read_group(const GroupingLayout *layout, char *group, Datum *values, bool *nulls);

#endif
