/*
 * identity.h: which ids belong together, as edges between them: collecting, and as bytes.
 */
#ifndef SEGMENT_EVENT_IDENTITY_H
#define SEGMENT_EVENT_IDENTITY_H

#include "core/compat.h"

#include "math/components.h"
#include "math/hash.h"
#include "math/wire.h"

#define SEGMENT_IDENTITY_VERSION 1

/* An id is at most this long. */
#define SEGMENT_IDENTITY_ID_LENGTH 1000

typedef struct IdentityId
{
	Size at; /* where its text begins */
	uint32 length;
	uint32 hash;
} IdentityId;

typedef struct Identity
{
	MemoryContext context;
	uint32 max_component; /* 0: no limit */
	uint32 max_degree;
	/* the ids, and a hash table of their numbers + 1 of twice as many places */
	SegmentHashKey key;
	IdentityId *ids;
	uint32 *places;
	uint32 n;
	uint32 size;
	char *bytes;
	Size used;
	Size capacity;
	/* edges between ids: distinct, and sorted, up to m_sorted */
	SegmentEdge *edges;
	Size m;
	Size m_sorted;
	Size m_size;
} Identity;

static inline const char *
segment_identity_text(const Identity *identity, uint32 id)
{
	return identity->bytes + identity->ids[id].at;
}

/* An empty one, in the context. */
extern Identity *segment_identity_new(uint32 max_component, uint32 max_degree, MemoryContext context);

/* The number of an id, which may be new; text need not be terminated. */
extern uint32 segment_identity_id(Identity *identity, const char *text, Size length);

/* Says that two ids belong together. */
extern void segment_identity_join(Identity *identity, uint32 a, uint32 b);

/* Sorts the edges, each once. */
extern void segment_identity_compact(Identity *identity);

/* Adds all of other, which stays as it is. 22023 for other limits. */
extern void segment_identity_merge(Identity *identity, const Identity *other);

/*
 * The byte string: version (1 byte), max_component, max_degree, number of ids (counts); the ids in the order of their
 * bytes: length (count), text; number of edges (count); edges in order: how much higher the lower id is than that of the
 * edge before (count), and how much higher the other one is than it, or, if that is the same, than the one before (count).
 */
extern bytea *segment_identity_encode(Identity *identity);
/* Back from it, checked, to be read only: nothing can be added to it. */
extern Identity *segment_identity_decode(SegmentCursor cursor, const char **fault);

#endif
