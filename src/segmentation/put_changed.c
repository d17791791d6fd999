/*
 * put_changed.c: the states of a new day: what the newest snapshot of a version says, next to the one before it. Where only those
 * come in who had to be scored, each is looked up; where everybody does, both are read in the order of the index. Rows
 * that differ are ended and begun, and kept as moved rows, of which totals are made.
 *
 * put_differences (740-segmentation-state.sql) does the same for any day, in SQL.
 */
#include "postgres.h"

#include "core/compat.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/value.h"
#include "parser/parse_func.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/tuplesort.h"
#include "utils/typcache.h"

#include "core/day.h"
#include "rfm/rfm.h"
#include "segmentation/authority.h"
#include "segmentation/forgotten.h"
#include "segmentation/state_writer.h"

PG_FUNCTION_INFO_V1(segment_put_changed);
PG_FUNCTION_INFO_V1(segment_can_put_changed);

/* Columns of segment.state, as 710-segmentation-tables.sql has them. */
enum
{
	STATE_VERSION_ID,
	STATE_CUSTOMER,
	STATE_FROM_DAY,
	STATE_UNTIL_DAY,
	STATE_MARKET,
	STATE_RFM,
	STATE_SCORE,
	STATE_SEGMENT,
	STATE_SORT,
	STATE_CHANNEL,
	STATE_REPEAT,
	STATE_PREVIOUS_SEGMENT,
	STATE_PREVIOUS_SORT,
	STATE_SINCE,
	STATE_MOVED_BY,
	STATE_DUE,
	STATE_COLUMNS
};

/* Columns of incoming_row. What stands from market to repeat is what a state says, in both. */
enum
{
	INCOMING_CUSTOMER,
	INCOMING_MARKET,
	INCOMING_RFM,
	INCOMING_SCORE,
	INCOMING_SEGMENT,
	INCOMING_SORT,
	INCOMING_CHANNEL,
	INCOMING_REPEAT,
	INCOMING_DUE,
	INCOMING_COLUMNS
};

#define SAID (INCOMING_REPEAT - INCOMING_MARKET + 1)

/* Columns of moved_row: what is said but for repeat, by the new state and by the former one. */
#define MOVED_COLUMNS (1 + 2 * (SAID - 1) + 1)

typedef struct Put
{
	int32 version_id;
	DateADT day;
	DateADT previous_day;
	bool has_previous_day;
	bool windowed; /* summaries lose orders as time passes */
	pg_tz *zone;
	RowWriter *writer;
	TupleDesc desc;
	Relation index;
	IndexScanDesc scan;
	TupleTableSlot *former;
	TupleTableSlot *row;
	FmgrInfo *rfm_equal;
	FmgrInfo *repeat_later;
	SegmentIncoming *moved;
	MemoryContext memory; /* of one customer */
	MemoryContext kept;	  /* of the call */
	ArrayBuildState *waited;
} Put;

/* The row that holds of a customer on the day: the newest, if it has not ended. */
static bool
find_former(Put *p, Datum customer)
{
	ScanKeyData key[2];
	MemoryContext customers;
	DateADT until;
	bool found;

	ScanKeyInit(&key[0], 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(p->version_id));
	ScanKeyEntryInitialize(&key[1], 0, 2, BTEqualStrategyNumber, InvalidOid, C_COLLATION_OID, F_TEXTEQ, customer);
	/* what the scan allocates on its way it keeps */
	customers = MemoryContextSwitchTo(p->kept);
	index_rescan(p->scan, key, 2, NULL, 0);
	found = index_getnext_slot(p->scan, BackwardScanDirection, p->former);
	MemoryContextSwitchTo(customers);
	if (!found)
		return false;
	slot_getallattrs(p->former);
	until = DatumGetDateADT(p->former->tts_values[STATE_UNTIL_DAY]);
	return until > p->day && DatumGetDateADT(p->former->tts_values[STATE_FROM_DAY]) < p->day;
}

/* Whether the former state says what the incoming row does, byte for byte; but a repeat summary goes on with time. */
static bool
says_the_same(const Put *p, const Datum *said, const bool *null)
{
	const Datum *former = p->former->tts_values + STATE_MARKET;
	const bool *former_null = p->former->tts_isnull + STATE_MARKET;

	if (null[INCOMING_RFM - INCOMING_MARKET] && former_null[STATE_SEGMENT - STATE_MARKET])
		return true;
	for (int i = 0; i < SAID; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(p->desc, STATE_MARKET + i);
		Datum value = former[i];

		if (null[i] != former_null[i])
			return false;
		if (null[i])
			continue;
		if (STATE_MARKET + i == STATE_REPEAT)
			value = FunctionCall2(p->repeat_later, value,
								  Int32GetDatum(p->day - DatumGetDateADT(p->former->tts_values[STATE_FROM_DAY])));
		if (!datum_image_eq(said[i], value, attribute->attbyval, attribute->attlen))
			return false;
	}
	return true;
}

/* Whether a customer whose segment is another one has done something since: as segment_internal.moved_by. */
static bool
acted(const Put *p, Datum rfm, Datum former_rfm)
{
	Rfm buffer;
	const Rfm *summary;

	if (!p->windowed)
		return !DatumGetBool(FunctionCall2(p->rfm_equal, rfm, former_rfm));
	summary = segment_rfm_open(rfm, &buffer);
	return p->has_previous_day && segment_rfm_has_orders(summary) &&
		   segment_day_of(summary->last, summary->kind, p->zone) > p->previous_day;
}

static const char *
moved_by(const Put *p, const Datum *said, const bool *null, bool has_former)
{
	const int segment = STATE_SEGMENT - STATE_MARKET;
	const int rfm = STATE_RFM - STATE_MARKET;
	bool was = has_former && !p->former->tts_isnull[STATE_SEGMENT];

	if (null[segment])
		return was ? "gone" : NULL;
	if (!was)
		return "new";
	if (datum_image_eq(said[segment], p->former->tts_values[STATE_SEGMENT], false, -1))
		return NULL;
	return acted(p, said[rfm], p->former->tts_values[STATE_RFM]) ? "order" : "time";
}

/* The former row with other values in some columns takes its place. */
static void
replace_former(Put *p, int column, Datum value, bool null)
{
	ExecClearTuple(p->row);
	memcpy(p->row->tts_values, p->former->tts_values, sizeof(Datum) * STATE_COLUMNS);
	memcpy(p->row->tts_isnull, p->former->tts_isnull, sizeof(bool) * STATE_COLUMNS);
	p->row->tts_values[column] = value;
	p->row->tts_isnull[column] = null;
	ExecStoreVirtualTuple(p->row);
	segment_writer_update(p->writer, p->former, p->row);
}

static void
keep_moved(Put *p, const Datum *state, const bool *null, bool has_former)
{
	Datum value[MOVED_COLUMNS];
	bool is_null[MOVED_COLUMNS];
	int n = 0;

	value[n] = state[STATE_CUSTOMER];
	is_null[n++] = false;
	for (int i = 0; i < SAID - 1; i++, n++)
	{
		value[n] = state[STATE_MARKET + i];
		is_null[n] = null[STATE_MARKET + i];
	}
	for (int i = 0; i < SAID - 1; i++, n++)
	{
		value[n] = has_former ? p->former->tts_values[STATE_MARKET + i] : (Datum) 0;
		is_null[n] = !has_former || p->former->tts_isnull[STATE_MARKET + i];
	}
	value[n] = state[STATE_MOVED_BY];
	is_null[n++] = null[STATE_MOVED_BY];
	Assert(n == MOVED_COLUMNS);
	tuplestore_putvalues(p->moved->rows, p->moved->desc, value, is_null);
	p->moved->count++;
}

/* A state that begins on the day. */
static void
begin_state(Put *p, Datum customer, const Datum *said, const bool *said_null, Datum due, bool no_due, bool has_former)
{
	Datum *value = p->row->tts_values;
	bool *null = p->row->tts_isnull;
	const char *cause = moved_by(p, said, said_null, has_former);
	const bool *former_null = p->former->tts_isnull;
	bool was = has_former && !former_null[STATE_SEGMENT];
	bool stays = was && !said_null[STATE_SEGMENT - STATE_MARKET] &&
				 datum_image_eq(said[STATE_SEGMENT - STATE_MARKET], p->former->tts_values[STATE_SEGMENT], false, -1);

	ExecClearTuple(p->row);
	memset(null, 0, sizeof(bool) * STATE_COLUMNS);
	value[STATE_VERSION_ID] = Int32GetDatum(p->version_id);
	value[STATE_CUSTOMER] = customer;
	value[STATE_FROM_DAY] = DateADTGetDatum(p->day);
	value[STATE_UNTIL_DAY] = DateADTGetDatum(DATEVAL_NOEND);
	memcpy(value + STATE_MARKET, said, sizeof(Datum) * SAID);
	memcpy(null + STATE_MARKET, said_null, sizeof(bool) * SAID);
	value[STATE_PREVIOUS_SEGMENT] = was ? p->former->tts_values[STATE_SEGMENT] : (Datum) 0;
	null[STATE_PREVIOUS_SEGMENT] = !was;
	null[STATE_PREVIOUS_SORT] = !has_former || former_null[STATE_SORT];
	value[STATE_PREVIOUS_SORT] = null[STATE_PREVIOUS_SORT] ? (Datum) 0 : p->former->tts_values[STATE_SORT];
	value[STATE_SINCE] = stays ? p->former->tts_values[STATE_SINCE] : DateADTGetDatum(p->day);
	null[STATE_SINCE] = stays && former_null[STATE_SINCE];
	null[STATE_MOVED_BY] = cause == NULL;
	value[STATE_MOVED_BY] = cause == NULL ? (Datum) 0 : CStringGetTextDatum(cause);
	value[STATE_DUE] = due;
	null[STATE_DUE] = no_due;
	ExecStoreVirtualTuple(p->row);
	keep_moved(p, value, null, has_former);
	segment_writer_insert(p->writer, p->row);
}

/* A state that ends on the day: due stays as it is, as days that have passed are not asked for. */
static void
end_former(Put *p)
{
	replace_former(p, STATE_UNTIL_DAY, DateADTGetDatum(p->day), false);
}

/* Who is stored, and no customer any more. */
static void
put_gone(Put *p)
{
	Datum said[SAID] = {0};
	bool null[SAID];
	Datum customer = p->former->tts_values[STATE_CUSTOMER];

	if (p->former->tts_isnull[STATE_SEGMENT])
		return;
	memset(null, true, sizeof(null));
	said[0] = PointerGetDatum(cstring_to_text(""));
	null[0] = false;
	end_former(p);
	begin_state(p, customer, said, null, (Datum) 0, true, true);
}

/* A row that said that nobody is there has changed: it may not be needed any more. */
static void
note_waited(Put *p, Datum customer)
{
	p->waited = accumArrayResult(p->waited, customer, false, TEXTOID, p->kept);
}

/* One incoming row, beside the state in p->former if there is one. */
static void
put_customer(Put *p, TupleTableSlot *incoming, bool has_former)
{
	Datum *said = incoming->tts_values + INCOMING_MARKET;
	bool *null = incoming->tts_isnull + INCOMING_MARKET;
	bool nobody = incoming->tts_isnull[INCOMING_RFM];
	bool no_due = incoming->tts_isnull[INCOMING_DUE];
	Datum due = incoming->tts_values[INCOMING_DUE];
	Datum customer = incoming->tts_values[INCOMING_CUSTOMER];
	bool was;

	if (nobody)
	{
		said[0] = PointerGetDatum(cstring_to_text(""));
		null[0] = false;
		null[INCOMING_CHANNEL - INCOMING_MARKET] = null[INCOMING_REPEAT - INCOMING_MARKET] = true;
	}
	was = has_former && !p->former->tts_isnull[STATE_SEGMENT];
	if (has_former && says_the_same(p, said, null))
	{
		if (DatumGetDateADT(p->former->tts_values[STATE_UNTIL_DAY]) == DATEVAL_NOEND &&
			(no_due != p->former->tts_isnull[STATE_DUE] ||
			 (!no_due && DatumGetDateADT(due) != DatumGetDateADT(p->former->tts_values[STATE_DUE]))))
		{
			replace_former(p, STATE_DUE, due, no_due);
			if (!was)
				note_waited(p, customer);
		}
		return;
	}
	/* Who is no customer yet, but will be one, waits in a row of its own. */
	if (nobody && !was && no_due)
		return;
	if (has_former)
		end_former(p);
	begin_state(p, customer, said, null, due, no_due, has_former);
	if (has_former && !was)
		note_waited(p, customer);
}

/* Customers one by one, each looked up. */
static void
put_some(Put *p, SegmentIncoming *incoming)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(incoming->desc, &TTSOpsMinimalTuple);

	tuplestore_rescan(incoming->rows);
	while (tuplestore_gettupleslot(incoming->rows, true, false, slot))
	{
		MemoryContext caller = MemoryContextSwitchTo(p->memory);

		CHECK_FOR_INTERRUPTS();
		slot_getallattrs(slot);
		if (!slot->tts_isnull[INCOMING_CUSTOMER])
			put_customer(p, slot, find_former(p, slot->tts_values[INCOMING_CUSTOMER]));
		MemoryContextSwitchTo(caller);
		MemoryContextReset(p->memory);
	}
	ExecDropSingleTupleTableSlot(slot);
}

/* --- everybody ----------------------------------------------------------------------------------------------------- */

static Tuplesortstate *
sort_by_customer(SegmentIncoming *incoming)
{
	AttrNumber column = INCOMING_CUSTOMER + 1;
	Oid less = lookup_type_cache(TEXTOID, TYPECACHE_LT_OPR)->lt_opr;
	Oid collation = C_COLLATION_OID;
	bool nulls_first = false;
	Tuplesortstate *sort = tuplesort_begin_heap(incoming->desc, 1, &column, &less, &collation, &nulls_first, work_mem,
												NULL, TUPLESORT_NONE);
	TupleTableSlot *slot = MakeSingleTupleTableSlot(incoming->desc, &TTSOpsMinimalTuple);

	tuplestore_rescan(incoming->rows);
	while (tuplestore_gettupleslot(incoming->rows, true, false, slot))
	{
		CHECK_FOR_INTERRUPTS();
		tuplesort_puttupleslot(sort, slot);
	}
	ExecDropSingleTupleTableSlot(slot);
	tuplesort_performsort(sort);
	return sort;
}

/* The next state that holds on the day, into p->former. */
static bool
next_former(Put *p)
{
	while (index_getnext_slot(p->scan, ForwardScanDirection, p->former))
	{
		CHECK_FOR_INTERRUPTS();
		slot_getallattrs(p->former);
		if (DatumGetDateADT(p->former->tts_values[STATE_UNTIL_DAY]) > p->day &&
			DatumGetDateADT(p->former->tts_values[STATE_FROM_DAY]) < p->day)
			return true;
	}
	return false;
}

/* Below zero where the state is of a customer before the incoming one. */
static int
compare_former(const Put *p, const TupleTableSlot *incoming)
{
	text *a = DatumGetTextPP(p->former->tts_values[STATE_CUSTOMER]);
	text *b = DatumGetTextPP(incoming->tts_values[INCOMING_CUSTOMER]);
	int length = (int) VARSIZE_ANY_EXHDR(a) - (int) VARSIZE_ANY_EXHDR(b);
	int order = memcmp(VARDATA_ANY(a), VARDATA_ANY(b), Min(VARSIZE_ANY_EXHDR(a), VARSIZE_ANY_EXHDR(b)));

	return order != 0 ? order : length;
}

/* Both in the order of customers. */
static void
put_everybody(Put *p, SegmentIncoming *incoming)
{
	Tuplesortstate *sort = sort_by_customer(incoming);
	TupleTableSlot *slot = MakeSingleTupleTableSlot(incoming->desc, &TTSOpsMinimalTuple);
	MemoryContext caller = CurrentMemoryContext;
	ScanKeyData key;
	bool more;

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(p->version_id));
	index_rescan(p->scan, &key, 1, NULL, 0);
	more = next_former(p);
	while (tuplesort_gettupleslot(sort, true, false, slot, NULL))
	{
		int order = 1;

		slot_getallattrs(slot);
		if (slot->tts_isnull[INCOMING_CUSTOMER])
			continue;
		for (; more && (order = compare_former(p, slot)) < 0; more = next_former(p))
		{
			MemoryContextSwitchTo(p->memory);
			put_gone(p);
			MemoryContextSwitchTo(caller);
		}
		MemoryContextSwitchTo(p->memory);
		put_customer(p, slot, more && order == 0);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(p->memory);
		if (more && order == 0)
			more = next_former(p);
	}
	for (; more; more = next_former(p))
	{
		MemoryContextSwitchTo(p->memory);
		put_gone(p);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(p->memory);
	}
	tuplesort_end(sort);
	ExecDropSingleTupleTableSlot(slot);
}

/* Whether put_changed can be used: the tables have nothing about them that SQL would heed. */
Datum
segment_can_put_changed(PG_FUNCTION_ARGS)
{
	Relation state = table_open(segment_table("state"), AccessShareLock);
	bool plain = segment_writes_plainly(state) && RelationGetDescr(state)->natts == STATE_COLUMNS;

	(void) fcinfo;
	table_close(state, AccessShareLock);
	PG_RETURN_BOOL(plain);
}

static void
begin(Put *p, int keys)
{
	Oid repeat[2];
	Oid index = segment_table("state_pkey");
	TypeCacheEntry *type;

	p->writer = segment_writer_begin("state");
	p->desc = RelationGetDescr(segment_writer_table(p->writer));
	p->index = index_open(index, AccessShareLock);
	p->scan = segment_index_beginscan(segment_writer_table(p->writer), p->index, GetActiveSnapshot(), keys);
	p->former = table_slot_create(segment_writer_table(p->writer), NULL);
	p->row = MakeSingleTupleTableSlot(p->desc, &TTSOpsVirtual);
	type = lookup_type_cache(TupleDescAttr(p->desc, STATE_RFM)->atttypid, TYPECACHE_EQ_OPR_FINFO);
	if (!OidIsValid(type->eq_opr_finfo.fn_oid))
		elog(ERROR, "summaries cannot be compared");
	p->rfm_equal = &type->eq_opr_finfo;
	repeat[0] = TupleDescAttr(p->desc, STATE_REPEAT)->atttypid;
	repeat[1] = INT4OID;
	p->repeat_later = palloc(sizeof(FmgrInfo));
	fmgr_info(LookupFuncName(list_make2(makeString("segment_internal"), makeString("repeat_later")), 2, repeat, false),
			  p->repeat_later);
	p->moved = segment_new_incoming(SEGMENT_INCOMING_MOVED);
	if (p->moved->desc->natts != MOVED_COLUMNS)
		elog(ERROR, "type segment_internal.moved_row has other columns");
	p->kept = CurrentMemoryContext;
	p->memory = AllocSetContextCreate(CurrentMemoryContext, "segment put_changed", ALLOCSET_DEFAULT_SIZES);
}

static void
end(Put *p)
{
	index_endscan(p->scan);
	ExecDropSingleTupleTableSlot(p->former);
	ExecDropSingleTupleTableSlot(p->row);
	index_close(p->index, AccessShareLock);
	(void) segment_writer_end(p->writer);
	MemoryContextDelete(p->memory);
}

/*
 * put_changed(version_id integer, day date, previous_day date, windowed boolean, zone text, everybody boolean) -> text[]: makes the
 * states of the customers of incoming(), each once, what it says of a day behind all others of the version; everybody: who is not
 * in it is no customer. Those of whom the row of the day said that nobody is there.
 */
Datum
segment_put_changed(PG_FUNCTION_ARGS)
{
	SegmentAuthority *a = segment_required_authority();
	SegmentIncoming *incoming = &a->incoming[SEGMENT_INCOMING_STATES];
	Put p = {0};
	bool everybody = !PG_ARGISNULL(5) && PG_GETARG_BOOL(5);

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(3) || PG_ARGISNULL(4))
		elog(ERROR, "put_changed needs a version, a day and its zone");
	p.version_id = PG_GETARG_INT32(0);
	p.day = PG_GETARG_DATEADT(1);
	p.has_previous_day = !PG_ARGISNULL(2);
	p.previous_day = p.has_previous_day ? PG_GETARG_DATEADT(2) : 0;
	p.windowed = PG_GETARG_BOOL(3);
	p.zone = segment_zone_arg(fcinfo, 4);
	begin(&p, everybody ? 1 : 2);
	a->moved_version = p.version_id;
	a->moved_day = p.day;
	if (incoming->rows == NULL)
		incoming = segment_new_incoming(SEGMENT_INCOMING_STATES);
	if (everybody)
		put_everybody(&p, incoming);
	else
		put_some(&p, incoming);
	end(&p);
	if (p.waited == NULL)
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(TEXTOID));
	PG_RETURN_DATUM(makeArrayResult(p.waited, CurrentMemoryContext));
}
