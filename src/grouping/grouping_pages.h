/*
 * grouping_pages.h: reading a table's pages below the node.
 *
 * Core's executor fetches, tests and deforms each row of a scan by several function calls. Where the node's child is a
 * sequential scan of a heap table, or several under an Append, the scan only turns the pages here: it delivers the first
 * row of a page, and the node reads that page's other rows itself, whose visibility the scan has looked at already.
 */
#ifndef SEGMENT_GROUPING_PAGES_H
#define SEGMENT_GROUPING_PAGES_H

#include "nodes/execnodes.h"
#include "nodes/plannodes.h"

/* Rows of the node's input that are still to be read, the current one first: count times columns values. */
typedef struct GroupingRows
{
	int count;
	int columns;
	const Datum *values;
	const bool *nulls;
} GroupingRows;

typedef struct GroupingPages GroupingPages;

/* The table's columns behind a scan's rows, from 1; NIL unless all of them are plain columns of the scanned table. */
extern List *segment_grouping_scanned_columns(const Scan *scan);

/*
 * True if this plan is a sequential scan whose pages can be read, or an Append of such scans; then core need not
 * compile their filters either.
 */
extern bool segment_grouping_can_read_pages(Plan *plan);

/*
 * Prepares to read the pages of a plan's scans; NULL if a table is not stored in heap pages. The rows' columns begin
 * with those of the plan.
 */
extern GroupingPages *segment_grouping_open_pages(PlanState *child);

/* The plan has begun again. */
extern void segment_grouping_restart_pages(GroupingPages *pages, PlanState *child);

/* The plan's present row and all others of its page that pass the filter. They live until the plan goes on. */
extern void segment_grouping_read_page(GroupingPages *pages, PlanState *child, GroupingRows *rows);

#endif
