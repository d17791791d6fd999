/*
 * stored.c: byte strings as values of types: text and binary forms, numbers in them.
 */
#include "postgres.h"

#include "core/compat.h"

#include "utils/builtins.h"

#include "core/message.h"
#include "core/stored.h"

Datum
segment_stored_in(FunctionCallInfo fcinfo, const char *type, const char *maker, SegmentStoredFault fault)
{
	const char *text = PG_GETARG_CSTRING(0);
	size_t digits = strlen(text);
	const char *what = "It is not an even number of hexadecimal digits.";
	bytea *bytes = NULL;

	if (digits % 2 == 0 && strspn(text, "0123456789abcdef") == digits)
	{
		bytes = palloc(VARHDRSZ + digits / 2);
		SET_VARSIZE(bytes, VARHDRSZ + digits / 2);
		hex_decode(text, digits, VARDATA(bytes));
		what = fault(segment_state_cursor(bytes));
	}
	if (what)
	{
		segment_refuse_text(fcinfo->context, type, text, what,
							psprintf("The text of this type is for dumps; %s makes values.", maker));
		PG_RETURN_NULL();
	}
	PG_RETURN_BYTEA_P(bytes);
}

Datum
segment_stored_recv(FunctionCallInfo fcinfo, const char *type, SegmentStoredFault fault)
{
	SegmentCursor cursor = segment_message_cursor((StringInfo) PG_GETARG_POINTER(0));
	Size size = segment_cursor_left(&cursor);
	bytea *bytes = palloc(VARHDRSZ + size);
	const char *what;

	SET_VARSIZE(bytes, VARHDRSZ + size);
	memcpy(VARDATA(bytes), cursor.at, size);
	what = fault(cursor);
	if (what)
		segment_refuse_binary(type, what);
	PG_RETURN_BYTEA_P(bytes);
}

/* Output function of each of the types. */
PG_FUNCTION_INFO_V1(segment_stored_out);

Datum
segment_stored_out(PG_FUNCTION_ARGS)
{
	bytea *bytes = PG_GETARG_BYTEA_PP(0);
	Size size = VARSIZE_ANY_EXHDR(bytes);
	char *text = palloc(size * 2 + 1);

	text[hex_encode(VARDATA_ANY(bytes), size, text)] = '\0';
	PG_RETURN_CSTRING(text);
}

/* Send function of each of the types. */
PG_FUNCTION_INFO_V1(segment_stored_send);

Datum
segment_stored_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(PG_GETARG_BYTEA_P_COPY(0));
}

void
segment_stored_start(StringInfo buffer)
{
	initStringInfo(buffer);
	appendStringInfoSpaces(buffer, VARHDRSZ);
}

bytea *
segment_stored_finish(StringInfo buffer)
{
	SET_VARSIZE(buffer->data, buffer->len);
	return (bytea *) buffer->data;
}

void
segment_stored_put_fixed(StringInfo buffer, uint64 value, int width)
{
	unsigned char bytes[8];

	segment_wire_put(bytes, value, width);
	appendBinaryStringInfo(buffer, (char *) bytes, width);
}

void
segment_stored_put_number(StringInfo buffer, uint64 number)
{
	for (; number >= 0x80; number >>= 7)
		appendStringInfoCharMacro(buffer, (char) (0x80 | (number & 0x7F)));
	appendStringInfoCharMacro(buffer, (char) number);
}

bool
segment_stored_put_count(StringInfo buffer, int64 count)
{
	if (unlikely((uint64) count > SEGMENT_STORED_MAX_COUNT))
		return false;
	segment_stored_put_number(buffer, (uint64) count);
	return true;
}

int64
segment_stored_get_number(SegmentStoredReader *reader)
{
	uint64 value = 0;

	for (int shift = 0; shift < 63; shift += 7)
	{
		uint64 byte = segment_take(&reader->cursor, 1);

		value |= (byte & 0x7F) << shift;
		if (!(byte & 0x80))
		{
			/* the shortest form only, so that equal values have equal bytes */
			if (byte == 0 && shift > 0)
				break;
			return (int64) value;
		}
	}
	reader->cursor.is_short = true;
	return 0;
}

int64
segment_stored_get_count(SegmentStoredReader *reader)
{
	int64 count = segment_stored_get_number(reader);

	if (count <= SEGMENT_STORED_MAX_COUNT)
		return count;
	reader->cursor.is_short = true;
	return 0;
}
