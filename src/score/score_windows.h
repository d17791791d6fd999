/*
 * score_windows.h: core's WindowAggs above the node, for the window functions that the node does not do. Private to the
 * room.
 */
#ifndef SEGMENT_SCORE_SCORE_WINDOWS_H
#define SEGMENT_SCORE_SCORE_WINDOWS_H

#include "nodes/pathnodes.h"

/* The WindowAggs of core's plan for a query's windows, the lowest first; NIL if there is none. */
extern List *segment_score_core_windows(const RelOptInfo *rel);

/* Of these, those that compute one of the functions. */
extern List *segment_score_windows_of(List *windows, List *functions);

/* The order in which a WindowAgg takes its rows; NIL for any. */
extern List *segment_score_window_order(PlannerInfo *root, const WindowAggPath *window);

/* Columns that are computed below, and the functions as further ones. */
extern PathTarget *segment_score_columns(PathTarget *columns, List *functions);

/* The windows above a path, with sorts where they need them: they compute the functions, the last one the target. */
extern Path *segment_score_add_windows(PlannerInfo *root, RelOptInfo *rel, Path *path, List *windows, List *functions,
									   PathTarget *target);

#endif
