/*
 * retention_state.c: retention in memory: an empty one, merging parts, counting gaps.
 */
#include "postgres.h"

#include "core/compat.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "core/day.h"
#include "core/decimal.h"
#include "kpi/retention_state.h"
#include "core/stored.h"

static void *
allocate(Size count, Size size)
{
	return MemoryContextAllocExtended(CurrentMemoryContext, mul_size(count, size), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

/* How many gaps there are in all with this reach. */
static Size
gaps_with(int n, int reach)
{
	Size gaps = 0;

	for (int a = 1; a <= n; a++)
		gaps += (Size) a * ((Size) Min(reach, n - a) + 2);
	return gaps;
}

/* The largest reach that stays within the limit, and where the rows begin. */
static void
lay_out_gaps(Retention *retention)
{
	int n = retention->n;
	int low = 0;
	int high = n - 1;

	while (low < high)
	{
		int middle = (low + high + 1) / 2;

		if (gaps_with(n, middle) <= SEGMENT_RETENTION_MAX_GAPS)
			low = middle;
		else
			high = middle - 1;
	}
	retention->reach = low;
	retention->gap_start = allocate((Size) n + 2, sizeof(Size));
	retention->gap_row = allocate((Size) n + 2, sizeof(Size));
	for (int a = 1; a <= n; a++)
		retention->gap_start[a + 1] = retention->gap_start[a] + segment_retention_gaps(retention, a);
	for (int p = 1; p <= n; p++)
		retention->gap_row[p + 1] = retention->gap_row[p] + retention->gap_start[n + 1] - retention->gap_start[p];
}

Retention *
segment_retention_new(const DateADT *boundary, int n, DateADT as_of, int scale, bool has_costs)
{
	Retention *retention = palloc0(sizeof(Retention));
	Size gaps;

	if (n > SEGMENT_RETENTION_MAX_PERIODS)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many periods for retention"),
						errdetail("There are %d; at most %d are accepted, because each is compared with each.", n,
								  SEGMENT_RETENTION_MAX_PERIODS),
						errhint("Take longer periods, or a shorter time.")));
	segment_check_as_of(as_of);
	retention->n = n;
	retention->scale = scale;
	retention->as_of = as_of;
	retention->has_costs = has_costs;
	retention->boundary = segment_palloc_array(DateADT, n + 1);
	memcpy(retention->boundary, boundary, sizeof(DateADT) * (n + 1));
	lay_out_gaps(retention);
	gaps = segment_retention_all_gaps(retention);
	retention->cell = allocate(segment_retention_cells(n), sizeof(RetentionCell));
	retention->own = allocate(segment_triangle_size(n), sizeof(RetentionCell));
	if (has_costs)
	{
		retention->margin = allocate(segment_retention_cells(n), sizeof(RetentionMargin));
		retention->own_margin = allocate(segment_triangle_size(n), sizeof(RetentionMargin));
	}
	retention->gap = allocate(gaps, sizeof(uint32));
	retention->cohort_gap = allocate(gaps, sizeof(uint32));
	retention->own_gap = allocate(gaps, sizeof(uint32));
	retention->periods_active = allocate((Size) n + 1, sizeof(int64));
	return retention;
}

void
segment_retention_grow_ages(Retention *retention, int age)
{
	int n = retention->n_ages;
	MemoryContext context = GetMemoryChunkContext(retention);
	MemoryContext caller;

	if (age < n)
		return;
	n = Min(Max(Max(2 * n, 64), age + 1), SEGMENT_RETENTION_MAX_AGE + 1);
	caller = MemoryContextSwitchTo(context);
	for (int i = 0; i < 2; i++)
	{
		int64 **ages = i == 0 ? &retention->by_age : &retention->repeaters;
		int64 *grown = allocate(n, sizeof(int64));

		if (*ages)
		{
			memcpy(grown, *ages, sizeof(int64) * retention->n_ages);
			pfree(*ages);
		}
		*ages = grown;
	}
	MemoryContextSwitchTo(caller);
	retention->n_ages = n;
}

void
segment_retention_refuse_amount(void)
{
	ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("amount of a period is out of range"),
					errdetail("The sum of its orders leaves the range of 256-bit integers."),
					errhint("Pass the amounts in a larger unit.")));
}

void
segment_retention_refuse_sum(void)
{
	ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("sum of retention is out of range"),
					errdetail("There are more than %u customers, " INT64_FORMAT
							  " orders, or an amount takes more than %d bytes.",
							  PG_UINT32_MAX, SEGMENT_STORED_MAX_COUNT, SEGMENT_RETENTION_MAX_AMOUNT_BYTES),
					errhint("Check the values that are merged.")));
}

/* Cells with more decimals. */
static void
scale_cells(RetentionCell *cell, Size n, int up)
{
	for (Size i = 0; i < n; i++)
	{
		segment_retention_scale_up(&cell[i].net, up);
		segment_retention_scale_up(&cell[i].returned, up);
	}
}

static void
scale_margins(RetentionMargin *margin, Size n, int up)
{
	for (Size i = 0; i < n; i++)
	{
		segment_retention_scale_up(&margin[i].earned, up);
		segment_retention_scale_up(&margin[i].cost, up);
	}
}

void
segment_retention_rescale(Retention *retention, int scale)
{
	int up = scale - retention->scale;

	scale_cells(retention->cell, segment_retention_cells(retention->n), up);
	scale_cells(retention->own, segment_triangle_size(retention->n), up);
	if (retention->has_costs)
	{
		scale_margins(retention->margin, segment_retention_cells(retention->n), up);
		scale_margins(retention->own_margin, segment_triangle_size(retention->n), up);
	}
	retention->scale = scale;
}

static void
add_cells(RetentionCell *to, const RetentionCell *from, Size n, int up)
{
	for (Size i = 0; i < n; i++)
	{
		RetentionCell part = from[i];

		segment_retention_scale_up(&part.net, up);
		segment_retention_scale_up(&part.returned, up);
		to[i].customers += part.customers;
		to[i].orders += part.orders;
		to[i].returns += part.returns;
		segment_retention_add_wide(&to[i].net, &part.net);
		segment_retention_add_wide(&to[i].returned, &part.returned);
	}
	CHECK_FOR_INTERRUPTS();
}

static void
add_margins(RetentionMargin *to, const RetentionMargin *from, Size n, int up)
{
	for (Size i = 0; i < n; i++)
	{
		RetentionMargin part = from[i];

		segment_retention_scale_up(&part.earned, up);
		segment_retention_scale_up(&part.cost, up);
		to[i].missing += part.missing;
		segment_retention_add_wide(&to[i].earned, &part.earned);
		segment_retention_add_wide(&to[i].cost, &part.cost);
	}
	CHECK_FOR_INTERRUPTS();
}

static void
add_counts(int64 *to, const int64 *from, Size n)
{
	for (Size i = 0; i < n; i++)
		to[i] += from[i];
}

static void
add_gaps(uint32 *to, const uint32 *from, Size n)
{
	bool overflow = false;

	for (Size i = 0; i < n; i++)
	{
		to[i] += from[i];
		overflow |= to[i] < from[i];
	}
	if (overflow)
		segment_retention_refuse_sum();
	CHECK_FOR_INTERRUPTS();
}

void
segment_retention_merge(Retention *retention, const Retention *other)
{
	Size n = retention->n;
	Size cells = segment_retention_cells(retention->n);
	Size triangle = segment_triangle_size(retention->n);
	Size gaps = segment_retention_all_gaps(retention);
	int up;

	if (retention->n != other->n || retention->as_of != other->as_of ||
		memcmp(retention->boundary, other->boundary, sizeof(DateADT) * (n + 1)) != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("retention of different periods or days"),
						errdetail("They have %d and %d periods.", retention->n, other->n),
						errhint("Merge only what was collected over the same periods, as of the same day.")));
	if (retention->has_costs != other->has_costs)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("retention with and without costs"),
						errdetail("Only one of the values was collected with a calendar of costs."),
						errhint("Collect all parts with costs, or none.")));
	if (other->scale > retention->scale)
		segment_retention_rescale(retention, other->scale);
	up = retention->scale - other->scale;
	add_cells(retention->cell, other->cell, cells, up);
	add_cells(retention->own, other->own, triangle, up);
	if (retention->has_costs)
	{
		add_margins(retention->margin, other->margin, cells, up);
		add_margins(retention->own_margin, other->own_margin, triangle, up);
	}
	add_gaps(retention->gap, other->gap, gaps);
	add_gaps(retention->cohort_gap, other->cohort_gap, gaps);
	add_gaps(retention->own_gap, other->own_gap, gaps);
	retention->before += other->before;
	add_counts(retention->periods_active, other->periods_active, n + 1);
	if (other->n_ages > 0)
		segment_retention_grow_ages(retention, other->n_ages - 1);
	add_counts(retention->by_age, other->by_age, other->n_ages);
	add_counts(retention->repeaters, other->repeaters, other->n_ages);
}

int64
segment_retention_longer(const Retention *retention, const uint32 *gaps, int p, int a, int gap)
{
	const uint32 *row = &gaps[segment_retention_gap_at(retention, p, a)];
	int n = segment_retention_gaps(retention, a);
	int64 customers = row[SEGMENT_NEVER];

	for (int g = gap + 1; g < n; g++)
		customers += row[g];
	return customers;
}

int64
segment_retention_count(const Retention *retention, const uint32 *gaps, int p, int a)
{
	return segment_retention_longer(retention, gaps, p, a, 0);
}

int64
segment_retention_size(const Retention *retention, int cohort)
{
	return cohort == 0 ? retention->before : segment_retention_count(retention, retention->cohort_gap, cohort, cohort);
}

int64
segment_retention_active(const Retention *retention, int period)
{
	return segment_retention_both(retention, period, period);
}

int64
segment_retention_both(const Retention *retention, int p, int q)
{
	return segment_retention_count(retention, retention->gap, p, q);
}
