/*
 * btyd_tables.h: the likelihood of BG/NBD and MBG/NBD over a whole sample, by tables of its distinct values.
 *
 * It is a sum of terms in x alone, terms in t alone, and one term that takes all three. The first two are evaluated
 * once per distinct value, with weights; only the third once per history.
 */
#ifndef SEGMENT_MATH_BTYD_TABLES_H
#define SEGMENT_MATH_BTYD_TABLES_H

#include <stddef.h>
#include <stdint.h>

#include "math/btyd_fit.h"

typedef struct SegmentXRow
{
	double x;
	double weight;
	double log_odds; /* part of the log odds of having left that x alone decides */
} SegmentXRow;

typedef struct SegmentTimeRow
{
	double time;
	double weight;	  /* customers observed for so long */
	double weight_x;  /* and their orders */
	double log_ratio; /* log(1 + time / alpha) */
	double inverse;	  /* 1 / (alpha + time) */
} SegmentTimeRow;

/* Places in the tables. */
typedef struct SegmentTallyRow
{
	uint32_t x;
	uint32_t t_x;
	uint32_t t;
} SegmentTallyRow;

typedef struct SegmentBtydTables
{
	SegmentBtydKind kind;
	const SegmentBtydTally *tally;
	const SegmentFitOptions *options;
	size_t n_x;
	size_t n_times;
	SegmentXRow *xs;
	SegmentTimeRow *times;
	SegmentTallyRow *rows;
} SegmentBtydTables;

/* Fills the tables from histories sorted by x; false if there are more distinct times than max_times. */
extern bool segment_btyd_tables_make(SegmentBtydTables *tables, void *work, size_t max_times);

/* Log-likelihood and its gradient by the logs of the parameters; arg is a SegmentBtydTables. */
extern double segment_btyd_tables_objective(const double *theta, double *gradient, void *arg);

/* Its Hessian by the logs of the parameters, lower triangle by rows. */
extern void segment_btyd_tables_hessian(const double *theta, double *triangle, void *arg);

#endif
