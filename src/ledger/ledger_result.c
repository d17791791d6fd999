/*
 * ledger_result.c: makes a ledger of a state's rows: sorts them by day and sums them up. The order in which they came
 * does not matter.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "ledger/ledger_state.h"
#include "ledger/ledger_writer.h"

/* Inlined quicksorts; they first check whether everything is in order already. */
#define ST_SORT sort_slim_rows
#define ST_ELEMENT_TYPE LedgerSlimRow
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* Up to this many rows are sorted by insertion, on the stack. */
#define FEW_ROWS 32

/* A state's rows, sorted: in the buffer if they are few, else in memory of their own. */
static const LedgerSlimRow *
sorted_slim_rows(const LedgerState *state, LedgerSlimRow buffer[FEW_ROWS])
{
	const LedgerSlimRow *rows = (const LedgerSlimRow *) state->rows;
	LedgerSlimRow *sorted;
	bool is_sorted = true;

	if (state->n_rows > FEW_ROWS)
	{
		sorted = MemoryContextAllocHuge(CurrentMemoryContext, mul_size(sizeof(LedgerSlimRow), state->n_rows));
		memcpy(sorted, rows, sizeof(LedgerSlimRow) * state->n_rows);
		sort_slim_rows(sorted, state->n_rows);
		return sorted;
	}
	/* Branchless insertion sort: in random order, branches would be mispredicted. */
	for (uint32 i = 0; i < state->n_rows; i++)
	{
		LedgerSlimRow row = rows[i];

		is_sorted &= i == 0 || rows[i - 1] <= row;
		buffer[i] = row;
	}
	for (uint32 i = 1; i < state->n_rows && !is_sorted; i++)
	{
		LedgerSlimRow row = buffer[i];

		for (uint32 at = 0; at < i; at++)
		{
			LedgerSlimRow other = buffer[at];

			buffer[at] = Min(other, row);
			row = Max(other, row);
		}
		buffer[i] = row;
	}
	return buffer;
}

/* The ledger of slim rows, each of which is an order or a return of its own. */
static Ledger *
slim_result(const LedgerState *state)
{
	LedgerSlimRow buffer[FEW_ROWS];
	const LedgerSlimRow *rows = sorted_slim_rows(state, buffer);
	LedgerWriter writer;

	segment_ledger_start(&writer, state->scale, state->n_rows);
	for (uint32 i = 0; i < state->n_rows;)
	{
		DateADT day = ledger_slim_day(rows[i]);
		int64 orders = 0;
		int64 returns = 0;
		int64 net = 0;
		int64 returned = 0;

		if ((writer.n_days & LEDGER_INTERRUPT_MASK) == LEDGER_INTERRUPT_MASK)
			CHECK_FOR_INTERRUPTS();
		do
		{
			int32 units = ledger_slim_units(rows[i]);

			net += units;
			if (units >= 0)
				orders++;
			else
			{
				returns++;
				returned += units;
			}
		} while (++i < state->n_rows && ledger_slim_day(rows[i]) == day);
		ledger_put_narrow(&writer, day, orders > 0, orders, returns, net, returned);
	}
	if (rows != buffer)
		pfree((void *) rows);
	return segment_ledger_finish(&writer);
}

/* What is known of an order id once all its rows are in. */
typedef struct OrderFate
{
	DateADT day; /* of its first row >= 0, or of its first row where all are negative */
	bool is_order;
	bool is_seen;
} OrderFate;

static void
judge_row(OrderFate *fate, DateADT day, bool is_negative)
{
	if (!fate->is_seen || (!fate->is_order && !is_negative))
		fate->day = day;
	else if (fate->is_order == !is_negative)
		fate->day = Min(fate->day, day);
	fate->is_order |= !is_negative;
	fate->is_seen = true;
}

/* What happens on a day: a row's money, or an order that is counted, or both. */
typedef struct LedgerEvent
{
	DateADT day;
	uint32 flags;
	int64 units; /* or the number of a wide row */
} LedgerEvent;

#define EVENT_DATES_ORDER 1
#define EVENT_ORDER 2
#define EVENT_RETURN 4
#define EVENT_RETURNED 8 /* the units are returned */
#define EVENT_WIDE 16

#define ST_SORT sort_events
#define ST_ELEMENT_TYPE LedgerEvent
#define ST_COMPARE(a, b) ((a)->day<(b)->day ? -1 : (a)->day>(b)->day)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static LedgerEvent
event_of_row(DateADT day, uint32 order, bool is_negative, const OrderFate *fates)
{
	LedgerEvent event;

	event.day = day;
	event.flags = is_negative ? 0 : EVENT_DATES_ORDER;
	event.units = 0;
	if (order == 0)
		event.flags |= is_negative ? EVENT_RETURN | EVENT_RETURNED : EVENT_ORDER;
	else if (!fates[order - 1].is_order)
		event.flags |= EVENT_RETURNED;
	return event;
}

/* What each order turned out to be, by number. */
static OrderFate *
fates_of(const LedgerState *state, const LedgerOrders *orders)
{
	const LedgerRareParts *rare = state->rare;
	OrderFate *fates =
		MemoryContextAllocExtended(CurrentMemoryContext, mul_size(sizeof(OrderFate), Max(orders->ids.count, 1)),
								   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);

	for (uint32 i = 0; i < state->n_rows; i++)
	{
		LedgerRow row = ledger_state_row(state, i);

		if (row.order > 0)
			judge_row(&fates[ledger_order_of(orders, row.order) - 1], row.day, row.units < 0);
	}
	for (uint32 i = 0; rare != NULL && i < rare->n_wide; i++)
		if (rare->wide[i].order > 0)
			judge_row(&fates[ledger_order_of(orders, rare->wide[i].order) - 1], rare->wide[i].day,
					  segment_wide_is_negative(&rare->wide[i].units));
	return fates;
}

/* All events, in order. */
static LedgerEvent *
sorted_events(const LedgerState *state, const LedgerOrders *orders, Size *count)
{
	const LedgerRareParts *rare = state->rare;
	uint32 n_wide = rare != NULL ? rare->n_wide : 0;
	OrderFate *fates = fates_of(state, orders);
	LedgerEvent *events = MemoryContextAllocHuge(
		CurrentMemoryContext, mul_size(sizeof(LedgerEvent), (Size) state->n_rows + n_wide + orders->ids.count));
	Size n = 0;

	for (uint32 i = 0; i < state->n_rows; i++)
	{
		LedgerRow row = ledger_state_row(state, i);

		events[n] = event_of_row(row.day, ledger_order_of(orders, row.order), row.units < 0, fates);
		events[n++].units = row.units;
	}
	for (uint32 i = 0; i < n_wide; i++)
	{
		const LedgerWideRow *row = &rare->wide[i];

		events[n] =
			event_of_row(row->day, ledger_order_of(orders, row->order), segment_wide_is_negative(&row->units), fates);
		events[n].flags |= EVENT_WIDE;
		events[n++].units = i;
	}
	for (uint32 i = 0; i < orders->ids.count; i++)
	{
		LedgerEvent *event = &events[n++];

		event->day = fates[i].day;
		event->flags = fates[i].is_order ? EVENT_DATES_ORDER | EVENT_ORDER : EVENT_RETURN;
		event->units = 0;
	}
	pfree(fates);
	sort_events(events, n);
	*count = n;
	return events;
}

/*
 * The ledger of any rows: whether a row with an order id belongs to an order or a return is known only when all are in.
 */
static Ledger *
full_result(const LedgerState *state, const LedgerOrders *orders)
{
	Size count;
	LedgerEvent *events = sorted_events(state, orders, &count);
	LedgerWriter writer;

	segment_ledger_start(&writer, state->scale, (int64) count);
	for (Size i = 0; i < count;)
	{
		segment_int128 net = 0;
		segment_int128 returned = 0;
		SegmentWide wide_net = segment_wide_from_int128(0);
		SegmentWide wide_returned = segment_wide_from_int128(0);
		LedgerDay day;

		memset(&day, 0, sizeof(day));
		day.day = events[i].day;
		for (; i < count && events[i].day == day.day; i++)
		{
			const LedgerEvent *event = &events[i];

			if ((i & LEDGER_INTERRUPT_MASK) == 0)
				CHECK_FOR_INTERRUPTS();
			day.dates_order |= (event->flags & EVENT_DATES_ORDER) != 0;
			day.orders += (event->flags & EVENT_ORDER) != 0;
			day.returns += (event->flags & EVENT_RETURN) != 0;
			if (event->flags & EVENT_WIDE)
			{
				const SegmentWide *units = &state->rare->wide[event->units].units;

				/* fits: see wide.h */
				(void) segment_wide_add(&wide_net, units);
				if (event->flags & EVENT_RETURNED)
					(void) segment_wide_add(&wide_returned, units);
				continue;
			}
			net += event->units;
			if (event->flags & EVENT_RETURNED)
				returned += event->units;
		}
		day.net = segment_wide_from_int128(net);
		(void) segment_wide_add(&day.net, &wide_net);
		day.returned = segment_wide_from_int128(returned);
		(void) segment_wide_add(&day.returned, &wide_returned);
		segment_ledger_put(&writer, &day);
	}
	pfree(events);
	return segment_ledger_finish(&writer);
}

void
segment_ledger_orders_of(const LedgerState *state, SegmentOrderIdType *id_type, LedgerOrders *orders)
{
	orders->number_of = NULL;
	orders->ids.count = 0;
	if (!OidIsValid(state->id_type))
		return;
	orders->ids = state->ids;
	if (segment_order_ids_are_distinct(&state->ids, id_type))
		return;
	orders->number_of = MemoryContextAllocHuge(CurrentMemoryContext, mul_size(sizeof(uint32), state->ids.count));
	orders->ids.bytes = MemoryContextAllocHuge(CurrentMemoryContext, state->ids.used);
	memcpy(orders->ids.bytes, state->ids.bytes, state->ids.used);
	segment_order_ids_unify(&orders->ids, id_type, orders->number_of);
}

Ledger *
segment_ledger_state_rows(const LedgerState *state, SegmentOrderIdType *id_type)
{
	const LedgerRareParts *rare = state->rare;
	Ledger *rows;
	LedgerOrders orders;

	segment_ledger_orders_of(state, id_type, &orders);
	/* slim rows have distinct ids, unless duplicates are found only here */
	if (!state->is_full && (rare == NULL || rare->n_wide == 0) &&
		(orders.number_of == NULL || orders.ids.count == state->ids.count))
		rows = slim_result(state);
	else
		rows = full_result(state, &orders);
	if (orders.number_of != NULL)
	{
		pfree(orders.number_of);
		pfree(orders.ids.bytes);
	}
	return rows;
}

Ledger *
segment_ledger_with_packed(const LedgerState *state, Ledger *sum)
{
	const LedgerPacked *packed = state->rare != NULL ? &state->rare->packed : NULL;

	/* the smallest first */
	for (int i = packed != NULL ? packed->count : 0; i-- > 0;)
	{
		Ledger *before = sum;

		if (before == NULL)
		{
			sum = segment_ledger_copy(packed->ledger[i]);
			continue;
		}
		sum = segment_ledger_merge(packed->ledger[i], before);
		pfree(before);
	}
	return sum;
}

Ledger *
segment_ledger_state_result(const LedgerState *state, SegmentOrderIdType *id_type)
{
	SEGMENT_CHECK_STATE(segment_ledger_state_fault(state));
	return segment_ledger_with_packed(state, segment_ledger_state_rows(state, id_type));
}
