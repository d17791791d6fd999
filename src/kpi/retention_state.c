/*
 * retention_state.c: retention in memory: adding customers and merging parts.
 */
#include "postgres.h"

#include "core/compat.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "core/day.h"
#include "core/decimal.h"
#include "kpi/retention.h"

static void *
allocate(Size count, Size size)
{
	return MemoryContextAllocExtended(CurrentMemoryContext, mul_size(count, size), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

Retention *
segment_retention_new(const DateADT *boundary, int n, DateADT as_of, int scale)
{
	Retention *retention = palloc0(sizeof(Retention));

	if (n > SEGMENT_RETENTION_MAX_PERIODS)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many periods for retention"),
						errdetail("There are %d; at most %d are accepted, because each is compared with each.", n,
								  SEGMENT_RETENTION_MAX_PERIODS),
						errhint("Take longer periods, or a shorter time.")));
	segment_check_as_of(as_of);
	retention->n = n;
	retention->scale = scale;
	retention->as_of = as_of;
	retention->boundary = segment_palloc_array(DateADT, n + 1);
	memcpy(retention->boundary, boundary, sizeof(DateADT) * (n + 1));
	retention->cell = allocate(segment_retention_cells(n), sizeof(RetentionCell));
	retention->both = allocate(segment_triangle_size(n), sizeof(int64));
	retention->last = allocate((Size) n * ((Size) n + 1), sizeof(int64));
	retention->first_last = allocate(((Size) n + 1) * ((Size) n + 2), sizeof(int64));
	retention->repeaters = allocate((Size) n + 1, sizeof(int64));
	return retention;
}

pg_noreturn static void
refuse_amount(void)
{
	ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("amount of a period is out of range"),
					errdetail("The sum of its orders leaves the range of 256-bit integers."),
					errhint("Pass the amounts in a larger unit.")));
}

static void
add_wide(SegmentWide *sum, const SegmentWide *term)
{
	if (!segment_wide_add(sum, term))
		refuse_amount();
}

/* Goes on with more decimals. */
static void
rescale(Retention *retention, int scale)
{
	Size cells = segment_retention_cells(retention->n);

	for (Size i = 0; i < cells; i++)
		if (!segment_wide_scale_up(&retention->cell[i].net, scale - retention->scale) ||
			!segment_wide_scale_up(&retention->cell[i].returned, scale - retention->scale))
			refuse_amount();
	retention->scale = scale;
}

/* Adds the calendar's part in one period to the cell that it belongs to. */
static void
add_period(Retention *retention, int cohort, int period, const RetentionCell *part)
{
	RetentionCell *cell = segment_retention_cell(retention, cohort, period);

	cell->customers += part->orders > 0;
	cell->orders += part->orders;
	cell->returns += part->returns;
	add_wide(&cell->net, &part->net);
	add_wide(&cell->returned, &part->returned);
}

/* Counts the pairs of active periods, in ascending order, and the last of them. */
static void
count_pairs(Retention *retention, const uint16 *active, int n_active, int last)
{
	for (int i = 0; i < n_active; i++)
	{
		int64 *row = &retention->both[segment_triangle(retention->n, active[i], active[i])];

		for (int j = i; j < n_active; j++)
			row[active[j] - active[i]]++;
		(*segment_retention_last(retention, active[i], last))++;
	}
}

void
segment_retention_add_customer(Retention *retention, const Ledger *ledger)
{
	int n = retention->n;
	uint16 active[SEGMENT_RETENTION_MAX_PERIODS];
	int n_active = 0;
	LedgerReader reader;
	LedgerDay day;
	RetentionCell part;
	int cohort = SEGMENT_RETENTION_NO_COHORT;
	int period = 0;
	int last = 0;
	int64 orders = 0;
	bool touched = false;

	if (ledger->scale > retention->scale)
		rescale(retention, ledger->scale);
	segment_ledger_open(&reader, ledger);
	while (segment_ledger_next(&reader, &day) && day.day <= retention->as_of)
	{
		if (period <= n && day.day >= retention->boundary[period])
		{
			if (touched)
				add_period(retention, cohort, period, &part);
			touched = false;
			while (period <= n && day.day >= retention->boundary[period])
				period++;
		}
		if (day.orders > 0)
		{
			if (cohort == SEGMENT_RETENTION_NO_COHORT)
				cohort = period;
			orders += day.orders;
			if (last != period || orders == day.orders)
			{
				last = period;
				if (period >= 1 && period <= n)
					active[n_active++] = (uint16) period;
			}
		}
		if (period < 1 || period > n)
			continue;
		if (!touched)
			memset(&part, 0, sizeof(part));
		touched = true;
		if (ledger->scale < retention->scale &&
			(!segment_wide_scale_up(&day.net, retention->scale - ledger->scale) ||
			 !segment_wide_scale_up(&day.returned, retention->scale - ledger->scale)))
			refuse_amount();
		part.orders += day.orders;
		part.returns += day.returns;
		add_wide(&part.net, &day.net);
		add_wide(&part.returned, &day.returned);
	}
	if (touched && period <= n)
		add_period(retention, cohort, period, &part);
	if (cohort == SEGMENT_RETENTION_NO_COHORT || cohort > n)
		return;
	count_pairs(retention, active, n_active, last);
	(*segment_retention_first_last(retention, cohort, last))++;
	retention->repeaters[cohort] += orders > 1;
}

static void
add_counts(int64 *to, const int64 *from, Size count)
{
	for (Size i = 0; i < count; i++)
		to[i] += from[i];
}

void
segment_retention_merge(Retention *retention, const Retention *other)
{
	Size n = retention->n;
	int up;

	if (retention->n != other->n || retention->as_of != other->as_of ||
		memcmp(retention->boundary, other->boundary, sizeof(DateADT) * (n + 1)) != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("retention of different periods or days"),
						errdetail("They have %d and %d periods.", retention->n, other->n),
						errhint("Merge only what was collected over the same periods, as of the same day.")));
	if (other->scale > retention->scale)
		rescale(retention, other->scale);
	up = retention->scale - other->scale;
	for (Size i = 0; i < segment_retention_cells(retention->n); i++)
	{
		RetentionCell *cell = &retention->cell[i];
		RetentionCell part = other->cell[i];

		if (up > 0 && (!segment_wide_scale_up(&part.net, up) || !segment_wide_scale_up(&part.returned, up)))
			refuse_amount();
		cell->customers += part.customers;
		cell->orders += part.orders;
		cell->returns += part.returns;
		add_wide(&cell->net, &part.net);
		add_wide(&cell->returned, &part.returned);
	}
	CHECK_FOR_INTERRUPTS();
	add_counts(retention->both, other->both, segment_triangle_size(retention->n));
	add_counts(retention->last, other->last, n * (n + 1));
	add_counts(retention->first_last, other->first_last, (n + 1) * (n + 2));
	add_counts(retention->repeaters, other->repeaters, n + 1);
}

int64
segment_retention_size(const Retention *retention, int cohort)
{
	int64 size = 0;

	for (int last = 0; last <= retention->n + 1; last++)
		size += *segment_retention_first_last(retention, cohort, last);
	return size;
}

int64
segment_retention_active(const Retention *retention, int period)
{
	return retention->both[segment_triangle(retention->n, period, period)];
}
