/*
 * table_sink.h: rows of our nodes into a new table, many at a time.
 */
#ifndef SEGMENT_CORE_TABLE_SINK_H
#define SEGMENT_CORE_TABLE_SINK_H

/* Hooks into the executor; called once, when the library is loaded. */
extern void segment_table_sink_init(void);

#endif
