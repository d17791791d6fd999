/*
 * rates_convert.c: converts an amount by the rates of a day, exactly; and the rates as rows.
 */
#include "postgres.h"

#include "core/compat.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "core/day.h"
#include "core/decimal.h"
#include "core/error.h"
#include "market/market.h"

/* Decimals of a converted amount. */
#define DECIMALS 10

#define MAX_AGE 36525

#define PLACES 256

/* What a query keeps: a toasted value, made plain once, and where rows found their currencies. */
typedef struct ConvertCache
{
	char *toasted; /* as it was passed */
	Size size;
	const Rates *rates;
	int found[PLACES]; /* numbers of currencies, by a hash of their codes */
} ConvertCache;

/*
 * The value of the argument. A plain one is used where it lies, which costs nothing whatever its size; one that has to be
 * read from elsewhere or decompressed is kept, because all rows of a query pass the same one.
 */
static const Rates *
rates_argument(FunctionCallInfo fcinfo, ConvertCache *cache)
{
	struct varlena *raw = (struct varlena *) PG_GETARG_POINTER(0);
	MemoryContext caller;
	Size size;

	if (!VARATT_IS_EXTENDED(raw))
		return (const Rates *) raw;
	size = VARSIZE_ANY(raw);
	if (cache->rates != NULL && cache->size == size && memcmp(cache->toasted, raw, size) == 0)
		return cache->rates;
	caller = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	if (cache->rates != NULL)
	{
		pfree(cache->toasted);
		pfree((void *) cache->rates);
		cache->rates = NULL;
	}
	cache->toasted = palloc(size);
	memcpy(cache->toasted, raw, size);
	cache->size = size;
	cache->rates = (const Rates *) PG_DETOAST_DATUM_COPY(PointerGetDatum(raw));
	MemoryContextSwitchTo(caller);
	return cache->rates;
}

/* Compares a code with the text of an argument. */
static inline int
compare_code(const char *code, const char *text, Size length)
{
	int order = memcmp(code, text, Min(length, SEGMENT_CURRENCY_SIZE));

	return order != 0 ? order : length >= SEGMENT_CURRENCY_SIZE ? -1 : code[length] != '\0';
}

/* The number of a currency, looked for where a code of the same hash was found first; -1 if there is none. */
static int
find_currency(const Rates *rates, const char *text, Size length, ConvertCache *cache)
{
	int low = 0;
	int high = rates->n_currencies;
	uint32 hash = 0;
	int *place;

	for (Size i = 0; i < Min(length, SEGMENT_CURRENCY_SIZE); i++)
		hash = hash * 31 + (unsigned char) text[i];
	place = &cache->found[hash % PLACES];
	if (*place < high && compare_code(rates->currency[*place].code, text, length) == 0)
		return *place;
	while (low < high)
	{
		int middle = (low + high) / 2;
		int order = compare_code(rates->currency[middle].code, text, length);

		if (order == 0)
			return *place = middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}

#define NEAR 4

/* The last rate on or before the day, no older than max_age days; NULL if there is none. */
static const SegmentRate *
find_rate(const Rates *rates, int currency, DateADT day, int max_age)
{
	const SegmentRate *rate = segment_rates_of(rates) + rates->currency[currency].first;
	int low = 0;
	int high = rates->currency[currency].count;

	if (day >= rate[high - 1].day)
		low = high;
	else if (day > rate[0].day)
	{
		/* rates come every day or every workday: it is hardly ever farther than NEAR from where the calendar puts it */
		int guess = (int) ((int64) (day - rate[0].day) * (high - 1) / (rate[high - 1].day - rate[0].day));

		if (guess > NEAR && rate[guess - NEAR].day <= day)
			low = guess - NEAR;
		if (guess + NEAR < high && rate[guess + NEAR].day > day)
			high = guess + NEAR;
	}
	while (low < high)
	{
		int middle = (low + high) / 2;

		if (rate[middle].day <= day)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || (int64) day - rate[low - 1].day > max_age)
		return NULL;
	return &rate[low - 1];
}

/* The rate of a currency by the text of its code; false if there is none. */
static bool
rate_of(const Rates *rates, const text *code, DateADT day, int max_age, ConvertCache *cache, SegmentRate *rate)
{
	const char *text = VARDATA_ANY(code);
	Size length = VARSIZE_ANY_EXHDR(code);
	const SegmentRate *found;
	int currency;

	rate->units = 1;
	rate->scale = 0;
	if (compare_code(rates->base, text, length) == 0)
		return true;
	currency = find_currency(rates, text, length, cache);
	found = currency < 0 ? NULL : find_rate(rates, currency, day, max_age);
	if (found == NULL)
		return false;
	*rate = *found;
	return true;
}

pg_noreturn static void
refuse_result(Datum amount)
{
	ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("converted amount is out of range"),
					errdetail("The amount is %s.", DatumGetCString(DirectFunctionCall1(numeric_out, amount))),
					errhint("Check the row, or pass the amount in a larger unit.")));
}

/* amount * to / from at DECIMALS decimals, half away from zero, in 256 bits. */
static Datum
convert_wide(Datum datum, const SegmentAmount *amount, const SegmentRate *from, const SegmentRate *to)
{
	SegmentWide value = amount->is_wide ? amount->wide : segment_wide_from_int128(amount->units);
	bool negative = segment_wide_is_negative(&value);
	int shift = DECIMALS + from->scale - amount->scale - to->scale;
	bool up;

	if ((negative && !segment_wide_negate(&value)) || !segment_wide_multiply(&value, to->units) ||
		(shift > 0 && !segment_wide_scale_up(&value, shift)))
		refuse_result(datum);
	up = segment_wide_divide(&value, from->units) * 2 >= (uint64) from->units;
	/* as powers of ten are even, what the first division left over cannot turn the scale */
	while (shift < 0)
	{
		int step = Min(-shift, 18);

		up = segment_wide_divide(&value, segment_power_of_ten(step)) * 2 >= (uint64) segment_power_of_ten(step);
		shift += step;
	}
	if (up)
	{
		SegmentWide one = segment_wide_from_int128(1);

		if (!segment_wide_add(&value, &one))
			refuse_result(datum);
	}
	if (negative && !segment_wide_negate(&value))
		refuse_result(datum);
	return segment_decimal_to_numeric(&value, DECIMALS);
}

/* The same where 128 bits suffice. */
static Datum
convert(Datum datum, const SegmentAmount *amount, const SegmentRate *from, const SegmentRate *to)
{
	int shift = DECIMALS + from->scale - amount->scale - to->scale;
	segment_int128 value = amount->units;
	segment_int128 quotient;
	segment_int128 rest;
	bool negative = value < 0;

	if (amount->is_wide || shift < 0)
		return convert_wide(datum, amount, from, to);
	if (negative)
		value = -value;
	if (value > PG_INT64_MAX)
		return convert_wide(datum, amount, from, to);
	value *= to->units;
	if (!segment_int128_scale_up(&value, shift))
		return convert_wide(datum, amount, from, to);
	quotient = value / from->units;
	rest = value - quotient * from->units;
	if (rest * 2 >= from->units)
		quotient++;
	return segment_units_to_numeric(negative ? -quotient : quotient, DECIMALS);
}

/* convert_currency(rates, amount, from_currency, to_currency, day, max_age). Strict; NULL without a rate. */
PG_FUNCTION_INFO_V1(segment_convert_currency);

Datum
segment_convert_currency(PG_FUNCTION_ARGS)
{
	ConvertCache *cache = (ConvertCache *) fcinfo->flinfo->fn_extra;
	Datum datum = PG_GETARG_DATUM(1);
	text *from_code = PG_GETARG_TEXT_PP(2);
	text *to_code = PG_GETARG_TEXT_PP(3);
	DateADT day = PG_GETARG_DATEADT(4);
	int max_age = PG_GETARG_INT32(5);
	const Rates *rates;
	SegmentAmount amount;
	SegmentAmountFault fault;
	SegmentRate from;
	SegmentRate to;

	if (unlikely(max_age < 0 || max_age > MAX_AGE))
		segment_check_int_range("max_age", max_age, 0, MAX_AGE);
	fault = segment_amount_read(datum, SEGMENT_AMOUNT_NUMERIC, &amount);
	if (unlikely(fault != SEGMENT_AMOUNT_OK))
		segment_amount_refuse(fault, datum, SEGMENT_AMOUNT_NUMERIC, NULL);
	/* the same currency needs no rate, and keeps its decimals */
	if (VARSIZE_ANY_EXHDR(from_code) == VARSIZE_ANY_EXHDR(to_code) &&
		memcmp(VARDATA_ANY(from_code), VARDATA_ANY(to_code), VARSIZE_ANY_EXHDR(to_code)) == 0)
		PG_RETURN_DATUM(datum);
	if (unlikely(cache == NULL))
		fcinfo->flinfo->fn_extra = cache = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(ConvertCache));
	rates = rates_argument(fcinfo, cache);
	if (!rate_of(rates, from_code, day, max_age, cache, &from) || !rate_of(rates, to_code, day, max_age, cache, &to))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(convert(datum, &amount, &from, &to));
}

/* rates_table(rates): a row a rate, by currency and day. */
PG_FUNCTION_INFO_V1(segment_rates_table);

Datum
segment_rates_table(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	const Rates *rates = PG_GETARG_RATES(0);
	const SegmentRate *rate = segment_rates_of(rates);

	InitMaterializedSRF(fcinfo, 0);
	for (int c = 0; c < rates->n_currencies; c++)
	{
		const SegmentCurrency *currency = &rates->currency[c];
		Datum values[3] = {CStringGetTextDatum(currency->code)};
		bool nulls[3] = {false, false, false};

		for (int i = currency->first; i < currency->first + currency->count; i++)
		{
			CHECK_FOR_INTERRUPTS();
			values[1] = DateADTGetDatum(rate[i].day);
			values[2] = segment_units_to_numeric(rate[i].units, rate[i].scale);
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
			pfree(DatumGetPointer(values[2]));
		}
	}
	return (Datum) 0;
}

/* rates_base(rates): the currency that the rates are quoted per. */
PG_FUNCTION_INFO_V1(segment_rates_base);

Datum
segment_rates_base(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(PG_GETARG_RATES(0)->base));
}

/* penetration(customers, addressable): strict. More customers than addressable ones is a stale size, not an error. */
PG_FUNCTION_INFO_V1(segment_penetration);

Datum
segment_penetration(PG_FUNCTION_ARGS)
{
	int64 customers = PG_GETARG_INT64(0);
	int64 addressable = PG_GETARG_INT64(1);

	if (addressable < 1 || customers < 0)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("market size is out of range"),
						errdetail("There are %lld customers and %lld addressable; accepted are sizes from 1 on.",
								  (long long) customers, (long long) addressable),
						errhint("Pass NULL where the size of the market is not known.")));
	PG_RETURN_FLOAT8((double) customers / (double) addressable);
}
