/*
 * grouping_filter.c: WHERE ordered_at < date '…' where ordered_at is a timestamptz. Core's operator turns the date
 * into a time of the session's zone again for every row, which costs more than grouping the row. Here it is done
 * once, when the query starts: the comparison is the same.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/plannodes.h"
#include "utils/date.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "core/compat.h"
#include "grouping/grouping_node.h"

/* Days from 2000-01-01 that every zone's timestamptz has room for. */
#define DAYS_IN_RANGE 1000000

/* Operators between a timestamptz and a date, and the operator between two timestamptz that does the same. */
static const struct
{
	Oid date_right;				/* functions of the operators */
	Oid date_left;
	Oid function;
	Oid operator;
} comparisons[] = {
	{F_TIMESTAMPTZ_EQ_DATE, F_DATE_EQ_TIMESTAMPTZ, F_TIMESTAMPTZ_EQ, 1320},
	{F_TIMESTAMPTZ_NE_DATE, F_DATE_NE_TIMESTAMPTZ, F_TIMESTAMPTZ_NE, 1321},
	{F_TIMESTAMPTZ_LT_DATE, F_DATE_LT_TIMESTAMPTZ, F_TIMESTAMPTZ_LT, 1322},
	{F_TIMESTAMPTZ_LE_DATE, F_DATE_LE_TIMESTAMPTZ, F_TIMESTAMPTZ_LE, 1323},
	{F_TIMESTAMPTZ_GT_DATE, F_DATE_GT_TIMESTAMPTZ, F_TIMESTAMPTZ_GT, 1324},
	{F_TIMESTAMPTZ_GE_DATE, F_DATE_GE_TIMESTAMPTZ, F_TIMESTAMPTZ_GE, 1325},
};

/* The time that a constant date begins at in the session's zone; NULL if the expression is none, or out of range. */
static Node *
beginning_of(Node *expression)
{
	Const *date = (Const *) expression;
	DateADT day;
	Datum time;

	if (!IsA(date, Const) || date->consttype != DATEOID || date->constisnull)
		return NULL;
	day = DatumGetDateADT(date->constvalue);
	if (day < -DAYS_IN_RANGE || day > DAYS_IN_RANGE)
		return NULL;
	time = DirectFunctionCall1(date_timestamptz, date->constvalue);
	return (Node *) makeConst(TIMESTAMPTZOID, -1, InvalidOid, sizeof(TimestampTz), time, false, true);
}

/* Replaces the comparisons in an expression. */
static Node *
compare_times(Node *node, void *context)
{
	OpExpr *comparison = (OpExpr *) node;

	if (node == NULL)
		return NULL;
	for (size_t i = 0; IsA(node, OpExpr) && i < lengthof(comparisons); i++)
	{
		bool is_right = comparison->opfuncid == comparisons[i].date_right;
		List *operands = comparison->args;
		OpExpr *replaced;
		Node *time;

		if (!is_right && comparison->opfuncid != comparisons[i].date_left)
			continue;
		time = beginning_of(is_right ? lsecond(operands) : linitial(operands));
		if (time == NULL)
			break;
		replaced = makeNode(OpExpr);
		*replaced = *comparison;
		replaced->opno = comparisons[i].operator;
		replaced->opfuncid = comparisons[i].function;
		replaced->args = is_right ? list_make2(linitial(operands), time) : list_make2(time, lsecond(operands));
		return (Node *) replaced;
	}
	return expression_tree_mutator(node, compare_times, context);
}

/* The node's child, or a copy of it with another filter. The plan is not changed: it may be run in another zone. */
Plan *
segment_grouping_with_times(Plan *child)
{
	SeqScan *scan;

	if (!IsA(child, SeqScan) || child->qual == NIL)
		return child;
	scan = makeNode(SeqScan);
	*scan = *(SeqScan *) child;
	((Plan *) scan)->qual = (List *) compare_times((Node *) child->qual, NULL);
	return (Plan *) scan;
}
