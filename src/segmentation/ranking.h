/*
 * ranking.h: the revenues of many customers, largest first, in few bytes: what the value curve is brought forward from.
 */
#ifndef SEGMENT_SEGMENTATION_RANKING_H
#define SEGMENT_SEGMENTATION_RANKING_H

#include "lib/stringinfo.h"

/* Writes a ranking: a head, the first value, then the gaps between neighbours. */
typedef struct RankingWriter
{
	StringInfoData bytes;
	int64 unit; /* a power of ten that divides all values */
	int64 last;
	bool is_first;
} RankingWriter;

/* n values will follow, largest first, each a multiple of 10^zeros. */
extern void segment_ranking_begin(RankingWriter *writer, int64 n, int zeros);
extern void segment_ranking_put(RankingWriter *writer, int64 value);

/* The stored value, a bytea. */
extern bytea *segment_ranking_end(RankingWriter *writer);

#endif
