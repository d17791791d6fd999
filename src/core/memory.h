/*
 * memory.h: limits on memory, and their errors.
 *
 * 53400 (configuration_limit_exceeded) where raising a setting helps, 54000 (program_limit_exceeded) where nothing does:
 * the fixed limits of values and formats. 53200 is left to the server, for memory that it asked for and did not get.
 */
#ifndef SEGMENT_CORE_MEMORY_H
#define SEGMENT_CORE_MEMORY_H

#include "core/compat.h"

/*
 * Stops with 53400 if bytes, the whole demand of what ("kmeans"), exceed maintenance_work_mem. instead is a second way
 * out that ends the hint ("ask for fewer clusters"). bytes 0 means more than a size can hold: 54000, as for any demand
 * that the setting's largest value does not cover.
 */
extern void segment_check_memory(const char *what, Size bytes, const char *instead);

/* Stops with 54000 if a value of so many bytes exceeds what PostgreSQL can store: 1 GB. hint is a whole sentence. */
extern void segment_check_value_size(const char *what, Size bytes, const char *hint);

#endif
