/*
 * incoming.c: what users' queries bring in, kept for the length of a call and read by the tables' owner any number of times.
 */
#include "postgres.h"

#include "core/compat.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/tstoreReceiver.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/supportnodes.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "segmentation/authority.h"

PG_FUNCTION_INFO_V1(segment_collect);
PG_FUNCTION_INFO_V1(segment_collect_ledgers);
PG_FUNCTION_INFO_V1(segment_collect_ids);
PG_FUNCTION_INFO_V1(segment_collect_stored);
PG_FUNCTION_INFO_V1(segment_incoming);
PG_FUNCTION_INFO_V1(segment_incoming_ledgers);
PG_FUNCTION_INFO_V1(segment_incoming_ids);
PG_FUNCTION_INFO_V1(segment_moved);
PG_FUNCTION_INFO_V1(segment_has_moved);
PG_FUNCTION_INFO_V1(segment_incoming_support);

static const char *const row_type[SEGMENT_INCOMING_KINDS] = {"incoming_row", "incoming_ledger", "incoming_id",
															 "moved_row"};

/* What queries of ours call them. */
static const char *const relation_name[] = {"incoming", "incoming_ledgers"};

/* What row counts the session's plans over incoming rows may have been made for. */
static int64 planned_for[SEGMENT_INCOMING_KINDS];

static void
drop_rows(SegmentIncoming *incoming)
{
	if (incoming->rows != NULL)
		tuplestore_end(incoming->rows);
	memset(incoming, 0, sizeof(SegmentIncoming));
}

/* What a call held, after success; after an error the transaction's end takes it. */
void
segment_drop_incoming(SegmentAuthority *a)
{
	if (a->files == NULL)
		return;
	for (int kind = 0; kind < SEGMENT_INCOMING_KINDS; kind++)
		drop_rows(&a->incoming[kind]);
	ResourceOwnerRelease(a->files, RESOURCE_RELEASE_BEFORE_LOCKS, true, false);
	ResourceOwnerRelease(a->files, RESOURCE_RELEASE_LOCKS, true, false);
	ResourceOwnerRelease(a->files, RESOURCE_RELEASE_AFTER_LOCKS, true, false);
	ResourceOwnerDelete(a->files);
	MemoryContextDelete(a->memory);
}

static TupleDesc
row_descriptor(SegmentIncomingKind kind)
{
	Oid type = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(row_type[kind]),
							   ObjectIdGetDatum(get_namespace_oid("segment_internal", false)));

	if (!OidIsValid(type))
		elog(ERROR, "type segment_internal.%s does not exist", row_type[kind]);
	return lookup_rowtype_tupdesc_copy(type, -1);
}

/* An empty set of the kind. It lives as long as the trampoline's call, whatever subtransaction it is made in. */
static SegmentIncoming
new_incoming(SegmentAuthority *a, SegmentIncomingKind kind)
{
	SegmentIncoming incoming = {0};
	ResourceOwner current = CurrentResourceOwner;
	MemoryContext former;

	if (a->files == NULL)
	{
		a->memory = AllocSetContextCreate(a->outer_memory, "segment incoming rows", ALLOCSET_DEFAULT_SIZES);
		a->files = ResourceOwnerCreate(a->outer_files, "segment incoming rows");
	}
	former = MemoryContextSwitchTo(a->memory);
	incoming.desc = row_descriptor(kind);
	CurrentResourceOwner = a->files;
	incoming.rows = tuplestore_begin_heap(false, false, work_mem);
	CurrentResourceOwner = current;
	MemoryContextSwitchTo(former);
	return incoming;
}

SegmentIncoming *
segment_new_incoming(SegmentIncomingKind kind)
{
	SegmentAuthority *a = segment_required_authority();
	SegmentIncoming incoming = new_incoming(a, kind);

	drop_rows(&a->incoming[kind]);
	a->incoming[kind] = incoming;
	return &a->incoming[kind];
}

/* Within SPI: what a query of ours calls incoming and incoming_ledgers are the rows themselves, not copies. */
void
segment_register_incoming(void)
{
	SegmentAuthority *a = segment_required_authority();

	for (int kind = SEGMENT_INCOMING_STATES; kind <= SEGMENT_INCOMING_LEDGERS; kind++)
	{
		EphemeralNamedRelation named = palloc0(sizeof(EphemeralNamedRelationData));

		if (a->incoming[kind].rows == NULL)
			(void) segment_new_incoming(kind);
		named->md.name = pstrdup(relation_name[kind]);
		named->md.tupdesc = a->incoming[kind].desc;
		named->md.enrtype = ENR_NAMED_TUPLESTORE;
		named->md.enrtuples = (double) a->incoming[kind].count;
		named->reldata = a->incoming[kind].rows;
		if (SPI_register_relation(named) != SPI_OK_REL_REGISTER)
			elog(ERROR, "incoming rows cannot be given a name");
	}
}

/*
 * The session's plans over incoming rows were made for as many rows as there were then. Very different numbers need
 * other plans: all are made anew, as this is all that the server offers.
 */
static void
replan(SegmentIncomingKind kind, int64 count)
{
	int64 more = Max(planned_for[kind], count);
	int64 less = Min(planned_for[kind], count);

	if (more > 100 && less < more / 8)
	{
		planned_for[kind] = count;
		ResetPlanCache();
	}
}

/* Runs a query, whose rows go into an empty set; one of ours may read incoming rows by name. */
static void
fill(SegmentAuthority *a, SegmentIncoming *incoming, const char *query, bool ours)
{
	SPIExecuteOptions options = {0};
	DestReceiver *receiver = CreateTuplestoreDestReceiver();

	SetTuplestoreDestReceiverParams(receiver, incoming->rows, a->memory, false, incoming->desc,
									"the query does not fit the rows that are expected");
	options.must_return_tuples = true;
	options.dest = receiver;
	SPI_connect();
	if (ours)
		segment_register_incoming();
	if (SPI_execute_extended(query, &options) != SPI_OK_SELECT)
		elog(ERROR, "not a query: %s", query);
	incoming->count = (int64) SPI_processed;
	SPI_finish();
	receiver->rDestroy(receiver);
}

/* The rows take the place of those before, which the query may have read. */
static Datum
keep(SegmentAuthority *a, SegmentIncomingKind kind, const SegmentIncoming *incoming)
{
	drop_rows(&a->incoming[kind]);
	a->incoming[kind] = *incoming;
	replan(kind, incoming->count);
	PG_RETURN_INT64(incoming->count);
}

static Datum
collect(FunctionCallInfo fcinfo, SegmentIncomingKind kind)
{
	char *query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	SegmentIncoming incoming = new_incoming(segment_required_authority(), kind);
	SegmentOutside outside;

	segment_go_outside(&outside);
	PG_TRY();
	{
		fill(outside.authority, &incoming, query, false);
	}
	PG_FINALLY();
	{
		segment_come_back(&outside);
	}
	PG_END_TRY();
	AtEOXact_GUC(false, outside.nest);
	return keep(outside.authority, kind, &incoming);
}

/* collect_stored(query text) -> bigint: the same for a query of ours, as the tables' owner. */
Datum
segment_collect_stored(PG_FUNCTION_ARGS)
{
	SegmentAuthority *a = segment_required_authority();
	SegmentIncoming incoming = new_incoming(a, SEGMENT_INCOMING_STATES);

	fill(a, &incoming, text_to_cstring(PG_GETARG_TEXT_PP(0)), true);
	return keep(a, SEGMENT_INCOMING_STATES, &incoming);
}

/* collect(query text) -> bigint: keeps a query's rows as incoming rows in place of those before; their number. */
Datum
segment_collect(PG_FUNCTION_ARGS)
{
	return collect(fcinfo, SEGMENT_INCOMING_STATES);
}

Datum
segment_collect_ledgers(PG_FUNCTION_ARGS)
{
	return collect(fcinfo, SEGMENT_INCOMING_LEDGERS);
}

Datum
segment_collect_ids(PG_FUNCTION_ARGS)
{
	return collect(fcinfo, SEGMENT_INCOMING_IDS);
}

static Datum
incoming_rows(FunctionCallInfo fcinfo, SegmentIncomingKind kind)
{
	SegmentIncoming *incoming = &segment_required_authority()->incoming[kind];
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	TupleTableSlot *slot;

	InitMaterializedSRF(fcinfo, 0);
	if (incoming->rows == NULL)
		return (Datum) 0;
	slot = MakeSingleTupleTableSlot(incoming->desc, &TTSOpsMinimalTuple);
	tuplestore_rescan(incoming->rows);
	while (tuplestore_gettupleslot(incoming->rows, true, false, slot))
	{
		CHECK_FOR_INTERRUPTS();
		tuplestore_puttupleslot(result->setResult, slot);
	}
	ExecDropSingleTupleTableSlot(slot);
	return (Datum) 0;
}

/* incoming() -> setof incoming_row: the rows that were collected last. */
Datum
segment_incoming(PG_FUNCTION_ARGS)
{
	return incoming_rows(fcinfo, SEGMENT_INCOMING_STATES);
}

Datum
segment_incoming_ledgers(PG_FUNCTION_ARGS)
{
	return incoming_rows(fcinfo, SEGMENT_INCOMING_LEDGERS);
}

Datum
segment_incoming_ids(PG_FUNCTION_ARGS)
{
	return incoming_rows(fcinfo, SEGMENT_INCOMING_IDS);
}

/* moved() -> setof moved_row: what put_changed wrote last. */
Datum
segment_moved(PG_FUNCTION_ARGS)
{
	return incoming_rows(fcinfo, SEGMENT_INCOMING_MOVED);
}

/* has_moved(version_id integer, day date) -> boolean: whether moved() is all that began on a day of a version; false outside of a call. */
Datum
segment_has_moved(PG_FUNCTION_ARGS)
{
	SegmentAuthority *a = segment_current_authority();

	PG_RETURN_BOOL(a != NULL && a->incoming[SEGMENT_INCOMING_MOVED].rows != NULL &&
				   a->moved_version == PG_GETARG_INT32(0) && a->moved_day == PG_GETARG_DATEADT(1));
}

/* incoming_support(internal): tells the planner how many rows there are. */
Datum
segment_incoming_support(PG_FUNCTION_ARGS)
{
	Node *node = (Node *) PG_GETARG_POINTER(0);
	SegmentAuthority *a = segment_current_authority();

	if (IsA(node, SupportRequestRows) && a != NULL)
	{
		SupportRequestRows *request = (SupportRequestRows *) node;
		char *name = get_func_name(request->funcid);
		SegmentIncomingKind kind = name == NULL || strcmp(name, "incoming") == 0 ? SEGMENT_INCOMING_STATES
								   : strcmp(name, "incoming_ledgers") == 0		 ? SEGMENT_INCOMING_LEDGERS
								   : strcmp(name, "moved") == 0					 ? SEGMENT_INCOMING_MOVED
																				 : SEGMENT_INCOMING_IDS;

		request->rows = Max(a->incoming[kind].count, 1);
		PG_RETURN_POINTER(request);
	}
	PG_RETURN_POINTER(NULL);
}
