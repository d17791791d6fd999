/*
 * decimal.c: exact decimal amounts, see decimal.h.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "core/decimal.h"

/*
 * numeric's stored form (src/backend/utils/adt/numeric.c; unchanged since 9.1 and shared by every server that
 * pg_upgrade accepts): a 16-bit header, in the long form followed by a 16-bit weight, then base-10000 digits, most
 * significant first, without trailing zeros. The weight is the power of 10000 of the first digit.
 */
#define STORED_SIGN_MASK 0xC000
#define STORED_NEGATIVE 0x4000
#define STORED_SHORT 0x8000
#define STORED_SPECIAL 0xC000
#define STORED_LONG_SCALE_MASK 0x3FFF
#define STORED_SHORT_NEGATIVE 0x2000
#define STORED_SHORT_SCALE_MASK 0x1F80
#define STORED_SHORT_SCALE_SHIFT 7
#define STORED_SHORT_WEIGHT_SIGN 0x0040
#define STORED_SHORT_WEIGHT_MASK 0x003F
#define STORED_BASE 10000
#define STORED_DECIMALS 4 /* decimal digits in one stored digit */

/* Base-10000 digits that surely fit 64 and 128 bits. */
#define DIGITS_IN_INT64 4
#define DIGITS_IN_INT128 9

/* Integer digits (base 10000) that surely stay below the amount limit, and that may reach it. */
#define SAFE_INTEGER_DIGITS (SEGMENT_AMOUNT_DIGITS / STORED_DECIMALS)
#define MAX_INTEGER_DIGITS (SAFE_INTEGER_DIGITS + 1)

typedef struct StoredNumeric
{
	const char *digits;
	int count;
	int weight;
	int scale;
	bool negative;
} StoredNumeric;

bool
segment_amount_type_of(Oid type, SegmentAmountType *amount_type)
{
	switch (type)
	{
		case NUMERICOID:
			*amount_type = SEGMENT_AMOUNT_NUMERIC;
			return true;
		case INT2OID:
			*amount_type = SEGMENT_AMOUNT_INT2;
			return true;
		case INT4OID:
			*amount_type = SEGMENT_AMOUNT_INT4;
			return true;
		case INT8OID:
			*amount_type = SEGMENT_AMOUNT_INT8;
			return true;
		case FLOAT8OID:
			*amount_type = SEGMENT_AMOUNT_FLOAT8;
			return true;
		default:
			return false;
	}
}

/* The stored digit at power of 10000 position, zero outside the stored ones. */
static inline int
digit_at(const StoredNumeric *numeric, int position)
{
	int index = numeric->weight - position;
	int16 digit;

	if (index < 0 || index >= numeric->count)
		return 0;
	memcpy(&digit, numeric->digits + index * sizeof(int16), sizeof(int16));
	return digit;
}

/* Takes a numeric apart; false for NaN and infinities. */
static inline bool
take_apart(Datum value, StoredNumeric *numeric)
{
	struct varlena *stored = (struct varlena *) DatumGetPointer(value);
	const char *payload;
	int length;
	uint16 header;

	if (VARATT_IS_EXTENDED(stored) && !VARATT_IS_SHORT(stored))
		stored = PG_DETOAST_DATUM_PACKED(value);
	payload = VARDATA_ANY(stored);
	length = (int) VARSIZE_ANY_EXHDR(stored);
	memcpy(&header, payload, sizeof(header));
	if ((header & STORED_SIGN_MASK) == STORED_SHORT)
	{
		numeric->negative = (header & STORED_SHORT_NEGATIVE) != 0;
		numeric->scale = (header & STORED_SHORT_SCALE_MASK) >> STORED_SHORT_SCALE_SHIFT;
		numeric->weight = header & STORED_SHORT_WEIGHT_MASK;
		if (header & STORED_SHORT_WEIGHT_SIGN)
			numeric->weight |= ~STORED_SHORT_WEIGHT_MASK;
		numeric->digits = payload + sizeof(uint16);
		numeric->count = (length - (int) sizeof(uint16)) / (int) sizeof(int16);
	}
	else if ((header & STORED_SIGN_MASK) == STORED_SPECIAL)
		return false;
	else
	{
		int16 weight;

		memcpy(&weight, payload + sizeof(uint16), sizeof(weight));
		numeric->negative = (header & STORED_SIGN_MASK) == STORED_NEGATIVE;
		numeric->scale = header & STORED_LONG_SCALE_MASK;
		numeric->weight = weight;
		numeric->digits = payload + 2 * sizeof(uint16);
		numeric->count = (length - 2 * (int) sizeof(uint16)) / (int) sizeof(int16);
	}
	if (numeric->count == 0)
		numeric->weight = 0;
	return true;
}

/* The general case: up to 32 integer digits and 20 decimals. */
static SegmentAmountFault
read_wide_numeric(const StoredNumeric *numeric, int last_position, int dropped, SegmentAmount *amount)
{
	SegmentWide units = segment_wide_from_int128(0);
	SegmentWide limit = segment_wide_from_int128(1);

	for (int position = numeric->weight; position >= last_position; position--)
	{
		bool partial = position == last_position && dropped > 0;
		int digit = digit_at(numeric, position) / (int) (partial ? segment_power_of_ten(dropped) : 1);
		SegmentWide addend = segment_wide_from_int128(digit);

		(void) segment_wide_multiply(&units, (uint64_t) (STORED_BASE / (partial ? segment_power_of_ten(dropped) : 1)));
		(void) segment_wide_add(&units, &addend);
	}
	(void) segment_wide_scale_up(&limit, SEGMENT_AMOUNT_DIGITS + numeric->scale);
	if (segment_wide_compare(&units, &limit) >= 0)
		return SEGMENT_AMOUNT_TOO_LARGE;
	if (numeric->negative)
		(void) segment_wide_negate(&units);
	amount->is_wide = !segment_wide_to_int128(&units, &amount->units);
	amount->wide = units;
	return SEGMENT_AMOUNT_OK;
}

static SegmentAmountFault
read_numeric(Datum value, SegmentAmount *amount)
{
	StoredNumeric numeric;
	int fraction_digits;
	int last_position;
	int dropped;
	int digits;

	if (!take_apart(value, &numeric))
		return SEGMENT_AMOUNT_NOT_FINITE;
	if (numeric.scale > SEGMENT_MAX_DECIMALS)
		return SEGMENT_AMOUNT_TOO_MANY_DECIMALS;
	fraction_digits = (numeric.scale + STORED_DECIMALS - 1) / STORED_DECIMALS;
	last_position = -fraction_digits;
	dropped = fraction_digits * STORED_DECIMALS - numeric.scale;
	digits = Max(numeric.weight, -1) + 1 + fraction_digits;
	amount->scale = numeric.scale;
	amount->is_wide = false;

	if (digits <= DIGITS_IN_INT64)
	{
		static const int divisors[STORED_DECIMALS] = {1, 10, 100, 1000};
		int64 units = 0;

		for (int position = digits - 1 - fraction_digits; position > last_position; position--)
			units = units * STORED_BASE + digit_at(&numeric, position);
		if (digits > 0)
		{
			int digit = digit_at(&numeric, last_position);

			/* a switch, so that every division is by a constant */
			switch (dropped)
			{
				case 0:
					break;
				case 1:
					digit /= 10;
					break;
				case 2:
					digit /= 100;
					break;
				default:
					digit /= 1000;
					break;
			}
			units = units * (STORED_BASE / divisors[dropped]) + digit;
		}
		amount->units = numeric.negative ? -units : units;
		return SEGMENT_AMOUNT_OK;
	}
	if (numeric.weight >= MAX_INTEGER_DIGITS)
		return SEGMENT_AMOUNT_TOO_LARGE;
	if (digits <= DIGITS_IN_INT128 && numeric.weight < SAFE_INTEGER_DIGITS)
	{
		__int128 units = 0;

		for (int position = digits - 1 - fraction_digits; position > last_position; position--)
			units = units * STORED_BASE + digit_at(&numeric, position);
		units = units * (STORED_BASE / segment_power_of_ten(dropped)) +
				digit_at(&numeric, last_position) / segment_power_of_ten(dropped);
		amount->units = numeric.negative ? -units : units;
		return SEGMENT_AMOUNT_OK;
	}
	return read_wide_numeric(&numeric, last_position, dropped, amount);
}

static SegmentAmountFault
read_float(double value, SegmentAmount *amount)
{
	/* 2^63: below it the cast to 64 bits is exact and much cheaper than the one to 128 */
	const double int64_limit = 9223372036854775808.0;
	double units;

	if (!isfinite(value))
		return SEGMENT_AMOUNT_NOT_FINITE;
	if (fabs(value) >= 1e30)
		return SEGMENT_AMOUNT_TOO_LARGE;
	units = rint(value * 1e6);
	amount->scale = SEGMENT_FLOAT_DECIMALS;
	amount->is_wide = false;
	amount->units = fabs(units) < int64_limit ? (__int128) (int64) units : (__int128) units;
	return SEGMENT_AMOUNT_OK;
}

SegmentAmountFault
segment_amount_read(Datum value, SegmentAmountType type, SegmentAmount *amount)
{
	switch (type)
	{
		case SEGMENT_AMOUNT_NUMERIC:
			return read_numeric(value, amount);
		case SEGMENT_AMOUNT_FLOAT8:
			return read_float(DatumGetFloat8(value), amount);
		case SEGMENT_AMOUNT_INT2:
			amount->units = DatumGetInt16(value);
			break;
		case SEGMENT_AMOUNT_INT4:
			amount->units = DatumGetInt32(value);
			break;
		case SEGMENT_AMOUNT_INT8:
			amount->units = DatumGetInt64(value);
			break;
	}
	amount->scale = 0;
	amount->is_wide = false;
	return SEGMENT_AMOUNT_OK;
}

/* The amount as text, cut to a length that an error message can bear. */
static char *
amount_text(Datum value, SegmentAmountType type)
{
	const int longest = 60;
	char *text;

	/* integers are never refused */
	if (type == SEGMENT_AMOUNT_NUMERIC)
		text = DatumGetCString(DirectFunctionCall1(numeric_out, value));
	else
		text = DatumGetCString(DirectFunctionCall1(float8out, value));
	if (strlen(text) > (size_t) longest)
		strcpy(text + longest - 3, "...");
	return text;
}

void
segment_amount_refuse(SegmentAmountFault fault, Datum value, SegmentAmountType type, const char *at_text)
{
	const char *shown = amount_text(value, type);
	const char *when = at_text ? psprintf(" of the row at %s", at_text) : "";

	switch (fault)
	{
		case SEGMENT_AMOUNT_NOT_FINITE:
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("amount is not a finite number"),
							errdetail("The amount%s is %s; accepted are numbers within +/-10^%d.", when, shown,
									  SEGMENT_AMOUNT_DIGITS),
							errhint("Leave such rows out with WHERE, or turn the amount into NULL: rows with a "
									"NULL amount are skipped.")));
			break;
		case SEGMENT_AMOUNT_TOO_LARGE:
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("amount is out of range"),
							errdetail("The amount%s is %s; accepted are numbers within +/-10^%d.", when, shown,
									  SEGMENT_AMOUNT_DIGITS),
							errhint("Check the row, or pass the amount in a larger unit.")));
			break;
		default:
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("amount has too many decimals"),
							errdetail("The amount%s is %s; accepted are up to %d decimals.", when, shown,
									  SEGMENT_MAX_DECIMALS),
							errhint("Round it to the decimals of money: round(amount, 2).")));
			break;
	}
	pg_unreachable();
}

Datum
segment_decimal_to_numeric(const SegmentWide *units, int scale)
{
	char text[SEGMENT_WIDE_DIGITS];

	segment_wide_print(units, scale, text);
	return DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

/* Base-10000 digits of the longest int64 with a point anywhere. */
#define MAX_DIGITS_OF_INT64 6

/* What int64_div_fast_to_numeric returns, byte for byte, without its divisions of numerics. */
static Datum
narrow_to_numeric(int64 units, int scale)
{
	static const int powers[STORED_DECIMALS] = {1, 10, 100, 1000};
	int16 digit[MAX_DIGITS_OF_INT64]; /* the lowest first */
	uint64 rest = units < 0 ? -(uint64) units : (uint64) units;
	int partial = scale % STORED_DECIMALS;
	int position = -(scale / STORED_DECIMALS); /* of digit[0] */
	int first = 0;
	int count = 0;
	uint16 header = (uint16) (STORED_SHORT | scale << STORED_SHORT_SCALE_SHIFT);
	struct varlena *result;
	char *end;

	if (partial > 0)
	{
		digit[count++] = (int16) (rest % powers[partial] * powers[STORED_DECIMALS - partial]);
		rest /= powers[partial];
		position--;
	}
	for (; rest > 0; rest /= STORED_BASE)
		digit[count++] = (int16) (rest % STORED_BASE);
	while (first < count && digit[first] == 0)
		first++;
	if (first < count)
		header |= (uint16) ((position + count - 1) & (STORED_SHORT_WEIGHT_MASK | STORED_SHORT_WEIGHT_SIGN));
	if (units < 0)
		header |= STORED_SHORT_NEGATIVE;
	result = palloc(VARHDRSZ + sizeof(header) + (count - first) * sizeof(int16));
	SET_VARSIZE(result, VARHDRSZ + sizeof(header) + (count - first) * sizeof(int16));
	memcpy(VARDATA(result), &header, sizeof(header));
	end = VARDATA(result) + sizeof(header);
	while (count-- > first)
	{
		memcpy(end, &digit[count], sizeof(int16));
		end += sizeof(int16);
	}
	return PointerGetDatum(result);
}

Datum
segment_units_to_numeric(segment_int128 units, int scale)
{
	SegmentWide wide;

	if (units >= PG_INT64_MIN && units <= PG_INT64_MAX)
		return narrow_to_numeric((int64) units, scale);
	wide = segment_wide_from_int128(units);
	return segment_decimal_to_numeric(&wide, scale);
}

double
segment_decimal_to_double(const SegmentWide *units, int scale)
{
	segment_int128 narrow;

	if (segment_wide_to_int128(units, &narrow))
		return segment_units_to_double(narrow, scale);
	return segment_wide_to_double(units, scale);
}

/* Decimals that are zeros, such as those of 12.34 / 1, need not take the long way. */
static void
drop_zero_decimals(segment_int128 *units, int *scale)
{
	for (int step = 16; step > 0; step /= 2)
		while (*scale >= step && *units % segment_power_of_ten(step) == 0)
		{
			*units /= segment_power_of_ten(step);
			*scale -= step;
		}
}

double
segment_units_to_double(segment_int128 units, int scale)
{
	static const double powers[SEGMENT_MAX_DECIMALS + 1] = {1e0,  1e1,	1e2,  1e3,	1e4,  1e5,	1e6,
															1e7,  1e8,	1e9,  1e10, 1e11, 1e12, 1e13,
															1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20};
	const int64 exact = INT64CONST(1) << 53;
	SegmentWide wide;

	/* both operands are exact doubles (10^22 is the last exact power): one rounding, the right one */
	if (units >= -exact && units <= exact)
		return (double) (int64) units / powers[scale];

	drop_zero_decimals(&units, &scale);
	if (units >= -exact && units <= exact)
		return (double) (int64) units / powers[scale];
	wide = segment_wide_from_int128(units);
	return segment_wide_to_double(&wide, scale);
}

double
segment_units_to_mean(segment_int128 units, int scale, int64 count)
{
	const int64 exact = INT64CONST(1) << 53;
	SegmentWide wide;

	if (scale > 15)
		drop_zero_decimals(&units, &scale);
	/* both operands are exact doubles: one rounding. Dividing by the scale first would round twice, and 0.30 / 3 be
	 * less than 0.10 */
	if (scale <= 15 && units >= -exact && units <= exact && count <= exact / segment_power_of_ten(scale))
		return (double) (int64) units / (double) (count * segment_power_of_ten(scale));
	wide = segment_wide_from_int128(units);
	return segment_wide_to_mean(&wide, scale, count);
}

bool
segment_decimal_parse(const char **text, SegmentWide *units, int *scale)
{
	const char *at = *text;
	bool negative = *at == '-';
	bool point = false;
	int digits = 0;

	*units = segment_wide_from_int128(0);
	*scale = 0;
	if (negative)
		at++;
	for (;; at++)
	{
		SegmentWide digit;

		if (*at == '.' && !point && digits > 0)
		{
			point = true;
			continue;
		}
		if (*at < '0' || *at > '9')
			break;
		digit = segment_wide_from_int128(*at - '0');
		if (!segment_wide_multiply(units, 10) || !segment_wide_add(units, &digit))
			return false;
		digits++;
		if (point && ++*scale > SEGMENT_MAX_DECIMALS)
			return false;
	}
	if (digits == 0 || (point && *scale == 0))
		return false;
	if (negative)
		(void) segment_wide_negate(units);
	*text = at;
	return true;
}
