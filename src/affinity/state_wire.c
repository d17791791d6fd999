/*
 * state_wire.c: the state of affinity_agg as bytes, from process to process.
 *
 *   version (1 byte); kind (1); max_items (4); number of items (4); baskets, single, large, largest (8 each);
 *   items in the order of their numbers: integers as 8 bytes, texts as a count and their bytes; a count for each;
 *   1 and the number of words (8), and the words as counts, END as 0, others one higher: baskets as they are
 *   or 0 and the number of pairs (8), and pairs ascending: the difference from the key before, baskets.
 *
 * Baskets go as they are unless there were too many for memory: that is less to send than pairs.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "affinity/state.h"
#include "core/memory.h"
#include "core/message.h"
#include "math/pairs.h"

static void
put(StringInfo buffer, uint64 value)
{
	unsigned char bytes[SEGMENT_COUNT_BYTES];

	appendBinaryStringInfo(buffer, (char *) bytes, (int) (segment_put_count(bytes, value) - bytes));
}

typedef struct PairOutput
{
	StringInfo buffer;
	uint64 last;
	int64 n;
} PairOutput;

static void
put_pair(void *arg, uint32 a, uint32 b, int64 n)
{
	PairOutput *output = arg;
	uint64 key = (uint64) a << 32 | b;

	put(output->buffer, key - output->last);
	put(output->buffer, (uint64) n);
	output->last = key;
	output->n++;
}

static void
write_head(StringInfo buffer, const AffinityState *state)
{
	const AffinityHead *head = &state->head;

	pq_sendint8(buffer, SEGMENT_AFFINITY_VERSION);
	pq_sendint8(buffer, (uint8) head->kind);
	pq_sendint32(buffer, (uint32) head->max_items);
	pq_sendint32(buffer, state->items.n);
	pq_sendint64(buffer, (uint64) head->baskets);
	pq_sendint64(buffer, (uint64) head->single);
	pq_sendint64(buffer, (uint64) head->large);
	pq_sendint64(buffer, (uint64) head->largest);
	for (uint32 i = 0; i < state->items.n; i++)
	{
		SegmentItem item;

		segment_dictionary_item(&state->items, i, &item);
		if (head->kind == SEGMENT_ITEM_INTEGER)
			pq_sendint64(buffer, (uint64) item.number);
		else
		{
			put(buffer, item.length);
			appendBinaryStringInfo(buffer, item.bytes, (int) item.length);
		}
	}
	for (uint32 i = 0; i < state->items.n; i++)
		put(buffer, (uint64) state->count[i]);
}

static void
write_baskets(StringInfo buffer, const BasketStore *baskets)
{
	pq_sendint8(buffer, 1);
	pq_sendint64(buffer, baskets->n);
	for (Size i = 0; i < baskets->n; i++)
		put(buffer, baskets->word[i] == SEGMENT_BASKET_END ? 0 : (uint64) baskets->word[i] + 1);
}

static void
write_pairs(StringInfo buffer, AffinityState *state)
{
	uint32 n = state->items.n;
	uint32 *same = MemoryContextAllocHuge(CurrentMemoryContext, mul_size(n, sizeof(uint32)));
	PairOutput output = {buffer, 0, 0};
	int at;

	for (uint32 i = 0; i < n; i++)
		same[i] = i;
	pq_sendint8(buffer, 0);
	at = buffer->len;
	pq_sendint64(buffer, 0);
	segment_affinity_each_pair(state, same, put_pair, &output);
	segment_wire_put((unsigned char *) buffer->data + at, (uint64) output.n, 8);
	pfree(same);
}

bytea *
segment_affinity_state_write(AffinityState *state)
{
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	write_head(&buffer, state);
	if (state->baskets.n_parts == 0 && segment_pair_sums_are_empty(&state->pairs))
		write_baskets(&buffer, &state->baskets);
	else
		write_pairs(&buffer, state);
	return pq_endtypsend(&buffer);
}

/* --- reading -------------------------------------------------------------------------------------- */

static void
read_items(SegmentCursor *cursor, AffinityState *state, uint32 n)
{
	for (uint32 i = 0; i < n && !cursor->is_short; i++)
	{
		SegmentItem item = {0};

		if (state->head.kind == SEGMENT_ITEM_INTEGER)
			item.number = (int64) segment_take(cursor, 8);
		else
		{
			uint64 length = segment_take_count(cursor);

			item.bytes = (const char *) segment_take_bytes(cursor, length);
			item.length = (uint32) length;
			if (item.bytes == NULL)
				return;
			if (memchr(item.bytes, 0, length) != NULL ||
				!pg_verify_mbstr(GetDatabaseEncoding(), item.bytes, (int) length, true))
				segment_refuse_state("affinity_agg", "A text is none in the encoding of the database.");
		}
		if (segment_affinity_number(state, &item) != i)
			segment_refuse_state("affinity_agg", "An item is there twice.");
	}
}

/* Stops unless head and counts can be. */
static void
check_head(const AffinityState *state)
{
	Affinity affinity = {.head = state->head, .count = state->count};
	const char *fault;

	affinity.head.n_items = state->items.n;
	fault = segment_affinity_head_fault(&affinity);
	if (fault)
		segment_refuse_state("affinity_agg", fault);
}

AffinityState *
segment_affinity_state_read(bytea *bytes)
{
	SegmentCursor cursor = segment_state_cursor(bytes);
	uint64 version = segment_take(&cursor, 1);
	uint64 kind = segment_take(&cursor, 1);
	uint64 max_items = segment_take(&cursor, 4);
	uint64 n = segment_take(&cursor, 4);
	AffinityState *state;

	if (version != SEGMENT_AFFINITY_VERSION || kind >= SEGMENT_ITEM_KINDS || max_items > SEGMENT_AFFINITY_MAX_ITEMS)
		segment_refuse_state("affinity_agg", "Its head is none.");
	if (n == 0 || n > segment_cursor_left(&cursor) / 2)
		segment_refuse_state("affinity_agg", "It has fewer items than it says.");
	state = segment_affinity_state_new(CurrentMemoryContext, (SegmentItemKind) kind, (int32) max_items, false);
	state->is_message = true;
	state->head.baskets = (int64) segment_take(&cursor, 8);
	state->head.single = (int64) segment_take(&cursor, 8);
	state->head.large = (int64) segment_take(&cursor, 8);
	state->head.largest = (int64) segment_take(&cursor, 8);
	read_items(&cursor, state, (uint32) n);
	for (uint32 i = 0; i < state->items.n; i++)
		state->count[i] = (int64) segment_take_count(&cursor);
	state->has_baskets = segment_take(&cursor, 1) != 0;
	state->words = segment_take(&cursor, 8);
	if (cursor.is_short || state->words > segment_cursor_left(&cursor))
		segment_refuse_state("affinity_agg", "It is too short.");
	check_head(state);
	state->message = cursor;
	return state;
}

/* Adds the baskets of a message. */
static void
add_baskets(AffinityState *state, const AffinityState *other, const uint32 *number)
{
	SegmentCursor cursor = other->message;
	uint32 n_items = other->items.n;
	BasketStore *baskets = &state->baskets;
	uint32 *basket = segment_palloc_array(uint32, Min(n_items, (uint32) other->head.max_items) + 1);
	uint32 n = 0;

	for (Size i = 0; i < other->words; i++)
	{
		uint64 word = segment_take_count(&cursor);

		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (word > n_items || (word == 0 ? n < 2 : n >= (uint32) other->head.max_items || n >= n_items))
			segment_refuse_state("affinity_agg", "A basket is none.");
		if (word > 0)
		{
			basket[n++] = number[word - 1];
			continue;
		}
		segment_baskets_make_room(baskets, n);
		memcpy(baskets->word + baskets->n, basket, n * sizeof(uint32));
		baskets->n += n;
		baskets->word[baskets->n++] = SEGMENT_BASKET_END;
		n = 0;
	}
	if (n > 0)
		segment_refuse_state("affinity_agg", "A basket does not end.");
	segment_end_state(&cursor, "affinity_agg");
	pfree(basket);
}

/* Adds the pairs of a message. */
static void
add_pairs(AffinityState *state, const AffinityState *other, const uint32 *number)
{
	SegmentCursor cursor = other->message;
	uint32 n_items = other->items.n;
	uint64 key = 0;

	for (Size i = 0; i < other->words; i++)
	{
		int64 n;
		uint64 a;
		uint64 b;

		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		key += segment_take_count(&cursor);
		n = (int64) segment_take_count(&cursor);
		a = key >> 32;
		b = key & 0xFFFFFFFF;
		if (a >= n_items || b >= n_items || a == b || n < 1 || n > Min(other->count[a], other->count[b]))
			segment_refuse_state("affinity_agg", "A pair is of items that are not there, or in more baskets.");
		segment_pair_sums_add(&state->pairs, number[a], number[b], n);
	}
	segment_end_state(&cursor, "affinity_agg");
}

typedef struct PairInput
{
	AffinityState *state;
	const uint32 *number;
} PairInput;

static void
take_pair(void *arg, uint32 a, uint32 b, int64 n)
{
	PairInput *input = arg;

	segment_pair_sums_add(&input->state->pairs, input->number[a], input->number[b], n);
}

void
segment_affinity_add_state(AffinityState *state, AffinityState *other)
{
	uint32 n = other->items.n;
	uint32 *number = MemoryContextAllocHuge(CurrentMemoryContext, mul_size(n, sizeof(uint32)));
	uint32 *same;

	segment_affinity_add_head(state, &other->head);
	for (uint32 i = 0; i < n; i++)
	{
		SegmentItem item;

		segment_dictionary_item(&other->items, i, &item);
		number[i] = segment_affinity_number(state, &item);
		state->count[number[i]] += other->count[i];
	}
	if (other->is_message)
	{
		if (other->has_baskets)
			add_baskets(state, other, number);
		else
			add_pairs(state, other, number);
		pfree(number);
		return;
	}
	same = MemoryContextAllocHuge(CurrentMemoryContext, mul_size(n, sizeof(uint32)));
	for (uint32 i = 0; i < n; i++)
		same[i] = i;
	segment_affinity_each_pair(other, same, take_pair, &(PairInput) {state, number});
	pfree(same);
	pfree(number);
}
