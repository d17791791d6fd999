/*
 * grouping_pages.h: reading a table's pages below the node.
 *
 * Core's executor fetches, tests and deforms each row of a scan by several function calls. Where the node's child is a
 * sequential scan of a heap table, the scan only turns the pages here: it delivers the first row of a page, and the
 * node reads that page's other rows itself, whose visibility the scan has looked at already.
 */
#ifndef SEGMENT_GROUPING_PAGES_H
#define SEGMENT_GROUPING_PAGES_H

#include "nodes/execnodes.h"

/* Some rows of the node's input: count times columns values. */
typedef struct GroupingRows
{
	int count;
	int columns;
	const Datum *values;
	const bool *nulls;
} GroupingRows;

typedef struct GroupingPages GroupingPages;

/* True if the pages of a scan with this plan can be read; then core need not compile its filter either. */
extern bool segment_grouping_can_read_pages(Plan *scan);

/*
 * Prepares to read the pages of a scan; NULL if its table is not stored in heap pages. inputs (IntList) are the
 * columns of the scan's rows that are wanted, and become the rows' columns.
 */
extern GroupingPages *segment_grouping_open_pages(PlanState *scan, List *inputs);

/* The scan has begun again. */
extern void segment_grouping_restart_pages(GroupingPages *pages);

/* The scan's present row and all others of its page that pass the filter. They live until the scan goes on. */
extern void segment_grouping_read_page(GroupingPages *pages, GroupingRows *rows);

#endif
