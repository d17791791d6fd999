/*
 * ledger_wire.c: the state of ledger_agg as bytes, for parallel plans of core.
 */
#include "postgres.h"

#include "libpq/pqformat.h"

#include "core/error.h"
#include "core/message.h"
#include "ledger/ledger_state.h"

/* Scale, packed ledger, type and collation of the ids, ids, rows, wide rows. */
void
segment_ledger_state_write(StringInfo buffer, const LedgerState *state, SegmentOrderIdType *id_type)
{
	const LedgerRareParts *rare = state->rare;
	uint32 n_wide = rare != NULL ? rare->n_wide : 0;
	Ledger *ledger = segment_ledger_with_packed(state, NULL);
	int packed = ledger != NULL ? (int) VARSIZE(ledger) - VARHDRSZ : 0;
	LedgerOrders orders;

	segment_ledger_orders_of(state, id_type, &orders);
	pq_sendint8(buffer, state->scale);
	pq_sendint32(buffer, (uint32) packed);
	if (packed > 0)
		pq_sendbytes(buffer, (char *) ledger + VARHDRSZ, packed);
	pq_sendint32(buffer, state->id_type);
	pq_sendint32(buffer, state->collation);
	if (OidIsValid(state->id_type))
		segment_order_ids_write(buffer, &orders.ids);
	pq_sendint32(buffer, state->n_rows);
	for (uint32 i = 0; i < state->n_rows; i++)
	{
		LedgerRow row = ledger_state_row(state, i);

		pq_sendint32(buffer, (uint32) row.day);
		pq_sendint32(buffer, ledger_order_of(&orders, row.order));
		pq_sendint64(buffer, row.units);
	}
	pq_sendint32(buffer, n_wide);
	for (uint32 i = 0; i < n_wide; i++)
	{
		const LedgerWideRow *row = &rare->wide[i];

		pq_sendint32(buffer, (uint32) row->day);
		pq_sendint32(buffer, ledger_order_of(&orders, row->order));
		segment_send_wide(buffer, &row->units);
	}
}

/* Day and order of a row of a state whose ids are there. */
static void
read_row_head(SegmentCursor *cursor, const LedgerState *state, DateADT *day, uint32 *order)
{
	*day = (DateADT) segment_take(cursor, 4);
	*order = (uint32) segment_take(cursor, 4);
	if (cursor->is_short || *order > state->ids.count || DATE_NOT_FINITE(*day))
		segment_refuse_state("ledger_agg", "A row is out of range.");
}

LedgerState *
segment_ledger_state_read(SegmentCursor *cursor, SegmentOrderIdType *id_type)
{
	LedgerState *state = palloc0(sizeof(LedgerState));
	LedgerMemory memory = {CurrentMemoryContext, NULL};
	const unsigned char *bytes;
	SegmentAmount amount;
	DateADT day;
	uint32 order;
	uint32 n;

	amount.scale = (int) segment_take(cursor, 1);
	n = (uint32) segment_take(cursor, 4);
	bytes = segment_take_bytes(cursor, n);
	if (amount.scale > SEGMENT_MAX_DECIMALS || bytes == NULL)
		segment_refuse_state("ledger_agg", "Its head is out of range.");
	state->scale = (uint8) amount.scale;
	if (n > 0)
	{
		const char *fault;
		Ledger *ledger = segment_ledger_from_bytes((const char *) bytes, (int) n, &fault);

		if (ledger == NULL)
			segment_refuse_state("ledger_agg", fault);
		segment_ledger_state_add_ledger(state, &memory, ledger);
		pfree(ledger);
	}
	state->id_type = (Oid) segment_take(cursor, 4);
	state->collation = (Oid) segment_take(cursor, 4);
	if (OidIsValid(state->id_type))
	{
		segment_order_id_type(id_type, state->id_type, state->collation, CurrentMemoryContext);
		segment_order_ids_read(cursor, &state->ids, id_type);
	}
	n = (uint32) segment_take(cursor, 4);
	amount.is_wide = false;
	for (uint32 i = 0; i < n; i++)
	{
		read_row_head(cursor, state, &day, &order);
		amount.units = (int64) segment_take(cursor, 8);
		segment_ledger_state_add(state, &memory, day, order, &amount);
	}
	n = (uint32) segment_take(cursor, 4);
	amount.is_wide = true;
	for (uint32 i = 0; i < n; i++)
	{
		read_row_head(cursor, state, &day, &order);
		amount.wide = segment_take_wide(cursor);
		/* beyond what any row holds, but no sum of such rows overflows */
		if (amount.wide.limb[3] != 0 && amount.wide.limb[3] != PG_UINT64_MAX)
			segment_refuse_state("ledger_agg", "An amount is out of range.");
		segment_ledger_state_add(state, &memory, day, order, &amount);
	}
	segment_end_state(cursor, "ledger_agg");
	return state;
}
