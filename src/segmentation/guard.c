/*
 * guard.c: what SQL can't tell about a text: whether it is one expression and nothing more.
 */
#include "postgres.h"

#include "core/compat.h"

#include "nodes/parsenodes.h"
#include "parser/parser.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(segment_check_filter);

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
