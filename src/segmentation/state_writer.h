/*
 * state_writer.h: rows into a table of the room and its indexes, many at a time.
 */
#ifndef SEGMENT_SEGMENTATION_STATE_WRITER_H
#define SEGMENT_SEGMENTATION_STATE_WRITER_H

#include "postgres.h"

#include "access/tableam.h"
#include "executor/executor.h"
#include "nodes/execnodes.h"

typedef struct RowWriter RowWriter;

/* A table of schema segment, whose row type a query's rows must have. Without triggers: see segment_writes_plainly. */
extern RowWriter *segment_writer_begin(const char *table);
extern Relation segment_writer_table(RowWriter *writer);

/* True where nothing but the rows themselves is to be written: no triggers. */
extern bool segment_writes_plainly(Relation table);

/* A virtual slot of the table's row type, to be filled and stored by the caller, and what inserts it. */
extern void segment_writer_insert(RowWriter *writer, TupleTableSlot *row);

/* Puts a row in the place of one that was read from the table. */
extern void segment_writer_update(RowWriter *writer, TupleTableSlot *old, TupleTableSlot *row);

/* Writes what is left, and ends; the number of rows that were inserted. */
extern int64 segment_writer_end(RowWriter *writer);

#endif
