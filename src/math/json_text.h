/*
 * json_text.h: reads and writes the flat JSON objects that are the text form of models: members are numbers, words
 * ("log"), true and false, and arrays of numbers, in any order.
 */
#ifndef SEGMENT_MATH_JSON_TEXT_H
#define SEGMENT_MATH_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEGMENT_JSON_MEMBERS 40

typedef struct SegmentJsonMember
{
	const char *name; /* not terminated */
	size_t name_length;
	const char *value; /* where the value begins */
} SegmentJsonMember;

typedef struct SegmentJson
{
	SegmentJsonMember member[SEGMENT_JSON_MEMBERS];
	int n_members;
} SegmentJson;

/* Finds the members of a terminated text, which must outlive json. False if it is no such object, or has a name twice. */
extern bool segment_json_parse(const char *text, SegmentJson *json);

/* The following are false if there is no member of that name or it is not of that kind. */
extern bool segment_json_double(const SegmentJson *json, const char *name, double *value);

/* An integer in [lowest, highest], both >= 0. */
extern bool segment_json_count(const SegmentJson *json, const char *name, int64_t lowest, int64_t highest,
							   int64_t *value);
extern bool segment_json_bool(const SegmentJson *json, const char *name, bool *value);

/* The number of the word among n_words. */
extern bool segment_json_word(const SegmentJson *json, const char *name, const char *const *words, int n_words,
							  int *value);

/* Exactly count numbers. */
extern bool segment_json_array(const SegmentJson *json, const char *name, double *values, size_t count);

/* How many numbers an array has. */
extern bool segment_json_array_length(const SegmentJson *json, const char *name, size_t *count);

/*
 * Writer: text goes to at, which has room; the new end is returned. Arrays: SEGMENT_NUMBER_TEXT + 2 bytes a number.
 * Members after the first are preceded by a comma.
 */
extern char *segment_json_put_name(char *at, const char *name, bool first);
extern char *segment_json_put_double(char *at, const char *name, double value);
extern char *segment_json_put_count(char *at, const char *name, int64_t value);
extern char *segment_json_put_bool(char *at, const char *name, bool value);
extern char *segment_json_put_word(char *at, const char *name, const char *word);
extern char *segment_json_put_array(char *at, const char *name, const double *values, size_t count);

#endif
