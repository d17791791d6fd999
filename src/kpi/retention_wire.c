/*
 * retention_wire.c: retention as a byte string: stored, sent and handed from process to process alike.
 *
 *   version, scale, 1 with costs (1 byte each); as_of, number of periods n (4 bytes each); n + 1 boundaries (4 bytes each)
 *   then numbers: of each cell, then of each by own age, its customers, orders, returns, net, returned; with costs of each,
 *   likewise, missing, earned, cost; gap, cohort_gap, own_gap; before; periods_active; by_age and repeaters
 *
 * Of gaps and ages, where most are 0, a count goes before each that is not: how many zeros are skipped; the zeros at the
 * end are one more. An age is two counts; the number of ages goes before them.
 *
 * Counts are those of stored.h. An amount is a byte with its length, and as many bytes of two's complement, least
 * significant first; as few as hold it.
 */
#include "postgres.h"

#include "core/compat.h"

#include "miscadmin.h"

#include "core/day.h"
#include "core/decimal.h"
#include "kpi/retention_state.h"
#include "core/stored.h"

/* What is written can be read: sums beyond the limits, which only made-up values have, make no value. */
static void
put_count(StringInfo buffer, int64 count)
{
	if (!segment_stored_put_count(buffer, count))
		segment_retention_refuse_sum();
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
	if (unlikely(length > SEGMENT_RETENTION_MAX_AMOUNT_BYTES))
		segment_retention_refuse_sum();
	appendStringInfoCharMacro(buffer, (char) length);
	for (int i = 0; i < length; i++)
		appendStringInfoCharMacro(buffer, (char) byte_of(amount, i));
}

static void
put_cells(StringInfo buffer, const RetentionCell *cell, Size n)
{
	for (Size i = 0; i < n; i++)
	{
		put_count(buffer, cell[i].customers);
		put_count(buffer, cell[i].orders);
		put_count(buffer, cell[i].returns);
		put_amount(buffer, &cell[i].net);
		put_amount(buffer, &cell[i].returned);
	}
	CHECK_FOR_INTERRUPTS();
}

static void
put_margins(StringInfo buffer, const RetentionMargin *margin, Size n)
{
	for (Size i = 0; i < n; i++)
	{
		put_count(buffer, margin[i].missing);
		put_amount(buffer, &margin[i].earned);
		put_amount(buffer, &margin[i].cost);
	}
	CHECK_FOR_INTERRUPTS();
}

static void
put_gaps(StringInfo buffer, const uint32 *gap, Size n)
{
	int64 zeros = 0;

	for (Size i = 0; i < n; i++)
	{
		if (gap[i] == 0)
		{
			zeros++;
			continue;
		}
		put_count(buffer, zeros);
		put_count(buffer, gap[i]);
		zeros = 0;
	}
	if (zeros > 0)
		put_count(buffer, zeros);
	CHECK_FOR_INTERRUPTS();
}

/* As long as the last age that somebody has. */
static void
put_ages(StringInfo buffer, const Retention *retention)
{
	int n = retention->n_ages;
	int64 zeros = 0;

	while (n > 0 && retention->by_age[n - 1] == 0)
		n--;
	put_count(buffer, n);
	for (int i = 0; i < n; i++)
	{
		if (retention->by_age[i] == 0)
		{
			zeros++;
			continue;
		}
		put_count(buffer, zeros);
		put_count(buffer, retention->by_age[i]);
		put_count(buffer, retention->repeaters[i]);
		zeros = 0;
	}
}

/* No more customers than the gaps can count. */
static bool
too_many_customers(const Retention *retention)
{
	int64 customers = 0;

	for (int i = 0; i <= retention->n; i++)
		customers += retention->periods_active[i];
	return customers > PG_UINT32_MAX;
}

bytea *
segment_retention_encode(const Retention *retention)
{
	int n = retention->n;
	Size gaps = segment_retention_all_gaps(retention);
	StringInfoData buffer;

	if (too_many_customers(retention))
		segment_retention_refuse_sum();
	segment_stored_start(&buffer);
	segment_stored_put_fixed(&buffer, SEGMENT_RETENTION_VERSION, 1);
	segment_stored_put_fixed(&buffer, retention->scale, 1);
	segment_stored_put_fixed(&buffer, retention->has_costs, 1);
	segment_stored_put_fixed(&buffer, (uint32) retention->as_of, 4);
	segment_stored_put_fixed(&buffer, n, 4);
	for (int i = 0; i <= n; i++)
		segment_stored_put_fixed(&buffer, (uint32) retention->boundary[i], 4);
	put_cells(&buffer, retention->cell, segment_retention_cells(n));
	put_cells(&buffer, retention->own, segment_triangle_size(n));
	if (retention->has_costs)
	{
		put_margins(&buffer, retention->margin, segment_retention_cells(n));
		put_margins(&buffer, retention->own_margin, segment_triangle_size(n));
	}
	put_gaps(&buffer, retention->gap, gaps);
	put_gaps(&buffer, retention->cohort_gap, gaps);
	put_gaps(&buffer, retention->own_gap, gaps);
	put_count(&buffer, retention->before);
	for (int i = 0; i <= n; i++)
		put_count(&buffer, retention->periods_active[i]);
	put_ages(&buffer, retention);
	return segment_stored_finish(&buffer);
}

/* An amount whose size leaves room for sums of many. */
static SegmentWide
get_amount(SegmentStoredReader *reader)
{
	SegmentWide amount = {{0}};
	int length = (int) segment_take(&reader->cursor, 1);
	const unsigned char *bytes = segment_take_bytes(&reader->cursor, (Size) length);
	bool negative;

	reader->cursor.is_short |= length > SEGMENT_RETENTION_MAX_AMOUNT_BYTES;
	if (reader->cursor.is_short || length == 0)
		return amount;
	negative = (bytes[length - 1] & 0x80) != 0;
	for (int i = 0; i < (int) sizeof(SegmentWide); i++)
	{
		uint64 byte = i < length ? bytes[i] : negative ? 0xFF : 0;

		amount.limb[i / 8] |= byte << (8 * (i % 8));
	}
	if (segment_wide_is_zero(&amount) || (length > 1 && bytes[length - 1] == (negative ? 0xFF : 0) &&
										  (bytes[length - 2] & 0x80) == (negative ? 0x80 : 0)))
		reader->cursor.is_short = true; /* a shorter form exists */
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

/* No orders in the cells from without_cohort on, as many as there are periods. */
static void
get_cells(SegmentStoredReader *reader, RetentionCell *cell, Size n, Size without_cohort, Size periods)
{
	for (Size i = 0; i < n && !reader->cursor.is_short; i++)
	{
		cell[i].customers = segment_stored_get_count(reader);
		cell[i].orders = segment_stored_get_count(reader);
		cell[i].returns = segment_stored_get_count(reader);
		cell[i].net = get_amount(reader);
		cell[i].returned = get_amount(reader);
		if (!cell_is_sound(&cell[i], i < without_cohort || i >= without_cohort + periods))
			reader->fault = "The counts of a cell do not fit each other.";
	}
	CHECK_FOR_INTERRUPTS();
}

static void
get_margins(SegmentStoredReader *reader, RetentionMargin *margin, Size n)
{
	for (Size i = 0; i < n && !reader->cursor.is_short; i++)
	{
		margin[i].missing = segment_stored_get_count(reader);
		margin[i].earned = get_amount(reader);
		margin[i].cost = get_amount(reader);
	}
	CHECK_FOR_INTERRUPTS();
}

/* How many zeros are skipped, of so many that are left. */
static Size
get_zeros(SegmentStoredReader *reader, Size left)
{
	uint64 zeros = (uint64) segment_stored_get_count(reader);

	if (zeros <= left)
		return (Size) zeros;
	reader->cursor.is_short = true;
	return 0;
}

static void
get_gaps(SegmentStoredReader *reader, uint32 *gap, Size n)
{
	for (Size i = 0; i < n && !reader->cursor.is_short; i++)
	{
		int64 count;

		i += get_zeros(reader, n - i);
		if (i == n || reader->cursor.is_short)
			break;
		count = segment_stored_get_count(reader);
		if (count < 1 || count > PG_UINT32_MAX)
			reader->cursor.is_short = true;
		gap[i] = (uint32) count;
	}
	CHECK_FOR_INTERRUPTS();
}

static void
get_ages(SegmentStoredReader *reader, Retention *retention)
{
	int64 n = segment_stored_get_count(reader);

	if (reader->cursor.is_short || n == 0)
		return;
	if (n > SEGMENT_RETENTION_MAX_AGE + 1)
	{
		reader->cursor.is_short = true;
		return;
	}
	segment_retention_grow_ages(retention, (int) n - 1);
	for (Size i = 0; i < (Size) n && !reader->cursor.is_short; i++)
	{
		/* the last one is none of them */
		i += get_zeros(reader, (Size) n - 1 - i);
		retention->by_age[i] = segment_stored_get_count(reader);
		retention->repeaters[i] = segment_stored_get_count(reader);
		if (retention->by_age[i] == 0 || retention->repeaters[i] > retention->by_age[i])
			reader->fault = "More customers come again than there are.";
	}
}

/* True if the gaps of a row count as many customers as there are, and no more of those who never come again. */
static bool
gaps_are_sound(const Retention *retention, const uint32 *gaps, int p, int64 customers)
{
	int64 never = 0;

	for (int a = p; a <= retention->n; a++)
	{
		int64 count = segment_retention_count(retention, gaps, p, a);

		never += gaps[segment_retention_gap_at(retention, p, a)];
		if (count > customers || (a == p && count < customers))
			return false;
	}
	return never <= customers;
}

/* The counts that say the same in different ways must agree. */
static const char *
counts_fault(const Retention *retention)
{
	int n = retention->n;
	int64 customers = retention->before;
	int64 by_periods = 0;
	int64 by_age = 0;

	for (int p = 1; p <= n; p++)
	{
		int64 size = segment_retention_cell(retention, p, p)->customers;
		int64 active = 0;

		for (int c = 0; c <= p; c++)
			active += segment_retention_cell(retention, c, p)->customers;
		if (!gaps_are_sound(retention, retention->gap, p, active) ||
			!gaps_are_sound(retention, retention->cohort_gap, p, size) ||
			!gaps_are_sound(retention, retention->own_gap, p, size))
			return "The customers of a period do not add up.";
		for (int q = p; q <= n; q++)
			if (segment_retention_cell(retention, p, q)->customers !=
					segment_retention_count(retention, retention->cohort_gap, p, q) ||
				retention->own[segment_triangle(n, p, q)].customers !=
					segment_retention_count(retention, retention->own_gap, p, q))
				return "The customers of a cohort do not add up.";
		customers += size;
	}
	for (int i = 0; i <= n; i++)
		by_periods += retention->periods_active[i];
	for (int i = 0; i < retention->n_ages; i++)
		by_age += retention->by_age[i];
	if (customers != by_periods || customers != by_age || customers > PG_UINT32_MAX)
		return "The customers do not add up.";
	return NULL;
}

Retention *
segment_retention_decode(SegmentCursor cursor, const char **fault)
{
	SegmentStoredReader reader = {cursor, NULL};
	int version = (int) segment_take(&reader.cursor, 1);
	int scale = (int) segment_take(&reader.cursor, 1);
	int has_costs = (int) segment_take(&reader.cursor, 1);
	DateADT as_of = (DateADT) segment_take(&reader.cursor, 4);
	uint64 n = segment_take(&reader.cursor, 4);
	DateADT boundary[SEGMENT_RETENTION_MAX_PERIODS + 1];
	Retention *retention;
	Size gaps;

	*fault = NULL;
	if (reader.cursor.is_short || version != SEGMENT_RETENTION_VERSION || has_costs > 1)
		*fault = "The version is unknown.";
	else if (scale > SEGMENT_MAX_DECIMALS || !segment_time_is_finite(as_of, SEGMENT_TIME_DATE))
		*fault = "The decimals or the day are out of range.";
	else if (n < 1 || n > SEGMENT_RETENTION_MAX_PERIODS ||
			 segment_cursor_left(&reader.cursor) <
				 (segment_retention_cells((int) n) + segment_triangle_size((int) n)) * 5)
		*fault = "The number of periods does not fit the length.";
	if (*fault)
		return NULL;
	for (uint64 i = 0; i <= n; i++)
	{
		boundary[i] = (DateADT) segment_take(&reader.cursor, 4);
		if (!segment_time_is_finite(boundary[i], SEGMENT_TIME_DATE) || (i > 0 && boundary[i] <= boundary[i - 1]))
			*fault = "The boundaries of the periods do not ascend.";
	}
	if (*fault)
		return NULL;
	retention = segment_retention_new(boundary, (int) n, as_of, scale, has_costs);
	gaps = segment_retention_all_gaps(retention);
	get_cells(&reader, retention->cell, segment_retention_cells((int) n), n, n);
	get_cells(&reader, retention->own, segment_triangle_size((int) n), 0, 0);
	if (has_costs)
	{
		get_margins(&reader, retention->margin, segment_retention_cells((int) n));
		get_margins(&reader, retention->own_margin, segment_triangle_size((int) n));
	}
	get_gaps(&reader, retention->gap, gaps);
	get_gaps(&reader, retention->cohort_gap, gaps);
	get_gaps(&reader, retention->own_gap, gaps);
	retention->before = segment_stored_get_count(&reader);
	for (uint64 i = 0; i <= n; i++)
		retention->periods_active[i] = segment_stored_get_count(&reader);
	get_ages(&reader, retention);
	if (reader.cursor.is_short)
		*fault = "A number is broken, or too large.";
	else if (segment_cursor_left(&reader.cursor) > 0)
		*fault = "The value is too long for its number of periods.";
	else
		*fault = reader.fault ? reader.fault : counts_fault(retention);
	return retention;
}
