/*
 * ledger_value.c: the encoding of ledgers: reading, writing, merging. See ledger.h for the format.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "ledger/ledger_writer.h"

void
segment_ledger_open(LedgerReader *reader, const Ledger *ledger)
{
	reader->at = ledger->days;
	reader->end = (const uint8 *) ledger + VARSIZE(ledger);
	reader->day = ledger->first;
	reader->left = ledger->n_days;
	reader->broken = false;
}

/* A number of up to 64 bits. */
static uint64
read_long_number(LedgerReader *reader)
{
	uint64 value = 0;

	for (int shift = 0; shift < 64; shift += 7)
	{
		uint8 byte;

		if (reader->at >= reader->end)
			break;
		byte = *reader->at++;
		if (shift == 63 && byte > 1)
			break;
		value |= (uint64) (byte & 0x7F) << shift;
		if (!(byte & 0x80))
			return value;
	}
	reader->broken = true;
	return 0;
}

/* The same; most have one byte. */
static inline uint64
read_number(LedgerReader *reader)
{
	if (likely(reader->at < reader->end && *reader->at < 0x80))
		return *reader->at++;
	return read_long_number(reader);
}

/* A number of up to 256 bits. */
static void
read_long_wide(LedgerReader *reader, SegmentWide *value)
{
	for (int group = 0; group < LEDGER_MAX_GROUPS; group++)
	{
		int bit = 7 * group;
		uint8 byte;

		if (reader->at >= reader->end)
			break;
		byte = *reader->at++;
		value->limb[bit / 64] |= (uint64) (byte & 0x7F) << (bit % 64);
		if (bit % 64 > 57 && bit / 64 < 3)
			value->limb[bit / 64 + 1] |= (uint64) (byte & 0x7F) >> (64 - bit % 64);
		if (!(byte & 0x80))
			return;
	}
	reader->broken = true;
}

/* The same; nearly all fit 63 bits. */
static inline void
read_wide(LedgerReader *reader, SegmentWide *value)
{
	const uint8 *at = reader->at;
	const uint8 *end = Min(reader->end, at + 9);
	uint64 low = 0;

	memset(value, 0, sizeof(*value));
	for (int shift = 0; at < end; shift += 7)
	{
		uint8 byte = *at++;

		low |= (uint64) (byte & 0x7F) << shift;
		if (byte < 0x80)
		{
			value->limb[0] = low;
			reader->at = at;
			return;
		}
	}
	read_long_wide(reader, value);
}

/* Undoes zigzag: an odd number is the negative -(n + 1) / 2. */
static SegmentWide
unzigzag(SegmentWide value)
{
	bool negative = value.limb[0] & 1;
	SegmentWide one = segment_wide_from_int128(1);

	for (int i = 0; i < 4; i++)
		value.limb[i] = value.limb[i] >> 1 | (i < 3 ? value.limb[i + 1] << 63 : 0);
	if (negative)
	{
		(void) segment_wide_add(&value, &one);
		(void) segment_wide_negate(&value);
	}
	return value;
}

static SegmentWide
zigzag(SegmentWide value)
{
	bool negative = segment_wide_is_negative(&value);
	SegmentWide minus_one = segment_wide_from_int128(-1);

	if (negative)
	{
		(void) segment_wide_negate(&value);
		(void) segment_wide_add(&value, &minus_one);
	}
	for (int i = 3; i >= 0; i--)
		value.limb[i] = value.limb[i] << 1 | (i > 0 ? value.limb[i - 1] >> 63 : (uint64) negative);
	return value;
}

bool
segment_ledger_next(LedgerReader *reader, LedgerDay *day)
{
	uint64 head;
	int64 next;

	if (reader->left <= 0 || reader->broken)
		return false;
	reader->left--;
	head = read_number(reader);
	next = (int64) reader->day + (int64) Min(head >> 1, PG_UINT32_MAX);
	if (next > PG_INT32_MAX)
		reader->broken = true;
	day->day = reader->day = (DateADT) next;
	memset(&day->returned, 0, sizeof(day->returned));
	if (!(head & 1))
	{
		day->dates_order = true;
		day->orders = 1;
		day->returns = 0;
		read_wide(reader, &day->net);
	}
	else
	{
		uint64 orders = read_number(reader);
		uint64 returns = read_number(reader);

		if (returns > PG_INT64_MAX)
			reader->broken = true;
		day->orders = (int64) (orders >> 1);
		day->dates_order = orders & 1;
		day->returns = (int64) (returns & PG_INT64_MAX);
		read_wide(reader, &day->net);
		day->net = unzigzag(day->net);
		read_wide(reader, &day->returned);
		(void) segment_wide_negate(&day->returned);
	}
	return !reader->broken;
}

/* What most days take. */
#define USUAL_DAY_BYTES 6

/* Give back unused memory beyond this size. */
#define SPARE_BYTES 1024

static uint8 *
write_wide(uint8 *at, SegmentWide value)
{
	while (value.limb[1] != 0 || value.limb[2] != 0 || value.limb[3] != 0)
	{
		*at++ = (uint8) (value.limb[0] | 0x80);
		for (int i = 0; i < 4; i++)
			value.limb[i] = value.limb[i] >> 7 | (i < 3 ? value.limb[i + 1] << 57 : 0);
	}
	return ledger_write_number(at, value.limb[0]);
}

void
segment_ledger_start(LedgerWriter *writer, int scale, int64 expected)
{
	Size size = offsetof(Ledger, days) + (Size) Max(0, Min(expected, 1024)) * USUAL_DAY_BYTES + LEDGER_DAY_BYTES;

	writer->ledger = palloc(size);
	writer->at = writer->ledger->days;
	writer->end = (uint8 *) writer->ledger + size;
	writer->scale = scale;
	writer->n_days = 0;
	writer->first = writer->previous = 0;
}

void
segment_ledger_grow(LedgerWriter *writer)
{
	Size used = writer->at - (uint8 *) writer->ledger;
	Size size = 2 * (used + LEDGER_DAY_BYTES);

	writer->ledger = repalloc(writer->ledger, size);
	writer->at = (uint8 *) writer->ledger + used;
	writer->end = (uint8 *) writer->ledger + size;
}

/* True if a value fits 64 bits. */
static inline bool
to_int64(const SegmentWide *value, int64 *narrow)
{
	uint64 sign = (uint64) ((int64) value->limb[0] >> 63);

	*narrow = (int64) value->limb[0];
	return value->limb[1] == sign && value->limb[2] == sign && value->limb[3] == sign;
}

void
segment_ledger_put(LedgerWriter *writer, const LedgerDay *day)
{
	int64 net;
	int64 returned;

	if (to_int64(&day->net, &net) && to_int64(&day->returned, &returned))
		ledger_put_narrow(writer, day->day, day->dates_order, day->orders, day->returns, net, returned);
	else if (day->dates_order && day->orders == 1 && day->returns == 0 && segment_wide_is_zero(&day->returned) &&
			 !segment_wide_is_negative(&day->net))
	{
		ledger_put_gap(writer, day->day, true);
		writer->at = write_wide(writer->at, day->net);
	}
	else
	{
		SegmentWide amount_returned = day->returned;

		(void) segment_wide_negate(&amount_returned);
		ledger_put_gap(writer, day->day, false);
		writer->at = ledger_write_number(writer->at, (uint64) day->orders << 1 | (day->dates_order ? 1 : 0));
		writer->at = ledger_write_number(writer->at, (uint64) day->returns);
		writer->at = write_wide(writer->at, zigzag(day->net));
		writer->at = write_wide(writer->at, amount_returned);
	}
}

Ledger *
segment_ledger_finish(LedgerWriter *writer)
{
	Ledger *ledger = writer->ledger;
	Size size = writer->at - (uint8 *) ledger;

	if (writer->n_days == 0)
	{
		pfree(ledger);
		return NULL;
	}
	if (writer->end - writer->at > SPARE_BYTES)
		ledger = repalloc(ledger, size);
	SET_VARSIZE(ledger, size);
	ledger->version = SEGMENT_LEDGER_VERSION;
	ledger->scale = (uint8) writer->scale;
	ledger->reserved = 0;
	ledger->n_days = writer->n_days;
	ledger->first = writer->first;
	return ledger;
}

/* Only crafted or endlessly merged values get here: each row's amount is bounded. */
static void
refuse_day(void)
{
	ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("a day of a ledger is out of range"),
					errdetail("Amounts of a day must stay within +/-10^50, counts below 2^62."),
					errhint("Check the ledgers that are merged.")));
}

void
segment_ledger_add_day(LedgerDay *day, const LedgerDay *other)
{
	day->dates_order |= other->dates_order;
	if (day->orders > PG_INT64_MAX / 2 - other->orders || day->returns > PG_INT64_MAX / 2 - other->returns ||
		!segment_wide_add(&day->net, &other->net) || !segment_wide_add(&day->returned, &other->returned))
		refuse_day();
	day->orders += other->orders;
	day->returns += other->returns;
}

static void
raise_scale(LedgerDay *day, int decimals)
{
	if (!segment_wide_scale_up(&day->net, decimals) || !segment_wide_scale_up(&day->returned, decimals))
		refuse_day();
}

Ledger *
segment_ledger_copy(const Ledger *ledger)
{
	Ledger *copy = palloc(VARSIZE(ledger));

	memcpy(copy, ledger, VARSIZE(ledger));
	return copy;
}

Ledger *
segment_ledger_merge(const Ledger *a, const Ledger *b)
{
	int scale = Max(a->scale, b->scale);
	LedgerReader reader_a;
	LedgerReader reader_b;
	LedgerDay day_a;
	LedgerDay day_b;
	bool has_a;
	bool has_b;
	LedgerWriter writer;

	segment_ledger_open(&reader_a, a);
	segment_ledger_open(&reader_b, b);
	has_a = segment_ledger_next(&reader_a, &day_a);
	has_b = segment_ledger_next(&reader_b, &day_b);
	segment_ledger_start(&writer, scale, (int64) a->n_days + b->n_days);
	while (has_a || has_b)
	{
		bool take_a = has_a && (!has_b || day_a.day <= day_b.day);
		bool take_b = has_b && (!has_a || day_b.day <= day_a.day);

		if ((writer.n_days & LEDGER_INTERRUPT_MASK) == LEDGER_INTERRUPT_MASK)
			CHECK_FOR_INTERRUPTS();
		if (take_a)
			raise_scale(&day_a, scale - a->scale);
		if (take_b)
			raise_scale(&day_b, scale - b->scale);
		if (take_a && take_b)
			segment_ledger_add_day(&day_a, &day_b);
		segment_ledger_put(&writer, take_a ? &day_a : &day_b);
		if (take_a)
			has_a = segment_ledger_next(&reader_a, &day_a);
		if (take_b)
			has_b = segment_ledger_next(&reader_b, &day_b);
	}
	return segment_ledger_finish(&writer);
}
