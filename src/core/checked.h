/*
 * checked.h: values as they are opened or made. A server with assertions (dev/cassert) holds each to what bytes from
 * outside are held to; any other does nothing.
 */
#ifndef SEGMENT_CORE_CHECKED_H
#define SEGMENT_CORE_CHECKED_H

#include "utils/elog.h"

/* What is wrong with a value, or NULL. */
typedef const char *(*SegmentFault)(const void *value);

#ifdef USE_ASSERT_CHECKING

/* The value itself. Writes what is wrong to the server's log, and fails an assertion, if it is unsound. */
extern void *segment_checked(const void *value, SegmentFault fault);

/* The same for a state, of which its room says what is wrong. */
extern void segment_check_state(const char *fault);

#define SEGMENT_CHECKED(type, value, fault) ((type *) segment_checked(value, fault))
#define SEGMENT_CHECK_STATE(fault) segment_check_state(fault)
#else
#define SEGMENT_CHECKED(type, value, fault) ((type *) (value))
#define SEGMENT_CHECK_STATE(fault) ((void) true)
#endif

#endif
