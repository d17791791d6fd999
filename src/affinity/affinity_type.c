/*
 * affinity_type.c: the SQL type affinity: text and binary form.
 *
 * The order of texts by their bytes depends on the encoding, so what comes from elsewhere is put in order here.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "affinity/state.h"
#include "core/error.h"
#include "core/message.h"
#include "math/text.h"

/*
 * The value of head, items and counts in any order, and of pairs as they are stored. NULL where *fault says what is wrong.
 */
static struct varlena *
build(Affinity *affinity, const char **fault)
{
	AffinityHead *head = &affinity->head;
	AffinityState *state = segment_affinity_state_new(CurrentMemoryContext, head->kind, head->max_items, false);
	AffinityPairReader reader = segment_affinity_pairs(affinity);
	struct varlena *value;

	*fault = segment_affinity_head_fault(affinity);
	if (*fault)
		return NULL;
	segment_affinity_add_head(state, head);
	for (uint32 i = 0; i < head->n_items; i++)
	{
		if (segment_affinity_number(state, &affinity->item[i]) != i)
			*fault = "An item is there twice.";
		if (*fault)
			return NULL;
		state->count[i] = affinity->count[i];
	}
	while (segment_affinity_pair_next(&reader))
	{
		uint32 a = reader.pair.a;
		uint32 b = reader.pair.b;
		bool in_order = segment_item_compare(head->kind, &affinity->item[a], &affinity->item[b]) < 0;

		if ((reader.read & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		segment_pair_sums_add(&state->pairs, in_order ? a : b, in_order ? b : a, reader.pair.n);
	}
	*fault = reader.fault;
	if (*fault)
		return NULL;
	value = segment_affinity_value(state);
	segment_pair_sums_end(&state->pairs);
	return value;
}

/* --- text ----------------------------------------------------------------------------------------- */

typedef struct Member
{
	const char *name;
	Size at; /* in AffinityHead */
} Member;

static const Member members[] = {{"\"baskets\"", offsetof(AffinityHead, baskets)},
								 {"\"single\"", offsetof(AffinityHead, single)},
								 {"\"large\"", offsetof(AffinityHead, large)},
								 {"\"largest\"", offsetof(AffinityHead, largest)}};

/* Reads a name and a colon. */
static bool
parse_name(const char **text, const char *name)
{
	Size length = strlen(name);

	segment_text_skip(text);
	if (strncmp(*text, name, length) != 0)
		return false;
	*text += length;
	return segment_text_char(text, ':');
}

static const char *
parse_head(const char **text, AffinityHead *head)
{
	static const char *const fault =
		"It does not begin with max_items, baskets, single, large and largest, in this order.";
	int64 max_items;

	if (!segment_text_char(text, '{') || !parse_name(text, "\"max_items\"") || !segment_text_count(text, &max_items))
		return fault;
	head->max_items = (int32) Min(max_items, PG_INT32_MAX);
	for (Size i = 0; i < lengthof(members); i++)
		if (!segment_text_char(text, ',') || !parse_name(text, members[i].name) ||
			!segment_text_count(text, (int64 *) ((char *) head + members[i].at)))
			return fault;
	return segment_text_char(text, ',') ? NULL : fault;
}

/* Reads ["bread", 3, "milk", 2]. */
static const char *
parse_items(const char **text, Affinity *affinity)
{
	static const char *const fault = "Items are not a list of items, with the number of baskets behind each.";
	Size size = 0;
	Size length = strlen(*text);
	char *bytes = MemoryContextAllocHuge(CurrentMemoryContext, length + 1);
	AffinityHead *head = &affinity->head;

	if (!parse_name(text, "\"items\"") || !segment_text_char(text, '['))
		return fault;
	head->kind = segment_item_kind_of(text);
	do
	{
		const char *wrong;

		if (head->n_items == size)
		{
			size = Max(2 * size, 16);
			affinity->item = affinity->item == NULL
								 ? palloc(size * sizeof(SegmentItem))
								 : repalloc_huge(affinity->item, mul_size(size, sizeof(SegmentItem)));
			affinity->count = affinity->count == NULL ? palloc(size * sizeof(int64))
													  : repalloc_huge(affinity->count, mul_size(size, sizeof(int64)));
		}
		wrong = segment_item_parse(text, head->kind, bytes, &affinity->item[head->n_items]);
		if (wrong)
			return wrong;
		if (head->kind == SEGMENT_ITEM_TEXT)
			bytes += affinity->item[head->n_items].length;
		if (!segment_text_char(text, ',') || !segment_text_count(text, &affinity->count[head->n_items]))
			return fault;
		head->n_items++;
	} while (segment_text_char(text, ','));
	return segment_text_char(text, ']') && segment_text_char(text, ',') ? NULL : fault;
}

/* Reads one list of pairs, such as [2, 1, 4, 3]: later items by their places, and baskets; writes them as stored. */
static const char *
parse_row(const char **text, AffinityHead *head, uint32 row, StringInfo pairs)
{
	unsigned char bytes[2 * SEGMENT_COUNT_BYTES];
	int64 last = row;

	if (!segment_text_char(text, '['))
		return "Pairs are not a list of lists, one for each item.";
	while (!segment_text_char(text, ']'))
	{
		int64 b;
		int64 n;
		unsigned char *end;

		if ((last > row && !segment_text_char(text, ',')) || !segment_text_count(text, &b) ||
			!segment_text_char(text, ',') || !segment_text_count(text, &n))
			return "Pairs of an item are not a list of places of later items, with the number of baskets behind each.";
		if (b <= last || b >= head->n_items)
			return "Pairs are not in order, or of items that are not there.";
		end = segment_put_count(bytes, (uint64) (b - last));
		end = segment_put_count(end, (uint64) n);
		appendBinaryStringInfo(pairs, (char *) bytes, (int) (end - bytes));
		last = b;
		head->n_pairs++;
	}
	appendStringInfoChar(pairs, '\0');
	return NULL;
}

static const char *
parse(const char *text, Affinity *affinity)
{
	StringInfoData pairs;
	const char *fault = parse_head(&text, &affinity->head);

	if (fault == NULL)
		fault = parse_items(&text, affinity);
	if (fault)
		return fault;
	if (!parse_name(&text, "\"pairs\"") || !segment_text_char(&text, '['))
		return "The items are not followed by pairs.";
	initStringInfo(&pairs);
	for (uint32 row = 0; row < affinity->head.n_items; row++)
	{
		if ((row & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (row > 0 && !segment_text_char(&text, ','))
			return "Pairs are not a list of lists, one for each item.";
		fault = parse_row(&text, &affinity->head, row, &pairs);
		if (fault)
			return fault;
	}
	if (!segment_text_char(&text, ']') || !segment_text_char(&text, '}'))
		return "It does not end with a bracket and a brace.";
	affinity->pairs = segment_cursor(pairs.data, (Size) pairs.len);
	return segment_text_end(&text) ? NULL : "Something follows behind the end.";
}

PG_FUNCTION_INFO_V1(segment_affinity_in);

Datum
segment_affinity_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	Affinity affinity = {0};
	struct varlena *value = NULL;
	const char *fault = parse(text, &affinity);

	if (fault == NULL)
		value = build(&affinity, &fault);
	if (fault)
	{
		segment_refuse_text(fcinfo->context, "affinity", text, fault,
							"The text of this type is for dumps; affinity_agg makes values.");
		PG_RETURN_NULL();
	}
	PG_RETURN_POINTER(value);
}

static void
print_count(StringInfo text, const char *before, int64 value)
{
	char buffer[SEGMENT_NUMBER_TEXT];

	appendStringInfoString(text, before);
	appendBinaryStringInfo(text, buffer, segment_print_count(value, buffer));
}

PG_FUNCTION_INFO_V1(segment_affinity_out);

Datum
segment_affinity_out(PG_FUNCTION_ARGS)
{
	Affinity *affinity = PG_GETARG_AFFINITY(0);
	const AffinityHead *head = &affinity->head;
	AffinityPairReader reader = segment_affinity_pairs(affinity);
	StringInfoData text;
	uint32 row = 0;
	bool first = true;

	initStringInfo(&text);
	print_count(&text, "{\"max_items\": ", head->max_items);
	for (Size i = 0; i < lengthof(members); i++)
		print_count(&text, psprintf(", %s: ", members[i].name), *(const int64 *) ((const char *) head + members[i].at));
	appendStringInfoString(&text, ", \"items\": [");
	for (uint32 i = 0; i < head->n_items; i++)
	{
		if (i > 0)
			appendStringInfoChar(&text, ',');
		segment_item_print(&text, head->kind, &affinity->item[i]);
		print_count(&text, ",", affinity->count[i]);
	}
	appendStringInfoString(&text, "], \"pairs\": [[");
	while (segment_affinity_pair_next(&reader))
	{
		if ((reader.read & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		for (; row < reader.pair.a; row++)
		{
			appendStringInfoString(&text, "],[");
			first = true;
		}
		print_count(&text, first ? "" : ",", reader.pair.b);
		print_count(&text, ",", reader.pair.n);
		first = false;
	}
	if (reader.fault)
		segment_refuse_affinity(reader.fault);
	for (; row + 1 < head->n_items; row++)
		appendStringInfoString(&text, "],[");
	appendStringInfoString(&text, "]]}");
	PG_RETURN_CSTRING(text.data);
}

/* --- binary --------------------------------------------------------------------------------------- */

PG_FUNCTION_INFO_V1(segment_affinity_recv);

/* Version, kind, max_items, number of items (4 bytes each), pairs, baskets, single, large, largest (8 each), items, their
 * counts (8 bytes each), and pairs as they are stored. */
Datum
segment_affinity_recv(PG_FUNCTION_ARGS)
{
	SegmentCursor cursor = segment_message_cursor((StringInfo) PG_GETARG_POINTER(0));
	Affinity affinity = {0};
	AffinityHead *head = &affinity.head;
	struct varlena *value;
	const char *fault;

	if (segment_take(&cursor, 1) != SEGMENT_AFFINITY_VERSION)
		segment_refuse_binary("affinity", "Its version is unknown.");
	head->kind = (SegmentItemKind) segment_take(&cursor, 1);
	if (head->kind >= SEGMENT_ITEM_KINDS)
		segment_refuse_binary("affinity", "Its kind is unknown.");
	head->max_items = (int32) segment_take(&cursor, 4);
	head->n_items = (uint32) segment_take(&cursor, 4);
	head->n_pairs = (int64) segment_take(&cursor, 8);
	head->baskets = (int64) segment_take(&cursor, 8);
	head->single = (int64) segment_take(&cursor, 8);
	head->large = (int64) segment_take(&cursor, 8);
	head->largest = (int64) segment_take(&cursor, 8);
	if (head->n_items > segment_cursor_left(&cursor) / 12)
		segment_refuse_binary("affinity", "The number of items does not fit its length.");
	affinity.item = segment_palloc0_array(SegmentItem, head->n_items + 1);
	affinity.count = segment_palloc0_array(int64, head->n_items + 1);
	for (uint32 i = 0; i < head->n_items && !cursor.is_short; i++)
		segment_item_receive(&cursor, head->kind, &affinity.item[i]);
	for (uint32 i = 0; i < head->n_items; i++)
		affinity.count[i] = (int64) segment_take(&cursor, 8);
	if (cursor.is_short)
		segment_refuse_binary("affinity", "It is too short.");
	affinity.pairs = cursor;
	value = build(&affinity, &fault);
	if (fault)
		segment_refuse_binary("affinity", fault);
	PG_RETURN_POINTER(value);
}

PG_FUNCTION_INFO_V1(segment_affinity_send);

Datum
segment_affinity_send(PG_FUNCTION_ARGS)
{
	Affinity *affinity = PG_GETARG_AFFINITY(0);
	const AffinityHead *head = &affinity->head;
	StringInfoData message;

	pq_begintypsend(&message);
	pq_sendint8(&message, SEGMENT_AFFINITY_VERSION);
	pq_sendint8(&message, (uint8) head->kind);
	pq_sendint32(&message, (uint32) head->max_items);
	pq_sendint32(&message, head->n_items);
	pq_sendint64(&message, (uint64) head->n_pairs);
	pq_sendint64(&message, (uint64) head->baskets);
	pq_sendint64(&message, (uint64) head->single);
	pq_sendint64(&message, (uint64) head->large);
	pq_sendint64(&message, (uint64) head->largest);
	for (uint32 i = 0; i < head->n_items; i++)
		segment_item_send(&message, head->kind, &affinity->item[i]);
	for (uint32 i = 0; i < head->n_items; i++)
		pq_sendint64(&message, (uint64) affinity->count[i]);
	appendBinaryStringInfo(&message, (const char *) affinity->pairs.at, (int) segment_cursor_left(&affinity->pairs));
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}
