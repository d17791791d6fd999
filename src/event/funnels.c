/*
 * funnels.c: how far many persons got: collecting, merging, as bytes.
 *
 * The byte string: version, flags, steps (1 byte each), within (8), persons outside and records (numbers), then the
 * records in order: for the first its time of entry (8), for others how much later it is than the one before (a number);
 * how many steps were reached (1 byte), and for each behind the first how long after the one before it (a number). A
 * number is seven bits a byte, least significant first, with the high bit set on all but the last.
 */
#include "postgres.h"

#include "core/compat.h"

#include "common/int.h"
#include "miscadmin.h"

#include "core/memory.h"
#include "core/option.h"
#include "core/stored.h"
#include "event/event.h"
#include "event/rows.h"

#define FLAG_KIND 3
#define FLAG_LATER 4
#define FLAG_ANY_ORDER 8

#define FIRST_SIZE 16

/* The shortest record: a number and the steps that were reached. */
#define SHORTEST_RECORD 2

Funnels *
segment_funnels_new(const FunnelRule *rule)
{
	Funnels *funnels = palloc0(sizeof(Funnels));

	funnels->rule = *rule;
	funnels->is_sorted = true;
	return funnels;
}

static void
check_rule(const FunnelRule *rule, const FunnelRule *other)
{
	const char *what = rule->steps != other->steps			 ? "numbers of steps"
					   : rule->within != other->within		 ? "windows"
					   : rule->is_later != other->is_later	 ? "rules for ties"
					   : rule->any_order != other->any_order ? "orders of steps"
					   : rule->kind != other->kind			 ? "kinds of time"
															 : NULL;

	if (what)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("funnels of different rules"),
						errdetail("They have different %s.", what),
						errhint("Put together only what one call of funnel_agg made, or add it to GROUP BY.")));
}

/* Room for one more record, whose place is returned. */
static int64 *
new_record(Funnels *funnels, MemoryContext context)
{
	int width = FUNNELS_WIDTH(funnels);

	if (funnels->n == funnels->size)
	{
		funnels->size = Max(funnels->size * 2, FIRST_SIZE);
		if (funnels->records == NULL)
			funnels->records = MemoryContextAllocHuge(context, mul_size(funnels->size, sizeof(int64) * width));
		else
			funnels->records = repalloc_huge(funnels->records, mul_size(funnels->size, sizeof(int64) * width));
	}
	funnels->is_sorted = false;
	return funnels->records + funnels->n++ * width;
}

void
segment_funnels_add(Funnels *funnels, const Funnel *funnel, MemoryContext context)
{
	const SegmentFunnel *result = &funnel->result;
	int64 *record;

	check_rule(&funnels->rule, &funnel->rule);
	if (result->reached == 0)
	{
		funnels->outside++;
		return;
	}
	record = new_record(funnels, context);
	record[0] = result->entered;
	for (int i = 0; i < funnel->rule.steps; i++)
		record[i + 1] = i < result->reached ? (int64) segment_time_between(result->time[0], result->time[i]) : -1;
}

void
segment_funnels_merge(Funnels *funnels, const Funnels *other, MemoryContext context)
{
	Size size = sizeof(int64) * FUNNELS_WIDTH(funnels);

	check_rule(&funnels->rule, &other->rule);
	funnels->outside += other->outside;
	for (int64 i = 0; i < other->n; i++)
	{
		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		memcpy(new_record(funnels, context), other->records + i * FUNNELS_WIDTH(other), size);
	}
}

static int
compare_records(const void *a, const void *b, void *width)
{
	const int64 *left = (const int64 *) a;
	const int64 *right = (const int64 *) b;

	for (int i = 0; i < *(const int *) width; i++)
		if (left[i] != right[i])
			return left[i] < right[i] ? -1 : 1;
	return 0;
}

bytea *
segment_funnels_encode(Funnels *funnels)
{
	const FunnelRule *rule = &funnels->rule;
	int width = FUNNELS_WIDTH(funnels);
	StringInfoData buffer;

	if (!funnels->is_sorted)
		qsort_arg(funnels->records, (size_t) funnels->n, sizeof(int64) * width, compare_records, &width);
	funnels->is_sorted = true;
	segment_stored_start(&buffer);
	segment_stored_put_fixed(&buffer, SEGMENT_FUNNELS_VERSION, 1);
	segment_stored_put_fixed(
		&buffer, rule->kind | (rule->is_later ? FLAG_LATER : 0) | (rule->any_order ? FLAG_ANY_ORDER : 0), 1);
	segment_stored_put_fixed(&buffer, rule->steps, 1);
	segment_stored_put_fixed(&buffer, (uint64) rule->within, 8);
	segment_stored_put_number(&buffer, (uint64) funnels->outside);
	segment_stored_put_number(&buffer, (uint64) funnels->n);
	for (int64 i = 0; i < funnels->n; i++)
	{
		const int64 *record = funnels->records + i * width;
		int reached = 1;

		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		segment_check_value_size("funnels", (Size) buffer.len, "GROUP BY fewer people.");
		while (reached < rule->steps && record[reached + 1] >= 0)
			reached++;
		if (i == 0)
			segment_stored_put_fixed(&buffer, (uint64) record[0], 8);
		else
			segment_stored_put_number(&buffer, segment_time_between(record[-width], record[0]));
		segment_stored_put_fixed(&buffer, reached, 1);
		for (int step = 1; step < reached; step++)
			segment_stored_put_number(&buffer, (uint64) (record[step + 1] - record[step]));
	}
	return segment_stored_finish(&buffer);
}

/* Reads record i behind the one before; what is wrong with it. */
static const char *
take_record(SegmentStoredReader *reader, Funnels *funnels, int64 i)
{
	const FunnelRule *rule = &funnels->rule;
	int width = FUNNELS_WIDTH(funnels);
	int64 *record = funnels->records + i * width;
	int reached;

	if (i == 0)
		record[0] = (int64) segment_take(&reader->cursor, 8);
	else if (pg_add_s64_overflow(record[-width], segment_stored_get_number(reader), &record[0]))
		return "A time is out of range.";
	if (!segment_event_time_is_sound(record[0], (SegmentTimeKind) rule->kind))
		return "A time is out of range.";
	reached = (int) segment_take(&reader->cursor, 1);
	if (reached < 1 || reached > rule->steps)
		return "More steps were reached than there are.";
	record[1] = 0;
	for (int step = 1; step < rule->steps; step++)
	{
		int64 since = step < reached ? segment_stored_get_number(reader) : 0;

		record[step + 1] = -1;
		if (step >= reached)
			continue;
		if (pg_add_s64_overflow(record[step], since, &record[step + 1]) || record[step + 1] > rule->within ||
			(since == 0 && rule->is_later && !rule->any_order))
			return "The steps take longer than they may, or no time.";
	}
	if (i > 0 && compare_records(record - width, record, &width) > 0)
		return "Records must ascend.";
	return NULL;
}

Funnels *
segment_funnels_decode(SegmentCursor cursor, const char **fault)
{
	SegmentStoredReader reader = {cursor, NULL};
	FunnelRule rule = {0};
	int version = (int) segment_take(&reader.cursor, 1);
	int flags = (int) segment_take(&reader.cursor, 1);
	int64 outside;
	int64 n;
	Funnels *funnels;

	rule.kind = (uint8) (flags & FLAG_KIND);
	rule.is_later = (flags & FLAG_LATER) != 0;
	rule.any_order = (flags & FLAG_ANY_ORDER) != 0;
	rule.steps = (uint8) segment_take(&reader.cursor, 1);
	rule.within = (int64) segment_take(&reader.cursor, 8);
	outside = segment_stored_get_number(&reader);
	n = segment_stored_get_number(&reader);
	*fault = NULL;
	if (reader.cursor.is_short || version != SEGMENT_FUNNELS_VERSION)
		*fault = "The version is unknown.";
	else if (rule.kind == 0 || flags > (FLAG_KIND | FLAG_LATER | FLAG_ANY_ORDER) || rule.steps < 1 ||
			 rule.steps > SEGMENT_MAX_STEPS || rule.within < 0)
		*fault = "The rule is out of range.";
	else if ((uint64) n > segment_cursor_left(&reader.cursor) / SHORTEST_RECORD || outside > SEGMENT_STORED_MAX_COUNT)
		*fault = "A number of persons is out of range.";
	if (*fault)
		return NULL;
	funnels = segment_funnels_new(&rule);
	funnels->outside = outside;
	funnels->n = funnels->size = n;
	if (n > 0)
		funnels->records =
			MemoryContextAllocHuge(CurrentMemoryContext, mul_size(n, sizeof(int64) * FUNNELS_WIDTH(funnels)));
	for (int64 i = 0; i < n && *fault == NULL; i++)
	{
		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		*fault = take_record(&reader, funnels, i);
	}
	if (*fault == NULL)
		*fault = segment_cursor_fault(&reader.cursor);
	return *fault ? NULL : funnels;
}
