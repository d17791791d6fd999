/*
 * ledger_state.c: the state of ledger_agg. Rows are appended as they come and sorted at the end; long lists of rows
 * are packed into a ledger on the way, so that memory follows active days and not rows.
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "miscadmin.h"

#include "ledger/ledger_state.h"

#define FIRST_ROWS 4

/* From here on rows without an order id are packed whenever the list is full. */
#define PACK_ROWS 4096

LedgerState *
segment_ledger_state_new(void)
{
	return palloc0(sizeof(LedgerState));
}

static void
append_row(LedgerState *state, DateADT day, uint32 order, int64 units)
{
	LedgerRow *row;

	if (state->n_rows == state->row_capacity)
	{
		uint32 capacity = state->row_capacity == 0 ? FIRST_ROWS : 2 * state->row_capacity;

		if (capacity > PG_INT32_MAX)
			ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many order lines of one customer"),
							errdetail("One group can have at most %d rows with order ids.", PG_INT32_MAX / 2),
							errhint("Check that the grouping key is the customer.")));
		state->rows = state->rows == NULL ? segment_palloc_array(LedgerRow, capacity)
										  : repalloc_huge(state->rows, mul_size(sizeof(LedgerRow), capacity));
		state->row_capacity = capacity;
	}
	row = &state->rows[state->n_rows++];
	row->day = day;
	row->order = order;
	row->units = units;
}

static void
append_wide(LedgerState *state, DateADT day, uint32 order, SegmentWide units)
{
	LedgerWideRow *row;

	if (state->n_wide == state->wide_capacity)
	{
		uint32 capacity = state->wide_capacity == 0 ? FIRST_ROWS : 2 * state->wide_capacity;

		state->wide = state->wide == NULL ? segment_palloc_array(LedgerWideRow, capacity)
										  : repalloc_huge(state->wide, mul_size(sizeof(LedgerWideRow), capacity));
		state->wide_capacity = capacity;
	}
	row = &state->wide[state->n_wide++];
	row->day = day;
	row->order = order;
	row->units = units;
}

/* Brings all rows to a larger scale; those that outgrow 64 bits become wide. */
static void
raise_scale(LedgerState *state, int scale)
{
	int more = scale - state->scale;
	uint32 kept = 0;

	for (uint32 i = 0; i < state->n_wide; i++)
		(void) segment_wide_scale_up(&state->wide[i].units, more);
	for (uint32 i = 0; i < state->n_rows; i++)
	{
		LedgerRow *row = &state->rows[i];
		segment_int128 units = row->units;

		if (segment_int128_scale_up(&units, more) && units >= PG_INT64_MIN && units <= PG_INT64_MAX)
		{
			row->units = (int64) units;
			state->rows[kept++] = *row;
		}
		else
		{
			SegmentWide wide = segment_wide_from_int128(row->units);

			(void) segment_wide_scale_up(&wide, more);
			append_wide(state, row->day, row->order, wide);
		}
	}
	state->n_rows = kept;
	state->rows_unified = state->wide_unified = 0;
	state->scale = scale;
}

/* Moves the rows, none of which has an order id, into the packed ledger. */
static void
pack(LedgerState *state)
{
	Ledger *before = state->packed;

	state->packed = segment_ledger_state_result(state);
	state->n_rows = state->n_wide = 0;
	if (before != NULL)
		pfree(before);
}

void
segment_ledger_state_add(LedgerState *state, DateADT day, uint32 order, const SegmentAmount *amount)
{
	segment_int128 units = amount->units;

	if (amount->scale > state->scale)
		raise_scale(state, amount->scale);
	if (!amount->is_wide &&
		(amount->scale == state->scale || segment_int128_scale_up(&units, state->scale - amount->scale)) &&
		units >= PG_INT64_MIN && units <= PG_INT64_MAX)
		append_row(state, day, order, (int64) units);
	else
	{
		SegmentWide wide = amount->is_wide ? amount->wide : segment_wide_from_int128(amount->units);

		(void) segment_wide_scale_up(&wide, state->scale - amount->scale);
		append_wide(state, day, order, wide);
	}
	if (unlikely(state->n_rows + state->n_wide >= PACK_ROWS) && !OidIsValid(state->id_type))
		pack(state);
}

void
segment_ledger_state_unify(LedgerState *state, SegmentOrderIdType *id_type)
{
	uint32 *number_of;

	if (state->ids.count == 0)
		return;
	number_of = MemoryContextAllocHuge(CurrentMemoryContext, mul_size(sizeof(uint32), state->ids.count));
	segment_order_ids_unify(&state->ids, id_type, number_of);
	for (uint32 i = state->rows_unified; i < state->n_rows; i++)
		if (state->rows[i].order > 0)
			state->rows[i].order = number_of[state->rows[i].order - 1] + 1;
	for (uint32 i = state->wide_unified; i < state->n_wide; i++)
		if (state->wide[i].order > 0)
			state->wide[i].order = number_of[state->wide[i].order - 1] + 1;
	state->rows_unified = state->n_rows;
	state->wide_unified = state->n_wide;
	pfree(number_of);
}

uint32
segment_ledger_state_order(LedgerState *state, SegmentOrderIdType *id_type, Datum id, MemoryContext context)
{
	if (!segment_order_ids_add(&state->ids, id_type, id))
	{
		if (!segment_order_ids_is_small(&state->ids))
			segment_ledger_state_unify(state, id_type);
		segment_order_ids_reserve(&state->ids, segment_order_id_size(id_type, id), context, NULL);
		(void) segment_order_ids_add(&state->ids, id_type, id);
	}
	return state->ids.count;
}

void
segment_ledger_state_merge(LedgerState *state, const LedgerState *other, SegmentOrderIdType *id_type)
{
	SegmentAmount amount;
	uint32 base;

	if (OidIsValid(other->id_type))
	{
		state->id_type = other->id_type;
		state->collation = other->collation;
	}
	if (state->ids.used + other->ids.used > state->ids.capacity)
	{
		if (!segment_order_ids_is_small(&state->ids))
			segment_ledger_state_unify(state, id_type);
		segment_order_ids_reserve(&state->ids, other->ids.used, CurrentMemoryContext, NULL);
	}
	base = state->ids.count;
	segment_order_ids_append(&state->ids, &other->ids);
	amount.scale = other->scale;
	for (uint32 i = 0; i < other->n_rows; i++)
	{
		const LedgerRow *row = &other->rows[i];

		amount.is_wide = false;
		amount.units = row->units;
		segment_ledger_state_add(state, row->day, row->order > 0 ? base + row->order : 0, &amount);
	}
	for (uint32 i = 0; i < other->n_wide; i++)
	{
		const LedgerWideRow *row = &other->wide[i];

		amount.is_wide = true;
		amount.wide = row->units;
		segment_ledger_state_add(state, row->day, row->order > 0 ? base + row->order : 0, &amount);
	}
	if (other->packed != NULL)
	{
		Ledger *before = state->packed;

		if (before == NULL)
		{
			state->packed = palloc(VARSIZE(other->packed));
			memcpy(state->packed, other->packed, VARSIZE(other->packed));
		}
		else
		{
			state->packed = segment_ledger_merge(before, other->packed);
			pfree(before);
		}
	}
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

/* A row as a day of its own. */
static void
day_of_row(LedgerDay *day, DateADT at, uint32 order, SegmentWide units, const OrderFate *fates)
{
	bool is_negative = segment_wide_is_negative(&units);

	day->day = at;
	day->dates_order = !is_negative;
	day->net = units;
	day->orders = day->returns = 0;
	day->returned = segment_wide_from_int128(0);
	if (order == 0)
	{
		day->orders = !is_negative;
		day->returns = is_negative;
		if (is_negative)
			day->returned = units;
	}
	else if (!fates[order - 1].is_order)
		day->returned = units;
}

static int
compare_days(const void *a, const void *b)
{
	DateADT day_a = ((const LedgerDay *) a)->day;
	DateADT day_b = ((const LedgerDay *) b)->day;

	return day_a < day_b ? -1 : day_a > day_b;
}

/* The rows without order ids, few and narrow as nearly always: sorted in place of a copy, and summed in 128 bits. */
static Ledger *
narrow_result(const LedgerState *state)
{
	LedgerRow *rows = MemoryContextAllocHuge(CurrentMemoryContext, mul_size(sizeof(LedgerRow), state->n_rows));
	LedgerWriter writer;
	uint32 i;

	/* Insertion sort: rows mostly come in order, and lists are at most PACK_ROWS long. */
	for (i = 0; i < state->n_rows; i++)
	{
		LedgerRow row = state->rows[i];
		uint32 at = i;

		while (at > 0 && rows[at - 1].day > row.day)
		{
			rows[at] = rows[at - 1];
			at--;
		}
		rows[at] = row;
	}
	segment_ledger_start(&writer, state->scale);
	for (i = 0; i < state->n_rows;)
	{
		LedgerDay day;
		segment_int128 net = 0;
		segment_int128 returned = 0;

		day.day = rows[i].day;
		day.orders = day.returns = 0;
		for (; i < state->n_rows && rows[i].day == day.day; i++)
		{
			net += rows[i].units;
			if (rows[i].units >= 0)
				day.orders++;
			else
			{
				day.returns++;
				returned += rows[i].units;
			}
		}
		day.dates_order = day.orders > 0;
		day.net = segment_wide_from_int128(net);
		day.returned = segment_wide_from_int128(returned);
		segment_ledger_put(&writer, &day);
	}
	pfree(rows);
	return segment_ledger_finish(&writer);
}

/* Any rows: those of order ids wait for what their order turns out to be. */
static Ledger *
wide_result(const LedgerState *state)
{
	uint32 n_ids = state->ids.count;
	Size n_days = (Size) state->n_rows + state->n_wide + n_ids;
	LedgerDay *days = MemoryContextAllocHuge(CurrentMemoryContext, mul_size(sizeof(LedgerDay), n_days));
	OrderFate *fates = NULL;
	LedgerWriter writer;
	Size n = 0;

	if (n_ids > 0)
	{
		fates = MemoryContextAllocExtended(CurrentMemoryContext, mul_size(sizeof(OrderFate), n_ids),
										   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
		for (uint32 i = 0; i < state->n_rows; i++)
			if (state->rows[i].order > 0)
				judge_row(&fates[state->rows[i].order - 1], state->rows[i].day, state->rows[i].units < 0);
		for (uint32 i = 0; i < state->n_wide; i++)
			if (state->wide[i].order > 0)
				judge_row(&fates[state->wide[i].order - 1], state->wide[i].day,
						  segment_wide_is_negative(&state->wide[i].units));
	}
	for (uint32 i = 0; i < state->n_rows; i++)
		day_of_row(&days[n++], state->rows[i].day, state->rows[i].order, segment_wide_from_int128(state->rows[i].units),
				   fates);
	for (uint32 i = 0; i < state->n_wide; i++)
		day_of_row(&days[n++], state->wide[i].day, state->wide[i].order, state->wide[i].units, fates);
	for (uint32 i = 0; i < n_ids; i++)
	{
		LedgerDay *day = &days[n++];

		memset(day, 0, sizeof(*day));
		day->day = fates[i].day;
		day->dates_order = fates[i].is_order;
		day->orders = fates[i].is_order;
		day->returns = !fates[i].is_order;
	}
	qsort(days, n, sizeof(LedgerDay), compare_days);
	segment_ledger_start(&writer, state->scale);
	for (Size i = 0; i < n;)
	{
		LedgerDay day = days[i];

		if ((i & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		for (i++; i < n && days[i].day == day.day; i++)
			segment_ledger_add_day(&day, &days[i]);
		segment_ledger_put(&writer, &day);
	}
	if (fates != NULL)
		pfree(fates);
	pfree(days);
	return segment_ledger_finish(&writer);
}

Ledger *
segment_ledger_state_result(const LedgerState *state)
{
	Ledger *result = NULL;

	if (state->n_wide > 0 || OidIsValid(state->id_type))
		result = wide_result(state);
	else if (state->n_rows > 0)
		result = narrow_result(state);
	if (state->packed != NULL)
	{
		if (result == NULL)
		{
			result = palloc(VARSIZE(state->packed));
			memcpy(result, state->packed, VARSIZE(state->packed));
		}
		else
			result = segment_ledger_merge(state->packed, result);
	}
	return result;
}

/* Scale, packed ledger, type and collation of the ids, ids, rows, wide rows. */
void
segment_ledger_state_write(StringInfo buffer, const LedgerState *state)
{
	int packed = state->packed != NULL ? (int) VARSIZE(state->packed) - VARHDRSZ : 0;

	pq_sendint8(buffer, (uint8) state->scale);
	pq_sendint32(buffer, (uint32) packed);
	if (packed > 0)
		pq_sendbytes(buffer, (char *) state->packed + VARHDRSZ, packed);
	pq_sendint32(buffer, state->id_type);
	pq_sendint32(buffer, state->collation);
	if (OidIsValid(state->id_type))
		segment_order_ids_write(buffer, &state->ids);
	pq_sendint32(buffer, state->n_rows);
	for (uint32 i = 0; i < state->n_rows; i++)
	{
		pq_sendint32(buffer, (uint32) state->rows[i].day);
		pq_sendint32(buffer, state->rows[i].order);
		pq_sendint64(buffer, state->rows[i].units);
	}
	pq_sendint32(buffer, state->n_wide);
	for (uint32 i = 0; i < state->n_wide; i++)
	{
		pq_sendint32(buffer, (uint32) state->wide[i].day);
		pq_sendint32(buffer, state->wide[i].order);
		for (int limb = 3; limb >= 0; limb--)
			pq_sendint64(buffer, (int64) state->wide[i].units.limb[limb]);
	}
}

static void
refuse_bytes(const char *fault)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION), errmsg("invalid serialized state of ledger_agg"),
					errdetail("%s", fault)));
}

LedgerState *
segment_ledger_state_read(StringInfo buffer, SegmentOrderIdType *id_type)
{
	LedgerState *state = segment_ledger_state_new();
	const char *fault = NULL;
	uint32 n;
	int packed;

	state->scale = pq_getmsgbyte(buffer);
	packed = (int) pq_getmsgint(buffer, 4);
	if (state->scale > SEGMENT_MAX_DECIMALS || packed < 0 || packed > buffer->len - buffer->cursor)
		refuse_bytes("Its head is out of range.");
	if (packed > 0)
	{
		state->packed = segment_ledger_from_bytes(pq_getmsgbytes(buffer, packed), packed, &fault);
		if (state->packed == NULL)
			refuse_bytes(fault);
	}
	state->id_type = pq_getmsgint(buffer, 4);
	state->collation = pq_getmsgint(buffer, 4);
	if (OidIsValid(state->id_type))
	{
		segment_order_id_type(id_type, state->id_type, state->collation, CurrentMemoryContext);
		segment_order_ids_read(buffer, &state->ids, id_type);
	}
	n = pq_getmsgint(buffer, 4);
	for (uint32 i = 0; i < n; i++)
	{
		DateADT day = (DateADT) pq_getmsgint(buffer, 4);
		uint32 order = pq_getmsgint(buffer, 4);

		if (order > state->ids.count || DATE_NOT_FINITE(day))
			refuse_bytes("A row is out of range.");
		append_row(state, day, order, pq_getmsgint64(buffer));
	}
	n = pq_getmsgint(buffer, 4);
	for (uint32 i = 0; i < n; i++)
	{
		DateADT day = (DateADT) pq_getmsgint(buffer, 4);
		uint32 order = pq_getmsgint(buffer, 4);
		SegmentWide units;

		for (int limb = 3; limb >= 0; limb--)
			units.limb[limb] = (uint64) pq_getmsgint64(buffer);
		if (order > state->ids.count || DATE_NOT_FINITE(day))
			refuse_bytes("A row is out of range.");
		append_wide(state, day, order, units);
	}
	pq_getmsgend(buffer);
	return state;
}
