/*
 * neighbours.h: an affinity opened for many questions: what goes with each item. Kept from call to call, because reading a value
 * takes much longer than answering.
 */
#ifndef SEGMENT_AFFINITY_NEIGHBOURS_H
#define SEGMENT_AFFINITY_NEIGHBOURS_H

#include "affinity/value.h"

/* One that lies in baskets with another item, and in how many. */
typedef struct Neighbour
{
	int64 n;
	uint32 item;
} Neighbour;

typedef struct Offer
{
	uint32 item;
	uint32 because; /* the item that is owned and contributes most */
	double score;
	int64 together; /* baskets with both */
} Offer;

typedef struct Neighbours
{
	MemoryContext context;
	struct varlena *value; /* a copy as it was passed, toasted or not */
	int64 least_count;	   /* pairs in fewer baskets were left out */
	int64 min_count;	   /* and those in fewer than this are passed over */
	Affinity *affinity;
	Neighbour *neighbour;
	Size *end;		 /* of the neighbours of each item */
	double *root;	 /* 1 / sqrt(count) */
	uint32 *popular; /* items by count, then by item */
	double *score;	 /* of each item; 0 between calls, as is all below */
	double *most;	 /* of the largest part of it, what decides between parts */
	Offer *offer;	 /* by item */
	uint32 *touched; /* items with a score */
	bool *is_owned;
	uint32 *owned;
	uint32 n_owned;
} Neighbours;

/* The affinity in argument arg, opened by this call or an earlier one. */
extern Neighbours *segment_neighbours_of(FunctionCallInfo fcinfo, int arg, int64 min_count);

/* Says what is owned, until told to forget it. 22023 for items of the other kind. */
extern void segment_neighbours_own(Neighbours *neighbours, SegmentItemReader items);
extern void segment_neighbours_forget(Neighbours *neighbours);

/* The best offers, at most k; returns how many there are. */
extern int segment_neighbours_best(Neighbours *neighbours, int k, bool allow_repeat, Offer *best);

/* The same by popularity alone. */
extern int segment_neighbours_popular(const Neighbours *neighbours, int k, bool allow_repeat, uint32 *best);

#endif
