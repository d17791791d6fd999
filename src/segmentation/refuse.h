/*
 * refuse.h: what users see of errors.
 */
#ifndef SEGMENT_SEGMENTATION_REFUSE_H
#define SEGMENT_SEGMENTATION_REFUSE_H

#include "postgres.h"

#include "core/compat.h"

/*
 * Throws the current error again, from PG_CATCH with the state before it restored, without the context that our own functions and
 * the SQL that they make add to it.
 */
pg_noreturn extern void segment_rethrow(MemoryContext memory);

#endif
