/*
 * arena.c: memory for many small pieces that grow.
 */
#include "postgres.h"

#include <sys/mman.h>

#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "core/arena.h"

/* The usual size of huge pages; a wrong value does no harm. */
#define HUGE_PAGE ((Size) 2 * 1024 * 1024)

/* Slabs grow with the total, so that little is wasted. */
#define FIRST_SLAB ((Size) 64 * 1024)
#define LARGEST_SLAB ((Size) 32 * 1024 * 1024)

void *
segment_alloc_scattered(MemoryContext context, Size size)
{
	char *memory = MemoryContextAllocHuge(context, size);

#ifdef MADV_HUGEPAGE
	char *first = (char *) TYPEALIGN(HUGE_PAGE, memory);
	char *end = (char *) TYPEALIGN_DOWN(HUGE_PAGE, memory + size);

	if (first < end)
		(void) madvise(first, end - first, MADV_HUGEPAGE);
#endif
	return memory;
}

/* Forgets the slabs, which the context has freed. */
static void
forget(void *arg)
{
	SegmentArena *arena = (SegmentArena *) arg;
	MemoryContext context = arena->context;

	memset(arena, 0, sizeof(*arena));
	arena->context = context;
}

/* Starts a new slab; the rest of the previous one is lost. */
static void
add_slab(SegmentArena *arena)
{
	Size size = Max(FIRST_SLAB, Min(LARGEST_SLAB, arena->total / 4));

	if (arena->total == 0)
	{
		arena->reset.func = forget;
		arena->reset.arg = arena;
		MemoryContextRegisterResetCallback(arena->context, &arena->reset);
	}
	arena->next = (char *) TYPEALIGN(64, segment_alloc_scattered(arena->context, size + 64));
	arena->left = size;
	arena->total += size;
}

void *
segment_arena_alloc(SegmentArena *arena, Size size)
{
	int class = pg_leftmost_one_pos64(size);
	void *piece;

	if (class > SEGMENT_ARENA_LARGEST)
		return MemoryContextAllocHuge(arena->context, size);
	piece = arena->free[class];
	if (piece != NULL)
	{
		arena->free[class] = *(void **) piece;
		return piece;
	}
	if (arena->left < size)
		add_slab(arena);
	piece = arena->next;
	arena->next += size;
	arena->left -= size;
	return piece;
}

void
segment_arena_free(SegmentArena *arena, void *piece, Size size)
{
	int class = pg_leftmost_one_pos64(size);

	if (class > SEGMENT_ARENA_LARGEST)
	{
		pfree(piece);
		return;
	}
	*(void **) piece = arena->free[class];
	arena->free[class] = piece;
}

void *
segment_arena_grow(SegmentArena *arena, MemoryContext context, void *piece, Size used, Size old_size, Size size)
{
	void *grown;

	if (arena == NULL)
		return piece == NULL ? MemoryContextAllocHuge(context, size) : repalloc_huge(piece, size);
	grown = segment_arena_alloc(arena, size);
	if (piece != NULL)
	{
		memcpy(grown, piece, used);
		segment_arena_free(arena, piece, old_size);
	}
	return grown;
}
