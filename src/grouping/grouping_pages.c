/*
 * grouping_pages.c: reading a table's pages below the node, see grouping_pages.h.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/relscan.h"
#include "access/tupmacs.h"
#include "executor/executor.h"
#include "executor/instrument.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "core/compat.h"
#include "grouping/grouping_pages.h"
#include "grouping/grouping_test.h"

/* The offset of an attribute that is not the same in all rows without NULLs. */
#define VARIES (-1)

/* The attribute is not wanted. */
#define SKIPPED (-1)

/* What is known of a table's column. */
typedef struct Attribute
{
	int column; /* of the rows, or SKIPPED */
	int offset; /* in rows without NULLs, or VARIES */
	int16 length;
	int16 alignment; /* bytes */
	bool by_value;
} Attribute;

struct GroupingPages
{
	ScanState *scan;
	int columns;		  /* of the rows; those that only tests look at come last */
	Attribute *attribute; /* up to the last that is wanted */
	int attributes;
	int fixed; /* so many of them have fixed offsets */
	int tests;
	GroupingTest *test;
	ExprState *rest;	 /* what the tests leave of the filter, or NULL */
	bool is_started;	 /* the tests know their constants */
	bool one_by_one;	 /* they can't: the scan delivers every row */
	HeapTupleData tuple; /* of the row that rest looks at */
	Datum *values;		 /* of a page's rows; the same room for all scans */
	bool *nulls;
};

List *
segment_grouping_scanned_columns(const Scan *scan)
{
	List *columns = NIL;
	ListCell *cell;

	foreach (cell, scan->plan.targetlist)
	{
		Var *var = (Var *) lfirst_node(TargetEntry, cell)->expr;

		if (!IsA(var, Var) || var->varno != (int) scan->scanrelid || var->varlevelsup != 0 || var->varattno <= 0)
			return NIL;
		columns = lappend_int(columns, var->varattno);
	}
	return columns;
}

/*
 * True if a plan is a scan of plain columns, each once, and its filter has no subqueries: they would be begun twice. Below
 * UNION ALL a scan may return a column twice.
 */
static bool
is_plain_scan(Plan *plan)
{
	List *columns;

	if (!IsA(plan, SeqScan) || contain_subplans((Node *) plan->qual))
		return false;
	columns = segment_grouping_scanned_columns((Scan *) plan);
	return columns != NIL && list_length(list_concat_unique_int(NIL, columns)) == list_length(columns);
}

bool
segment_grouping_can_read_pages(Plan *plan)
{
	ListCell *scan;

	if (!IsA(plan, Append))
		return is_plain_scan(plan);
	foreach (scan, ((Append *) plan)->appendplans)
		if (!is_plain_scan(lfirst(scan)))
			return false;
	return true;
}

/* Notes that an attribute is wanted; returns its column of the rows. */
static int
want(GroupingPages *pages, int attribute)
{
	Attribute *wanted = &pages->attribute[attribute - 1];

	if (wanted->column == SKIPPED)
		wanted->column = pages->columns++;
	pages->attributes = Max(pages->attributes, attribute);
	return wanted->column;
}

static int16
bytes_of_alignment(char alignment)
{
	switch (alignment)
	{
		case TYPALIGN_CHAR:
			return 1;
		case TYPALIGN_SHORT:
			return ALIGNOF_SHORT;
		case TYPALIGN_INT:
			return ALIGNOF_INT;
		default:
			return ALIGNOF_DOUBLE;
	}
}

/* What is known of the table's columns; as in core, a varlena's place is known only if it needs no padding. */
static void
init_attributes(GroupingPages *pages, TupleDesc desc)
{
	int offset = 0;

	pages->attribute = palloc0(sizeof(Attribute) * Max(desc->natts, 1));
	for (int i = 0; i < desc->natts; i++)
	{
		Attribute *attribute = &pages->attribute[i];

		attribute->column = SKIPPED;
		attribute->length = TupleDescAttr(desc, i)->attlen;
		attribute->by_value = TupleDescAttr(desc, i)->attbyval;
		attribute->alignment = bytes_of_alignment(TupleDescAttr(desc, i)->attalign);
		if (offset != VARIES && attribute->length > 0)
			offset = TYPEALIGN(attribute->alignment, offset);
		else if (offset != VARIES && offset != (int) TYPEALIGN(attribute->alignment, offset))
			offset = VARIES;
		attribute->offset = offset;
		if (offset != VARIES)
			offset = attribute->length > 0 ? offset + attribute->length : VARIES;
	}
}

/* Divides the scan's filter into tests and the rest. */
static void
init_filter(GroupingPages *pages)
{
	ScanState *scan = pages->scan;
	List *filter = scan->ps.plan->qual;
	List *rest = NIL;
	ListCell *clause;

	pages->test = palloc(sizeof(GroupingTest) * Max(list_length(filter), 1));
	foreach (clause, filter)
	{
		GroupingTest *test = &pages->test[pages->tests];

		if (segment_grouping_test_read(test, lfirst(clause), ((Scan *) scan->ps.plan)->scanrelid, &scan->ps))
		{
			test->column = want(pages, test->column);
			pages->tests++;
		}
		else
			rest = lappend(rest, lfirst(clause));
	}
	pages->rest = ExecInitQual(rest, &scan->ps);
}

/* Prepares to read the pages of a scan. */
static void
open_scan(GroupingPages *pages, PlanState *scan)
{
	ListCell *column;

	pages->scan = (ScanState *) scan;
	init_attributes(pages, RelationGetDescr(pages->scan->ss_currentRelation));
	foreach (column, segment_grouping_scanned_columns((Scan *) scan->plan))
		(void) want(pages, lfirst_int(column));
	init_filter(pages);
	while (pages->fixed < pages->attributes && pages->attribute[pages->fixed].offset != VARIES)
		pages->fixed++;
}

/* Makes room for a page's rows: one for all scans, of which there may be thousands, as they take turns. */
static void
make_room(GroupingPages *pages, int scans)
{
	int columns = 1;

	for (int i = 0; i < scans; i++)
		columns = Max(columns, pages[i].columns);
	pages[0].values = palloc(mul_size(sizeof(Datum) * MaxHeapTuplesPerPage, columns));
	pages[0].nulls = palloc(mul_size(sizeof(bool) * MaxHeapTuplesPerPage, columns));
	for (int i = 1; i < scans; i++)
	{
		pages[i].values = pages[0].values;
		pages[i].nulls = pages[0].nulls;
	}
}

GroupingPages *
segment_grouping_open_pages(PlanState *child)
{
	AppendState *append = IsA(child, AppendState) ? (AppendState *) child : NULL;
	int scans = append != NULL ? append->as_nplans : 1;
	PlanState **scan = append != NULL ? append->appendplans : &child;
	GroupingPages *pages;

	if (!IsMVCCSnapshot(child->state->es_snapshot) || child->state->es_epq_active != NULL)
		return NULL;
	for (int i = 0; i < scans; i++)
		if (((ScanState *) scan[i])->ss_currentRelation->rd_tableam != GetHeapamTableAmRoutine())
			return NULL;
	pages = palloc0(mul_size(sizeof(GroupingPages), Max(scans, 1)));
	for (int i = 0; i < scans; i++)
		open_scan(&pages[i], scan[i]);
	make_room(pages, scans);
	return pages;
}

void
segment_grouping_restart_pages(GroupingPages *pages, PlanState *child)
{
	for (int i = 0; i < (IsA(child, AppendState) ? ((AppendState *) child)->as_nplans : 1); i++)
		pages[i].is_started = false;
}

/* Reads the attributes from the one given on, which begins at offset or at the next multiple of its alignment. */
static inline void
deform_from(const GroupingPages *pages, HeapTupleHeader tuple, int from, uint32 offset, Datum *values, bool *nulls)
{
	const char *data = (const char *) tuple + tuple->t_hoff;
	bool has_nulls = (tuple->t_infomask & HEAP_HASNULL) != 0;

	for (int i = from; i < pages->attributes; i++)
	{
		const Attribute *attribute = &pages->attribute[i];

		if (has_nulls && att_isnull(i, tuple->t_bits))
		{
			if (attribute->column != SKIPPED)
			{
				values[attribute->column] = (Datum) 0;
				nulls[attribute->column] = true;
			}
			continue;
		}
		if (attribute->length != -1 || !VARATT_NOT_PAD_BYTE(data + offset))
			offset = TYPEALIGN(attribute->alignment, offset);
		if (attribute->column != SKIPPED)
		{
			values[attribute->column] = fetch_att(data + offset, attribute->by_value, attribute->length);
			nulls[attribute->column] = false;
		}
		offset = att_addlength_pointer(offset, attribute->length, data + offset);
	}
}

/* Reads a row that has fewer attributes than the table, which got more since. */
static pg_noinline void
deform_short(GroupingPages *pages, HeapTupleHeader tuple, Datum *values, bool *nulls)
{
	HeapTupleData row;

	memset(&row, 0, sizeof(row));
	row.t_data = tuple;
	for (int i = 0; i < pages->attributes; i++)
	{
		int column = pages->attribute[i].column;

		if (column != SKIPPED)
			values[column] =
				heap_getattr(&row, i + 1, RelationGetDescr(pages->scan->ss_currentRelation), &nulls[column]);
	}
}

static inline void
deform(GroupingPages *pages, HeapTupleHeader tuple, Datum *values, bool *nulls)
{
	const char *data = (const char *) tuple + tuple->t_hoff;

	if (unlikely((int) HeapTupleHeaderGetNatts(tuple) < pages->attributes))
		deform_short(pages, tuple, values, nulls);
	else if (tuple->t_infomask & HEAP_HASNULL)
		deform_from(pages, tuple, 0, 0, values, nulls);
	else
	{
		for (int i = 0; i < pages->fixed; i++)
		{
			const Attribute *attribute = &pages->attribute[i];

			if (attribute->column == SKIPPED)
				continue;
			values[attribute->column] = fetch_att(data + attribute->offset, attribute->by_value, attribute->length);
			nulls[attribute->column] = false;
		}
		if (pages->fixed < pages->attributes)
		{
			const Attribute *last = &pages->attribute[pages->fixed - 1];

			/* the first attribute is always fixed */
			deform_from(pages, tuple, pages->fixed,
						att_addlength_pointer(last->offset, last->length, data + last->offset), values, nulls);
		}
	}
}

/* True if a row passes what the tests leave of the filter. */
static pg_noinline bool
passes_rest(GroupingPages *pages, HeapScanDesc scan, Page page, OffsetNumber line)
{
	ExprContext *econtext = pages->scan->ps.ps_ExprContext;
	ItemId item = PageGetItemId(page, line);

	pages->tuple.t_data = (HeapTupleHeader) PageGetItem(page, item);
	pages->tuple.t_len = ItemIdGetLength(item);
	pages->tuple.t_tableOid = RelationGetRelid(pages->scan->ss_currentRelation);
	ItemPointerSet(&pages->tuple.t_self, BufferGetBlockNumber(scan->rs_cbuf), line);
	ResetExprContext(econtext);
	econtext->ecxt_scantuple = ExecStoreBufferHeapTuple(&pages->tuple, pages->scan->ss_ScanTupleSlot, scan->rs_cbuf);
	return ExecQual(pages->rest, econtext);
}

static inline bool
passes(const GroupingPages *pages, const Datum *values, const bool *nulls)
{
	for (int i = 0; i < pages->tests; i++)
		if (!grouping_test_passes(&pages->test[i], values, nulls))
			return false;
	return true;
}

/* Evaluates what columns are compared with: the scan has evaluated it for its first row, without an error. */
static void
start(GroupingPages *pages)
{
	pages->one_by_one = false;
	for (int i = 0; i < pages->tests; i++)
		if (!segment_grouping_test_start(&pages->test[i], pages->scan->ps.ps_ExprContext))
			pages->one_by_one = true;
	pages->is_started = true;
}

void
segment_grouping_read_page(GroupingPages *all_pages, PlanState *child, GroupingRows *rows)
{
	GroupingPages *pages = IsA(child, AppendState) ? &all_pages[((AppendState *) child)->as_whichplan] : all_pages;
	HeapScanDesc scan = (HeapScanDesc) pages->scan->ss_currentScanDesc;
	PlanState *state = &pages->scan->ps;
	Page page = BufferGetPage(scan->rs_cbuf);
	int first = (int) scan->rs_cindex;
	int end = (int) scan->rs_ntuples;
	int columns = pages->columns;
	int count = 0;

	if (!pages->is_started)
		start(pages);
	if (pages->one_by_one)
		end = first + 1;
	for (int i = first; i < end; i++)
	{
		OffsetNumber line = scan->rs_vistuples[i];
		Datum *values = pages->values + count * columns;
		bool *nulls = pages->nulls + count * columns;

		deform(pages, (HeapTupleHeader) PageGetItem(page, PageGetItemId(page, line)), values, nulls);
		/* the scan has tested its own row */
		if (i > first &&
			(!passes(pages, values, nulls) || (pages->rest != NULL && !passes_rest(pages, scan, page, line))))
			continue;
		count++;
	}
	for (int i = first + 1; i < end; i++)
		pgstat_count_heap_getnext(pages->scan->ss_currentRelation);
	if (state->instrument != NULL)
	{
		InstrUpdateTupleCount(state->instrument, count - 1);
		InstrCountFiltered1(state, end - first - count);
		if (child != state)
			InstrUpdateTupleCount(child->instrument, count - 1);
	}
	scan->rs_cindex = end - 1;
	rows->count = count;
	rows->columns = columns;
	rows->values = pages->values;
	rows->nulls = pages->nulls;
}
