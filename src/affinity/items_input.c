/*
 * items_input.c: values of any type as items, see items_input.h.
 *
 * Two values must be one item exactly if they are equal to the eye of their type, on any day and in any session. So a text
 * stands for its bytes, whatever collation the column has; and types whose text depends on a setting (dates, floats) are
 * refused: to_char and round say what is meant.
 */
#include "postgres.h"

#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/typcache.h"

#include "affinity/items_input.h"

static SegmentItemSource
source_of(Oid type, Oid *output)
{
	bool varies;

	switch (type)
	{
		case INT2OID:
			return SEGMENT_SOURCE_INT2;
		case INT4OID:
			return SEGMENT_SOURCE_INT4;
		case INT8OID:
			return SEGMENT_SOURCE_INT8;
		case TEXTOID:
		case VARCHAROID:
			return SEGMENT_SOURCE_TEXT;
		case BPCHAROID:
			return SEGMENT_SOURCE_BPCHAR;
		case NUMERICOID:
			return SEGMENT_SOURCE_NUMERIC;
		default:
			break;
	}
	if (!OidIsValid(lookup_type_cache(type, TYPECACHE_HASH_PROC)->hash_proc))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION), errmsg("type %s cannot be items", format_type_be(type)),
						errdetail("The type has no hash function."), errhint("Cast the item to text.")));
	getTypeOutputInfo(type, output, &varies);
	if (type == FLOAT4OID || type == FLOAT8OID ||
		(func_volatile(*output) != PROVOLATILE_IMMUTABLE && get_typtype(type) != TYPTYPE_ENUM))
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("type %s cannot be items", format_type_be(type)),
						errdetail("Its text depends on settings."),
						errhint("Make a text of it: to_char(item, 'YYYY-MM-DD').")));
	return SEGMENT_SOURCE_OUTPUT;
}

SegmentItemInput *
segment_item_input(FunctionCallInfo fcinfo, int arg)
{
	SegmentItemInput *input = fcinfo->flinfo->fn_extra;
	Oid output = InvalidOid;
	SegmentItemSource source;
	Oid type;

	/* a call site has one type */
	if (likely(input != NULL))
		return input;
	type = get_fn_expr_argtype(fcinfo->flinfo, arg);
	if (!OidIsValid(type))
		ereport(ERROR,
				(errcode(ERRCODE_INDETERMINATE_DATATYPE), errmsg("could not determine the type of the items"),
				 errdetail("The call does not say what type its argument is."), errhint("Cast the item to text.")));
	source = source_of(getBaseType(type), &output);
	input = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(SegmentItemInput));
	input->source = source;
	input->kind = source <= SEGMENT_SOURCE_INT8 ? SEGMENT_ITEM_INTEGER : SEGMENT_ITEM_TEXT;
	if (source == SEGMENT_SOURCE_OUTPUT)
		fmgr_info_cxt(output, &input->output, fcinfo->flinfo->fn_mcxt);
	fcinfo->flinfo->fn_extra = input;
	return input;
}

static void
set_text(SegmentItem *item, const char *bytes, Size length)
{
	item->bytes = bytes;
	item->length = (uint32) length;
}

void
segment_item_input_read(SegmentItemInput *input, Datum value, SegmentItem *item)
{
	struct varlena *text;
	const char *bytes;

	memset(item, 0, sizeof(SegmentItem));
	switch (input->source)
	{
		case SEGMENT_SOURCE_INT2:
			item->number = DatumGetInt16(value);
			return;
		case SEGMENT_SOURCE_INT4:
			item->number = DatumGetInt32(value);
			return;
		case SEGMENT_SOURCE_INT8:
			item->number = DatumGetInt64(value);
			return;
		case SEGMENT_SOURCE_TEXT:
			text = PG_DETOAST_DATUM_PACKED(value);
			set_text(item, VARDATA_ANY(text), VARSIZE_ANY_EXHDR(text));
			return;
		case SEGMENT_SOURCE_BPCHAR:
			text = PG_DETOAST_DATUM_PACKED(value);
			set_text(item, VARDATA_ANY(text), (Size) bpchartruelen(VARDATA_ANY(text), (int) VARSIZE_ANY_EXHDR(text)));
			return;
		case SEGMENT_SOURCE_NUMERIC:
			bytes = numeric_normalize(DatumGetNumeric(value));
			break;
		default:
			bytes = OutputFunctionCall(&input->output, value);
			break;
	}
	set_text(item, bytes, strlen(bytes));
}
