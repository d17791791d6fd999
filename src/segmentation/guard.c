/*
 * guard.c: what SQL can't do for the room: whether a text is one expression and nothing more, and running a command
 * in a security-restricted operation.
 */
#include "postgres.h"

#include "core/compat.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "parser/parser.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"

PG_FUNCTION_INFO_V1(segment_check_filter);
PG_FUNCTION_INFO_V1(segment_run_restricted);
PG_FUNCTION_INFO_V1(segment_read_restricted);

/*
 * True if a parsed PL/pgSQL expression is one plain expression: the grammar reads "x FROM t WHERE y" and "x UNION
 * SELECT y" too.
 */
static bool
is_plain_expression(SelectStmt *select)
{
	ResTarget *target;

	if (list_length(select->targetList) != 1 || select->fromClause || select->whereClause || select->groupClause ||
		select->havingClause || select->windowClause || select->sortClause || select->limitCount ||
		select->limitOffset || select->lockingClause || select->withClause || select->distinctClause ||
		select->intoClause || select->valuesLists || select->op != SETOP_NONE)
		return false;
	target = linitial_node(ResTarget, select->targetList);
	/* "*" is all columns */
	if (IsA(target->val, ColumnRef) && IsA(llast(castNode(ColumnRef, target->val)->fields), A_Star))
		return false;
	return target->name == NULL && target->indirection == NIL;
}

/*
 * check_filter(filter text) -> boolean: true if the text is one expression and nothing more, so that it can stand
 * between parentheses in any query; 42601 otherwise. Names are not looked up.
 */
Datum
segment_check_filter(PG_FUNCTION_ARGS)
{
	char *filter = text_to_cstring(PG_GETARG_TEXT_PP(0));
	List *parsed = raw_parser(filter, RAW_PARSE_PLPGSQL_EXPR);
	Node *statement = linitial_node(RawStmt, parsed)->stmt;

	if (list_length(parsed) != 1 || !IsA(statement, SelectStmt) || !is_plain_expression((SelectStmt *) statement))
		ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR), errmsg("the filter is not one expression"),
						errdetail("The filter is: %s", filter),
						errhint("Write a condition on the columns of the source, as after WHERE; put a subquery "
								"between parentheses.")));
	PG_RETURN_BOOL(true);
}

/*
 * Runs a command as the current user, but such that code in it (functions of a source view, say) can't take on another
 * role, as REFRESH MATERIALIZED VIEW does. The former security context comes back at the end, and with the
 * transaction's state after an error. Returns the first row's values as text[] (NULL without a row) in the caller's
 * memory, if values is set; the number of rows in *rows.
 */
static ArrayType *
run(const char *command, bool values, uint64 *rows)
{
	MemoryContext caller = CurrentMemoryContext;
	ArrayType *first = NULL;
	Oid user;
	int context;
	int nest;
	int status;

	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(user, context | SECURITY_RESTRICTED_OPERATION);
	nest = NewGUCNestLevel();

	SPI_connect();
	status = SPI_execute(command, false, values ? 1 : 0);
	if (status < 0 || (values && status != SPI_OK_SELECT))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("the command cannot be run here"),
						errdetail("The command is: %s", command),
						errhint("Pass one query, or one INSERT, UPDATE or DELETE.")));
	*rows = SPI_processed;
	if (values && SPI_processed > 0)
	{
		TupleDesc desc = SPI_tuptable->tupdesc;
		int n = desc->natts;
		int lower = 1;
		Datum *value = segment_palloc_array(Datum, n);
		bool *null = segment_palloc_array(bool, n);
		MemoryContext spi;

		for (int i = 0; i < n; i++)
		{
			char *text = SPI_getvalue(SPI_tuptable->vals[0], desc, i + 1);

			null[i] = text == NULL;
			value[i] = text ? CStringGetTextDatum(text) : (Datum) 0;
		}
		spi = MemoryContextSwitchTo(caller);
		first = construct_md_array(value, null, 1, &n, &lower, TEXTOID, -1, false, TYPALIGN_INT);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();

	AtEOXact_GUC(false, nest);
	SetUserIdAndSecContext(user, context);
	return first;
}

/* run_restricted(command text) -> bigint: runs one command in a security-restricted operation; the number of rows. */
Datum
segment_run_restricted(PG_FUNCTION_ARGS)
{
	uint64 rows;

	run(text_to_cstring(PG_GETARG_TEXT_PP(0)), false, &rows);
	PG_RETURN_INT64((int64) rows);
}

/* read_restricted(query text) -> text[]: the first row of a query run in the same way; NULL without a row. */
Datum
segment_read_restricted(PG_FUNCTION_ARGS)
{
	uint64 rows;
	ArrayType *first = run(text_to_cstring(PG_GETARG_TEXT_PP(0)), true, &rows);

	if (first == NULL)
		PG_RETURN_NULL();
	PG_RETURN_ARRAYTYPE_P(first);
}
