/*
 * forgotten.h: rows of the room's tables as C reads them, and whether a customer was forgotten.
 */
#ifndef SEGMENT_SEGMENTATION_FORGOTTEN_H
#define SEGMENT_SEGMENTATION_FORGOTTEN_H

#include "postgres.h"

#include "access/htup.h"
#include "utils/snapshot.h"

/* A table or index of schema segment; InvalidOid if there is none. */
Oid segment_table(const char *name);

/*
 * The first row of a table whose first column of an index equals the key, as a copy; NULL if there is none. snapshot NULL: the
 * newest. column: the value of the second column, if a bytea is wanted.
 */
HeapTuple segment_find_row(const char *table, const char *index, RegProcedure equal, Datum key, Snapshot snapshot,
						   bytea **column);

/* sha256(key || sha256(key || id in UTF-8)) */
bytea *segment_customer_hash(const bytea *key, const char *customer);

typedef enum Forgotten
{
	FORGOTTEN_NOT,
	FORGOTTEN,
	FORGOTTEN_PERHAPS /* a forget() that may still be undone */
} Forgotten;

/* As of this moment, whatever the snapshot. */
Forgotten segment_is_forgotten_id(const bytea *key, const char *customer);

#endif
