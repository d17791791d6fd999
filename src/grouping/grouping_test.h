/*
 * grouping_test.h: the tests of a scan's filter that need no function call: a column against a range.
 */
#ifndef SEGMENT_GROUPING_TEST_H
#define SEGMENT_GROUPING_TEST_H

#include "nodes/execnodes.h"

/*
 * A row passes if the column's value is in the range (outside: if it is not); NULL passes only where NULL is asked
 * for. Integers of any width, days, times and booleans are looked at as they lie in a Datum.
 */
typedef struct GroupingTest
{
	int column; /* of the row, from 0 */
	bool wants_null;
	bool outside;
	int64 low;
	int64 high;
	/* the comparison, if there is one: strategy of a btree, and what the column is compared with */
	int strategy;
	ExprState *constant; /* NULL: the range is fixed */
	Oid constant_type;
	Oid column_type;
} GroupingTest;

/*
 * Reads a clause of a scan's filter; false if it is none of the tests above. What a comparison compares with may be any
 * expression without columns that is not volatile: it is evaluated when the scan starts. Sets the number of the table's
 * column in test->column.
 */
extern bool segment_grouping_test_read(GroupingTest *test, Node *clause, Index scanrelid, PlanState *scan);

/* Sets the range of a comparison; false if its constant has no place among the column's values. */
extern bool segment_grouping_test_start(GroupingTest *test, ExprContext *econtext);

/* True if the value passes. */
static inline bool
grouping_test_passes(const GroupingTest *test, const Datum *values, const bool *nulls)
{
	int64 value = (int64) values[test->column];

	if (nulls[test->column] || test->wants_null)
		return nulls[test->column] && test->wants_null;
	return (value >= test->low && value <= test->high) != test->outside;
}

#endif
