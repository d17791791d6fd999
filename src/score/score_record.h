/*
 * score_record.h: what a row hands to its partition: keys, options that may differ from row to row, and what is to be
 * scored. Private to the room.
 *
 * Records go through files and from process to process, so they hold no pointers: the fields (the keys, then the
 * options) follow the head, each at a multiple of 8 bytes; a NULL takes no room.
 */
#ifndef SEGMENT_SCORE_SCORE_RECORD_H
#define SEGMENT_SCORE_SCORE_RECORD_H

#include "nodes/execnodes.h"

#include "core/hash.h"
#include "score/score_partition.h"

/* A record has a bit for each that tells if it is NULL. */
#define SCORE_MAX_FIELDS 32
#define SCORE_MAX_KEYS (SCORE_MAX_FIELDS - SCORE_ARGS)

typedef struct ScoreField
{
	ExprState *value;
	AttrNumber column; /* of the input, if the field is no more than that; else 0 */
	int16 length;	   /* typlen */
	bool by_value;
	/* of a key */
	bool by_image; /* equal values have equal bytes */
	Oid collation;
	SegmentTypeHash hash; /* unless by_image */
	FmgrInfo equal;
} ScoreField;

typedef struct ScoreRecord
{
	uint32 size;	 /* with the fields */
	uint32 key_size; /* of the keys' fields */
	uint32 hash;	 /* of the keys */
	uint32 nulls;
	RfmScore mark; /* see score_partition.h */
	uint32 zero;
	double values[RFM_DIMENSIONS]; /* if it is due */
} ScoreRecord;

typedef struct ScoreLayout
{
	int keys;
	int fields;
	ScoreField field[SCORE_MAX_FIELDS];
	bool by_image;		 /* all keys are */
	SegmentHashKey key;	 /* of the hash; the same in all processes */
	ScoreRecord *record; /* room for the row at hand */
	Size room;
} ScoreLayout;

/* Appends a field for an expression over the input; equal is the equality operator of a key, else InvalidOid. */
extern void segment_score_add_field(ScoreLayout *layout, Expr *expression, Oid equal, Oid collation);

/* The hash of the row's keys. Leaves memory behind in the current context, as does the next. */
extern uint32 segment_score_hash(ScoreLayout *layout, ExprContext *econtext);

/* The row's record, up to mark and values; valid until the next call. Its room is in the context. */
extern ScoreRecord *segment_score_pack(ScoreLayout *layout, ExprContext *econtext, MemoryContext context);

/* A field of a record as a Datum, which points into the record. */
extern Datum segment_score_field(const ScoreLayout *layout, const ScoreRecord *record, int field, bool *is_null);

static inline const char *
score_record_fields(const ScoreRecord *record)
{
	return (const char *) (record + 1);
}

/* True if the keys of two records are equal, NULLs among each other too; leaves memory behind. */
extern bool segment_score_same_keys(ScoreLayout *layout, const ScoreRecord *a, const ScoreRecord *b);

/* True if the options of two records have the same bytes. */
extern bool segment_score_same_options(const ScoreLayout *layout, const ScoreRecord *a, const ScoreRecord *b);

#endif
