/*
 * ledger_wire.c: the state of ledger_agg as bytes, for parallel plans of core.
 */
#include "postgres.h"

#include "libpq/pqformat.h"

#include "core/error.h"
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
		for (int limb = 3; limb >= 0; limb--)
			pq_sendint64(buffer, (int64) row->units.limb[limb]);
	}
}

/* Day and order of a row of a state whose ids are there. */
static void
read_row_head(StringInfo buffer, const LedgerState *state, DateADT *day, uint32 *order)
{
	*day = (DateADT) pq_getmsgint(buffer, 4);
	*order = pq_getmsgint(buffer, 4);
	if (*order > state->ids.count || DATE_NOT_FINITE(*day))
		segment_refuse_state("ledger_agg", "A row is out of range.");
}

LedgerState *
segment_ledger_state_read(StringInfo buffer, SegmentOrderIdType *id_type)
{
	LedgerState *state = palloc0(sizeof(LedgerState));
	LedgerMemory memory = {CurrentMemoryContext, NULL};
	const char *fault = NULL;
	SegmentAmount amount;
	DateADT day;
	uint32 order;
	uint32 n;
	int packed;

	amount.scale = pq_getmsgbyte(buffer);
	packed = (int) pq_getmsgint(buffer, 4);
	if (amount.scale > SEGMENT_MAX_DECIMALS || packed < 0 || packed > buffer->len - buffer->cursor)
		segment_refuse_state("ledger_agg", "Its head is out of range.");
	state->scale = (uint8) amount.scale;
	if (packed > 0)
	{
		Ledger *ledger = segment_ledger_from_bytes(pq_getmsgbytes(buffer, packed), packed, &fault);

		if (ledger == NULL)
			segment_refuse_state("ledger_agg", fault);
		segment_ledger_state_add_ledger(state, &memory, ledger);
		pfree(ledger);
	}
	state->id_type = pq_getmsgint(buffer, 4);
	state->collation = pq_getmsgint(buffer, 4);
	if (OidIsValid(state->id_type))
	{
		segment_order_id_type(id_type, state->id_type, state->collation, CurrentMemoryContext);
		segment_order_ids_read(buffer, &state->ids, id_type);
	}
	n = pq_getmsgint(buffer, 4);
	amount.is_wide = false;
	for (uint32 i = 0; i < n; i++)
	{
		read_row_head(buffer, state, &day, &order);
		amount.units = pq_getmsgint64(buffer);
		segment_ledger_state_add(state, &memory, day, order, &amount);
	}
	n = pq_getmsgint(buffer, 4);
	amount.is_wide = true;
	for (uint32 i = 0; i < n; i++)
	{
		read_row_head(buffer, state, &day, &order);
		for (int limb = 3; limb >= 0; limb--)
			amount.wide.limb[limb] = (uint64) pq_getmsgint64(buffer);
		/* beyond what any row holds, but no sum of such rows overflows */
		if (amount.wide.limb[3] != 0 && amount.wide.limb[3] != PG_UINT64_MAX)
			segment_refuse_state("ledger_agg", "An amount is out of range.");
		segment_ledger_state_add(state, &memory, day, order, &amount);
	}
	pq_getmsgend(buffer);
	return state;
}
