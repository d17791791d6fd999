/*
 * ledger_type.c: the SQL type ledger: text, binary and jsonb forms, comparison, hash.
 *
 * Text form: days in braces, separated by commas; each is the day and its amount, and, unless it is just one order,
 * the number of orders, the number of returns and the amount returned:
 *     {2011-01-18 77183.60,2011-02-03 -4.25 0 1 4.25}
 * All amounts have the same decimals. Orders are 0+ on a day that holds only later rows of orders of an earlier day.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"

#include "core/compare.h"
#include "core/day.h"
#include "core/error.h"
#include "core/message.h"
#include "ledger/ledger_state.h"
#include "math/text.h"
#include "rfm/rfm.h"

PG_FUNCTION_INFO_V1(segment_ledger_in);
PG_FUNCTION_INFO_V1(segment_ledger_out);
PG_FUNCTION_INFO_V1(segment_ledger_recv);
PG_FUNCTION_INFO_V1(segment_ledger_send);
PG_FUNCTION_INFO_V1(segment_ledger_to_jsonb);
PG_FUNCTION_INFO_V1(segment_ledger_hash);
PG_FUNCTION_INFO_V1(segment_ledger_hash_extended);

/* Two such counts can be added without overflow. */
#define MAX_COUNT (PG_INT64_MAX / 2)

/* Why a day from outside is not valid, or NULL. */
static const char *
find_fault(const LedgerDay *day, int scale)
{
	if (!IS_VALID_DATE(day->day))
		return "A day is out of range.";
	if (day->orders < 0 || day->returns < 0 || day->orders > MAX_COUNT || day->returns > MAX_COUNT)
		return "A number of orders or returns is out of range.";
	if (day->orders > 0 && !day->dates_order)
		return "A day with orders must be one that can date an order.";
	if (!segment_rfm_total_in_range(&day->net, scale) || !segment_rfm_total_in_range(&day->returned, scale))
		return "The amounts must lie within +/-10^50.";
	if (!segment_wide_is_zero(&day->returned) && !segment_wide_is_negative(&day->returned))
		return "The amount returned must not be negative.";
	return NULL;
}

/* One day of the text form. */
static const char *
parse_day(const char **text, LedgerDay *day, int *scale)
{
	char at[SEGMENT_TIME_TEXT];
	int length = 0;
	int64 time;
	int64 count;
	int returned_scale;

	segment_text_skip(text);
	while (**text != '\0' && **text != ' ' && **text != ',' && **text != '}' && length < SEGMENT_TIME_TEXT - 1)
		at[length++] = *(*text)++;
	at[length] = '\0';
	if (!segment_time_parse(at, SEGMENT_TIME_DATE, &time))
		return "A day is not a date such as 2011-01-18.";
	day->day = (DateADT) time;
	day->orders = 1;
	day->returns = 0;
	day->dates_order = true;
	day->returned = segment_wide_from_int128(0);
	segment_text_skip(text);
	if (!segment_decimal_parse(text, &day->net, scale))
		return "A day has no amount.";
	segment_text_skip(text);
	if (**text == ',' || **text == '}')
		return segment_wide_is_negative(&day->net) ? "A negative amount needs its counts behind it." : NULL;
	if (!segment_text_count(text, &count))
		return "A number of orders is not a count.";
	day->orders = count;
	day->dates_order = count > 0 || segment_text_char(text, '+');
	if (!segment_text_count(text, &count))
		return "A number of returns is not a count.";
	day->returns = count;
	segment_text_skip(text);
	if (!segment_decimal_parse(text, &day->returned, &returned_scale) || returned_scale != *scale)
		return "An amount returned is missing, or has other decimals.";
	(void) segment_wide_negate(&day->returned);
	return NULL;
}

/* The ledger of a text; NULL with the fault. */
static Ledger *
parse(const char *text, const char **fault)
{
	LedgerWriter writer;
	int32 before = 0;
	int scale = -1;
	bool more = true;

	*fault = "Expected are days in braces.";
	if (!segment_text_char(&text, '{'))
		return NULL;
	segment_ledger_start(&writer, 0, 0);
	while (more)
	{
		LedgerDay day;
		int day_scale;

		*fault = parse_day(&text, &day, &day_scale);
		if (*fault == NULL)
			*fault = find_fault(&day, day_scale);
		if (*fault == NULL && scale >= 0 && day_scale != scale)
			*fault = "All amounts must have the same decimals.";
		if (*fault == NULL && scale >= 0 && day.day <= before)
			*fault = "The days must come in order.";
		if (*fault != NULL)
			return NULL;
		scale = day_scale;
		before = day.day;
		writer.scale = scale;
		segment_ledger_put(&writer, &day);
		more = segment_text_char(&text, ',');
	}
	if (!segment_text_char(&text, '}') || !segment_text_end(&text))
	{
		*fault = "Expected is a comma or the closing brace.";
		return NULL;
	}
	*fault = "At least one day must have an order, a return or an amount.";
	return segment_ledger_finish(&writer);
}

Datum
segment_ledger_in(PG_FUNCTION_ARGS)
{
	char *text = PG_GETARG_CSTRING(0);
	const char *fault;
	Ledger *ledger = parse(text, &fault);

	if (ledger == NULL)
	{
		segment_refuse_text(fcinfo->context, "ledger", text, fault,
							"An example is {2011-01-18 12.50,2011-02-03 -4.25 0 1 4.25}.");
		PG_RETURN_NULL();
	}
	PG_RETURN_POINTER(ledger);
}

Datum
segment_ledger_out(PG_FUNCTION_ARGS)
{
	Ledger *ledger = PG_GETARG_LEDGER(0);
	LedgerReader reader;
	LedgerDay day;
	StringInfoData text;

	initStringInfo(&text);
	segment_ledger_open(&reader, ledger);
	while (segment_ledger_next(&reader, &day))
	{
		char at[SEGMENT_TIME_TEXT];
		char amount[SEGMENT_WIDE_DIGITS];
		bool has_returns = day.returns > 0 || !segment_wide_is_zero(&day.returned);

		segment_time_print(day.day, SEGMENT_TIME_DATE, at);
		segment_wide_print(&day.net, ledger->scale, amount);
		appendStringInfo(&text, "%c%s %s", text.len == 0 ? '{' : ',', at, amount);
		if (day.orders != 1 || has_returns || segment_wide_is_negative(&day.net))
		{
			(void) segment_wide_negate(&day.returned);
			segment_wide_print(&day.returned, ledger->scale, amount);
			appendStringInfo(&text, " " INT64_FORMAT "%s " INT64_FORMAT " %s", day.orders,
							 day.dates_order && day.orders == 0 ? "+" : "", day.returns, amount);
		}
	}
	appendStringInfoChar(&text, '}');
	PG_RETURN_CSTRING(text.data);
}

Ledger *
segment_ledger_from_bytes(const char *bytes, int length, const char **fault)
{
	Ledger *ledger;
	Ledger *again;
	LedgerReader reader;
	LedgerWriter writer;
	LedgerDay day;
	int32 before = 0;
	bool is_first = true;
	int size = length + VARHDRSZ;

	*fault = "The value is shorter than its head.";
	if (size <= (int) offsetof(Ledger, days))
		return NULL;
	ledger = palloc(size);
	SET_VARSIZE(ledger, size);
	memcpy((char *) ledger + VARHDRSZ, bytes, length);
	*fault = "The format version is unknown to this version of segment.";
	if (ledger->version != SEGMENT_LEDGER_VERSION || ledger->reserved != 0)
		return NULL;
	*fault = "There may be at most 20 decimals.";
	if (ledger->scale > SEGMENT_MAX_DECIMALS)
		return NULL;
	segment_ledger_open(&reader, ledger);
	segment_ledger_start(&writer, ledger->scale, ledger->n_days);
	while (segment_ledger_next(&reader, &day))
	{
		*fault = find_fault(&day, ledger->scale);
		if (*fault == NULL && !is_first && day.day <= before)
			*fault = "The days must come in order.";
		if (*fault != NULL)
			return NULL;
		before = day.day;
		is_first = false;
		segment_ledger_put(&writer, &day);
	}
	/* Refuse readable bytes that are not the one encoding of their days: equal calendars must have equal bytes. */
	again = segment_ledger_finish(&writer);
	*fault = "The bytes are no ledger in its canonical form.";
	if (again == NULL || VARSIZE(again) != VARSIZE(ledger) || memcmp(again, ledger, size) != 0)
		return NULL;
	pfree(again);
	return ledger;
}

const char *
segment_ledger_fault(const void *value)
{
	const char *fault;
	Ledger *copy = segment_ledger_from_bytes((const char *) value + VARHDRSZ, (int) VARSIZE(value) - VARHDRSZ, &fault);

	if (copy == NULL)
		return fault;
	pfree(copy);
	return NULL;
}

/* Version, scale, number of days and the first of them, then the encoded days, which are the same on any machine. */
Datum
segment_ledger_send(PG_FUNCTION_ARGS)
{
	Ledger *ledger = PG_GETARG_LEDGER(0);
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendint8(&buffer, ledger->version);
	pq_sendint8(&buffer, ledger->scale);
	pq_sendint32(&buffer, (uint32) ledger->n_days);
	pq_sendint32(&buffer, (uint32) ledger->first);
	pq_sendbytes(&buffer, (char *) ledger->days, (int) (VARSIZE(ledger) - offsetof(Ledger, days)));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

Datum
segment_ledger_recv(PG_FUNCTION_ARGS)
{
	SegmentCursor cursor = segment_message_cursor((StringInfo) PG_GETARG_POINTER(0));
	Ledger head;
	Ledger *ledger;
	StringInfoData bytes;
	const char *fault;

	memset(&head, 0, sizeof(head));
	head.version = (uint8) segment_take(&cursor, 1);
	head.scale = (uint8) segment_take(&cursor, 1);
	head.n_days = (int32) segment_take(&cursor, 4);
	head.first = (DateADT) segment_take(&cursor, 4);
	initStringInfo(&bytes);
	appendBinaryStringInfo(&bytes, (char *) &head + VARHDRSZ, offsetof(Ledger, days) - VARHDRSZ);
	appendBinaryStringInfo(&bytes, (const char *) cursor.at, (int) segment_cursor_left(&cursor));
	ledger = segment_ledger_from_bytes(bytes.data, bytes.len, &fault);
	if (ledger == NULL)
		segment_refuse_binary("ledger", fault);
	PG_RETURN_POINTER(ledger);
}

/* An array of days: day, orders, returns, amount, returned. */
Datum
segment_ledger_to_jsonb(PG_FUNCTION_ARGS)
{
	Ledger *ledger = PG_GETARG_LEDGER(0);
	LedgerReader reader;
	LedgerDay day;
	StringInfoData json;

	initStringInfo(&json);
	segment_ledger_open(&reader, ledger);
	while (segment_ledger_next(&reader, &day))
	{
		char at[SEGMENT_TIME_TEXT];
		char amount[SEGMENT_WIDE_DIGITS];
		char returned[SEGMENT_WIDE_DIGITS];

		segment_time_print(day.day, SEGMENT_TIME_DATE, at);
		segment_wide_print(&day.net, ledger->scale, amount);
		(void) segment_wide_negate(&day.returned);
		segment_wide_print(&day.returned, ledger->scale, returned);
		appendStringInfo(&json,
						 "%c{\"day\": \"%s\", \"orders\": " INT64_FORMAT ", \"returns\": " INT64_FORMAT
						 ", \"amount\": %s, \"returned\": %s}",
						 json.len == 0 ? '[' : ',', at, day.orders, day.returns, amount, returned);
	}
	appendStringInfoChar(&json, ']');
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data)));
}

static int
compare_int64(int64 a, int64 b)
{
	return a < b ? -1 : a > b;
}

static int
compare_amounts(SegmentWide a, int scale_a, SegmentWide b, int scale_b)
{
	(void) segment_wide_scale_up(&a, SEGMENT_MAX_DECIMALS - scale_a);
	(void) segment_wide_scale_up(&b, SEGMENT_MAX_DECIMALS - scale_b);
	return segment_wide_compare(&a, &b);
}

/* A total order: day by day, a calendar that ends first is less. Decimals do not matter: 1.5 = 1.50. */
static int
compare(const Ledger *a, const Ledger *b)
{
	LedgerReader reader_a;
	LedgerReader reader_b;
	LedgerDay day_a;
	LedgerDay day_b;

	segment_ledger_open(&reader_a, a);
	segment_ledger_open(&reader_b, b);
	for (;;)
	{
		bool has_a = segment_ledger_next(&reader_a, &day_a);
		bool has_b = segment_ledger_next(&reader_b, &day_b);
		int order;

		if (!has_a || !has_b)
			return (int) has_a - (int) has_b;
		if ((order = compare_int64(day_a.day, day_b.day)) != 0 ||
			(order = compare_int64(day_a.orders, day_b.orders)) != 0 ||
			(order = compare_amounts(day_a.net, a->scale, day_b.net, b->scale)) != 0 ||
			(order = compare_int64(day_a.returns, day_b.returns)) != 0 ||
			(order = compare_amounts(day_a.returned, a->scale, day_b.returned, b->scale)) != 0 ||
			(order = compare_int64(day_a.dates_order, day_b.dates_order)) != 0)
			return order;
	}
}

/* Over days and counts: amounts may be written with more or fewer decimals. */
static uint64
hash(const Ledger *ledger, uint64 seed)
{
	LedgerReader reader;
	LedgerDay day;

	segment_ledger_open(&reader, ledger);
	while (segment_ledger_next(&reader, &day))
	{
		int64 parts[3];

		parts[0] = day.day;
		parts[1] = day.orders;
		parts[2] = day.returns;
		seed = DatumGetUInt64(hash_any_extended((unsigned char *) parts, sizeof(parts), seed));
	}
	return seed;
}

/* The same of two arguments. */
static int
compare_arguments(FunctionCallInfo fcinfo)
{
	return compare(PG_GETARG_LEDGER(0), PG_GETARG_LEDGER(1));
}

SEGMENT_COMPARISONS(ledger, compare_arguments)

Datum
segment_ledger_hash(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32((int32) hash(PG_GETARG_LEDGER(0), 0));
}

Datum
segment_ledger_hash_extended(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64((int64) hash(PG_GETARG_LEDGER(0), (uint64) PG_GETARG_INT64(1)));
}
