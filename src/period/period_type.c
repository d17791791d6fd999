/*
 * period_type.c: the SQL type periods: text and binary form.
 */
#include "postgres.h"

#include "core/compat.h"

#include "lib/stringinfo.h"
#include "libpq/pqformat.h"

#include "core/day.h"
#include "core/error.h"
#include "core/message.h"
#include "math/text.h"
#include "period/period_make.h"

/* What is wrong with a list of boundaries; NULL if nothing is. */
static const char *
fault_of(const DateADT *boundary, int n)
{
	if (n < 2)
		return "There are fewer than two boundaries.";
	for (int i = 0; i < n; i++)
	{
		if (!segment_time_is_finite(boundary[i], SEGMENT_TIME_DATE))
			return "A boundary is not a finite date.";
		if (i > 0 && boundary[i] <= boundary[i - 1])
			return "The boundaries do not ascend.";
	}
	return NULL;
}

const char *
segment_periods_fault(const void *value)
{
	const Periods *periods = value;

	if (periods->version != SEGMENT_PERIODS_VERSION || periods->count < 1 || periods->count > SEGMENT_MAX_PERIODS ||
		VARSIZE(periods) != offsetof(Periods, boundary) + ((Size) periods->count + 1) * sizeof(DateADT))
		return "The head of periods is none.";
	return fault_of(periods->boundary, periods->count + 1);
}

/* Reads {2024-01-01,2024-02-01,...} into boundary, which has room for SEGMENT_MAX_PERIODS + 1. */
static const char *
parse(const char *text, DateADT *boundary, int *n)
{
	*n = 0;
	if (!segment_text_char(&text, '{'))
		return "It does not begin with a brace.";
	do
	{
		char word[SEGMENT_TIME_TEXT];
		size_t length;
		int64 day;

		segment_text_skip(&text);
		length = strcspn(text, ",} \t\n\r");
		if (length >= sizeof(word))
			return "A boundary is not a date.";
		memcpy(word, text, length);
		word[length] = '\0';
		text += length;
		if (!segment_time_parse(word, SEGMENT_TIME_DATE, &day))
			return "A boundary is not a date such as 2024-01-01.";
		if (*n > SEGMENT_MAX_PERIODS)
			return "There are more than 10000 periods.";
		boundary[(*n)++] = (DateADT) day;
	} while (segment_text_char(&text, ','));
	if (!segment_text_char(&text, '}'))
		return "It does not end with a brace.";
	if (!segment_text_end(&text))
		return "Something follows behind the end.";
	return fault_of(boundary, *n);
}

PG_FUNCTION_INFO_V1(segment_periods_in);

Datum
segment_periods_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	DateADT *boundary = segment_palloc_array(DateADT, SEGMENT_MAX_PERIODS + 1);
	int n;
	const char *fault = parse(text, boundary, &n);
	Periods *periods;

	if (fault)
	{
		segment_refuse_text(fcinfo->context, "periods", text, fault,
							"An example is {2024-01-01,2024-02-01,2024-03-01}, which is two periods.");
		PG_RETURN_NULL();
	}
	periods = segment_periods_new(boundary, n);
	pfree(boundary);
	PG_RETURN_POINTER(periods);
}

PG_FUNCTION_INFO_V1(segment_periods_out);

Datum
segment_periods_out(PG_FUNCTION_ARGS)
{
	const Periods *periods = PG_GETARG_PERIODS(0);
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i <= periods->count; i++)
	{
		char day[SEGMENT_TIME_TEXT];

		segment_time_print(periods->boundary[i], SEGMENT_TIME_DATE, day);
		appendStringInfoChar(&text, i == 0 ? '{' : ',');
		appendStringInfoString(&text, day);
	}
	appendStringInfoChar(&text, '}');
	PG_RETURN_CSTRING(text.data);
}

PG_FUNCTION_INFO_V1(segment_periods_recv);

Datum
segment_periods_recv(PG_FUNCTION_ARGS)
{
	SegmentCursor cursor = segment_message_cursor((StringInfo) PG_GETARG_POINTER(0));
	int version = (int) segment_take(&cursor, 1);
	int32 count = (int32) segment_take(&cursor, 4);
	DateADT *boundary;
	const char *fault;
	Periods *periods;

	if (version != SEGMENT_PERIODS_VERSION || count < 1 || count > SEGMENT_MAX_PERIODS)
		segment_refuse_binary("periods", psprintf("The version is %d, the number of periods %d.", version, count));
	boundary = segment_palloc_array(DateADT, count + 1);
	for (int i = 0; i <= count; i++)
		boundary[i] = (DateADT) segment_take(&cursor, 4);
	segment_end_message(&cursor, "periods");
	fault = fault_of(boundary, count + 1);
	if (fault)
		segment_refuse_binary("periods", fault);
	periods = segment_periods_new(boundary, count + 1);
	pfree(boundary);
	PG_RETURN_POINTER(periods);
}

PG_FUNCTION_INFO_V1(segment_periods_send);

Datum
segment_periods_send(PG_FUNCTION_ARGS)
{
	const Periods *periods = PG_GETARG_PERIODS(0);
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendbyte(&buffer, SEGMENT_PERIODS_VERSION);
	pq_sendint32(&buffer, periods->count);
	for (int i = 0; i <= periods->count; i++)
		pq_sendint32(&buffer, periods->boundary[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}
