/*
 * memory.c: limits on memory, see memory.h.
 */
#include "postgres.h"

#include <limits.h>

#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "core/memory.h"

void
segment_check_memory(const char *what, Size bytes, const char *instead)
{
	Size kilobytes = bytes / 1024 + (bytes % 1024 != 0);

	if (bytes == 0)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("%s would need more memory than can be had", what),
				 errdetail("The number of bytes exceeds %zu.", SIZE_MAX), errhint("Instead, %s.", instead)));
	if (kilobytes > MAX_KILOBYTES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("%s would need more memory than can be had", what),
				 errdetail("It needs %zu kB; maintenance_work_mem can be at most %d kB.", kilobytes, MAX_KILOBYTES),
				 errhint("Instead, %s.", instead)));
	if (kilobytes > (Size) maintenance_work_mem)
		ereport(ERROR, (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
						errmsg("maintenance_work_mem is too small for %s", what),
						errdetail("It needs %zu kB; maintenance_work_mem is %d kB.", kilobytes, maintenance_work_mem),
						errhint("Set maintenance_work_mem to at least %zu MB, or %s.",
								kilobytes / 1024 + (kilobytes % 1024 != 0), instead)));
}

void
segment_check_value_size(const char *what, Size bytes, const char *hint)
{
	if (bytes > MaxAllocSize)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("%s is too large for a value", what),
						errdetail("It needs %zu bytes; a value can have at most %zu.", bytes, (Size) MaxAllocSize),
						errhint("%s", hint)));
}
