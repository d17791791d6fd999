/*
 * experiment.h: outcome: exact sums of one metric, and of an optional second column, in one arm of an experiment.
 */
#ifndef SEGMENT_EXPERIMENT_EXPERIMENT_H
#define SEGMENT_EXPERIMENT_EXPERIMENT_H

#include "core/compat.h"

#include "math/moments.h"
#include "math/wire.h"

/* The stored value is the byte string that outcome_wire.c describes; equal values have equal bytes. */
#define SEGMENT_OUTCOME_VERSION 1

/* The byte string, and back from it, checked; what is wrong with it, or NULL. */
extern bytea *segment_outcome_encode(const SegmentMoments *moments);
extern const char *segment_outcome_decode(SegmentCursor cursor, SegmentMoments *moments);

/* The sums of an argument that is not NULL. */
extern void segment_outcome_arg(FunctionCallInfo fcinfo, int arg, SegmentMoments *moments);

/* Sets a sum that has so many decimals, raising the scales to hold them; false if no data of 20 decimals have it. */
extern bool segment_outcome_set_sums(SegmentMoments *moments, const SegmentBig *sums, const int *decimals);

/* Stops beyond the number of rows: 22003. */
pg_noreturn extern void segment_outcome_refuse_rows(void);

#endif
