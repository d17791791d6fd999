/*
 * authority.c: who may do what in the room. Its tables belong to pg_database_owner and are written as that role only.
 *
 * What users call is a trampoline, segment_as_owner: it remembers who called, becomes the tables' owner, and runs the function of the
 * same name and arguments in segment_internal. That function says for whom it acts (act_for, act_for_reader), and what
 * users wrote (queries over their tables, views and functions) then runs as that role: in a restricted operation, and
 * without any authority of ours, so that what it calls of ours starts from scratch. What it returns is kept as incoming
 * rows (incoming.c), and read by the tables' owner.
 */
#include "postgres.h"

#include "core/compat.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_database.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/syscache.h"

#include "segmentation/authority.h"
#include "segmentation/refuse.h"

PG_FUNCTION_INFO_V1(segment_as_owner);
PG_FUNCTION_INFO_V1(segment_caller);
PG_FUNCTION_INFO_V1(segment_act_for);
PG_FUNCTION_INFO_V1(segment_act_for_reader);
PG_FUNCTION_INFO_V1(segment_read_as_owner);
PG_FUNCTION_INFO_V1(segment_run_as_owner);

/* The innermost call; NULL outside of all, and while what users wrote runs. */
static SegmentAuthority *authority = NULL;

SegmentAuthority *
segment_required_authority(void)
{
	if (authority == NULL || GetUserId() != ROLE_PG_DATABASE_OWNER)
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("functions of schema segment_internal are not to be called directly"),
						errdetail("They act for the caller of a function of schema segment."),
						errhint("Call the function of schema segment that does what you want.")));
	return authority;
}

static SegmentAuthority *
required_actor(void)
{
	SegmentAuthority *a = segment_required_authority();

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
		{"IntervalStyle", "postgres"},			{"bytea_output", "hex"}, {"extra_float_digits", "1"},
		{"quote_all_identifiers", "off"}};

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
	SegmentAuthority *outer = authority;
	SegmentAuthority own;
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
	segment_drop_incoming(&own);
	return value;
}

/* caller() -> regrole: who called the outermost trampoline. */
Datum
segment_caller(PG_FUNCTION_ARGS)
{
	PG_RETURN_OID(segment_required_authority()->caller);
}

SegmentAuthority *
segment_current_authority(void)
{
	return authority;
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

/*
 * Whether a role can do more in the cluster than the owner of this database, whose the tables are: he writes declarations at
 * will, and puts triggers on the tables, which run within our calls. That must not give him the cluster.
 */
static bool
reaches_beyond_database(Oid role)
{
	static const Oid server[] = {ROLE_PG_EXECUTE_SERVER_PROGRAM, ROLE_PG_WRITE_SERVER_FILES, ROLE_PG_READ_SERVER_FILES};
	HeapTuple database = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(MyDatabaseId));
	bool beyond = has_createrole_privilege(role);
	Oid owner;

	if (!HeapTupleIsValid(database))
		elog(ERROR, "cache lookup failed for database %u", MyDatabaseId);
	owner = ((Form_pg_database) GETSTRUCT(database))->datdba;
	ReleaseSysCache(database);
	for (int i = 0; i < (int) lengthof(server); i++)
		beyond = beyond || has_privs_of_role(role, server[i]);
	return beyond && !has_privs_of_role(owner, role);
}

/* act_for(role regrole): queries of users run as this role from here on; the caller must have the role. */
Datum
segment_act_for(PG_FUNCTION_ARGS)
{
	SegmentAuthority *a = segment_required_authority();
	Oid role = PG_GETARG_OID(0);

	check_role_exists(role);
	if (!has_privs_of_role(a->caller, role))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must have the privileges of role \"%s\"", GetUserNameFromId(role, false)),
				 errdetail("The current role is \"%s\".", GetUserNameFromId(a->caller, false)),
				 errhint("SET ROLE \"%s\" first, or schedule the job as that role.", GetUserNameFromId(role, false))));
	if (reaches_beyond_database(role))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("role \"%s\" may not own segmentations in this database", GetUserNameFromId(role, false)),
				 errdetail("It has rights in the whole cluster (superuser, CREATEROLE, files or programs of the "
						   "server), and the owner of the database, who can change what runs, has not."),
				 errhint("SET ROLE to a role without such rights, for example the owner of the database; "
						 "segment.hand_over gives it what is there.")));
	a->acts_for = role;
	PG_RETURN_VOID();
}

/*
 * act_for_reader(segmentation text) -> boolean: stops unless the caller is a member of the segmentation. If it has the
 * owner's privileges, by membership, queries may be run as the owner from here on: true. A mere reader gets what is stored: the
 * owner's rights can't be lent by a row of a table, which the owner of the database could write. So does a superuser, who
 * has everybody's privileges: whose policies and functions run, and how long, when one reads a view, is not left to others.
 */
Datum
segment_act_for_reader(PG_FUNCTION_ARGS)
{
	SegmentAuthority *a = segment_required_authority();
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
	if (null || !SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(owner)) || !has_privs_of_role(a->caller, owner) ||
		!is_member_of_role_nosuper(a->caller, owner) || reaches_beyond_database(owner))
		PG_RETURN_BOOL(false);
	a->acts_for = owner;
	PG_RETURN_BOOL(true);
}

/* --- what users wrote ---------------------------------------------------------------------------------------------- */

void
segment_go_outside(SegmentOutside *o)
{
	o->authority = required_actor();
	GetUserIdAndSecContext(&o->user, &o->context);
	SetUserIdAndSecContext(o->authority->acts_for,
						   o->context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
	o->nest = NewGUCNestLevel();
	authority = NULL;
}

void
segment_come_back(const SegmentOutside *o)
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
	SegmentOutside outside;

	segment_go_outside(&outside);
	PG_TRY();
	{
		SPI_connect();
		/* All rows, of which there is one: a limit would keep parallel plans away. */
		if (SPI_execute(query, false, 0) != SPI_OK_SELECT)
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
		segment_come_back(&outside);
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
	SegmentOutside outside;

	segment_go_outside(&outside);
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
		segment_come_back(&outside);
	}
	PG_END_TRY();
	AtEOXact_GUC(false, outside.nest);
	PG_RETURN_INT64((int64) rows);
}
