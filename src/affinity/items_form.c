/*
 * items_form.c: items in foreign forms: as text, and in messages.
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/json.h"

#include "affinity/affinity.h"
#include "core/error.h"
#include "math/text.h"

const char *const segment_item_kind_names[SEGMENT_ITEM_KINDS] = {"integer", "text"};

SegmentItemKind
segment_item_kind_of(const char **text)
{
	segment_text_skip(text);
	return **text == '"' ? SEGMENT_ITEM_TEXT : SEGMENT_ITEM_INTEGER;
}

/* Reads an integer in its shortest form. */
static const char *
parse_integer(const char **text, SegmentItem *item)
{
	static const char *const fault = "An item is neither an integer of 64 bits nor a text in double quotes.";
	const char *at = *text;
	bool negative = *at == '-';
	uint64 value = 0;

	at += negative;
	if (*at < '0' || *at > '9' || (at[0] == '0' && (negative || (at[1] >= '0' && at[1] <= '9'))))
		return fault;
	for (; *at >= '0' && *at <= '9'; at++)
	{
		if (value > (PG_UINT64_MAX - 9) / 10)
			return fault;
		value = value * 10 + (uint64) (*at - '0');
	}
	if (value > (uint64) PG_INT64_MAX + negative)
		return fault;
	item->number = (int64) (negative ? ~value + 1 : value);
	*text = at;
	return NULL;
}

/* The character that an escape behind a backslash stands for, moving on; 0 if it is none of JSON's for ASCII. */
static char
parse_escape(const char **text)
{
	static const char names[] = "\"\\/bfnrt";
	static const char characters[] = "\"\\/\b\f\n\r\t";
	const char *at = *text;
	const char *name = *at == '\0' ? NULL : strchr(names, *at);
	unsigned int code = 0;

	if (name != NULL)
	{
		*text = at + 1;
		return characters[name - names];
	}
	if (*at != 'u')
		return 0;
	for (int i = 1; i <= 4; i++)
	{
		char digit = at[i];

		if (digit >= '0' && digit <= '9')
			code = code * 16 + (unsigned int) (digit - '0');
		else if (digit >= 'a' && digit <= 'f')
			code = code * 16 + (unsigned int) (digit - 'a' + 10);
		else
			return 0;
	}
	*text = at + 5;
	return code < 0x80 ? (char) code : 0;
}

const char *
segment_item_parse(const char **text, SegmentItemKind kind, char *bytes, SegmentItem *item)
{
	char *end = bytes;
	const char *at;

	memset(item, 0, sizeof(SegmentItem));
	segment_text_skip(text);
	if (kind != segment_item_kind_of(text))
		return "Items are integers, or texts in double quotes, but not both.";
	if (kind == SEGMENT_ITEM_INTEGER)
		return parse_integer(text, item);
	for (at = *text + 1; *at != '"'; end++)
	{
		if (*at == '\0')
			return "A text does not end with a quote.";
		*end = *at++;
		if (*end == '\\' && (*end = parse_escape(&at)) == '\0')
			return "A backslash in a text is not followed by one of \"\\/bfnrt, or by u00 and the two digits of a "
				   "control "
				   "character.";
	}
	item->bytes = bytes;
	item->length = (uint32) (end - bytes);
	*text = at + 1;
	return NULL;
}

void
segment_item_print(StringInfo text, SegmentItemKind kind, const SegmentItem *item)
{
	char *terminated;

	if (kind == SEGMENT_ITEM_INTEGER)
	{
		appendStringInfo(text, INT64_FORMAT, item->number);
		return;
	}
	terminated = pnstrdup(item->bytes, item->length);
	escape_json(text, terminated);
	pfree(terminated);
}

void
segment_item_send(StringInfo message, SegmentItemKind kind, const SegmentItem *item)
{
	const char *text;
	int length;

	if (kind == SEGMENT_ITEM_INTEGER)
	{
		pq_sendint64(message, item->number);
		return;
	}
	text = pg_server_to_client(item->bytes, (int) item->length);
	length = text == item->bytes ? (int) item->length : (int) strlen(text);
	pq_sendint32(message, length);
	pq_sendbytes(message, text, length);
}

void
segment_item_receive(SegmentCursor *cursor, SegmentItemKind kind, SegmentItem *item)
{
	uint64 length;
	const char *bytes;

	memset(item, 0, sizeof(SegmentItem));
	if (kind == SEGMENT_ITEM_INTEGER)
	{
		item->number = (int64) segment_take(cursor, 8);
		return;
	}
	length = segment_take(cursor, 4);
	bytes = (const char *) segment_take_bytes(cursor, length);
	item->bytes = "";
	if (bytes == NULL)
		return; /* the cursor knows */
	/* checks the encoding, and finds zero bytes */
	item->bytes = pg_client_to_server(bytes, (int) length);
	item->length = (uint32) (item->bytes == bytes ? length : strlen(item->bytes));
}

Datum
segment_item_text(SegmentItemKind kind, const SegmentItem *item)
{
	if (kind == SEGMENT_ITEM_TEXT)
		return PointerGetDatum(cstring_to_text_with_len(item->bytes, (int) item->length));
	return CStringGetTextDatum(psprintf(INT64_FORMAT, item->number));
}

void
segment_refuse_kinds(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s of integers and of texts meet", what),
			 errdetail("Items are integers (smallint, integer, bigint) or texts (any other type), which are never "
					   "equal."),
			 errhint("Cast the item where items are collected: items_agg(item::text).")));
}
