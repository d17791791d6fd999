/*
 * score_record.c: making and comparing records, see score_record.h.
 */
#include "postgres.h"

#include "core/compat.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "core/error.h"
#include "core/image.h"
#include "score/score_record.h"

void
segment_score_add_field(ScoreLayout *layout, Expr *expression, Oid equal, Oid collation)
{
	ScoreField *field = &layout->field[layout->fields++];

	get_typlenbyval(exprType((Node *) expression), &field->length, &field->by_value);
	/* no parent, so that it is not compiled: most are columns */
	field->value = ExecInitExpr(expression, NULL);
	field->column = IsA(expression, Var) ? ((Var *) expression)->varattno : 0;
	if (OidIsValid(equal))
	{
		if (!segment_type_hash(&field->hash, exprType((Node *) expression), equal, CurrentMemoryContext))
			elog(ERROR, "operator %u has no hash function", equal);
		fmgr_info(get_opcode(equal), &field->equal);
		segment_check_execute(field->equal.fn_oid, GetUserId(), OBJECT_FUNCTION);
		field->collation = collation;
		field->by_image = segment_equal_by_image(field->equal.fn_oid, collation);
		layout->by_image = field->by_image && (layout->by_image || layout->keys == 0);
		layout->keys++;
	}
}

static Datum
evaluate(const ScoreField *field, ExprContext *econtext, bool *is_null)
{
	if (field->column == 0)
		return ExecEvalExpr(field->value, econtext, is_null);
	return slot_getattr(econtext->ecxt_scantuple, field->column, is_null);
}

/* Hashed for a NULL. */
#define NULL_WORD UINT64CONST(0x4E554C4C4B455921)

/* Adds a key to the hash of those before it. */
static uint64
add_to_hash(ScoreLayout *layout, uint64 hash, ScoreField *field, Datum value, bool is_null)
{
	const SegmentHashKey *key = &layout->key;

	if (is_null)
		return segment_hash_word(key, hash, NULL_WORD);
	if (!field->by_image)
		return segment_type_hash_value(&field->hash, key, hash, field->collation, value);
	if (field->by_value)
		return segment_hash_word(key, hash, segment_canonical_datum(value, field->length));
	if (field->length > 0)
		return segment_hash_bytes(key, hash, DatumGetPointer(value), field->length);
	else
	{
		struct varlena *bytes = PG_DETOAST_DATUM_PACKED(value);

		return segment_hash_bytes(key, hash, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	}
}

uint32
segment_score_hash(ScoreLayout *layout, ExprContext *econtext)
{
	uint64 hash = 0;

	for (int i = 0; i < layout->keys; i++)
	{
		bool is_null;
		Datum value = evaluate(&layout->field[i], econtext, &is_null);

		hash = add_to_hash(layout, hash, &layout->field[i], value, is_null);
	}
	return segment_hash_end(hash);
}

/* Bytes of a value behind the head. */
static Size
size_of(const ScoreField *field, Datum value)
{
	if (field->by_value)
		return sizeof(Datum);
	return MAXALIGN(field->length > 0 ? (Size) field->length : VARSIZE(DatumGetPointer(value)));
}

/* Makes the record's room at least so large. */
static void
make_room(ScoreLayout *layout, Size size, MemoryContext context)
{
	if (size <= layout->room)
		return;
	layout->room = Max(size, 2 * layout->room);
	layout->record = layout->record == NULL ? MemoryContextAllocHuge(context, layout->room)
											: repalloc_huge(layout->record, layout->room);
}

ScoreRecord *
segment_score_pack(ScoreLayout *layout, ExprContext *econtext, MemoryContext context)
{
	uint64 hash = 0;
	Size size = sizeof(ScoreRecord);
	Size key_size = 0;
	uint32 nulls = 0;

	make_room(layout, 256, context);
	for (int i = 0; i < layout->fields; i++)
	{
		ScoreField *field = &layout->field[i];
		bool is_null;
		Datum value = evaluate(field, econtext, &is_null);
		Size bytes;
		char *place;

		if (i < layout->keys)
			hash = add_to_hash(layout, hash, field, value, is_null);
		if (is_null)
		{
			nulls |= (uint32) 1 << i;
			continue;
		}
		/* equal values must have equal bytes: the same length word, and no compression */
		if (field->length == -1)
			value = PointerGetDatum(PG_DETOAST_DATUM(value));
		else if (field->by_value)
			value = segment_canonical_datum(value, field->length);
		bytes = size_of(field, value);
		make_room(layout, add_size(size, bytes), context);
		place = (char *) layout->record + size;
		if (field->by_value)
			*(Datum *) place = value;
		else
		{
			Size length = field->length > 0 ? (Size) field->length : VARSIZE(DatumGetPointer(value));

			memcpy(place, DatumGetPointer(value), length);
			memset(place + length, 0, bytes - length);
		}
		size += bytes;
		if (i < layout->keys)
			key_size += bytes;
	}
	if (size > PG_INT32_MAX)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("the keys of a partition are too long"),
						errdetail("They have %zu bytes; rfm_score takes %d.", size, PG_INT32_MAX),
						errhint("Partition by a shorter expression, such as a hash.")));
	layout->record->size = (uint32) size;
	layout->record->key_size = (uint32) key_size;
	layout->record->hash = segment_hash_end(hash);
	layout->record->nulls = nulls;
	layout->record->zero = 0;
	return layout->record;
}

/* Where the next field begins. */
static const char *
behind(const ScoreField *field, const char *place)
{
	return place + size_of(field, PointerGetDatum(place));
}

static inline bool
is_null_field(const ScoreRecord *record, int field)
{
	return (record->nulls >> field) & 1;
}

static inline Datum
datum_at(const ScoreField *field, const char *place)
{
	return field->by_value ? *(const Datum *) place : PointerGetDatum(place);
}

Datum
segment_score_field(const ScoreLayout *layout, const ScoreRecord *record, int field, bool *is_null)
{
	const char *place = score_record_fields(record);

	*is_null = is_null_field(record, field);
	if (*is_null)
		return (Datum) 0;
	for (int i = 0; i < field; i++)
		if (!is_null_field(record, i))
			place = behind(&layout->field[i], place);
	return datum_at(&layout->field[field], place);
}

bool
segment_score_same_keys(ScoreLayout *layout, const ScoreRecord *a, const ScoreRecord *b)
{
	uint32 keys = layout->keys == 0 ? 0 : PG_UINT32_MAX >> (32 - layout->keys);
	const char *a_place = score_record_fields(a);
	const char *b_place = score_record_fields(b);

	if (a->hash != b->hash || ((a->nulls ^ b->nulls) & keys) != 0)
		return false;
	if (a->key_size == b->key_size && memcmp(a_place, b_place, a->key_size) == 0)
		return true;
	if (layout->by_image)
		return false;
	for (int i = 0; i < layout->keys; i++)
	{
		ScoreField *field = &layout->field[i];

		if (is_null_field(a, i))
			continue;
		if (!DatumGetBool(
				FunctionCall2Coll(&field->equal, field->collation, datum_at(field, a_place), datum_at(field, b_place))))
			return false;
		a_place = behind(field, a_place);
		b_place = behind(field, b_place);
	}
	return true;
}

bool
segment_score_same_options(const ScoreLayout *layout, const ScoreRecord *a, const ScoreRecord *b)
{
	uint32 keys = layout->keys == 0 ? 0 : PG_UINT32_MAX >> (32 - layout->keys);
	Size size = a->size - sizeof(ScoreRecord) - a->key_size;

	return ((a->nulls ^ b->nulls) & ~keys) == 0 && b->size - sizeof(ScoreRecord) - b->key_size == size &&
		   memcmp(score_record_fields(a) + a->key_size, score_record_fields(b) + b->key_size, size) == 0;
}
