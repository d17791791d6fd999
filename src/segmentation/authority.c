/*
 * authority.c: who may do what in the room. Its tables belong to pg_database_owner and are written as that role only.
 *
 * What users call is a trampoline, segment_as_owner: it remembers who called, becomes the tables' owner, and runs the function of the
 * same name and arguments in segment_internal. That function says for whom it acts (act_for, act_for_reader), and what
 * users wrote (queries over their tables, views and functions) then runs as that role: in a restricted operation, and
 * without any authority of ours, so that what it calls of ours starts from scratch. What it returns is kept here, as
 * incoming rows, and read by the tables' owner.
 */
#include "postgres.h"

#include "core/compat.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/tstoreReceiver.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/supportnodes.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/resowner.h"
#include "utils/syscache.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"

#include "segmentation/authority.h"
#include "segmentation/refuse.h"

PG_FUNCTION_INFO_V1(segment_as_owner);
PG_FUNCTION_INFO_V1(segment_caller);
PG_FUNCTION_INFO_V1(segment_act_for);
PG_FUNCTION_INFO_V1(segment_act_for_reader);
PG_FUNCTION_INFO_V1(segment_read_as_owner);
PG_FUNCTION_INFO_V1(segment_run_as_owner);
PG_FUNCTION_INFO_V1(segment_collect);
PG_FUNCTION_INFO_V1(segment_collect_ledgers);
PG_FUNCTION_INFO_V1(segment_collect_ids);
PG_FUNCTION_INFO_V1(segment_collect_stored);
PG_FUNCTION_INFO_V1(segment_incoming);
PG_FUNCTION_INFO_V1(segment_incoming_ledgers);
PG_FUNCTION_INFO_V1(segment_incoming_ids);
PG_FUNCTION_INFO_V1(segment_incoming_support);

/* What users' queries bring in: one set of rows of each kind at a time. */
typedef enum Kind
{
	KIND_STATE,
	KIND_LEDGER,
	KIND_ID,
	KINDS
} Kind;

static const char *const row_type[KINDS] = {"incoming_row", "incoming_ledger", "incoming_id"};

typedef struct Incoming
{
	Tuplestorestate *rows;
	TupleDesc desc;
	int64 count;
} Incoming;

/* One call of a trampoline. */
typedef struct Authority
{
	Oid caller;	  /* who called the outermost one */
	Oid acts_for; /* whose queries may be run; InvalidOid before act_for */
	Incoming incoming[KINDS];
	MemoryContext memory; /* of incoming rows; NULL before there are any */
	ResourceOwner files;  /* likewise */
	MemoryContext outer_memory;
	ResourceOwner outer_files;
	ErrorContextCallback *outer_context;
} Authority;

/* The innermost call; NULL outside of all, and while what users wrote runs. */
static Authority *authority = NULL;

/* What row counts the session's plans over incoming rows may have been made for. */
static int64 planned_for[KINDS];

static Authority *
required(void)
{
	if (authority == NULL || GetUserId() != ROLE_PG_DATABASE_OWNER)
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("functions of schema segment_internal are not to be called directly"),
						errdetail("They act for the caller of a function of schema segment."),
						errhint("Call the function of schema segment that does what you want.")));
	return authority;
}

static Authority *
required_actor(void)
{
	Authority *a = required();

	if (!OidIsValid(a->acts_for))
		elog(ERROR, "the function does not say for whom it acts");
	return a;
}

/* Text of values must not depend on the session's settings. */
static void
pin_settings(void)
{
	static const char *const setting[][2] = {
		{"search_path", "pg_catalog, pg_temp"}, {"TimeZone", "UTC"},	 {"DateStyle", "ISO, YMD"},
		{"IntervalStyle", "postgres"},			{"bytea_output", "hex"}, {"extra_float_digits", "1"}};

	for (int i = 0; i < (int) lengthof(setting); i++)
		(void) set_config_option(setting[i][0], setting[i][1], PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0,
								 false);
}

/* --- the trampoline ------------------------------------------------------------------------------------------------ */

/* The function of the same name and arguments in segment_internal. */
static FmgrInfo *
inner_function(FmgrInfo *outer)
{
	HeapTuple own;
	Form_pg_proc form;
	Oid inner;
	FmgrInfo *info;

	if (outer->fn_extra != NULL)
		return outer->fn_extra;
	own = SearchSysCache1(PROCOID, ObjectIdGetDatum(outer->fn_oid));
	if (!HeapTupleIsValid(own))
		elog(ERROR, "cache lookup failed for function %u", outer->fn_oid);
	form = (Form_pg_proc) GETSTRUCT(own);
	inner = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, NameGetDatum(&form->proname),
							PointerGetDatum(&form->proargtypes),
							ObjectIdGetDatum(get_namespace_oid("segment_internal", false)));
	if (!OidIsValid(inner))
		elog(ERROR, "function %s has no counterpart in segment_internal", NameStr(form->proname));
	ReleaseSysCache(own);
	info = MemoryContextAllocZero(outer->fn_mcxt, sizeof(FmgrInfo));
	fmgr_info_cxt(inner, info, outer->fn_mcxt);
	fmgr_info_set_expr(outer->fn_expr, info);
	outer->fn_extra = info;
	return info;
}

static void
drop_incoming(Incoming *incoming)
{
	if (incoming->rows != NULL)
		tuplestore_end(incoming->rows);
	memset(incoming, 0, sizeof(Incoming));
}

/* What a call held, after success; after an error the transaction's end takes it. */
static void
release(Authority *a)
{
	if (a->files == NULL)
		return;
	for (int kind = 0; kind < KINDS; kind++)
		drop_incoming(&a->incoming[kind]);
	ResourceOwnerRelease(a->files, RESOURCE_RELEASE_BEFORE_LOCKS, true, false);
	ResourceOwnerRelease(a->files, RESOURCE_RELEASE_LOCKS, true, false);
	ResourceOwnerRelease(a->files, RESOURCE_RELEASE_AFTER_LOCKS, true, false);
	ResourceOwnerDelete(a->files);
	MemoryContextDelete(a->memory);
}

/* Calls the inner function with the same arguments; sets are always materialized. */
static Datum
call_inner(FunctionCallInfo fcinfo, FmgrInfo *inner)
{
	LOCAL_FCINFO(call, FUNC_MAX_ARGS);
	ReturnSetInfo *outer_result = (ReturnSetInfo *) fcinfo->resultinfo;
	ReturnSetInfo result;
	bool is_set = outer_result != NULL && IsA(outer_result, ReturnSetInfo);
	Datum value;

	InitFunctionCallInfoData(*call, inner, fcinfo->nargs, fcinfo->fncollation, fcinfo->context, fcinfo->resultinfo);
	memcpy(call->args, fcinfo->args, sizeof(NullableDatum) * fcinfo->nargs);
	if (is_set)
	{
		result = *outer_result;
		result.allowedModes =
			SFRM_Materialize | SFRM_Materialize_Preferred | (result.allowedModes & SFRM_Materialize_Random);
		call->resultinfo = (Node *) &result;
	}
	value = FunctionCallInvoke(call);
	if (is_set)
	{
		outer_result->returnMode = result.returnMode;
		outer_result->isDone = result.isDone;
		outer_result->setResult = result.setResult;
		outer_result->setDesc = result.setDesc;
	}
	fcinfo->isnull = call->isnull;
	return value;
}

/* Runs segment_internal's function of the same name and arguments as the tables' owner. */
Datum
segment_as_owner(PG_FUNCTION_ARGS)
{
	FmgrInfo *inner = inner_function(fcinfo->flinfo);
	Authority *outer = authority;
	Authority own;
	Datum value = (Datum) 0;
	Oid user;
	int context;
	int nest;

	if (fcinfo->flinfo->fn_retset && (fcinfo->resultinfo == NULL || !IsA(fcinfo->resultinfo, ReturnSetInfo) ||
									  !(((ReturnSetInfo *) fcinfo->resultinfo)->allowedModes & SFRM_Materialize)))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("the function returns rows where none are accepted"),
				 errdetail("It returns all rows at once."), errhint("Call it in FROM.")));

	GetUserIdAndSecContext(&user, &context);
	memset(&own, 0, sizeof(own));
	own.caller = outer != NULL && user == ROLE_PG_DATABASE_OWNER ? outer->caller : user;
	own.outer_memory = CurrentMemoryContext;
	own.outer_files = CurrentResourceOwner;
	own.outer_context = error_context_stack;

	nest = NewGUCNestLevel();
	PG_TRY();
	{
		SetUserIdAndSecContext(ROLE_PG_DATABASE_OWNER,
							   context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
		authority = &own;
		pin_settings();
		value = call_inner(fcinfo, inner);
	}
	PG_CATCH();
	{
		authority = outer;
		SetUserIdAndSecContext(user, context);
		segment_rethrow(own.outer_memory);
	}
	PG_END_TRY();
	authority = outer;
	SetUserIdAndSecContext(user, context);
	AtEOXact_GUC(false, nest);
	release(&own);
	return value;
}

/* caller() -> regrole: who called the outermost trampoline. */
Datum
segment_caller(PG_FUNCTION_ARGS)
{
	PG_RETURN_OID(required()->caller);
}

void
segment_require_authority(void)
{
	(void) required();
}

ErrorContextCallback *
segment_callers_context(void)
{
	return authority != NULL ? authority->outer_context : NULL;
}

Oid
segment_authority_acts_for(void)
{
	return required_actor()->acts_for;
}

/* --- for whom ------------------------------------------------------------------------------------------------------ */

/* What is left of a dropped role is its number. */
static void
check_role_exists(Oid role)
{
	if (!SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(role)))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
						errmsg("the role that owned the segmentation does not exist any more"),
						errdetail("Its number was %u.", role),
						errhint("The owner of the database gives the segmentation to another role with "
								"segment.hand_over(name, role).")));
}

/* act_for(role regrole): queries of users run as this role from here on; the caller must have the role. */
Datum
segment_act_for(PG_FUNCTION_ARGS)
{
	Authority *a = required();
	Oid role = PG_GETARG_OID(0);

	check_role_exists(role);
	if (!has_privs_of_role(a->caller, role))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must have the privileges of role \"%s\"", GetUserNameFromId(role, false)),
				 errdetail("The current role is \"%s\".", GetUserNameFromId(a->caller, false)),
				 errhint("SET ROLE \"%s\" first, or schedule the job as that role.", GetUserNameFromId(role, false))));
	a->acts_for = role;
	PG_RETURN_VOID();
}

/*
 * act_for_reader(segmentation text) -> boolean: stops unless the caller is a member of the segmentation. If it has the
 * owner's privileges, queries may be run as the owner from here on: true. A mere reader gets what is stored: the owner's rights
 * can't be lent by a row of a table, which the owner of the database could write.
 */
Datum
segment_act_for_reader(PG_FUNCTION_ARGS)
{
	Authority *a = required();
	Oid argument[2] = {TEXTOID, OIDOID};
	Datum value[2] = {PG_GETARG_DATUM(0), ObjectIdGetDatum(a->caller)};
	bool null = true;
	Oid owner;

	SPI_connect();
	if (SPI_execute_with_args(
			"SELECT (SELECT m.role::oid FROM segment.segmentation_member m WHERE m.segmentation = $1 AND m.owns) "
			"WHERE pg_has_role($2, 'pg_database_owner', 'USAGE') OR EXISTS (SELECT FROM segment.segmentation_member m "
			"WHERE m.segmentation = $1 AND NOT m.summary_only AND pg_has_role($2, m.role, 'USAGE'))",
			2, argument, value, NULL, false, 1) != SPI_OK_SELECT)
		elog(ERROR, "segmentation_member cannot be read");
	if (SPI_processed == 0)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
						errmsg("segmentation \"%s\" does not exist", TextDatumGetCString(value[0])),
						errdetail("There is none of this name that role \"%s\" may read.",
								  GetUserNameFromId(a->caller, false)),
						errhint("See the view segment.segmentation_status.")));
	owner = DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &null));
	SPI_finish();
	if (null || !SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(owner)) || !has_privs_of_role(a->caller, owner))
		PG_RETURN_BOOL(false);
	a->acts_for = owner;
	PG_RETURN_BOOL(true);
}

/* --- what users wrote ---------------------------------------------------------------------------------------------- */

/* What comes back when what users wrote has ended. */
typedef struct Outside
{
	Authority *authority;
	Oid user;
	int context;
	int nest;
} Outside;

static void
go_outside(Outside *o)
{
	o->authority = required_actor();
	GetUserIdAndSecContext(&o->user, &o->context);
	SetUserIdAndSecContext(o->authority->acts_for,
						   o->context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
	o->nest = NewGUCNestLevel();
	authority = NULL;
}

static void
come_back(const Outside *o)
{
	authority = o->authority;
	SetUserIdAndSecContext(o->user, o->context);
}

static ArrayType *
first_row(void)
{
	TupleDesc desc = SPI_tuptable->tupdesc;
	int n = desc->natts;
	int lower = 1;
	Datum *value = segment_palloc_array(Datum, n);
	bool *null = segment_palloc_array(bool, n);

	for (int i = 0; i < n; i++)
	{
		char *text = SPI_getvalue(SPI_tuptable->vals[0], desc, i + 1);

		null[i] = text == NULL;
		value[i] = text ? CStringGetTextDatum(text) : (Datum) 0;
	}
	return construct_md_array(value, null, 1, &n, &lower, TEXTOID, -1, false, TYPALIGN_INT);
}

/* read_as_owner(query text) -> text[]: the first row of a query, as text; NULL without a row. */
Datum
segment_read_as_owner(PG_FUNCTION_ARGS)
{
	char *query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	MemoryContext caller = CurrentMemoryContext;
	ArrayType *first = NULL;
	Outside outside;

	go_outside(&outside);
	PG_TRY();
	{
		SPI_connect();
		if (SPI_execute(query, false, 1) != SPI_OK_SELECT)
			elog(ERROR, "not a query: %s", query);
		if (SPI_processed > 0)
		{
			MemoryContext spi;

			first = first_row(); /* text of the user's values: still as the user */
			spi = MemoryContextSwitchTo(caller);
			first = DatumGetArrayTypePCopy(PointerGetDatum(first));
			MemoryContextSwitchTo(spi);
		}
		SPI_finish();
	}
	PG_FINALLY();
	{
		come_back(&outside);
	}
	PG_END_TRY();
	AtEOXact_GUC(false, outside.nest);
	if (first == NULL)
		PG_RETURN_NULL();
	PG_RETURN_ARRAYTYPE_P(first);
}

/* run_as_owner(command text) -> bigint: runs a command; the number of rows. */
Datum
segment_run_as_owner(PG_FUNCTION_ARGS)
{
	char *command = text_to_cstring(PG_GETARG_TEXT_PP(0));
	uint64 rows = 0;
	Outside outside;

	go_outside(&outside);
	PG_TRY();
	{
		SPI_connect();
		if (SPI_execute(command, false, 0) < 0)
			elog(ERROR, "cannot be run: %s", command);
		rows = SPI_processed;
		SPI_finish();
	}
	PG_FINALLY();
	{
		come_back(&outside);
	}
	PG_END_TRY();
	AtEOXact_GUC(false, outside.nest);
	PG_RETURN_INT64((int64) rows);
}

/* --- incoming rows ------------------------------------------------------------------------------------------------- */

static TupleDesc
row_descriptor(Kind kind)
{
	Oid type = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(row_type[kind]),
							   ObjectIdGetDatum(get_namespace_oid("segment_internal", false)));

	if (!OidIsValid(type))
		elog(ERROR, "type segment_internal.%s does not exist", row_type[kind]);
	return lookup_rowtype_tupdesc_copy(type, -1);
}

/* An empty set of the kind. It lives as long as the trampoline's call, whatever subtransaction it is made in. */
static Incoming
new_incoming(Authority *a, Kind kind)
{
	Incoming incoming = {0};
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

/*
 * The session's plans over incoming rows were made for as many rows as there were then. Very different numbers need
 * other plans: all are made anew, as this is all that the server offers.
 */
static void
replan(Kind kind, int64 count)
{
	int64 more = Max(planned_for[kind], count);
	int64 less = Min(planned_for[kind], count);

	if (more > 100 && less < more / 8)
	{
		planned_for[kind] = count;
		ResetPlanCache();
	}
}

/* Runs a query, whose rows go into an empty set. */
static void
fill(Authority *a, Incoming *incoming, const char *query)
{
	SPIExecuteOptions options = {0};
	DestReceiver *receiver = CreateTuplestoreDestReceiver();

	SetTuplestoreDestReceiverParams(receiver, incoming->rows, a->memory, false, incoming->desc,
									"the query does not fit the rows that are expected");
	options.must_return_tuples = true;
	options.dest = receiver;
	SPI_connect();
	if (SPI_execute_extended(query, &options) != SPI_OK_SELECT)
		elog(ERROR, "not a query: %s", query);
	incoming->count = (int64) SPI_processed;
	SPI_finish();
	receiver->rDestroy(receiver);
}

/* The rows take the place of those before, which the query may have read. */
static Datum
keep(Authority *a, Kind kind, const Incoming *incoming)
{
	drop_incoming(&a->incoming[kind]);
	a->incoming[kind] = *incoming;
	replan(kind, incoming->count);
	PG_RETURN_INT64(incoming->count);
}

static Datum
collect(FunctionCallInfo fcinfo, Kind kind)
{
	char *query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Incoming incoming = new_incoming(required_actor(), kind);
	Outside outside;

	go_outside(&outside);
	PG_TRY();
	{
		fill(outside.authority, &incoming, query);
	}
	PG_FINALLY();
	{
		come_back(&outside);
	}
	PG_END_TRY();
	AtEOXact_GUC(false, outside.nest);
	return keep(outside.authority, kind, &incoming);
}

/* collect_stored(query text) -> bigint: the same for a query of ours, as the tables' owner. */
Datum
segment_collect_stored(PG_FUNCTION_ARGS)
{
	Authority *a = required();
	Incoming incoming = new_incoming(a, KIND_STATE);

	fill(a, &incoming, text_to_cstring(PG_GETARG_TEXT_PP(0)));
	return keep(a, KIND_STATE, &incoming);
}

/* collect(query text) -> bigint: keeps a query's rows as incoming rows in place of those before; their number. */
Datum
segment_collect(PG_FUNCTION_ARGS)
{
	return collect(fcinfo, KIND_STATE);
}

Datum
segment_collect_ledgers(PG_FUNCTION_ARGS)
{
	return collect(fcinfo, KIND_LEDGER);
}

Datum
segment_collect_ids(PG_FUNCTION_ARGS)
{
	return collect(fcinfo, KIND_ID);
}

static Datum
incoming_rows(FunctionCallInfo fcinfo, Kind kind)
{
	Incoming *incoming = &required()->incoming[kind];
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
	return incoming_rows(fcinfo, KIND_STATE);
}

Datum
segment_incoming_ledgers(PG_FUNCTION_ARGS)
{
	return incoming_rows(fcinfo, KIND_LEDGER);
}

Datum
segment_incoming_ids(PG_FUNCTION_ARGS)
{
	return incoming_rows(fcinfo, KIND_ID);
}

/* incoming_support(internal): tells the planner how many rows there are. */
Datum
segment_incoming_support(PG_FUNCTION_ARGS)
{
	Node *node = (Node *) PG_GETARG_POINTER(0);

	if (IsA(node, SupportRequestRows) && authority != NULL)
	{
		SupportRequestRows *request = (SupportRequestRows *) node;
		char *name = get_func_name(request->funcid);
		Kind kind = name == NULL || strcmp(name, "incoming") == 0 ? KIND_STATE
					: strcmp(name, "incoming_ledgers") == 0		  ? KIND_LEDGER
																  : KIND_ID;

		request->rows = Max(authority->incoming[kind].count, 1);
		PG_RETURN_POINTER(request);
	}
	PG_RETURN_POINTER(NULL);
}
