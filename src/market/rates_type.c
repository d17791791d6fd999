/*
 * rates_type.c: the SQL type rates: text and binary form.
 */
#include "postgres.h"

#include "core/compat.h"

#include "libpq/pqformat.h"
#include "miscadmin.h"

#include "core/day.h"
#include "core/decimal.h"
#include "core/error.h"
#include "core/message.h"
#include "market/market.h"
#include "math/text.h"

/* Reads a currency code and moves text past it. */
static bool
parse_code(const char **text, char *code)
{
	size_t length;

	segment_text_skip(text);
	length = strcspn(*text, " \t\n\r{},");
	if (!segment_currency_code(*text, length, code))
		return false;
	*text += length;
	return true;
}

/* Reads "2019-11-08 1.1034". */
static bool
parse_rate(const char **text, SegmentRate *rate)
{
	char word[SEGMENT_TIME_TEXT];
	size_t length;
	int64 day;
	SegmentWide units;
	segment_int128 narrow;

	segment_text_skip(text);
	length = strcspn(*text, " \t\n\r{},");
	if (length >= sizeof(word))
		return false;
	memcpy(word, *text, length);
	word[length] = '\0';
	*text += length;
	if (!segment_time_parse(word, SEGMENT_TIME_DATE, &day))
		return false;
	segment_text_skip(text);
	memset(rate, 0, sizeof(SegmentRate));
	if (!segment_decimal_parse(text, &units, &rate->scale) || !segment_wide_to_int128(&units, &narrow) || narrow <= 0 ||
		narrow > PG_INT64_MAX)
		return false;
	rate->units = (int64) narrow;
	rate->day = (DateADT) day;
	segment_rate_normalize(rate);
	return segment_rate_is_sound(rate);
}

/* Reads the whole text into rows; what is wrong with it, or NULL. */
static const char *
parse(const char *text, SegmentRateRows **rows)
{
	char code[SEGMENT_CURRENCY_SIZE];
	SegmentRate rate;

	if (!parse_code(&text, code))
		return "It does not begin with the code of the base currency.";
	*rows = segment_rate_rows_new(code);
	if (!segment_text_char(&text, '{'))
		return "The base currency is not followed by a brace.";
	do
	{
		char last[SEGMENT_CURRENCY_SIZE];

		memcpy(last, code, sizeof(last));
		if (!parse_code(&text, code))
			return "A currency code is none: letters and digits, at most 11.";
		if (memcmp(code, (*rows)->base, sizeof(code)) == 0)
			return "The base currency has rates.";
		if ((*rows)->n > 0 && memcmp(code, last, sizeof(code)) <= 0)
			return "The currencies are not in order.";
		if (!segment_text_char(&text, '{'))
			return "A currency is not followed by a brace.";
		for (int i = 0;; i++)
		{
			DateADT previous = rate.day;

			if (!parse_rate(&text, &rate))
				return "A rate is not a day and a positive number of at most 18 digits, such as 2019-11-08 1.1034.";
			if (i > 0 && rate.day <= previous)
				return "The days of a currency are not in order.";
			segment_rate_rows_add(*rows, code, &rate);
			if (!segment_text_char(&text, ','))
				break;
		}
		if (!segment_text_char(&text, '}'))
			return "The rates of a currency do not end with a brace.";
	} while (segment_text_char(&text, ','));
	if (!segment_text_char(&text, '}'))
		return "It does not end with a brace.";
	return segment_text_end(&text) ? NULL : "Something follows behind the end.";
}

PG_FUNCTION_INFO_V1(segment_rates_in);

Datum
segment_rates_in(PG_FUNCTION_ARGS)
{
	SegmentRateRows *rows;
	const char *text = PG_GETARG_CSTRING(0);
	const char *fault = parse(text, &rows);

	if (fault)
	{
		segment_refuse_text(fcinfo->context, "rates", text, fault,
							"An example is EUR {GBP {2019-11-08 0.86158}, USD {2019-11-08 1.1034}}.");
		PG_RETURN_NULL();
	}
	PG_RETURN_POINTER(segment_rates_build(rows));
}

PG_FUNCTION_INFO_V1(segment_rates_out);

Datum
segment_rates_out(PG_FUNCTION_ARGS)
{
	const Rates *rates = PG_GETARG_RATES(0);
	const SegmentRate *rate = segment_rates_of(rates);
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "%s {", rates->base);
	for (int c = 0; c < rates->n_currencies; c++)
	{
		const SegmentCurrency *currency = &rates->currency[c];

		appendStringInfo(&text, "%s%s {", c > 0 ? ", " : "", currency->code);
		for (int i = 0; i < currency->count; i++)
		{
			const SegmentRate *one = &rate[currency->first + i];
			SegmentWide units = segment_wide_from_int128(one->units);
			char day[SEGMENT_TIME_TEXT];
			char number[SEGMENT_WIDE_DIGITS];

			segment_time_print(one->day, SEGMENT_TIME_DATE, day);
			segment_wide_print(&units, one->scale, number);
			appendStringInfo(&text, "%s%s %s", i > 0 ? ", " : "", day, number);
		}
		appendStringInfoChar(&text, '}');
		CHECK_FOR_INTERRUPTS();
	}
	appendStringInfoChar(&text, '}');
	PG_RETURN_CSTRING(text.data);
}

PG_FUNCTION_INFO_V1(segment_rates_recv);

Datum
segment_rates_recv(PG_FUNCTION_ARGS)
{
	SegmentCursor cursor = segment_message_cursor((StringInfo) PG_GETARG_POINTER(0));

	PG_RETURN_POINTER(segment_rates_read(&cursor));
}

PG_FUNCTION_INFO_V1(segment_rates_send);

Datum
segment_rates_send(PG_FUNCTION_ARGS)
{
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	segment_rates_write(PG_GETARG_RATES(0), &buffer);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}
