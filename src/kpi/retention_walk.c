/*
 * retention_walk.c: adds a customer to retention: one walk over the days of the calendar.
 */
#include "postgres.h"

#include "core/compat.h"

#include "kpi/retention_state.h"

/* How far the walk over one calendar is. */
typedef struct Walk
{
	Retention *retention;
	int period; /* of the day */
	int cohort;
	int offset;			/* days from the beginning of the cohort's period to the first order */
	DateADT first;		/* its day */
	int64 orders;		/* so far */
	int last;			/* period of the last one */
	int n_active;		/* periods of the grid with an order, */
	int n_own;			/* and own ones */
	Size row;			/* the cells of the cohort begin here, less the number of the first period */
	Size own_row;		/* the same by own age */
	Size at;			/* the cell of cohort and period */
	bool waiting;		/* something happened in the period before the first order: */
	RetentionCell cell; /* what */
	RetentionMargin margin;
	uint16 active[SEGMENT_RETENTION_MAX_PERIODS];
	uint16 own[SEGMENT_RETENTION_MAX_PERIODS];
} Walk;

/* Books what came before the first order, when it is known whether that lies in the same period. */
static void
finish_period(Walk *walk)
{
	Retention *retention = walk->retention;
	RetentionCell *cell;

	if (!walk->waiting)
		return;
	walk->waiting = false;
	cell = &retention->cell[walk->at];
	cell->returns += walk->cell.returns;
	segment_retention_add_wide(&cell->net, &walk->cell.net);
	segment_retention_add_wide(&cell->returned, &walk->cell.returned);
	memset(&walk->cell, 0, sizeof(RetentionCell));
	if (retention->has_costs)
	{
		RetentionMargin *margin = &retention->margin[walk->at];

		margin->missing += walk->margin.missing;
		segment_retention_add_wide(&margin->earned, &walk->margin.earned);
		segment_retention_add_wide(&margin->cost, &walk->margin.cost);
		memset(&walk->margin, 0, sizeof(RetentionMargin));
	}
}

static bool
in_grid(const Walk *walk)
{
	return walk->period >= 1 && walk->period <= walk->retention->n;
}

static void
set_cohort(Walk *walk, int cohort)
{
	int n = walk->retention->n;
	int first = Max(cohort, 1);

	walk->cohort = cohort;
	if (cohort > n)
		return;
	walk->row = segment_retention_cell_at(n, cohort, first) - first;
	walk->own_row = segment_triangle(n, first, first) - first;
	walk->at = walk->row + walk->period;
}

/* Goes on to the period of a day. */
static void
find_period(Walk *walk, DateADT day)
{
	const Retention *retention = walk->retention;

	if (walk->period > retention->n || day < retention->boundary[walk->period])
		return;
	finish_period(walk);
	while (walk->period <= retention->n && day >= retention->boundary[walk->period])
		walk->period++;
	walk->at = walk->row + walk->period;
}

/* The first order decides on the cohort. */
static void
note_orders(Walk *walk, const LedgerDay *day)
{
	if (walk->orders == 0)
	{
		set_cohort(walk, walk->period);
		walk->first = day->day;
		if (in_grid(walk))
			walk->offset = day->day - walk->retention->boundary[walk->period - 1];
	}
	if (walk->last != walk->period || walk->orders == 0)
	{
		walk->last = walk->period;
		if (in_grid(walk))
		{
			walk->active[walk->n_active++] = (uint16) walk->period;
			walk->retention->cell[walk->at].customers++;
		}
	}
	walk->orders += day->orders;
}

static void
add_day(RetentionCell *cell, const LedgerDay *day)
{
	cell->orders += day->orders;
	cell->returns += day->returns;
	segment_retention_add_wide(&cell->net, &day->net);
	if (day->returns > 0)
		segment_retention_add_wide(&cell->returned, &day->returned);
}

static void
add_margin(RetentionMargin *margin, const LedgerDay *day, const LedgerDay *cost)
{
	int64 missing = day->orders - cost->orders;

	if (day->orders == 0 && cost->orders == 0 && cost->returns == 0)
		missing = day->returns;
	if (missing > 0)
	{
		margin->missing += missing;
		return;
	}
	segment_retention_add_wide(&margin->earned, &day->net);
	segment_retention_add_wide(&margin->cost, &cost->net);
}

/* Books a day at the own age of the customer, which is known: see retention.h. */
static void
add_own_day(Walk *walk, const LedgerDay *day, const LedgerDay *cost)
{
	Retention *retention = walk->retention;
	DateADT begin = retention->boundary[walk->period - 1];
	int32 length = retention->boundary[walk->period] - begin;
	int own = walk->period - (day->day - begin < Min(walk->offset, length - 1));
	Size at = walk->own_row + own;
	RetentionCell *cell = &retention->own[at];

	if (day->orders > 0 && (walk->n_own == 0 || walk->own[walk->n_own - 1] != own))
	{
		walk->own[walk->n_own++] = (uint16) own;
		cell->customers++;
	}
	add_day(cell, day);
	if (retention->has_costs)
		add_margin(&retention->own_margin[at], day, cost);
}

static void
walk_day(Walk *walk, const LedgerDay *day, const LedgerDay *cost)
{
	Retention *retention = walk->retention;
	bool before_first;

	find_period(walk, day->day);
	if (day->orders > 0)
		note_orders(walk, day);
	if (!in_grid(walk))
		return;
	before_first = walk->cohort == SEGMENT_RETENTION_NO_COHORT;
	walk->waiting |= before_first;
	add_day(before_first ? &walk->cell : &retention->cell[walk->at], day);
	if (retention->has_costs)
		add_margin(before_first ? &walk->margin : &retention->margin[walk->at], day, cost);
	/* what came back before the first order has no age */
	if (walk->cohort >= 1)
		add_own_day(walk, day, cost);
}

/* The gap between an active period and the next; 0 stands for none in the grid. */
static int
gap_between(const Retention *retention, int period, int next, int last)
{
	if (next == 0)
		return last == period ? SEGMENT_NEVER : segment_retention_gaps(retention, period) - 1;
	return Min(next - period, retention->reach + 1);
}

static void
count_gaps(Walk *walk)
{
	const Retention *retention = walk->retention;
	uint32 *row[SEGMENT_RETENTION_MAX_PERIODS];

	for (int i = 0; i < walk->n_active; i++)
	{
		int period = walk->active[i];
		int gap = gap_between(retention, period, i + 1 < walk->n_active ? walk->active[i + 1] : 0, walk->last);
		Size at = retention->gap_start[period] + gap;

		row[i] = &retention->gap[retention->gap_row[period]] - retention->gap_start[period];
		for (int j = 0; j <= i; j++)
			row[j][at]++;
		if (walk->cohort >= 1)
			retention->cohort_gap[segment_retention_gap_at(retention, walk->cohort, period) + gap]++;
	}
	for (int i = 0; i < walk->n_own; i++)
	{
		int own = walk->own[i];
		int last = walk->last > retention->n ? walk->last : own;
		int gap = gap_between(retention, own, i + 1 < walk->n_own ? walk->own[i + 1] : 0, last);

		retention->own_gap[segment_retention_gap_at(retention, walk->cohort, own) + gap]++;
	}
}

static void
finish_customer(Walk *walk)
{
	Retention *retention = walk->retention;
	int age;

	finish_period(walk);
	if (walk->orders == 0 || walk->cohort > retention->n)
		return;
	count_gaps(walk);
	retention->before += walk->cohort == 0;
	retention->periods_active[walk->n_active]++;
	age = (int) Min((int64) retention->as_of - walk->first, SEGMENT_RETENTION_MAX_AGE);
	segment_retention_grow_ages(retention, age);
	retention->by_age[age]++;
	retention->repeaters[age] += walk->orders > 1;
}

/* The next day of a calendar up to as_of, with the decimals of retention. */
static bool
next_day(const Retention *retention, LedgerReader *reader, int scale, LedgerDay *day)
{
	if (!segment_ledger_next(reader, day) || day->day > retention->as_of)
		return false;
	segment_retention_scale_up(&day->net, retention->scale - scale);
	segment_retention_scale_up(&day->returned, retention->scale - scale);
	return true;
}

/* Both calendars in the order of their days; a day of costs without money is one of nothing. */
static void
walk_with_costs(Walk *walk, LedgerReader *reader, int scale, const Ledger *costs)
{
	const Retention *retention = walk->retention;
	const LedgerDay none = {0};
	LedgerDay alone = none;
	LedgerReader cost_reader;
	LedgerDay day;
	LedgerDay cost;
	bool more = next_day(retention, reader, scale, &day);
	bool more_costs;

	segment_ledger_open(&cost_reader, costs);
	more_costs = next_day(retention, &cost_reader, costs->scale, &cost);
	while (more || more_costs)
	{
		bool has_day = more && (!more_costs || day.day <= cost.day);
		bool has_cost = more_costs && (!more || cost.day <= day.day);

		if (!has_day)
			alone.day = cost.day;
		walk_day(walk, has_day ? &day : &alone, has_cost ? &cost : &none);
		if (has_day)
			more = next_day(retention, reader, scale, &day);
		if (has_cost)
			more_costs = next_day(retention, &cost_reader, costs->scale, &cost);
	}
}

void
segment_retention_add_customer(Retention *retention, const Ledger *ledger, const Ledger *costs)
{
	const LedgerDay none = {0};
	Walk walk;
	LedgerReader reader;
	LedgerDay day;
	int scale = Max(ledger->scale, costs ? costs->scale : 0);

	/* without the lists, which grow as they are used */
	memset(&walk, 0, offsetof(Walk, active));
	walk.retention = retention;
	set_cohort(&walk, SEGMENT_RETENTION_NO_COHORT);
	if (scale > retention->scale)
		segment_retention_rescale(retention, scale);
	segment_ledger_open(&reader, ledger);
	if (costs)
		walk_with_costs(&walk, &reader, ledger->scale, costs);
	else
		while (next_day(retention, &reader, ledger->scale, &day))
			walk_day(&walk, &day, &none);
	finish_customer(&walk);
}
