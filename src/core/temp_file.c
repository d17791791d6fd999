/*
 * temp_file.c: reading temporary files again.
 */
#include "postgres.h"

#include "core/temp_file.h"

bool
segment_file_read(BufFile *file, void *bytes, Size size, bool may_end, const char *owner)
{
	Size got = BufFileRead(file, bytes, size);

	if (got == 0 && may_end)
		return false;
	if (got != size)
		ereport(ERROR, (errcode_for_file_access(), errmsg("could not read a temporary file of %s", owner),
						errdetail("Read %zu of %zu bytes.", got, size)));
	return true;
}

void
segment_file_rewind(BufFile *file, const char *owner)
{
	if (BufFileSeek(file, 0, 0, SEEK_SET) != 0)
		ereport(ERROR, (errcode_for_file_access(), errmsg("could not rewind a temporary file of %s: %m", owner)));
}
