/*
 * dictionary.c: numbers items in the order they come, see dictionary.h.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "affinity/dictionary.h"
#include "core/hash.h"

#define FIRST_SIZE 64

typedef struct DictionaryEntry
{
	int64 value; /* the integer, or where the text begins */
	uint32 length;
	uint32 hash;
} DictionaryEntry;

void
segment_dictionary_init(Dictionary *dictionary, SegmentItemKind kind, MemoryContext context)
{
	memset(dictionary, 0, sizeof(Dictionary));
	dictionary->context = context;
	dictionary->kind = kind;
	segment_hash_draw(&dictionary->key);
}

Size
segment_dictionary_bytes(const Dictionary *dictionary)
{
	return dictionary->size * (sizeof(DictionaryEntry) + 2 * sizeof(uint32)) + dictionary->capacity;
}

static void *
grow(MemoryContext context, void *memory, Size size)
{
	return memory == NULL ? MemoryContextAllocHuge(context, size) : repalloc_huge(memory, size);
}

static void
enlarge(Dictionary *dictionary)
{
	uint32 mask;

	if (dictionary->size >= PG_INT32_MAX / 2)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many items for affinity"),
						errdetail("At most %u different items can be kept.", dictionary->size),
						errhint("Take items of a higher level, such as categories.")));
	dictionary->size = Max(2 * dictionary->size, FIRST_SIZE);
	dictionary->entry =
		grow(dictionary->context, dictionary->entry, mul_size(dictionary->size, sizeof(DictionaryEntry)));
	dictionary->place = grow(dictionary->context, dictionary->place, mul_size(dictionary->size, 2 * sizeof(uint32)));
	memset(dictionary->place, 0, mul_size(dictionary->size, 2 * sizeof(uint32)));
	mask = 2 * dictionary->size - 1;
	for (uint32 i = 0; i < dictionary->n; i++)
	{
		uint32 at = dictionary->entry[i].hash & mask;

		while (dictionary->place[at] != 0)
			at = (at + 1) & mask;
		dictionary->place[at] = i + 1;
	}
}

static bool
is_entry(const Dictionary *dictionary, const DictionaryEntry *entry, uint32 hash, const SegmentItem *item)
{
	if (entry->hash != hash)
		return false;
	if (dictionary->kind == SEGMENT_ITEM_INTEGER)
		return entry->value == item->number;
	return entry->length == item->length && memcmp(dictionary->bytes + entry->value, item->bytes, item->length) == 0;
}

/* Appends an item. */
static void
append(Dictionary *dictionary, uint32 hash, const SegmentItem *item)
{
	DictionaryEntry *entry = &dictionary->entry[dictionary->n++];

	entry->hash = hash;
	entry->length = 0;
	entry->value = item->number;
	if (dictionary->kind == SEGMENT_ITEM_INTEGER)
		return;
	if (dictionary->capacity - dictionary->used < item->length || dictionary->bytes == NULL)
	{
		dictionary->capacity = add_size(dictionary->capacity, Max(dictionary->capacity, Max(item->length, 1024)));
		dictionary->bytes = grow(dictionary->context, dictionary->bytes, dictionary->capacity);
	}
	memcpy(dictionary->bytes + dictionary->used, item->bytes, item->length);
	entry->value = (int64) dictionary->used;
	entry->length = item->length;
	dictionary->used += item->length;
}

uint32
segment_dictionary_number(Dictionary *dictionary, const SegmentItem *item)
{
	uint32 hash = segment_hash_end(dictionary->kind == SEGMENT_ITEM_INTEGER
									   ? segment_hash_word(&dictionary->key, 0, (uint64) item->number)
									   : segment_hash_bytes(&dictionary->key, 0, item->bytes, item->length));
	uint32 mask;
	uint32 at;

	if (dictionary->n == dictionary->size)
		enlarge(dictionary);
	mask = 2 * dictionary->size - 1;
	for (at = hash & mask; dictionary->place[at] != 0; at = (at + 1) & mask)
		if (is_entry(dictionary, &dictionary->entry[dictionary->place[at] - 1], hash, item))
			return dictionary->place[at] - 1;
	append(dictionary, hash, item);
	dictionary->place[at] = dictionary->n;
	return dictionary->n - 1;
}

void
segment_dictionary_item(const Dictionary *dictionary, uint32 number, SegmentItem *item)
{
	const DictionaryEntry *entry = &dictionary->entry[number];

	memset(item, 0, sizeof(SegmentItem));
	if (dictionary->kind == SEGMENT_ITEM_INTEGER)
		item->number = entry->value;
	else
		item->bytes = dictionary->bytes + entry->value;
	item->length = entry->length;
}
