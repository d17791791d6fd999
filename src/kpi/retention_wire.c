/*
 * retention_wire.c: retention as a byte string: stored, sent and handed from process to process alike.
 *
 *   version, scale (1 byte each); as_of, number of periods n (4 bytes each); n + 1 boundaries (4 bytes each)
 *   then numbers: of each cell its customers, orders, returns, net, returned; both; last without what is below the
 *   diagonal; first_last likewise; repeaters
 *
 * A count is seven bits a byte, least significant first, with the high bit set on all but the last. An amount is a byte
 * with its length, and as many bytes of two's complement, least significant first; as few as hold it.
 */
#include "postgres.h"

#include "core/compat.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "core/day.h"
#include "core/decimal.h"
#include "kpi/retention.h"
#include "math/wire.h"

/* Counts and amounts stay within these, so that sums of a few of them cannot overflow. */
#define MAX_COUNT (PG_INT64_MAX >> 24)
#define MAX_AMOUNT_BYTES 29

/* What is written can be read: sums beyond the limits, which only made-up values have, make no value. */
pg_noreturn static void
refuse_sum(void)
{
	ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("sum of retention is out of range"),
					errdetail("A count exceeds " INT64_FORMAT ", or an amount takes more than %d bytes.", MAX_COUNT,
							  MAX_AMOUNT_BYTES),
					errhint("Check the values that are merged.")));
}

static void
put_fixed(StringInfo buffer, uint64 value, int width)
{
	unsigned char bytes[8];

	segment_wire_put(bytes, value, width);
	appendBinaryStringInfo(buffer, (char *) bytes, width);
}

static void
put_count(StringInfo buffer, int64 count)
{
	uint64 rest = (uint64) count;

	if (unlikely(rest > MAX_COUNT))
		refuse_sum();
	for (; rest >= 0x80; rest >>= 7)
		appendStringInfoCharMacro(buffer, (char) (0x80 | (rest & 0x7F)));
	appendStringInfoCharMacro(buffer, (char) rest);
}

static unsigned char
byte_of(const SegmentWide *amount, int i)
{
	return (unsigned char) (amount->limb[i / 8] >> (8 * (i % 8)));
}

static void
put_amount(StringInfo buffer, const SegmentWide *amount)
{
	unsigned char sign = segment_wide_is_negative(amount) ? 0xFF : 0;
	int length = sizeof(SegmentWide);

	/* a byte that the next lower one's sign stands for need not be written; zero has none */
	while (length > 1 && byte_of(amount, length - 1) == sign && (byte_of(amount, length - 2) & 0x80) == (sign & 0x80))
		length--;
	if (segment_wide_is_zero(amount))
		length = 0;
	if (unlikely(length > MAX_AMOUNT_BYTES))
		refuse_sum();
	appendStringInfoCharMacro(buffer, (char) length);
	for (int i = 0; i < length; i++)
		appendStringInfoCharMacro(buffer, (char) byte_of(amount, i));
}

bytea *
segment_retention_encode(const Retention *retention)
{
	int n = retention->n;
	Size cells = segment_retention_cells(n);
	StringInfoData buffer;

	initStringInfo(&buffer);
	appendStringInfoSpaces(&buffer, VARHDRSZ);
	put_fixed(&buffer, SEGMENT_RETENTION_VERSION, 1);
	put_fixed(&buffer, retention->scale, 1);
	put_fixed(&buffer, (uint32) retention->as_of, 4);
	put_fixed(&buffer, n, 4);
	for (int i = 0; i <= n; i++)
		put_fixed(&buffer, (uint32) retention->boundary[i], 4);
	for (Size i = 0; i < cells; i++)
	{
		const RetentionCell *cell = &retention->cell[i];

		put_count(&buffer, cell->customers);
		put_count(&buffer, cell->orders);
		put_count(&buffer, cell->returns);
		put_amount(&buffer, &cell->net);
		put_amount(&buffer, &cell->returned);
	}
	CHECK_FOR_INTERRUPTS();
	for (Size i = 0; i < segment_triangle_size(n); i++)
		put_count(&buffer, retention->both[i]);
	for (int p = 1; p <= n; p++)
		for (int l = p; l <= n + 1; l++)
			put_count(&buffer, *segment_retention_last(retention, p, l));
	for (int c = 0; c <= n; c++)
		for (int l = c; l <= n + 1; l++)
			put_count(&buffer, *segment_retention_first_last(retention, c, l));
	for (int c = 0; c <= n; c++)
		put_count(&buffer, retention->repeaters[c]);
	SET_VARSIZE(buffer.data, buffer.len);
	return (bytea *) buffer.data;
}

typedef struct Reader
{
	const unsigned char *at;
	const unsigned char *end;
	bool broken;
} Reader;

static uint64
get_fixed(Reader *reader, int width)
{
	uint64 value;

	if (reader->end - reader->at < width)
	{
		reader->broken = true;
		return 0;
	}
	value = segment_wire_get(reader->at, width);
	reader->at += width;
	return value;
}

static int64
get_count(Reader *reader)
{
	uint64 value = 0;

	for (int shift = 0; shift < 63; shift += 7)
	{
		unsigned char byte;

		if (reader->at == reader->end)
			break;
		byte = *reader->at++;
		value |= (uint64) (byte & 0x7F) << shift;
		if (!(byte & 0x80))
		{
			/* the shortest form only, so that equal values have equal bytes */
			if ((byte == 0 && shift > 0) || value > MAX_COUNT)
				break;
			return (int64) value;
		}
	}
	reader->broken = true;
	return 0;
}

/* An amount whose size leaves room for sums of many. */
static SegmentWide
get_amount(Reader *reader)
{
	SegmentWide amount = {{0}};
	int length = (int) get_fixed(reader, 1);
	bool negative;

	if (reader->broken || length == 0)
		return amount;
	if (length > MAX_AMOUNT_BYTES || reader->end - reader->at < length)
	{
		reader->broken = true;
		return amount;
	}
	negative = (reader->at[length - 1] & 0x80) != 0;
	for (int i = 0; i < (int) sizeof(SegmentWide); i++)
	{
		uint64 byte = i < length ? reader->at[i] : negative ? 0xFF : 0;

		amount.limb[i / 8] |= byte << (8 * (i % 8));
	}
	if (segment_wide_is_zero(&amount) || (length > 1 && reader->at[length - 1] == (negative ? 0xFF : 0) &&
										  (reader->at[length - 2] & 0x80) == (negative ? 0x80 : 0)))
		reader->broken = true; /* a shorter form exists */
	reader->at += length;
	return amount;
}

static bool
cell_is_sound(const RetentionCell *cell, bool has_cohort)
{
	SegmentWide zero = {{0}};

	return cell->customers <= cell->orders && (cell->customers > 0) == (cell->orders > 0) &&
		   (has_cohort || cell->orders == 0) && segment_wide_compare(&cell->returned, &zero) <= 0 &&
		   (cell->returns > 0 || segment_wide_is_zero(&cell->returned));
}

/* The counts that say the same in different ways must agree. */
static const char *
counts_fault(const Retention *retention)
{
	int n = retention->n;

	for (int p = 1; p <= n; p++)
	{
		int64 customers = 0;
		int64 by_last = 0;

		for (int c = 0; c <= p; c++)
			customers += segment_retention_cell(retention, c, p)->customers;
		for (int l = p; l <= n + 1; l++)
			by_last += *segment_retention_last(retention, p, l);
		if (customers != segment_retention_active(retention, p) || by_last != customers)
			return "The active customers of a period do not add up.";
		if (segment_retention_cell(retention, p, p)->customers != segment_retention_size(retention, p))
			return "The customers of a cohort do not add up.";
		for (int q = p + 1; q <= n; q++)
			if (retention->both[segment_triangle(n, p, q)] > segment_retention_active(retention, p))
				return "More customers are active in two periods than in one.";
	}
	for (int c = 0; c <= n; c++)
		if (retention->repeaters[c] > segment_retention_size(retention, c))
			return "More customers of a cohort come again than there are.";
	return NULL;
}

Retention *
segment_retention_decode(const unsigned char *bytes, Size size, const char **fault)
{
	Reader reader = {bytes, bytes + size, false};
	int version = (int) get_fixed(&reader, 1);
	int scale = (int) get_fixed(&reader, 1);
	DateADT as_of = (DateADT) get_fixed(&reader, 4);
	uint64 n = get_fixed(&reader, 4);
	DateADT boundary[SEGMENT_RETENTION_MAX_PERIODS + 1];
	Retention *retention;

	*fault = NULL;
	if (reader.broken || version != SEGMENT_RETENTION_VERSION)
		*fault = "The version is unknown.";
	else if (scale > SEGMENT_MAX_DECIMALS || !segment_time_is_finite(as_of, SEGMENT_TIME_DATE))
		*fault = "The decimals or the day are out of range.";
	else if (n < 1 || n > SEGMENT_RETENTION_MAX_PERIODS || size < segment_retention_cells((int) n) * 5)
		*fault = "The number of periods does not fit the length.";
	if (*fault)
		return NULL;
	for (uint64 i = 0; i <= n; i++)
	{
		boundary[i] = (DateADT) get_fixed(&reader, 4);
		if (!segment_time_is_finite(boundary[i], SEGMENT_TIME_DATE) || (i > 0 && boundary[i] <= boundary[i - 1]))
			*fault = "The boundaries of the periods do not ascend.";
	}
	if (*fault)
		return NULL;
	retention = segment_retention_new(boundary, (int) n, as_of, scale);
	for (Size i = 0; i < segment_retention_cells((int) n) && !reader.broken; i++)
	{
		RetentionCell *cell = &retention->cell[i];

		cell->customers = get_count(&reader);
		cell->orders = get_count(&reader);
		cell->returns = get_count(&reader);
		cell->net = get_amount(&reader);
		cell->returned = get_amount(&reader);
		if (!cell_is_sound(cell, i < n || i >= 2 * n))
			*fault = "The counts of a cell do not fit each other.";
	}
	CHECK_FOR_INTERRUPTS();
	for (Size i = 0; i < segment_triangle_size((int) n); i++)
		retention->both[i] = get_count(&reader);
	for (int p = 1; p <= (int) n; p++)
		for (int l = p; l <= (int) n + 1; l++)
			*segment_retention_last(retention, p, l) = get_count(&reader);
	for (int c = 0; c <= (int) n; c++)
		for (int l = c; l <= (int) n + 1; l++)
			*segment_retention_first_last(retention, c, l) = get_count(&reader);
	for (int c = 0; c <= (int) n; c++)
		retention->repeaters[c] = get_count(&reader);
	if (reader.broken)
		*fault = "A number is broken, or too large.";
	else if (reader.at != reader.end)
		*fault = "The value is too long for its number of periods.";
	else if (*fault == NULL)
		*fault = counts_fault(retention);
	return retention;
}
