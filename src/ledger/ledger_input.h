/*
 * ledger_input.h: what the arguments of ledger_agg need beyond time and amount.
 */
#ifndef SEGMENT_LEDGER_LEDGER_INPUT_H
#define SEGMENT_LEDGER_LEDGER_INPUT_H

#include "ledger/ledger_state.h"

/* The zone of the last row; all zero before the first. It owns no memory, as it may change with each row. */
typedef struct LedgerZone
{
	pg_tz *zone;
	Size length;
	char name[TZ_STRLEN_MAX + 1];
} LedgerZone;

/*
 * The zone of a row, looked up again only when its name changes; 22004 for NULL, 22023 for an unknown one. Leaves memory
 * behind in the current context.
 */
extern pg_tz *segment_ledger_zone_of(LedgerZone *zone, Datum argument, bool is_null);

#endif
