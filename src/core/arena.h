/*
 * arena.h: memory for many small pieces that grow, and that are touched in random order.
 *
 * Pieces have no heads and lie close together in large slabs; what a piece leaves behind when it grows is given to the
 * next one of that size. A context frees the slabs.
 */
#ifndef SEGMENT_CORE_ARENA_H
#define SEGMENT_CORE_ARENA_H

#include "core/compat.h"

/* Pieces have 2^n bytes; larger ones come from the context itself. */
#define SEGMENT_ARENA_LARGEST 15

/* All zero but for the context: empty. So it is again when the context has been reset. */
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
 * Memory from a context for access in random order. On 4 kB pages most accesses to a lot of memory would also miss the
 * processor's cache of page addresses, which in a virtual machine costs more than the memory itself.
 */
extern void *segment_alloc_scattered(MemoryContext context, Size size);

/* A piece of size bytes, a power of two that is at least 8. */
extern void *segment_arena_alloc(SegmentArena *arena, Size size);

/* Takes back a piece of that size. */
extern void segment_arena_free(SegmentArena *arena, void *piece, Size size);

/*
 * A larger piece with the first used bytes of another one, which is taken back; NULL: there is none yet. Sizes are powers
 * of two. Without an arena (NULL) the memory is the context's; it must be the same each time.
 */
extern void *segment_arena_grow(SegmentArena *arena, MemoryContext context, void *piece, Size used, Size old_size,
								Size size);

#endif
