/*
 * quantiles_object.h: quantiles that grow in place: an expanded object around a QuantilesState. Private to the room.
 */
#ifndef SEGMENT_SCORE_QUANTILES_OBJECT_H
#define SEGMENT_SCORE_QUANTILES_OBJECT_H

#include "utils/expandeddatum.h"

#include "score/quantiles.h"

typedef struct QuantilesObject
{
	ExpandedObjectHeader header;
	QuantilesState state;
	size_t flat_n; /* what the last object_flat_size found */
	int flat_width;
} QuantilesObject;

/* An empty object in its own child context of parent. */
extern QuantilesObject *segment_quantiles_object_new(MemoryContext parent, bool may_spill);

/* The object that a datum points to, or NULL for a flat value. */
extern QuantilesObject *segment_quantiles_object_of(Datum datum);

#endif
