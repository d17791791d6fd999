/*
 * market.h: rates: dated exchange rates as one value.
 */
#ifndef SEGMENT_MARKET_MARKET_H
#define SEGMENT_MARKET_MARKET_H

#include "core/compat.h"

#include "lib/stringinfo.h"
#include "utils/date.h"

#include "core/checked.h"
#include "math/wide.h"
#include "math/wire.h"

#define SEGMENT_RATES_VERSION 1

/* Letters and digits, zero-padded. */
#define SEGMENT_CURRENCY_SIZE 12

/* A rate has at most 18 significant digits, and at most 18 decimals. */
#define SEGMENT_RATE_DIGITS 18

typedef struct SegmentRate
{
	int64 units; /* > 0; the rate is units * 10^-scale, without zeros at the end of its decimals */
	DateADT day; /* finite */
	int32 scale; /* 0 .. SEGMENT_RATE_DIGITS */
} SegmentRate;

/* The rates of one currency: those with the numbers first .. first + count - 1, by day, each day once. */
typedef struct SegmentCurrency
{
	char code[SEGMENT_CURRENCY_SIZE];
	int32 first;
	int32 count; /* at least 1 */
	int32 reserved;
} SegmentCurrency;

/* The stored value. Behind the head come the currencies, by code, without the base; then the rates. */
typedef struct Rates
{
	int32 vl_len_;
	uint8 version;	   /* SEGMENT_RATES_VERSION */
	uint8 reserved[3]; /* zero */
	char base[SEGMENT_CURRENCY_SIZE];
	int32 n_currencies;
	int32 n_rates;
	int32 padding; /* zero */
	SegmentCurrency currency[FLEXIBLE_ARRAY_MEMBER];
} Rates;

/* What is wrong with a value; NULL if nothing is. */
extern const char *segment_rates_fault(const void *value);

#define DatumGetRates(datum) SEGMENT_CHECKED(Rates, PG_DETOAST_DATUM(datum), segment_rates_fault)
#define PG_GETARG_RATES(n) DatumGetRates(PG_GETARG_DATUM(n))

static inline const SegmentRate *
segment_rates_of(const Rates *rates)
{
	return (const SegmentRate *) (rates->currency + rates->n_currencies);
}

/* One rate with its currency, as it is collected. */
typedef struct SegmentRateRow
{
	char code[SEGMENT_CURRENCY_SIZE];
	int32 padding;
	SegmentRate rate;
} SegmentRateRow;

typedef struct SegmentRateRows
{
	char base[SEGMENT_CURRENCY_SIZE];
	int64 n;
	int64 size;
	SegmentRateRow *row;
} SegmentRateRows;

/* Copies a code of this length; false unless it is one: 1 to SEGMENT_CURRENCY_SIZE - 1 letters and digits. */
extern bool segment_currency_code(const char *text, Size length, char *code);

/* An empty list of rows in the current context, where it will grow. */
extern SegmentRateRows *segment_rate_rows_new(const char *base);
extern void segment_rate_rows_add(SegmentRateRows *rows, const char *code, const SegmentRate *rate);

/* All rows of a value; 22023 if its base is another. */
extern void segment_rate_rows_add_all(SegmentRateRows *rows, const Rates *rates);

/* The value of the rows, which are sorted by it; NULL without rows. 22023 for two rates of one currency and day. */
extern Rates *segment_rates_build(SegmentRateRows *rows);

/* The binary form, and back from it: 22P03 for anything else. */
extern void segment_rates_write(const Rates *rates, StringInfo buffer);
extern Rates *segment_rates_read(SegmentCursor *cursor);

/* Drops zeros at the end of the decimals. */
extern void segment_rate_normalize(SegmentRate *rate);

/* False unless the rate is within its limits. */
extern bool segment_rate_is_sound(const SegmentRate *rate);

#endif
