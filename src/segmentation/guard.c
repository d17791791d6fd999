/*
 * guard.c: what SQL can't do for the room: whether a text is one expression and nothing more, and running a command
 * in a security-restricted operation.
 */
#include "postgres.h"

#include "core/compat.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/guc.h"

PG_FUNCTION_INFO_V1(segment_check_filter);
PG_FUNCTION_INFO_V1(segment_run_restricted);

/*
 * True if a parsed PL/pgSQL expression is one plain expression: the grammar reads "x FROM t WHERE y" and "x UNION
 * SELECT y" too.
 */
static bool
is_plain_expression(SelectStmt *select)
{
	ResTarget  *target;

	if (list_length(select->targetList) != 1 || select->fromClause || select->whereClause || select->groupClause ||
		select->havingClause || select->windowClause || select->sortClause || select->limitCount ||
		select->limitOffset || select->lockingClause || select->withClause || select->distinctClause ||
		select->intoClause || select->valuesLists || select->op != SETOP_NONE)
		return false;
	target = linitial_node(ResTarget, select->targetList);
	return target->name == NULL && target->indirection == NIL;
}

/*
 * check_filter(filter text) -> boolean: true if the text is one expression and nothing more, so that it can stand
 * between parentheses in any query; 42601 otherwise. Names are not looked up.
 */
Datum
segment_check_filter(PG_FUNCTION_ARGS)
{
	char	   *filter = text_to_cstring(PG_GETARG_TEXT_PP(0));
	List	   *parsed = raw_parser(filter, RAW_PARSE_PLPGSQL_EXPR);
	Node	   *statement = linitial_node(RawStmt, parsed)->stmt;

	if (list_length(parsed) != 1 || !IsA(statement, SelectStmt) || !is_plain_expression((SelectStmt *) statement))
		ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR), errmsg("the filter is not one expression"),
						errdetail("The filter is: %s", filter),
						errhint("Write a condition on the columns of the source, as after WHERE; put a subquery "
								"between parentheses.")));
	PG_RETURN_BOOL(true);
}

/*
 * run_restricted(command text) -> bigint: runs one command as the current user, but such that code in it (functions of
 * a source view, say) can't take on another role, as REFRESH MATERIALIZED VIEW does; returns the number of rows. The
 * former security context comes back at the end, and with the transaction's state after an error.
 */
Datum
segment_run_restricted(PG_FUNCTION_ARGS)
{
	char	   *command = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Oid			user;
	int			context;
	int			nest;
	int			status;
	uint64		rows;

	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(user, context | SECURITY_RESTRICTED_OPERATION);
	nest = NewGUCNestLevel();

	SPI_connect();
	status = SPI_execute(command, false, 0);
	if (status < 0)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("the command can't be run here: %s", SPI_result_code_string(status)),
						errdetail("The command is: %s", command),
						errhint("Pass one query, or one INSERT, UPDATE or DELETE.")));
	rows = SPI_processed;
	SPI_finish();

	AtEOXact_GUC(false, nest);
	SetUserIdAndSecContext(user, context);
	PG_RETURN_INT64((int64) rows);
}
