/*
 * arena.h: memory for many small, growing pieces that are accessed in random order.
 *
 * Pieces have no headers and are packed into large slabs. When a piece grows, its old place is reused for the next
 * piece of that size. The memory context frees the slabs.
 */
#ifndef SEGMENT_CORE_ARENA_H
#define SEGMENT_CORE_ARENA_H

#include "core/compat.h"

/* Pieces are 2^n bytes; larger ones are allocated from the context. */
#define SEGMENT_ARENA_LARGEST 15

/* Empty when all zero but for the context; resetting the context empties it again. */
typedef struct SegmentArena
{
	MemoryContext context;
	char *next; /* what is left of the newest slab */
	Size left;
	Size total; /* of all slabs */
	void *free[SEGMENT_ARENA_LARGEST + 1];
	MemoryContextCallback reset;
} SegmentArena;

/*
 * Allocates memory for random access, aligned for huge pages: with 4 kB pages most accesses would also miss the TLB,
 * which in a virtual machine costs more than the access itself.
 */
extern void *segment_alloc_scattered(MemoryContext context, Size size);

/* Allocates a piece; size is a power of two, at least 8. */
extern void *segment_arena_alloc(SegmentArena *arena, Size size);

/* Frees a piece of that size. */
extern void segment_arena_free(SegmentArena *arena, void *piece, Size size);

/*
 * A larger piece with the first used bytes of another one, which is taken back; NULL: there is none yet. Sizes are
 * powers of two. Without an arena (NULL) the memory is the context's; it must be the same each time.
 */
extern void *segment_arena_grow(SegmentArena *arena, MemoryContext context, void *piece, Size used, Size old_size,
								Size size);

#endif
