/*
 * grouping_test.c: reading the tests of a scan's filter, see grouping_test.h.
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "core/image.h"
#include "grouping/grouping_test.h"

/* The strategy of operators that btrees don't know. */
#define DIFFERS (BTMaxStrategyNumber + 1)

/* Days from 2000-01-01 that fit a timestamptz in every zone. */
#define DAYS_IN_RANGE 1000000

/* The number of the table's column that an expression is; 0 if it is none. */
static int
column_of(Node *expression, Index scanrelid)
{
	Var *variable = (Var *) expression;

	if (expression == NULL || !IsA(expression, Var) || variable->varlevelsup != 0 ||
		variable->varno != (int) scanrelid || variable->varattno <= 0)
		return 0;
	return variable->varattno;
}

/* The strategy of an operator in the btrees of a type; 0 for any other. */
static int
strategy_of(Oid op, Oid type)
{
	Oid family = lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY)->btree_opf;
	int strategy = get_op_opfamily_strategy(op, family);
	Oid negator = strategy == 0 ? get_negator(op) : InvalidOid;

	if (OidIsValid(negator) && get_op_opfamily_strategy(negator, family) == BTEqualStrategyNumber)
		return DIFFERS;
	return strategy;
}

/* True if values of the second type can be compared with a column of the first, see segment_grouping_test_start. */
static bool
are_comparable(Oid column, Oid constant)
{
	switch (column)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return constant == INT2OID || constant == INT4OID || constant == INT8OID;
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return constant == column || constant == DATEOID;
		case DATEOID:
			return constant == DATEOID;
		default:
			return false;
	}
}

static bool
read_comparison(GroupingTest *test, OpExpr *comparison, Index scanrelid, PlanState *scan)
{
	Oid op = comparison->opno;
	Node *constant;

	if (list_length(comparison->args) != 2)
		return false;
	constant = lsecond(comparison->args);
	test->column = column_of(linitial(comparison->args), scanrelid);
	if (test->column == 0)
	{
		constant = linitial(comparison->args);
		test->column = column_of(lsecond(comparison->args), scanrelid);
		op = get_commutator(op);
	}
	if (test->column == 0 || !OidIsValid(op) || contain_var_clause(constant) || contain_volatile_functions(constant))
		return false;
	op_input_types(op, &test->column_type, &test->constant_type);
	if (!are_comparable(test->column_type, test->constant_type))
		return false;
	test->strategy = strategy_of(op, test->column_type);
	if (test->strategy == 0)
		return false;
	test->constant = ExecInitExpr((Expr *) constant, scan);
	return true;
}

bool
segment_grouping_test_read(GroupingTest *test, Node *clause, Index scanrelid, PlanState *scan)
{
	memset(test, 0, sizeof(GroupingTest));
	if (IsA(clause, NullTest))
	{
		NullTest *null_test = (NullTest *) clause;

		test->column = null_test->argisrow ? 0 : column_of((Node *) null_test->arg, scanrelid);
		test->wants_null = null_test->nulltesttype == IS_NULL;
		test->low = PG_INT64_MIN;
		test->high = PG_INT64_MAX;
		return test->column != 0;
	}
	if (IsA(clause, Var) && exprType(clause) == BOOLOID)
	{
		test->column = column_of(clause, scanrelid);
		test->low = test->high = 1;
		return test->column != 0;
	}
	if (IsA(clause, BoolExpr) && ((BoolExpr *) clause)->boolop == NOT_EXPR)
	{
		test->column = column_of(linitial(((BoolExpr *) clause)->args), scanrelid);
		return test->column != 0;
	}
	return IsA(clause, OpExpr) && read_comparison(test, (OpExpr *) clause, scanrelid, scan);
}

/*
 * A comparison of a time with a date takes the date as its first moment, in the session's zone for a timestamptz. Dates
 * beyond the range of times are left to core.
 */
bool
segment_grouping_test_start(GroupingTest *test, ExprContext *econtext)
{
	bool is_null;
	Datum constant;
	int64 value;

	if (test->constant == NULL)
		return true;
	constant = ExecEvalExprSwitchContext(test->constant, econtext, &is_null);
	/* nothing compares with NULL */
	test->low = 1;
	test->high = 0;
	test->outside = false;
	if (is_null)
		return true;
	constant = segment_canonical_datum(constant, get_typlen(test->constant_type));
	if (test->constant_type == DATEOID && test->column_type != DATEOID)
	{
		DateADT day = DatumGetDateADT(constant);

		if (day < -DAYS_IN_RANGE || day > DAYS_IN_RANGE)
			return false;
		constant = test->column_type == TIMESTAMPOID ? DirectFunctionCall1(date_timestamp, constant)
													 : DirectFunctionCall1(date_timestamptz, constant);
	}
	value = (int64) constant;
	switch (test->strategy)
	{
		case BTLessStrategyNumber:
			if (value == PG_INT64_MIN)
				return true;
			test->low = PG_INT64_MIN;
			test->high = value - 1;
			break;
		case BTLessEqualStrategyNumber:
			test->low = PG_INT64_MIN;
			test->high = value;
			break;
		case BTGreaterEqualStrategyNumber:
			test->low = value;
			test->high = PG_INT64_MAX;
			break;
		case BTGreaterStrategyNumber:
			if (value == PG_INT64_MAX)
				return true;
			test->low = value + 1;
			test->high = PG_INT64_MAX;
			break;
		default:
			test->low = test->high = value;
			test->outside = test->strategy == DIFFERS;
			break;
	}
	return true;
}
