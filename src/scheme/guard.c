/*
 * guard.c: triggers that keep shipped schemes as they are and users' schemes sound, and copy_scheme().
 *
 * They run as the user who changes the table. Only the extension's own install and upgrade scripts may write shipped
 * rows: the server tells through CurrentExtensionObject whose script is running, and no one else can set it.
 */
#include "postgres.h"

#include "core/compat.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "scheme/scheme.h"

#define EQUALS " OPERATOR(pg_catalog.=) "
#define BINS_WHERE_NAME "SELECT bins FROM %s.scheme WHERE name" EQUALS "$1"

/* True while an install or upgrade script of this extension runs. */
static bool
own_script_running(void)
{
	return creating_extension && CurrentExtensionObject == get_extension_oid("segment", true);
}

/* The trigger's data; stops a direct call. */
static TriggerData *
trigger_data(FunctionCallInfo fcinfo)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED), errmsg("not called by a trigger"),
						errdetail("This function guards the tables of schemes."),
						errhint("Change the tables; the trigger runs by itself.")));
	return (TriggerData *) fcinfo->context;
}

/* A column of a row of the trigger's table, of this type: anybody may put the trigger on a table of their own. */
static Datum
row_column(TriggerData *trigger, HeapTuple row, const char *name, Oid type, bool *is_null)
{
	TupleDesc columns = RelationGetDescr(trigger->tg_relation);
	int number = SPI_fnumber(columns, name);

	if (number <= 0 || SPI_gettypeid(columns, number) != type)
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("table \"%s\" is no table of schemes", RelationGetRelationName(trigger->tg_relation)),
						errdetail("Column \"%s\" is missing, or of another type.", name),
						errhint("Drop the trigger: it guards the tables of the extension.")));
	return SPI_getbinval(row, columns, number, is_null);
}

/* shipped of a row; NULL counts as false, the table refuses it later. */
static bool
is_shipped(TriggerData *trigger, HeapTuple row)
{
	bool is_null;
	Datum shipped = row_column(trigger, row, "shipped", BOOLOID, &is_null);

	return !is_null && DatumGetBool(shipped);
}

static void
refuse_shipped(const char *name)
{
	ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					errmsg("scheme \"%s\" is shipped with the extension and cannot be changed", name),
					errdetail("Rows with shipped = true are written by install and upgrade scripts only."),
					errhint("Copy it, and change the copy: SELECT segment.copy_scheme(%s, 'my_scheme').",
							quote_literal_cstr(name))));
}

/* Stops a change of shipped rows outside the extension's scripts. name_column: where the scheme's name stands. */
static void
keep_shipped(TriggerData *trigger, const char *name_column)
{
	HeapTuple before = NULL;
	HeapTuple after = NULL;

	if (own_script_running())
		return;
	if (TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event))
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("cannot truncate \"%s\"", RelationGetRelationName(trigger->tg_relation)),
						errdetail("It holds schemes that are shipped with the extension."),
						errhint("Delete your own: DELETE FROM segment.%s WHERE NOT shipped.",
								RelationGetRelationName(trigger->tg_relation))));
	if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
		after = trigger->tg_trigtuple;
	else
	{
		before = trigger->tg_trigtuple;
		after = trigger->tg_newtuple; /* NULL for delete */
	}
	if (before != NULL && is_shipped(trigger, before))
		refuse_shipped(SPI_getvalue(before, RelationGetDescr(trigger->tg_relation),
									SPI_fnumber(RelationGetDescr(trigger->tg_relation), name_column)));
	if (after != NULL && is_shipped(trigger, after))
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE), errmsg("shipped cannot be set"),
						errdetail("Rows with shipped = true are written by install and upgrade scripts only."),
						errhint("Leave the column out: it is false for schemes of your own.")));
}

/*
 * Runs a query about a scheme inside SPI, seeing what was written so far: %s is the schema, (name text, shipped
 * boolean) are $1 and $2. The schema is that of the trigger's table or of the function: when a foreign key cascades,
 * the triggers run as the tables' owner, a superuser, who must not be led to other tables under a schema's old name.
 */
static void
ask(const char *query, Oid schema, Datum name, bool shipped)
{
	Oid types[2] = {TEXTOID, BOOLOID};
	Datum values[2];
	int status;

	values[0] = name;
	values[1] = BoolGetDatum(shipped);
	status = SPI_execute_with_args(psprintf(query, quote_identifier(get_namespace_name(schema))), 2, types, values,
								   NULL, false, 1);
	if (status != SPI_OK_SELECT)
		elog(ERROR, "reading schemes failed: %s", SPI_result_code_string(status));
}

/* The smallint in the first row and column of the answer; 0 if there is no row, or NULL in it. */
static int
answer(void)
{
	bool is_null = true;
	Datum value = 0;

	if (SPI_processed > 0)
		value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null);
	return is_null ? 0 : DatumGetInt16(value);
}

static void
refuse_bound(const char *scheme, int bins, int bound, const char *hint)
{
	ereport(ERROR, (errcode(ERRCODE_CHECK_VIOLATION),
					errmsg("rule of scheme \"%s\" has a bound beyond the scheme's bins", scheme),
					errdetail("The bound is %d; scores of the scheme are 1 to %d.", bound, bins), errhint("%s", hint)));
}

/* Trigger of scheme, for each row before insert, update, delete, and for truncate. */
PG_FUNCTION_INFO_V1(segment_scheme_guard);

Datum
segment_scheme_guard(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = trigger_data(fcinfo);
	Oid schema = RelationGetNamespace(trigger->tg_relation);
	bool is_insert = TRIGGER_FIRED_BY_INSERT(trigger->tg_event);
	bool is_update = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
	HeapTuple row = is_update ? trigger->tg_newtuple : trigger->tg_trigtuple;
	bool shipped;
	bool renamed;
	bool no_name;
	bool no_bins;
	bool is_null;
	Datum name;
	int bins;

	keep_shipped(trigger, "name");
	if (!is_insert && !is_update)
		return PointerGetDatum(row);
	shipped = is_shipped(trigger, row);
	name = row_column(trigger, row, "name", TEXTOID, &no_name);
	bins = DatumGetInt16(row_column(trigger, row, "bins", INT2OID, &no_bins));
	if (no_name || no_bins)
		return PointerGetDatum(row); /* the table itself refuses that */

	SPI_connect();
	renamed = is_insert;
	if (is_update)
	{
		Datum old_name = row_column(trigger, trigger->tg_trigtuple, "name", TEXTOID, &is_null);
		int bound;

		renamed = strcmp(TextDatumGetCString(old_name), TextDatumGetCString(name)) != 0;
		ask("SELECT pg_catalog.max(greatest(r_lower, r_upper, f_lower, f_upper, m_lower, m_upper))"
			" FROM %s.scheme_rule WHERE scheme" EQUALS "$1 AND shipped" EQUALS "$2",
			schema, old_name, shipped);
		bound = answer();
		if (bound > bins)
			refuse_bound(TextDatumGetCString(name), bins, bound, "Change the rules first, then the scheme's bins.");
	}
	ask(BINS_WHERE_NAME " AND shipped" EQUALS "NOT $2", schema, name, shipped);
	/* A warning: messages below are not shown while a script of an extension or of pg_dump runs. */
	if (renamed && SPI_processed > 0)
		ereport(WARNING, (errmsg(shipped ? "scheme \"%s\" is now shipped with the extension, and a scheme of yours has "
										   "that name"
										 : "scheme \"%s\" hides a shipped scheme of the same name",
								 TextDatumGetCString(name)),
						  errdetail("label() and its companions use yours."),
						  errhint("To use both, rename yours: UPDATE segment.scheme SET name = 'my_scheme' WHERE name "
								  "= %s AND NOT shipped.",
								  quote_literal_cstr(TextDatumGetCString(name)))));
	SPI_finish();
	return PointerGetDatum(row);
}

/* Trigger of scheme_rule, for each row before insert, update, delete, and for truncate. */
PG_FUNCTION_INFO_V1(segment_scheme_rule_guard);

Datum
segment_scheme_rule_guard(PG_FUNCTION_ARGS)
{
	static const char *const bounds[] = {"r_lower", "r_upper", "f_lower", "f_upper", "m_lower", "m_upper"};
	TriggerData *trigger = trigger_data(fcinfo);
	Oid schema = RelationGetNamespace(trigger->tg_relation);
	bool is_update = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
	HeapTuple row = is_update ? trigger->tg_newtuple : trigger->tg_trigtuple;
	bool shipped;
	bool no_name;
	Datum name;
	int bins;

	keep_shipped(trigger, "scheme");
	if (!is_update && !TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
		return PointerGetDatum(row);
	shipped = is_shipped(trigger, row);
	name = row_column(trigger, row, "scheme", TEXTOID, &no_name);
	if (no_name)
		return PointerGetDatum(row); /* the table itself refuses that */

	SPI_connect();
	ask(BINS_WHERE_NAME " AND shipped" EQUALS "$2", schema, name, shipped);
	bins = answer();
	if (bins == 0 && !shipped)
	{
		/* A better error than that of the foreign key, which only says that the row is missing. */
		ask(BINS_WHERE_NAME " AND shipped" EQUALS "NOT $2", schema, name, shipped);
		if (SPI_processed > 0)
			refuse_shipped(TextDatumGetCString(name));
	}
	for (int i = 0; bins > 0 && i < (int) lengthof(bounds); i++)
	{
		bool is_null;
		Datum bound = row_column(trigger, row, bounds[i], INT2OID, &is_null);

		if (!is_null && DatumGetInt16(bound) > bins)
			refuse_bound(TextDatumGetCString(name), bins, DatumGetInt16(bound),
						 "Lower the bound, leave it NULL for no bound, or give the scheme more bins first.");
	}
	SPI_finish();
	return PointerGetDatum(row);
}

/* Runs an insert of copy_scheme inside SPI: %s, twice, is the schema, (to, from, shipped) are $1 to $3. */
static uint64
insert_rows(const char *query, Oid schema, text *to, text *from, bool shipped)
{
	const char *name = quote_identifier(get_namespace_name(schema));
	Oid types[3] = {TEXTOID, TEXTOID, BOOLOID};
	Datum values[3];
	int status;

	values[0] = PointerGetDatum(to);
	values[1] = PointerGetDatum(from);
	values[2] = BoolGetDatum(shipped);
	status = SPI_execute_with_args(psprintf(query, name, name), 3, types, values, NULL, false, 0);
	if (status != SPI_OK_INSERT)
		elog(ERROR, "copying a scheme failed: %s", SPI_result_code_string(status));
	return SPI_processed;
}

/*
 * copy_scheme(source, target): a scheme of the user's own with the rules of another; how many rules it has. 42704 if
 * source does not exist, 42710 if target does.
 */
PG_FUNCTION_INFO_V1(segment_copy_scheme);

Datum
segment_copy_scheme(PG_FUNCTION_ARGS)
{
	text *from = PG_GETARG_TEXT_PP(0);
	text *to = PG_GETARG_TEXT_PP(1);
	Oid schema = SCHEME_SCHEMA(fcinfo);
	Scheme *scheme = segment_scheme_load(schema, from, CurrentMemoryContext);
	uint64 rules;

	SPI_connect();
	ask(BINS_WHERE_NAME, schema, PointerGetDatum(to), false);
	if (SPI_processed > 0)
		ereport(ERROR, (errcode(ERRCODE_DUPLICATE_OBJECT), errmsg("scheme \"%s\" exists already", text_to_cstring(to)),
						errdetail("A copy needs a name of its own."),
						errhint("Choose another name; SELECT name FROM segment.scheme lists those in use.")));
	insert_rows("INSERT INTO %s.scheme (name, bins, title, source) SELECT $1, bins, title,"
				" pg_catalog.concat('copy of ', $2) FROM %s.scheme WHERE name" EQUALS "$2 AND shipped" EQUALS "$3",
				schema, to, from, scheme->shipped);
	rules = insert_rows("INSERT INTO %s.scheme_rule (scheme, position, segment, r_lower, r_upper, f_lower, f_upper,"
						" m_lower, m_upper, orders_lower, orders_upper, tenure_days_lower, tenure_days_upper, sort,"
						" meaning, action, colour) SELECT $1, position, segment, r_lower, r_upper, f_lower, f_upper,"
						" m_lower, m_upper, orders_lower, orders_upper, tenure_days_lower, tenure_days_upper, sort,"
						" meaning, action, colour FROM %s.scheme_rule"
						" WHERE scheme" EQUALS "$2 AND shipped" EQUALS "$3",
						schema, to, from, scheme->shipped);
	SPI_finish();
	PG_RETURN_INT32((int32) rules);
}
