/*
 * rfm_wire.h: the binary form of a summary, shared by the type and by the state of the aggregate with order ids.
 */
#ifndef SEGMENT_RFM_RFM_WIRE_H
#define SEGMENT_RFM_RFM_WIRE_H

#include "lib/stringinfo.h"

#include "rfm/rfm.h"
#include "math/wire.h"

/* Version, kind, scale, times, counters, then eight limbs, most significant first. */
extern void segment_rfm_write(StringInfo buffer, const Rfm *rfm);

/*
 * Reads what segment_rfm_write wrote into a canonical summary in the current context. 22P03 unless its parts are in
 * range. A partial summary, the state of an aggregate, may lack what every value has: an order or a return.
 */
extern Rfm *segment_rfm_read(SegmentCursor *cursor, bool is_partial);

#endif
