/*
 * option.h: options of SQL functions that take a word, and what all options have in common.
 *
 * Words are lower case and compared exactly. An option that is NULL is an error (22004) in aggregates, window functions
 * and functions that must accept a NULL elsewhere; a STRICT function answers NULL, as for any NULL argument.
 */
#ifndef SEGMENT_CORE_OPTION_H
#define SEGMENT_CORE_OPTION_H

#include "core/compat.h"

typedef struct SegmentOption
{
	const char *name; /* as the user writes it */
	const char *const *words;
	int n_words;
	const char *hint; /* a sentence that helps to choose */
} SegmentOption;

/* The place of a word among the option's words; 22023 if it is none of them. */
extern int segment_option_of(const SegmentOption *option, const text *word);

/* The same of a function's argument; 22004 if it is NULL. */
extern int segment_option_arg(FunctionCallInfo fcinfo, int arg, const SegmentOption *option);

/* Stops with 22004: an option is NULL. */
pg_noreturn extern void segment_refuse_null_option(const char *name);

/* 1 - confidence; 22023 unless confidence is between 0 and 1. */
extern double segment_alpha_of(double confidence);

/* Stops with 22023: an option of an aggregate or window function differs between two rows. */
pg_noreturn extern void segment_refuse_changed_option(const char *name);

#endif
