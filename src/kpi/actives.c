/*
 * actives.c: active customers by day: collecting, merging, as bytes.
 */
#include "postgres.h"

#include "core/compat.h"

#include "core/day.h"
#include "kpi/actives.h"
#include "core/stored.h"

Actives *
segment_actives_new(DateADT from, int n, int window)
{
	Actives *actives = palloc0(sizeof(Actives));

	actives->from = from;
	actives->n = n;
	actives->window = window;
	actives->active = palloc0(sizeof(int64) * (n + window - 1));
	actives->reached = palloc0(sizeof(int64) * (n + 1));
	return actives;
}

void
segment_actives_add_customer(Actives *actives, const Ledger *ledger)
{
	LedgerReader reader;
	LedgerDay day;
	int64 reached = 0; /* the day up to which the window of an earlier one reaches, counted from from */

	segment_ledger_open(&reader, ledger);
	while (segment_ledger_next(&reader, &day))
	{
		int64 at = (int64) day.day - actives->from;
		int64 end = Min(at + actives->window, actives->n);

		if (at >= actives->n)
			break;
		if (day.orders == 0 || at <= -actives->window)
			continue;
		actives->active[at + actives->window - 1]++;
		if (end <= reached)
			continue;
		actives->reached[Max(at, reached)]++;
		actives->reached[end]--;
		reached = end;
	}
}

void
segment_actives_merge(Actives *actives, const Actives *other)
{
	if (actives->from != other->from || actives->n != other->n || actives->window != other->window)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("actives of different days or windows"),
						errdetail("They are of %d and %d days, with windows of %d and %d.", actives->n, other->n,
								  actives->window, other->window),
						errhint("Merge only what was collected over the same days with the same window.")));
	for (int i = 0; i < actives->n + actives->window - 1; i++)
		actives->active[i] += other->active[i];
	for (int i = 0; i <= actives->n; i++)
		actives->reached[i] += other->reached[i];
}

static void
put_count(StringInfo buffer, int64 count)
{
	if (!segment_stored_put_count(buffer, count))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("sum of actives is out of range"),
						errdetail("A count exceeds " INT64_FORMAT ".", SEGMENT_STORED_MAX_COUNT),
						errhint("Check the values that are merged.")));
}

bytea *
segment_actives_encode(const Actives *actives)
{
	StringInfoData buffer;
	int64 reached = 0;

	segment_stored_start(&buffer);
	segment_stored_put_fixed(&buffer, SEGMENT_ACTIVES_VERSION, 1);
	segment_stored_put_fixed(&buffer, (uint32) actives->from, 4);
	segment_stored_put_fixed(&buffer, actives->n, 4);
	segment_stored_put_fixed(&buffer, actives->window, 4);
	for (int i = 0; i < actives->n + actives->window - 1; i++)
		put_count(&buffer, actives->active[i]);
	for (int i = 0; i < actives->n; i++)
	{
		reached += actives->reached[i];
		put_count(&buffer, reached);
	}
	return segment_stored_finish(&buffer);
}

/* Nobody enters or leaves the window who was not active on the day that does, and each was active in it. */
static bool
counts_fit(const Actives *actives)
{
	const int64 *active = actives->active;
	int64 sum = 0;
	int64 reached = 0;

	for (int i = 0; i < actives->window - 1; i++)
		sum += active[i];
	for (int i = 0; i < actives->n; i++)
	{
		int64 today = active[i + actives->window - 1];

		sum += today;
		if (i > 0)
		{
			sum -= active[i - 1];
			if (actives->reached[i] > today || actives->reached[i] < -active[i - 1])
				return false;
		}
		reached += actives->reached[i];
		if (reached < today || reached > sum || (reached == 0) != (sum == 0))
			return false;
	}
	return true;
}

Actives *
segment_actives_decode(SegmentCursor cursor, const char **fault)
{
	SegmentStoredReader reader = {cursor, NULL};
	int version = (int) segment_take(&reader.cursor, 1);
	DateADT from = (DateADT) segment_take(&reader.cursor, 4);
	uint64 n = segment_take(&reader.cursor, 4);
	uint64 window = segment_take(&reader.cursor, 4);
	Actives *actives;
	int64 reached = 0;

	*fault = NULL;
	if (reader.cursor.is_short || version != SEGMENT_ACTIVES_VERSION)
		*fault = "The version is unknown.";
	else if (n < 1 || n > SEGMENT_ACTIVES_MAX_DAYS || window < 1 || window > SEGMENT_ACTIVES_MAX_WINDOW ||
			 !segment_time_is_finite(from, SEGMENT_TIME_DATE) ||
			 !segment_time_is_finite((int64) from + (int64) n, SEGMENT_TIME_DATE) ||
			 segment_cursor_left(&reader.cursor) < 2 * n + window - 1)
		*fault = "The days or the window are out of range.";
	if (*fault)
		return NULL;
	actives = segment_actives_new(from, (int) n, (int) window);
	for (uint64 i = 0; i < n + window - 1; i++)
		actives->active[i] = segment_stored_get_count(&reader);
	for (uint64 i = 0; i < n; i++)
	{
		int64 count = segment_stored_get_count(&reader);

		actives->reached[i] = count - reached;
		reached = count;
	}
	actives->reached[n] = -reached;
	if (reader.cursor.is_short)
		*fault = "A number is broken, or too large.";
	else if (segment_cursor_left(&reader.cursor) > 0)
		*fault = "The value is too long for its number of days.";
	else if (!counts_fit(actives))
		*fault = "The active customers of a day and of its window do not fit each other.";
	return actives;
}
