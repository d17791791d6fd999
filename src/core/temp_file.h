/*
 * temp_file.h: reading temporary files again.
 */
#ifndef SEGMENT_CORE_TEMP_FILE_H
#define SEGMENT_CORE_TEMP_FILE_H

#include "storage/buffile.h"

/* Reads exactly size bytes; false at the end of the file if may_end, else an error, which says whose file it is. */
extern bool segment_file_read(BufFile *file, void *bytes, Size size, bool may_end, const char *owner);

/* Goes to the first byte. */
extern void segment_file_rewind(BufFile *file, const char *owner);

#endif
