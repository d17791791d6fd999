/*
 * ledger_state.h: the state of ledger_agg: the rows of one customer as they come, packed into a ledger now and then.
 */
#ifndef SEGMENT_LEDGER_LEDGER_STATE_H
#define SEGMENT_LEDGER_LEDGER_STATE_H

#include "core/order_ids.h"
#include "ledger/ledger.h"

#include "lib/stringinfo.h"
#include "math/wire.h"

/* A row; order is the number of its order id + 1, or 0 for a row that is an order of its own. */
typedef struct LedgerRow
{
	DateADT day;
	uint32 order;
	int64 units;
} LedgerRow;

/*
 * Nearly all rows fit 8 bytes: above the day, in an order that unsigned integers keep, below the units of 32 bits. Its
 * order follows from its place, see LedgerState.
 */
typedef uint64 LedgerSlimRow;

static inline LedgerSlimRow
ledger_slim_row(DateADT day, int32 units)
{
	return (uint64) ((uint32) day ^ 0x80000000) << 32 | (uint32) units;
}

static inline DateADT
ledger_slim_day(LedgerSlimRow row)
{
	return (DateADT) ((uint32) (row >> 32) ^ 0x80000000);
}

static inline int32
ledger_slim_units(LedgerSlimRow row)
{
	return (int32) (uint32) row;
}

/* A row whose amount does not fit 64 bits at the state's scale. */
typedef struct LedgerWideRow
{
	DateADT day;
	uint32 order;
	SegmentWide units;
} LedgerWideRow;

/*
 * Ledgers that wait to be merged, each more than twice as large as the next: so a day takes part in a logarithmic number
 * of merges, however many ledgers come, and all together are less than twice as large as the first.
 */
typedef struct LedgerPacked
{
	Ledger **ledger;
	int count;
	int capacity;
} LedgerPacked;

/* What only few customers need. */
typedef struct LedgerRareParts
{
	LedgerWideRow *wide;
	uint32 n_wide;
	uint32 wide_capacity;
	uint32 wide_unified; /* wide rows in front whose order's number is final */
	LedgerPacked packed; /* rows that were packed to save memory, and stored ledgers */
} LedgerRareParts;

/*
 * All zero: no row has counted yet. Rows are slim until one does not fit; then all become full. Without order ids, a
 * slim row is an order of its own. With order ids, the id of slim row i is id number i: so a row without an id does not
 * fit, nor does one that repeats an earlier id. But consecutive rows of one id, on one day and of one sign, are summed
 * up.
 *
 * Rows of order ids stay rows: a later one can make a return an order. What is pointed to lies in the aggregate's
 * context, see LedgerMemory. A state without order ids is only the part in front of them.
 */
typedef struct LedgerState
{
	void *rows; /* LedgerSlimRow or LedgerRow */
	uint32 n_rows;
	uint32 capacity; /* of rows, in units of 8 bytes */
	LedgerRareParts *rare;
	Oid id_type;		 /* InvalidOid without order ids */
	Oid collation;		 /* of the ids; support functions for parallel plans are not told it */
	uint32 rows_unified; /* full rows in front whose order's number is final */
	uint8 scale;		 /* of all rows */
	bool is_full;
	bool has_rows; /* some row has counted */
	SegmentOrderIds ids;
} LedgerState;

#define LEDGER_STATE_WITHOUT_IDS offsetof(LedgerState, ids)

/* Where a state allocates: in the arena, if it is not NULL, and in the context. Always the same for one state. */
typedef struct LedgerMemory
{
	MemoryContext context;
	SegmentArena *arena;
} LedgerMemory;

/*
 * The order of an id, for segment_ledger_state_add. Hashing and comparing may leave copies behind in the current
 * context.
 */
extern uint32 segment_ledger_state_order(LedgerState *state, const LedgerMemory *memory, SegmentOrderIdType *id_type,
										 Datum id);

/* Adds a row; order as in LedgerRow. */
extern void segment_ledger_state_add(LedgerState *state, const LedgerMemory *memory, DateADT day, uint32 order,
									 const SegmentAmount *amount);

/* The same for a slim row, as nearly all are; false if the row is not slim, or if there is no room for it. */
static inline bool
segment_ledger_state_add_slim(LedgerState *state, DateADT day, uint32 order, segment_int128 units, int scale)
{
	if (state->is_full || state->n_rows == state->capacity || scale != state->scale || units != (int32) units ||
		order != (OidIsValid(state->id_type) ? state->n_rows + 1 : 0))
		return false;
	((LedgerSlimRow *) state->rows)[state->n_rows++] = ledger_slim_row(day, (int32) units);
	return true;
}

/* Adds all that other holds, which stays as it is. id_type is needed where there are order ids. */
extern void segment_ledger_state_merge(LedgerState *state, const LedgerMemory *memory, const LedgerState *other,
									   SegmentOrderIdType *id_type);

/* Adds a stored ledger. */
extern void segment_ledger_state_add_ledger(LedgerState *state, const LedgerMemory *memory, const Ledger *stored);

#ifdef USE_ASSERT_CHECKING
/* What is wrong with a state; NULL if nothing is. */
extern const char *segment_ledger_state_fault(const LedgerState *state);
#endif

/* A row of a state by its place, whatever its form. */
static inline LedgerRow
ledger_state_row(const LedgerState *state, uint32 i)
{
	LedgerSlimRow slim;
	LedgerRow row;

	if (state->is_full)
		return ((const LedgerRow *) state->rows)[i];
	slim = ((const LedgerSlimRow *) state->rows)[i];
	row.day = ledger_slim_day(slim);
	row.order = OidIsValid(state->id_type) ? i + 1 : 0;
	row.units = ledger_slim_units(slim);
	return row;
}

/*
 * The order ids of a state, each once, in the current context; ids is what to write. number_of tells the number there
 * of an id by its number in the state; NULL: the same.
 */
typedef struct LedgerOrders
{
	SegmentOrderIds ids;
	uint32 *number_of;
} LedgerOrders;

extern void segment_ledger_orders_of(const LedgerState *state, SegmentOrderIdType *id_type, LedgerOrders *orders);

/* LedgerRow.order among these orders. */
static inline uint32
ledger_order_of(const LedgerOrders *orders, uint32 order)
{
	return order > 0 && orders->number_of != NULL ? orders->number_of[order - 1] + 1 : order;
}

/* The ledger of the rows that are not packed, in the current context; NULL if there is nothing in it. */
extern Ledger *segment_ledger_state_rows(const LedgerState *state, SegmentOrderIdType *id_type);

/* sum, which may be NULL and is freed, and the packed ledgers as one in the current context; NULL if it is empty. */
extern Ledger *segment_ledger_with_packed(const LedgerState *state, Ledger *sum);

/* The ledger in the current context; NULL if there is nothing in it. The state stays as it is. */
extern Ledger *segment_ledger_state_result(const LedgerState *state, SegmentOrderIdType *id_type);

extern void segment_ledger_state_write(StringInfo buffer, const LedgerState *state, SegmentOrderIdType *id_type);

/* In the current context; 22P03 for bytes that no state gives. id_type is filled for the type of ids they name. */
extern LedgerState *segment_ledger_state_read(SegmentCursor *cursor, SegmentOrderIdType *id_type);

/* A checked ledger from the bytes behind its length word, or NULL with the fault. */
extern Ledger *segment_ledger_from_bytes(const char *bytes, int length, const char **fault);

#endif
