/*
 * checked.c: assertions over values and states.
 */
#include "postgres.h"

#include "core/checked.h"

#ifdef USE_ASSERT_CHECKING

void
segment_check_state(const char *fault)
{
	if (fault != NULL)
		elog(LOG, "segment: unsound value: %s", fault);
	Assert(fault == NULL);
}

void *
segment_checked(const void *value, SegmentFault fault)
{
	segment_check_state(fault(value));
	return unconstify(void *, value);
}

#endif
