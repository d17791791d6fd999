/*
 * dictionary.h: numbers items in the order they come.
 */
#ifndef SEGMENT_AFFINITY_DICTIONARY_H
#define SEGMENT_AFFINITY_DICTIONARY_H

#include "affinity/affinity.h"
#include "math/hash.h"

typedef struct Dictionary
{
	MemoryContext context;
	SegmentItemKind kind;
	SegmentHashKey key;
	uint32 n;
	uint32 size; /* room for items */
	struct DictionaryEntry *entry;
	uint32 *place; /* 2 * size, a power of two: number of an item + 1; 0 is free */
	char *bytes;   /* texts */
	Size used;
	Size capacity;
} Dictionary;

extern void segment_dictionary_init(Dictionary *dictionary, SegmentItemKind kind, MemoryContext context);

/* The number of an item, which may be the next one. */
extern uint32 segment_dictionary_number(Dictionary *dictionary, const SegmentItem *item);

/* The item of a number, until the next one is added. */
extern void segment_dictionary_item(const Dictionary *dictionary, uint32 number, SegmentItem *item);

/* Bytes in memory. */
extern Size segment_dictionary_bytes(const Dictionary *dictionary);

#endif
