/*
 * rates_value.c: builds rates from rows, and reads and writes their binary form.
 */
#include "postgres.h"

#include <ctype.h>

#include "core/compat.h"

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "core/day.h"
#include "core/error.h"
#include "core/message.h"
#include "market/market.h"

bool
segment_currency_code(const char *text, Size length, char *code)
{
	if (length < 1 || length >= SEGMENT_CURRENCY_SIZE)
		return false;
	for (Size i = 0; i < length; i++)
		if (!((text[i] >= 'A' && text[i] <= 'Z') || (text[i] >= 'a' && text[i] <= 'z') ||
			  (text[i] >= '0' && text[i] <= '9')))
			return false;
	memset(code, 0, SEGMENT_CURRENCY_SIZE);
	memcpy(code, text, length);
	return true;
}

void
segment_rate_normalize(SegmentRate *rate)
{
	while (rate->scale > 0 && rate->units % 10 == 0)
	{
		rate->units /= 10;
		rate->scale--;
	}
}

bool
segment_rate_is_sound(const SegmentRate *rate)
{
	return rate->units > 0 && rate->units < segment_power_of_ten(SEGMENT_RATE_DIGITS) && rate->scale >= 0 &&
		   rate->scale <= SEGMENT_RATE_DIGITS && (rate->scale == 0 || rate->units % 10 != 0) &&
		   segment_time_is_finite(rate->day, SEGMENT_TIME_DATE);
}

SegmentRateRows *
segment_rate_rows_new(const char *base)
{
	SegmentRateRows *rows = palloc0(sizeof(SegmentRateRows));

	memcpy(rows->base, base, SEGMENT_CURRENCY_SIZE);
	rows->size = 64;
	rows->row = segment_palloc_array(SegmentRateRow, rows->size);
	return rows;
}

void
segment_rate_rows_add(SegmentRateRows *rows, const char *code, const SegmentRate *rate)
{
	if (rows->n == rows->size)
	{
		if (rows->size * 2 * sizeof(SegmentRateRow) > MaxAllocSize)
			ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many exchange rates"),
							errdetail("There are more than %lld.", (long long) rows->n),
							errhint("Collect fewer currencies or years in one value.")));
		rows->size *= 2;
		rows->row = repalloc(rows->row, rows->size * sizeof(SegmentRateRow));
	}
	memset(&rows->row[rows->n], 0, sizeof(SegmentRateRow));
	memcpy(rows->row[rows->n].code, code, SEGMENT_CURRENCY_SIZE);
	rows->row[rows->n++].rate = *rate;
}

void
segment_rate_rows_add_all(SegmentRateRows *rows, const Rates *rates)
{
	const SegmentRate *rate = segment_rates_of(rates);

	if (memcmp(rows->base, rates->base, SEGMENT_CURRENCY_SIZE) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("exchange rates have different base currencies"),
				 errdetail("They are quoted per %s and per %s.", rows->base, rates->base),
				 errhint("Merge only rates of one base.")));
	for (int c = 0; c < rates->n_currencies; c++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < rates->currency[c].count; i++)
			segment_rate_rows_add(rows, rates->currency[c].code, &rate[rates->currency[c].first + i]);
	}
}

/* By code, day, and then the rate, so that a contradiction is reported alike for any order of rows. */
static int
compare_rows(const void *a, const void *b, void *arg)
{
	const SegmentRateRow *x = (const SegmentRateRow *) a;
	const SegmentRateRow *y = (const SegmentRateRow *) b;
	int order = memcmp(x->code, y->code, SEGMENT_CURRENCY_SIZE);

	if (order == 0)
		order = (x->rate.day > y->rate.day) - (x->rate.day < y->rate.day);
	if (order == 0)
		order = (x->rate.scale > y->rate.scale) - (x->rate.scale < y->rate.scale);
	if (order == 0)
		order = (x->rate.units > y->rate.units) - (x->rate.units < y->rate.units);
	return order;
}

Rates *
segment_rates_build(SegmentRateRows *rows)
{
	int64 kept = 0;
	int currencies = 0;
	Size size;
	Rates *rates;
	SegmentRate *rate;

	if (rows->n == 0)
		return NULL;
	qsort_interruptible(rows->row, rows->n, sizeof(SegmentRateRow), compare_rows, NULL);
	for (int64 i = 0; i < rows->n; i++)
	{
		const SegmentRateRow *row = &rows->row[i];
		const SegmentRateRow *last = kept == 0 ? NULL : &rows->row[kept - 1];

		if (last && compare_rows(last, row, NULL) == 0)
			continue;
		if (last && memcmp(last->code, row->code, SEGMENT_CURRENCY_SIZE) == 0 && last->rate.day == row->rate.day)
		{
			char day[SEGMENT_TIME_TEXT];

			segment_time_print(row->rate.day, SEGMENT_TIME_DATE, day);
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("two exchange rates for one day"),
							errdetail("Currency %s has more than one rate on %s.", row->code, day),
							errhint("Choose one source, or the latest correction of each day.")));
		}
		currencies += last == NULL || memcmp(last->code, row->code, SEGMENT_CURRENCY_SIZE) != 0;
		rows->row[kept++] = *row;
	}
	rows->n = kept;
	size = offsetof(Rates, currency) + sizeof(SegmentCurrency) * currencies + sizeof(SegmentRate) * (Size) kept;
	rates = palloc0(size);
	SET_VARSIZE(rates, size);
	rates->version = SEGMENT_RATES_VERSION;
	memcpy(rates->base, rows->base, SEGMENT_CURRENCY_SIZE);
	rates->n_currencies = currencies;
	rates->n_rates = (int32) kept;
	rate = (SegmentRate *) segment_rates_of(rates);
	currencies = 0;
	for (int64 i = 0; i < kept; i++)
	{
		const SegmentRateRow *row = &rows->row[i];
		SegmentCurrency *currency = &rates->currency[currencies - 1];

		if (currencies == 0 || memcmp(currency->code, row->code, SEGMENT_CURRENCY_SIZE) != 0)
		{
			currency = &rates->currency[currencies++];
			memcpy(currency->code, row->code, SEGMENT_CURRENCY_SIZE);
			currency->first = (int32) i;
		}
		currency->count++;
		rate[i] = row->rate;
	}
	return rates;
}

/* Version, base, number of rates; then of each rate currency, day, scale and units, in order. */
void
segment_rates_write(const Rates *rates, StringInfo buffer)
{
	const SegmentRate *rate = segment_rates_of(rates);

	pq_sendbyte(buffer, SEGMENT_RATES_VERSION);
	pq_sendbytes(buffer, rates->base, SEGMENT_CURRENCY_SIZE);
	pq_sendint32(buffer, rates->n_currencies);
	for (int c = 0; c < rates->n_currencies; c++)
	{
		const SegmentCurrency *currency = &rates->currency[c];

		pq_sendbytes(buffer, currency->code, SEGMENT_CURRENCY_SIZE);
		pq_sendint32(buffer, currency->count);
		for (int i = currency->first; i < currency->first + currency->count; i++)
		{
			pq_sendint32(buffer, rate[i].day);
			pq_sendbyte(buffer, (uint8) rate[i].scale);
			pq_sendint64(buffer, rate[i].units);
		}
	}
}

/* A code as it is sent, with zeros behind it. */
static void
read_code(SegmentCursor *cursor, char *code)
{
	const char *bytes = (const char *) segment_take_bytes(cursor, SEGMENT_CURRENCY_SIZE);
	char checked[SEGMENT_CURRENCY_SIZE];

	if (bytes == NULL || !segment_currency_code(bytes, strnlen(bytes, SEGMENT_CURRENCY_SIZE), checked) ||
		memcmp(checked, bytes, SEGMENT_CURRENCY_SIZE) != 0)
		segment_refuse_binary("rates", "A currency code is none.");
	memcpy(code, checked, SEGMENT_CURRENCY_SIZE);
}

Rates *
segment_rates_read(SegmentCursor *cursor)
{
	char code[SEGMENT_CURRENCY_SIZE];
	char previous[SEGMENT_CURRENCY_SIZE] = "";
	SegmentRateRows *rows;
	Rates *rates;
	int currencies;

	if (segment_take(cursor, 1) != SEGMENT_RATES_VERSION)
		segment_refuse_binary("rates", "The version is unknown.");
	read_code(cursor, code);
	rows = segment_rate_rows_new(code);
	currencies = (int32) segment_take(cursor, 4);
	if (currencies < 1)
		segment_refuse_binary("rates", "There is no currency.");
	for (int c = 0; c < currencies; c++)
	{
		int count;
		SegmentRate rate = {0};

		read_code(cursor, code);
		if (memcmp(code, previous, SEGMENT_CURRENCY_SIZE) <= 0 || memcmp(code, rows->base, SEGMENT_CURRENCY_SIZE) == 0)
			segment_refuse_binary("rates", "The currencies are not in order.");
		memcpy(previous, code, SEGMENT_CURRENCY_SIZE);
		count = (int32) segment_take(cursor, 4);
		if (count < 1)
			segment_refuse_binary("rates", "A currency has no rate.");
		for (int i = 0; i < count; i++)
		{
			DateADT day = (DateADT) segment_take(cursor, 4);

			if (i > 0 && day <= rate.day)
				segment_refuse_binary("rates", "The days are not in order.");
			rate.day = day;
			rate.scale = (int) segment_take(cursor, 1);
			rate.units = (int64) segment_take(cursor, 8);
			if (cursor->is_short || !segment_rate_is_sound(&rate))
				segment_refuse_binary("rates", "A rate is out of range.");
			segment_rate_rows_add(rows, code, &rate);
		}
	}
	segment_end_message(cursor, "rates");
	rates = segment_rates_build(rows);
	pfree(rows->row);
	pfree(rows);
	return rates;
}

const char *
segment_rates_fault(const void *value)
{
	const Rates *rates = value;
	int64 n = 0;

	if (rates->version != SEGMENT_RATES_VERSION || rates->padding != 0 || rates->n_currencies < 0 ||
		rates->n_rates < 0 ||
		VARSIZE(rates) != offsetof(Rates, currency) + (Size) rates->n_currencies * sizeof(SegmentCurrency) +
							  (Size) rates->n_rates * sizeof(SegmentRate))
		return "The head of rates is none.";
	for (int32 i = 0; i < rates->n_currencies; i++)
	{
		const SegmentCurrency *currency = &rates->currency[i];

		if (currency->first != n || currency->count < 1 || currency->count > rates->n_rates - n)
			return "The rates of a currency do not follow those of the one before.";
		if (i > 0 && memcmp(currency[-1].code, currency->code, SEGMENT_CURRENCY_SIZE) >= 0)
			return "Currencies must ascend.";
		for (int32 j = 0; j < currency->count; j++)
		{
			const SegmentRate *rate = segment_rates_of(rates) + n + j;

			if (rate->units <= 0 || rate->scale < 0 || rate->scale > SEGMENT_RATE_DIGITS)
				return "A rate is not positive, or its decimals are out of range.";
			if (j > 0 && rate[-1].day >= rate->day)
				return "The days of a currency must ascend.";
		}
		n += currency->count;
	}
	return n != rates->n_rates ? "There are rates without a currency." : NULL;
}
