/*
 * json_text.c: flat JSON objects as the text form of models.
 */
#include "math/json_text.h"

#include <string.h>

#include "math/text.h"

/* Skips a string without escapes; *length is that of its inside, which begins one byte on. */
static bool
skip_word(const char **text, const char **inside, size_t *length)
{
	const char *end;

	if (!segment_text_char(text, '"'))
		return false;
	end = *text;
	while (*end != '"' && *end != '\\' && (unsigned char) *end >= ' ')
		end++;
	if (*end != '"')
		return false;
	*inside = *text;
	*length = (size_t) (end - *text);
	*text = end + 1;
	return true;
}

/* Skips an array of numbers; counts them. */
static bool
skip_array(const char **text, size_t *count)
{
	double number;

	*count = 0;
	if (!segment_text_char(text, '['))
		return false;
	if (segment_text_char(text, ']'))
		return true;
	do
	{
		if (!segment_text_double(text, &number))
			return false;
		(*count)++;
	} while (segment_text_char(text, ','));
	return segment_text_char(text, ']');
}

/* Skips a value of any kind that members may have. */
static bool
skip_value(const char **text)
{
	const char *inside;
	size_t length;
	double number;

	segment_text_skip(text);
	if (**text == '"')
		return skip_word(text, &inside, &length);
	if (**text == '[')
		return skip_array(text, &length);
	return segment_text_word(text, "true") || segment_text_word(text, "false") || segment_text_double(text, &number);
}

/* The value of a member; NULL if there is none of that name. */
static const char *
find(const SegmentJson *json, const char *name)
{
	int i;

	for (i = 0; i < json->n_members; i++)
		if (json->member[i].name_length == strlen(name) &&
			memcmp(json->member[i].name, name, json->member[i].name_length) == 0)
			return json->member[i].value;
	return NULL;
}

bool
segment_json_parse(const char *text, SegmentJson *json)
{
	json->n_members = 0;
	if (!segment_text_char(&text, '{'))
		return false;
	do
	{
		SegmentJsonMember *member = &json->member[json->n_members];
		int i;

		if (json->n_members == SEGMENT_JSON_MEMBERS || !skip_word(&text, &member->name, &member->name_length) ||
			!segment_text_char(&text, ':'))
			return false;
		for (i = 0; i < json->n_members; i++)
			if (json->member[i].name_length == member->name_length &&
				memcmp(json->member[i].name, member->name, member->name_length) == 0)
				return false;
		segment_text_skip(&text);
		member->value = text;
		json->n_members++;
		if (!skip_value(&text))
			return false;
	} while (segment_text_char(&text, ','));
	return segment_text_char(&text, '}') && segment_text_end(&text);
}

bool
segment_json_double(const SegmentJson *json, const char *name, double *value)
{
	const char *text = find(json, name);

	return text && segment_text_double(&text, value);
}

bool
segment_json_count(const SegmentJson *json, const char *name, int64_t lowest, int64_t highest, int64_t *value)
{
	const char *text = find(json, name);

	if (!text || !segment_text_count(&text, value))
		return false;
	segment_text_skip(&text);
	return (*text == ',' || *text == '}') && *value >= lowest && *value <= highest;
}

bool
segment_json_bool(const SegmentJson *json, const char *name, bool *value)
{
	const char *text = find(json, name);

	if (!text)
		return false;
	*value = segment_text_word(&text, "true");
	return *value || segment_text_word(&text, "false");
}

bool
segment_json_word(const SegmentJson *json, const char *name, const char *const *words, int n_words, int *value)
{
	const char *text = find(json, name);
	const char *inside;
	size_t length;

	if (!text || !skip_word(&text, &inside, &length))
		return false;
	for (*value = 0; *value < n_words; (*value)++)
		if (strlen(words[*value]) == length && memcmp(words[*value], inside, length) == 0)
			return true;
	return false;
}

bool
segment_json_array_length(const SegmentJson *json, const char *name, size_t *count)
{
	const char *text = find(json, name);

	return text && skip_array(&text, count);
}

bool
segment_json_array(const SegmentJson *json, const char *name, double *values, size_t count)
{
	const char *text = find(json, name);
	size_t i;

	if (!segment_json_array_length(json, name, &i) || i != count || !segment_text_char(&text, '['))
		return false;
	for (i = 0; i < count; i++)
		if ((i > 0 && !segment_text_char(&text, ',')) || !segment_text_double(&text, &values[i]))
			return false;
	return true;
}

char *
segment_json_put_name(char *at, const char *name, bool first)
{
	size_t length = strlen(name);

	*at++ = first ? '{' : ',';
	*at++ = '"';
	memcpy(at, name, length);
	at += length;
	memcpy(at, "\":", 3);
	return at + 2;
}

char *
segment_json_put_double(char *at, const char *name, double value)
{
	at = segment_json_put_name(at, name, false);
	return at + segment_print_double(value, at);
}

char *
segment_json_put_count(char *at, const char *name, int64_t value)
{
	at = segment_json_put_name(at, name, false);
	return at + segment_print_count(value, at);
}

char *
segment_json_put_bool(char *at, const char *name, bool value)
{
	const char *word = value ? "true" : "false";

	at = segment_json_put_name(at, name, false);
	memcpy(at, word, strlen(word) + 1);
	return at + strlen(word);
}

char *
segment_json_put_word(char *at, const char *name, const char *word)
{
	at = segment_json_put_name(at, name, false);
	*at++ = '"';
	memcpy(at, word, strlen(word));
	at += strlen(word);
	memcpy(at, "\"", 2);
	return at + 1;
}

char *
segment_json_put_array(char *at, const char *name, const double *values, size_t count)
{
	size_t i;

	at = segment_json_put_name(at, name, false);
	*at++ = '[';
	for (i = 0; i < count; i++)
	{
		if (i > 0)
			*at++ = ',';
		at += segment_print_double(values[i], at);
	}
	memcpy(at, "]", 2);
	return at + 1;
}
