/*
 * ledger_state.h: the state of ledger_agg: the rows of one customer as they come, packed into a ledger now and then.
 */
#ifndef SEGMENT_LEDGER_LEDGER_STATE_H
#define SEGMENT_LEDGER_LEDGER_STATE_H

#include "core/order_ids.h"
#include "ledger/ledger.h"

/* A row; order is the number of its order id + 1, or 0 for a row that is an order of its own. */
typedef struct LedgerRow
{
	DateADT day;
	uint32 order;
	int64 units;
} LedgerRow;

/* A row whose amount does not fit 64 bits at the state's scale. */
typedef struct LedgerWideRow
{
	DateADT day;
	uint32 order;
	SegmentWide units;
} LedgerWideRow;

/* All of it lives in the aggregate's context. Rows of order ids stay rows: a later one can make a return an order. */
typedef struct LedgerState
{
	uint32 n_rows;
	uint32 row_capacity;
	uint32 n_wide;
	uint32 wide_capacity;
	LedgerRow *rows;
	LedgerWideRow *wide;
	Ledger *packed; /* rows that were packed to save memory, or NULL */
	SegmentOrderIds ids;
	Oid id_type;		 /* InvalidOid without order ids */
	Oid collation;		 /* of the ids; support functions for parallel plans are not told it */
	uint32 rows_unified; /* rows in front whose order's number is final */
	uint32 wide_unified;
	int scale; /* of all rows */
} LedgerState;

/* In the current context, which must be the aggregate's. */
extern LedgerState *segment_ledger_state_new(void);

/*
 * The order of an id, for segment_ledger_state_add. Ids live in context; hashing and comparing may leave copies behind
 * in the current one.
 */
extern uint32 segment_ledger_state_order(LedgerState *state, SegmentOrderIdType *id_type, Datum id,
										 MemoryContext context);

/* Keeps each id once: call it before the state's result or bytes are asked for. */
extern void segment_ledger_state_unify(LedgerState *state, SegmentOrderIdType *id_type);

/* Adds a row; order as in LedgerRow. Runs in the aggregate's context. */
extern void segment_ledger_state_add(LedgerState *state, DateADT day, uint32 order, const SegmentAmount *amount);

/* Adds all that other holds, which stays as it is. id_type is needed where there are order ids. */
extern void segment_ledger_state_merge(LedgerState *state, const LedgerState *other, SegmentOrderIdType *id_type);

/* The ledger in the current context; NULL if there is nothing in it. */
extern Ledger *segment_ledger_state_result(const LedgerState *state);

extern void segment_ledger_state_write(StringInfo buffer, const LedgerState *state);

/* 22P03 for bytes that no state gives. id_type is filled for the type of the ids that the bytes name. */
extern LedgerState *segment_ledger_state_read(StringInfo buffer, SegmentOrderIdType *id_type);

/* A checked ledger from the bytes behind its length word, or NULL with the fault. */
extern Ledger *segment_ledger_from_bytes(const char *bytes, int length, const char **fault);

#endif
