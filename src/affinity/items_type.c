/*
 * items_type.c: the SQL type items: text and binary form, and what is in it.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "affinity/affinity.h"
#include "affinity/items_input.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/message.h"
#include "math/text.h"

struct varlena *
segment_items_value(const SegmentItems *items)
{
	Size size = add_size(VARHDRSZ + 2 + SEGMENT_COUNT_BYTES, segment_items_size(items));
	struct varlena *value;
	unsigned char *at;

	segment_check_value_size("items", size, "Take items of a higher level, such as categories.");
	value = palloc(size);
	at = (unsigned char *) VARDATA(value);
	*at++ = SEGMENT_ITEMS_VERSION;
	*at++ = (unsigned char) items->kind;
	at = segment_put_count(at, items->n);
	at = segment_items_put(at, items);
	SET_VARSIZE(value, (char *) at - (char *) value);
	return value;
}

SegmentItemReader
segment_items_open(struct varlena *value)
{
	SegmentCursor cursor = segment_cursor(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
	uint64 version = segment_take(&cursor, 1);
	uint64 kind = segment_take(&cursor, 1);
	uint64 n = segment_take_count(&cursor);

	/* values are made by functions that check; this is for the disk */
	if (version != SEGMENT_ITEMS_VERSION || kind >= SEGMENT_ITEM_KINDS || n == 0)
		ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("items are damaged"),
						errdetail("Version %d, kind %d, %lld items.", (int) version, (int) kind, (long long) n),
						errhint("Collect them anew.")));
	return segment_item_reader(cursor, (SegmentItemKind) kind, n);
}

/* Adds all items of a reader to a list. */
static void
add_all(SegmentItems *items, SegmentItemReader reader)
{
	SegmentItem item;

	while (segment_item_next(&reader, &item))
		segment_items_add(items, &item);
}

/* --- text and binary form ------------------------------------------------------------------------- */

/* Reads ["bread", "milk"] or [1, 2] into a list. */
static const char *
parse(const char *text, SegmentItems *items)
{
	char *bytes = MemoryContextAllocHuge(CurrentMemoryContext, strlen(text) + 1);

	if (!segment_text_char(&text, '['))
		return "It does not begin with a bracket.";
	segment_items_init(items, segment_item_kind_of(&text), CurrentMemoryContext);
	do
	{
		SegmentItem item;
		const char *fault = segment_item_parse(&text, items->kind, bytes, &item);

		if (fault)
			return fault;
		segment_items_add(items, &item);
	} while (segment_text_char(&text, ','));
	if (!segment_text_char(&text, ']'))
		return "The items do not end with a bracket.";
	segment_items_sort(items);
	return segment_text_end(&text) ? NULL : "Something follows behind the end.";
}

PG_FUNCTION_INFO_V1(segment_items_in);

/* Items may come in any order, and twice. */
Datum
segment_items_in(PG_FUNCTION_ARGS)
{
	SegmentItems items;
	const char *text = PG_GETARG_CSTRING(0);
	const char *fault = parse(text, &items);

	if (fault)
	{
		segment_refuse_text(fcinfo->context, "items", text, fault,
							"Examples are [\"bread\", \"milk\"] and [17, 4711].");
		PG_RETURN_NULL();
	}
	PG_RETURN_POINTER(segment_items_value(&items));
}

PG_FUNCTION_INFO_V1(segment_items_out);

Datum
segment_items_out(PG_FUNCTION_ARGS)
{
	SegmentItemReader reader = PG_GETARG_ITEMS(0);
	SegmentItem item;
	StringInfoData text;

	initStringInfo(&text);
	while (segment_item_next(&reader, &item))
	{
		appendStringInfoString(&text, reader.read == 1 ? "[" : ", ");
		segment_item_print(&text, reader.kind, &item);
	}
	appendStringInfoChar(&text, ']');
	PG_RETURN_CSTRING(text.data);
}

PG_FUNCTION_INFO_V1(segment_items_recv);

/* Version, kind, number of items (4 bytes), items. In the server's encoding their order may be another one. */
Datum
segment_items_recv(PG_FUNCTION_ARGS)
{
	SegmentCursor cursor = segment_message_cursor((StringInfo) PG_GETARG_POINTER(0));
	uint64 version = segment_take(&cursor, 1);
	uint64 kind = segment_take(&cursor, 1);
	uint64 n = segment_take(&cursor, 4);
	SegmentItems items;

	if (version != SEGMENT_ITEMS_VERSION)
		segment_refuse_binary("items", "Its version is unknown.");
	if (kind >= SEGMENT_ITEM_KINDS)
		segment_refuse_binary("items", "Its kind is unknown.");
	if (n == 0 || n > segment_cursor_left(&cursor))
		segment_refuse_binary("items", "The number of items does not fit its length.");
	segment_items_init(&items, (SegmentItemKind) kind, CurrentMemoryContext);
	for (uint64 i = 0; i < n && !cursor.is_short; i++)
	{
		SegmentItem item;

		segment_item_receive(&cursor, items.kind, &item);
		segment_items_add(&items, &item);
	}
	segment_end_message(&cursor, "items");
	segment_items_sort(&items);
	if (items.n != n)
		segment_refuse_binary("items", "An item is there twice.");
	PG_RETURN_POINTER(segment_items_value(&items));
}

PG_FUNCTION_INFO_V1(segment_items_send);

Datum
segment_items_send(PG_FUNCTION_ARGS)
{
	SegmentItemReader reader = PG_GETARG_ITEMS(0);
	SegmentItem item;
	StringInfoData message;

	pq_begintypsend(&message);
	pq_sendint8(&message, SEGMENT_ITEMS_VERSION);
	pq_sendint8(&message, (uint8) reader.kind);
	pq_sendint32(&message, (uint32) reader.left);
	while (segment_item_next(&reader, &item))
		segment_item_send(&message, reader.kind, &item);
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

/* --- what is in it -------------------------------------------------------------------------------- */

PG_FUNCTION_INFO_V1(segment_items_count);

/* items_count(items): strict. */
Datum
segment_items_count(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32((int32) PG_GETARG_ITEMS(0).left);
}

PG_FUNCTION_INFO_V1(segment_items_array);

/* items_array(items): the items as texts, in order. Strict. */
Datum
segment_items_array(PG_FUNCTION_ARGS)
{
	SegmentItemReader reader = PG_GETARG_ITEMS(0);
	Datum *element = segment_palloc_array(Datum, reader.left);
	SegmentItem item;
	int n = 0;

	while (segment_item_next(&reader, &item))
		element[n++] = segment_item_text(reader.kind, &item);
	PG_RETURN_ARRAYTYPE_P(construct_array(element, n, TEXTOID, -1, false, TYPALIGN_INT));
}

PG_FUNCTION_INFO_V1(segment_items_has);

/* has(items, item): strict. */
Datum
segment_items_has(PG_FUNCTION_ARGS)
{
	SegmentItemReader reader = PG_GETARG_ITEMS(0);
	SegmentItemInput *input = segment_item_input(fcinfo, 1);
	SegmentItem wanted;
	SegmentItem item;

	segment_item_input_read(input, PG_GETARG_DATUM(1), &wanted);
	if (input->kind != reader.kind)
		segment_refuse_kinds("items");
	while (segment_item_next(&reader, &item))
	{
		int order = segment_item_compare(reader.kind, &item, &wanted);

		if (order >= 0)
			PG_RETURN_BOOL(order == 0);
	}
	PG_RETURN_BOOL(false);
}

PG_FUNCTION_INFO_V1(segment_items_add_items);

/* items + items: what is in one of them, or in both. Strict. */
Datum
segment_items_add_items(PG_FUNCTION_ARGS)
{
	SegmentItemReader left = PG_GETARG_ITEMS(0);
	SegmentItemReader right = PG_GETARG_ITEMS(1);
	SegmentItems items;

	if (left.kind != right.kind)
		segment_refuse_kinds("items");
	segment_items_init(&items, left.kind, CurrentMemoryContext);
	add_all(&items, left);
	add_all(&items, right);
	segment_items_sort(&items);
	PG_RETURN_POINTER(segment_items_value(&items));
}
