/*
 * identity.c: ids and the edges between them.
 */
#include "postgres.h"

#include "core/compat.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "core/hash.h"
#include "core/memory.h"
#include "core/message.h"
#include "core/option.h"
#include "core/stored.h"
#include "event/identity.h"

#define FIRST_SIZE 64

/* The shortest id: its length, and a byte. */
#define SHORTEST_ID 2

Identity *
segment_identity_new(uint32 max_component, uint32 max_degree, MemoryContext context)
{
	Identity *identity = MemoryContextAllocZero(context, sizeof(Identity));

	identity->context = context;
	identity->max_component = max_component;
	identity->max_degree = max_degree;
	segment_hash_draw(&identity->key);
	return identity;
}

static void *
grow(Identity *identity, void *memory, Size size)
{
	Size others = identity->capacity + identity->size * (sizeof(IdentityId) + 2 * sizeof(uint32)) +
				  identity->m_size * sizeof(SegmentEdge);

	segment_check_memory("identity_agg", add_size(others, size), "leave out ids that identify nobody");
	return memory == NULL ? MemoryContextAllocHuge(identity->context, size) : repalloc_huge(memory, size);
}

static void
grow_ids(Identity *identity)
{
	uint32 size = Max(identity->size * 2, FIRST_SIZE);
	uint32 mask = 2 * size - 1;

	if (identity->size >= PG_INT32_MAX / 2)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many ids for identity"),
						errdetail("At most %u can be kept.", identity->size),
						errhint("Take ids of known customers and their neighbours only.")));
	identity->ids = grow(identity, identity->ids, mul_size(size, sizeof(IdentityId)));
	identity->places = grow(identity, identity->places, mul_size(size, 2 * sizeof(uint32)));
	memset(identity->places, 0, mul_size(size, 2 * sizeof(uint32)));
	identity->size = size;
	for (uint32 i = 0; i < identity->n; i++)
	{
		uint32 place = identity->ids[i].hash & mask;

		while (identity->places[place] != 0)
			place = (place + 1) & mask;
		identity->places[place] = i + 1;
	}
}

static void
append_id(Identity *identity, const char *text, Size length, uint32 hash)
{
	IdentityId *id = &identity->ids[identity->n];

	if (identity->capacity - identity->used < length)
	{
		Size capacity = add_size(identity->capacity, Max(identity->capacity, Max(length, 1024)));

		identity->bytes = grow(identity, identity->bytes, capacity);
		identity->capacity = capacity;
	}
	memcpy(identity->bytes + identity->used, text, length);
	id->at = identity->used;
	id->length = (uint32) length;
	id->hash = hash;
	identity->used += length;
	identity->n++;
}

uint32
segment_identity_id(Identity *identity, const char *text, Size length)
{
	uint32 hash = segment_hash_end(segment_hash_bytes(&identity->key, 0, text, length));
	uint32 mask;
	uint32 place;

	Assert(identity->size == 0 || identity->places != NULL);
	if (identity->n == identity->size)
		grow_ids(identity);
	mask = 2 * identity->size - 1;
	for (place = hash & mask; identity->places[place] != 0; place = (place + 1) & mask)
	{
		uint32 number = identity->places[place] - 1;
		const IdentityId *id = &identity->ids[number];

		if (id->hash == hash && id->length == length &&
			memcmp(segment_identity_text(identity, number), text, length) == 0)
			return number;
	}
	append_id(identity, text, length, hash);
	identity->places[place] = identity->n;
	return identity->n - 1;
}

/* --- edges ------------------------------------------------------------------------------------------------------- */

static inline int
compare_edges(const SegmentEdge *a, const SegmentEdge *b)
{
	if (a->a != b->a)
		return a->a < b->a ? -1 : 1;
	return a->b < b->b ? -1 : a->b > b->b;
}

#define ST_SORT sort_edges
#define ST_ELEMENT_TYPE SegmentEdge
#define ST_COMPARE(a, b) compare_edges(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

void
segment_identity_compact(Identity *identity)
{
	Size m = 0;

	if (identity->m == identity->m_sorted)
		return;
	sort_edges(identity->edges, identity->m);
	for (Size i = 1; i < identity->m; i++)
		if (compare_edges(&identity->edges[m], &identity->edges[i]) != 0)
			identity->edges[++m] = identity->edges[i];
	identity->m = identity->m_sorted = m + 1;
}

void
segment_identity_join(Identity *identity, uint32 a, uint32 b)
{
	if (a == b)
		return;
	if (identity->m == identity->m_size)
	{
		segment_identity_compact(identity);
		if (identity->m >= identity->m_size / 2)
		{
			Size size = Max(identity->m_size * 2, FIRST_SIZE);

			identity->edges = grow(identity, identity->edges, mul_size(size, sizeof(SegmentEdge)));
			identity->m_size = size;
		}
	}
	identity->edges[identity->m].a = Min(a, b);
	identity->edges[identity->m].b = Max(a, b);
	identity->m++;
}

void
segment_identity_merge(Identity *identity, const Identity *other)
{
	uint32 *number;

	if (identity->max_component != other->max_component)
		segment_refuse_changed_option("max_component");
	if (identity->max_degree != other->max_degree)
		segment_refuse_changed_option("max_degree");
	number = MemoryContextAllocHuge(CurrentMemoryContext, mul_size(Max(other->n, 1), sizeof(uint32)));
	for (uint32 i = 0; i < other->n; i++)
	{
		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		number[i] = segment_identity_id(identity, segment_identity_text(other, i), other->ids[i].length);
	}
	for (Size i = 0; i < other->m; i++)
	{
		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		segment_identity_join(identity, number[other->edges[i].a], number[other->edges[i].b]);
	}
	pfree(number);
}

/* --- as bytes ---------------------------------------------------------------------------------------------------- */

static inline int
compare_texts(const char *a, Size a_length, const char *b, Size b_length)
{
	int order = memcmp(a, b, Min(a_length, b_length));

	return order != 0 ? order : a_length < b_length ? -1 : a_length > b_length;
}

/* An id to be sorted, with the bytes behind what all ids begin with: most are told apart without a look at their texts. */
typedef struct SortedId
{
	uint64 prefix;
	uint32 id;
} SortedId;

static inline int
compare_ids(const SortedId *a, const SortedId *b, const Identity *identity)
{
	if (a->prefix != b->prefix)
		return a->prefix < b->prefix ? -1 : 1;
	return compare_texts(segment_identity_text(identity, a->id), identity->ids[a->id].length,
						 segment_identity_text(identity, b->id), identity->ids[b->id].length);
}

#define ST_SORT sort_ids
#define ST_ELEMENT_TYPE SortedId
#define ST_COMPARE_ARG_TYPE const Identity
#define ST_COMPARE(a, b, identity) compare_ids(a, b, identity)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* The ids in the order of their bytes. */
static SortedId *
sorted_ids(const Identity *identity)
{
	SortedId *sorted = MemoryContextAllocHuge(CurrentMemoryContext, mul_size(Max(identity->n, 1), sizeof(SortedId)));
	uint32 common = identity->n > 0 ? identity->ids[0].length : 0;

	for (uint32 i = 1; i < identity->n; i++)
	{
		uint32 same = 0;

		while (same < common && same < identity->ids[i].length &&
			   segment_identity_text(identity, i)[same] == segment_identity_text(identity, 0)[same])
			same++;
		common = same;
	}
	for (uint32 i = 0; i < identity->n; i++)
	{
		uint32 length = identity->ids[i].length - common;
		unsigned char bytes[8] = {0};

		memcpy(bytes, segment_identity_text(identity, i) + common, Min(length, sizeof(bytes)));
		sorted[i].prefix = segment_wire_get(bytes, sizeof(bytes));
		sorted[i].id = i;
	}
	sort_ids(sorted, identity->n, identity);
	return sorted;
}

static void
put(StringInfo buffer, int64 count)
{
	/* all of them are below 2^31 */
	(void) segment_stored_put_count(buffer, count);
}

bytea *
segment_identity_encode(Identity *identity)
{
	SortedId *order = sorted_ids(identity);
	uint32 *rank = MemoryContextAllocHuge(CurrentMemoryContext, mul_size(Max(identity->n, 1), sizeof(uint32)));
	SegmentEdge *edges;
	SegmentEdge last = {0, 0};
	StringInfoData buffer;

	segment_identity_compact(identity);
	segment_stored_start(&buffer);
	segment_stored_put_fixed(&buffer, SEGMENT_IDENTITY_VERSION, 1);
	put(&buffer, identity->max_component);
	put(&buffer, identity->max_degree);
	put(&buffer, identity->n);
	segment_check_value_size("identity", add_size(identity->used, identity->n + identity->m * 4),
							 "GROUP BY a part of the ids that nothing joins with others.");
	for (uint32 i = 0; i < identity->n; i++)
	{
		rank[order[i].id] = i;
		put(&buffer, identity->ids[order[i].id].length);
		appendBinaryStringInfo(&buffer, segment_identity_text(identity, order[i].id),
							   (int) identity->ids[order[i].id].length);
	}
	put(&buffer, (int64) identity->m);
	edges = MemoryContextAllocHuge(CurrentMemoryContext, mul_size(Max(identity->m, 1), sizeof(SegmentEdge)));
	for (Size i = 0; i < identity->m; i++)
	{
		uint32 a = rank[identity->edges[i].a];
		uint32 b = rank[identity->edges[i].b];

		edges[i].a = Min(a, b);
		edges[i].b = Max(a, b);
	}
	sort_edges(edges, identity->m);
	for (Size i = 0; i < identity->m; i++)
	{
		put(&buffer, (int64) edges[i].a - last.a);
		put(&buffer, (int64) edges[i].b - (i > 0 && edges[i].a == last.a ? last.b : edges[i].a));
		last = edges[i];
	}
	pfree(edges);
	pfree(order);
	pfree(rank);
	return segment_stored_finish(&buffer);
}

/*
 * Reads the ids, which ascend, so that each is there once: no hash table is made, and nothing can be added. What is wrong
 * with them.
 */
static const char *
take_ids(SegmentStoredReader *reader, Identity *identity, uint32 n)
{
	Size left = segment_cursor_left(&reader->cursor);

	identity->ids = grow(identity, NULL, mul_size(n, sizeof(IdentityId)));
	identity->bytes = grow(identity, NULL, left);
	identity->size = n;
	identity->capacity = left;
	for (uint32 i = 0; i < n; i++)
	{
		int64 length = segment_stored_get_count(reader);
		const char *text;

		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (length < 1 || length > SEGMENT_IDENTITY_ID_LENGTH ||
			(text = (const char *) segment_take_bytes(&reader->cursor, (Size) length)) == NULL ||
			!pg_verify_mbstr(GetDatabaseEncoding(), text, (int) length, true))
			return "An id is too long, or no text.";
		if (i > 0 && compare_texts(segment_identity_text(identity, i - 1), identity->ids[i - 1].length, text,
								   (Size) length) >= 0)
			return "Ids must ascend.";
		append_id(identity, text, (Size) length, 0);
	}
	return NULL;
}

static const char *
take_edges(SegmentStoredReader *reader, Identity *identity, int64 m)
{
	SegmentEdge last = {0, 0};

	for (int64 i = 0; i < m; i++)
	{
		int64 a = last.a + segment_stored_get_count(reader);
		int64 more = segment_stored_get_count(reader);
		int64 b = (i > 0 && a == last.a ? last.b : a) + more;

		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (reader->cursor.is_short || more < 1 || b >= identity->n)
			return "An edge is broken, or one of its ids is missing.";
		last.a = (uint32) a;
		last.b = (uint32) b;
		segment_identity_join(identity, last.a, last.b);
	}
	identity->m_sorted = identity->m;
	return NULL;
}

Identity *
segment_identity_decode(SegmentCursor cursor, const char **fault)
{
	SegmentStoredReader reader = {cursor, NULL};
	int version = (int) segment_take(&reader.cursor, 1);
	int64 max_component = segment_stored_get_count(&reader);
	int64 max_degree = segment_stored_get_count(&reader);
	int64 n = segment_stored_get_count(&reader);
	int64 m;
	Identity *identity;

	*fault = NULL;
	if (reader.cursor.is_short || version != SEGMENT_IDENTITY_VERSION)
		*fault = "The version is unknown.";
	else if (max_component > PG_INT32_MAX || max_degree > PG_INT32_MAX || n < 1 || n > PG_INT32_MAX ||
			 (uint64) n > segment_cursor_left(&reader.cursor) / SHORTEST_ID)
		*fault = "A limit or the number of ids is out of range.";
	if (*fault)
		return NULL;
	identity = segment_identity_new((uint32) max_component, (uint32) max_degree, CurrentMemoryContext);
	*fault = take_ids(&reader, identity, (uint32) n);
	if (*fault)
		return NULL;
	m = segment_stored_get_count(&reader);
	if ((uint64) m > segment_cursor_left(&reader.cursor) / 2)
		*fault = "The number of edges is out of range.";
	else
		*fault = take_edges(&reader, identity, m);
	if (*fault == NULL)
		*fault = segment_cursor_fault(&reader.cursor);
	return *fault ? NULL : identity;
}
