/*
 * test_score_forms.c: text and binary forms of rfm_score, cut_points and quantiles: what is accepted is valid and
 * reads back the same; 200,000 mutated inputs a form neither crash (run it under sanitizers) nor are accepted wrongly.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "math/cuts.h"
#include "math/multiset.h"
#include "math/score_text.h"
#include "math/text.h"
#include "tap.h"

#define ROUNDS 200000

/* Changes one to four places: flips a bit, replaces, deletes, doubles, cuts off. Returns the new size. */
static size_t
mutate(unsigned char *bytes, size_t size, uint64_t *seed, const char *alphabet)
{
	int changes = 1 + (int) (tap_random(seed) % 4);

	while (changes-- > 0 && size > 0)
	{
		size_t at = tap_random(seed) % size;

		switch (tap_random(seed) % 5)
		{
			case 0:
				bytes[at] ^= (unsigned char) (1 << tap_random(seed) % 8);
				break;
			case 1:
				bytes[at] = alphabet ? (unsigned char) alphabet[tap_random(seed) % strlen(alphabet)]
									 : (unsigned char) tap_random(seed);
				break;
			case 2:
				memmove(bytes + at, bytes + at + 1, --size - at);
				break;
			case 3:
				memmove(bytes + at + 1, bytes + at, size++ - at);
				break;
			default:
				if (tap_random(seed) % 8 == 0)
					size = at;
		}
	}
	return size;
}

/* A terminated copy in memory of exactly its size, so that a sanitizer sees every step too far. */
static char *
exact_text(const unsigned char *bytes, size_t size)
{
	char *text = malloc(size + 1);

	memcpy(text, bytes, size);
	text[size] = '\0';
	return text;
}

static void
fuzz_triple(void)
{
	static const char *const seeds[] = {"5-4-3", "3-2-1/4", "3-2-1/4-3-2", "none", "none/4", " 1-1-1/2 "};
	uint64_t seed = 3;
	int accepted = 0;
	int wrong = 0;

	for (int round = 0; round < ROUNDS; round++)
	{
		unsigned char bytes[64];
		const char *from = seeds[round % 6];
		char again[SEGMENT_TRIPLE_TEXT];
		int scores[SEGMENT_TRIPLE];
		int bins[SEGMENT_TRIPLE];
		int scores2[SEGMENT_TRIPLE];
		int bins2[SEGMENT_TRIPLE];
		char *text;

		memcpy(bytes, from, strlen(from));
		text = exact_text(bytes, mutate(bytes, strlen(from), &seed, "0123456789-/none "));
		if (segment_triple_parse(text, scores, bins) == SEGMENT_TRIPLE_OK)
		{
			accepted++;
			segment_triple_print(scores, bins, again);
			wrong += !segment_triple_is_valid(scores, bins) ||
					 segment_triple_parse(again, scores2, bins2) != SEGMENT_TRIPLE_OK ||
					 memcmp(scores, scores2, sizeof(scores)) != 0 || memcmp(bins, bins2, sizeof(bins)) != 0;
		}
		free(text);
	}
	tap_ok(wrong == 0 && accepted > 0 && accepted < ROUNDS, "rfm_score text: %d accepted, %d wrongly", accepted, wrong);
}

static const char *const cuts_seeds[] = {
	"quantile {1,2,3,6} by quantile of {1493,835,508,802,700}",
	"quantile descending {13.8,33,72,180} by quantile of {861,866,863,880,868}",
	"quantile {1,1,1,2} by natural of {10,0,0,3,1}",
	"quantile {-5,0,5} by equal_width of {1,2,3,4}",
	"from {3,5,10}",
	"within {30,90,180,365}",
	"under {115,181,297.4,482}",
	"quantile { 1e-300 , 2 }",
};
#define CUTS_SEEDS (sizeof(cuts_seeds) / sizeof(*cuts_seeds))

/* False if valid cut points do not survive text and binary form. */
static bool
cuts_survive(const SegmentCuts *cuts)
{
	char text[SEGMENT_CUTS_TEXT];
	const char *end = text;
	unsigned char bytes[SEGMENT_CUTS_MAX_SIZE];
	SegmentCutsBuffer again;
	SegmentCursor cursor;
	size_t size = segment_cuts_size(cuts);
	int length = segment_cuts_print(cuts, text);

	if (segment_cuts_fault(cuts, size) || (size_t) length != strlen(text))
		return false;
	if (segment_cuts_parse(&end, &again) || *end != '\0' || memcmp(cuts, &again, size) != 0)
		return false;
	cursor = segment_cursor(bytes, segment_cuts_encode(cuts, bytes));
	return !segment_cuts_decode(&cursor, &again) && !segment_cursor_fault(&cursor) && memcmp(cuts, &again, size) == 0;
}

static void
fuzz_cuts_text(void)
{
	uint64_t seed = 4;
	int accepted = 0;
	int wrong = 0;

	for (int round = 0; round < ROUNDS; round++)
	{
		unsigned char bytes[128];
		const char *from = cuts_seeds[round % CUTS_SEEDS];
		SegmentCutsBuffer buffer;
		const char *next;
		char *text;

		memcpy(bytes, from, strlen(from));
		text = exact_text(bytes, mutate(bytes, strlen(from), &seed, "0123456789-.,{}e quantilefromwthdb"));
		next = text;
		if (!segment_cuts_parse(&next, &buffer) && segment_text_end(&next))
		{
			accepted++;
			wrong += !cuts_survive(&buffer.cuts);
		}
		free(text);
	}
	tap_ok(wrong == 0 && accepted > 0 && accepted < ROUNDS, "cut_points text: %d accepted, %d wrongly", accepted,
		   wrong);
}

static void
fuzz_cuts_binary(void)
{
	uint64_t seed = 5;
	int accepted = 0;
	int wrong = 0;

	for (int round = 0; round < ROUNDS; round++)
	{
		unsigned char bytes[256];
		unsigned char *exact;
		SegmentCursor cursor;
		const char *from = cuts_seeds[round % CUTS_SEEDS];
		SegmentCutsBuffer buffer;
		size_t size;

		segment_cuts_parse(&from, &buffer);
		size = mutate(bytes, segment_cuts_encode(&buffer.cuts, bytes), &seed, NULL);
		exact = malloc(size ? size : 1);
		memcpy(exact, bytes, size);
		cursor = segment_cursor(exact, size);
		if (!segment_cuts_decode(&cursor, &buffer) && !segment_cursor_fault(&cursor))
		{
			accepted++;
			wrong += !cuts_survive(&buffer.cuts);
		}
		free(exact);
	}
	tap_ok(wrong == 0 && accepted > 0 && accepted < ROUNDS, "cut_points binary: %d accepted, %d wrongly", accepted,
		   wrong);
}

/* Stores entries; the caller frees values. */
static SegmentMultiset
store(const SegmentWeighted *entries, size_t n)
{
	SegmentMultiset set = {NULL, NULL, n, 0};
	int64_t largest = 1;
	double *values;

	for (size_t i = 0; i < n; i++)
		largest = entries[i].count > largest ? entries[i].count : largest;
	set.width = segment_count_width(largest);
	values = malloc(n * (sizeof(double) + (size_t) set.width) + 1);
	for (size_t i = 0; i < n; i++)
	{
		values[i] = entries[i].value;
		segment_multiset_put_count((unsigned char *) (values + n), set.width, i, entries[i].count);
	}
	set.values = values;
	set.counts = (unsigned char *) (values + n);
	return set;
}

static bool
multiset_survives(const SegmentMultiset *set)
{
	char *text = malloc(set->n * SEGMENT_ENTRY_TEXT + 3);
	SegmentWeighted *entries = malloc((set->n + 1) * sizeof(SegmentWeighted));
	size_t length = 1;
	size_t n;
	int64_t total;
	bool same = !segment_multiset_fault(set, &total, NULL);

	text[0] = '{';
	for (size_t i = 0; i < set->n; i++)
		length += (size_t) segment_multiset_print_entry(set->values[i], segment_multiset_count(set, i), i == 0,
														text + length);
	strcpy(text + length, "}");
	same &= segment_multiset_text_entries(text) == set->n && !segment_multiset_parse(text, entries, &n) && n == set->n;
	for (size_t i = 0; same && i < n; i++)
		same &= entries[i].value == set->values[i] && entries[i].count == segment_multiset_count(set, i);
	free(text);
	free(entries);
	return same;
}

static const char *const set_seeds[] = {
	"{1:1493,2:835,3.5}", "{-1e300,0,5e-324:255}", "{1:256,2:65535}",
	"{0.1:70000,0.2}",	  "{7:4294967296,8:1}",	   "{1,2,3}",
};
#define SET_SEEDS (sizeof(set_seeds) / sizeof(*set_seeds))

static void
fuzz_multiset_text(void)
{
	uint64_t seed = 6;
	int accepted = 0;
	int wrong = 0;

	for (int round = 0; round < ROUNDS; round++)
	{
		unsigned char bytes[64];
		const char *from = set_seeds[round % SET_SEEDS];
		SegmentWeighted *entries;
		size_t n;
		char *text;

		memcpy(bytes, from, strlen(from));
		text = exact_text(bytes, mutate(bytes, strlen(from), &seed, "0123456789-.,:{}e "));
		entries = malloc(segment_multiset_text_entries(text) * sizeof(SegmentWeighted));
		if (!segment_multiset_parse(text, entries, &n))
		{
			SegmentMultiset set = store(entries, n);

			accepted++;
			wrong += !multiset_survives(&set);
			free((void *) set.values);
		}
		free(entries);
		free(text);
	}
	tap_ok(wrong == 0 && accepted > 0 && accepted < ROUNDS, "quantiles text: %d accepted, %d wrongly", accepted, wrong);
}

static void
fuzz_multiset_binary(void)
{
	uint64_t seed = 7;
	int accepted = 0;
	int wrong = 0;

	for (int round = 0; round < ROUNDS; round++)
	{
		unsigned char bytes[128];
		unsigned char *exact;
		SegmentWeighted entries[8];
		SegmentMultiset set;
		size_t n;
		size_t size;
		int width;
		SegmentCursor cursor;

		segment_multiset_parse(set_seeds[round % SET_SEEDS], entries, &n);
		set = store(entries, n);
		size = segment_multiset_encoded_size(&set);
		segment_multiset_encode(&set, bytes);
		free((void *) set.values);
		size = mutate(bytes, size, &seed, NULL);
		exact = malloc(size ? size : 1);
		memcpy(exact, bytes, size);
		cursor = segment_cursor(exact, size);
		if (!segment_multiset_head(&cursor, &n, &width))
		{
			double *values = malloc(n * (sizeof(double) + (size_t) width) + 1);
			int64_t total;

			segment_multiset_decode(&cursor, n, width, values, (unsigned char *) (values + n));
			set = (SegmentMultiset) {values, (unsigned char *) (values + n), n, width};
			if (!segment_multiset_fault(&set, &total, NULL))
			{
				accepted++;
				wrong += !multiset_survives(&set);
			}
			free(values);
		}
		free(exact);
	}
	tap_ok(wrong == 0 && accepted > 0 && accepted < ROUNDS, "quantiles binary: %d accepted, %d wrongly", accepted,
		   wrong);
}

/* The four sides at, below and above a threshold. */
static void
test_sides(void)
{
	static const struct
	{
		const char *text;
		int below;
		int at;
		int above;
	} cases[] = {{"quantile {10}", 1, 1, 2},
				 {"quantile descending {10}", 2, 2, 1},
				 {"from {10}", 1, 2, 2},
				 {"within {10}", 2, 2, 1},
				 {"under {10}", 2, 1, 1}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
	{
		SegmentCutsBuffer buffer;
		const char *text = cases[i].text;
		const char *fault = segment_cuts_parse(&text, &buffer);

		tap_ok(!fault && segment_cuts_score(&buffer.cuts, 9) == cases[i].below &&
				   segment_cuts_score(&buffer.cuts, 10) == cases[i].at &&
				   segment_cuts_score(&buffer.cuts, 11) == cases[i].above,
			   "%s below, at and above the threshold", cases[i].text);
	}
}

static void
test_refused(void)
{
	static const char *const bad[] = {
		"",
		"from",
		"from {}",
		"from {1,}",
		"from {1",
		"from {2,1}",
		"from {nan}",
		"from {inf}",
		"from {1e999}",
		"from {0x1}",
		"from descending {1}",
		"within descending {1}",
		"near {1}",
		"quantile {1} by given of {1,1}",
		"quantile {1} by quantile of {1}",
		"quantile {1} by quantile of {1,1,1}",
		"quantile {1} by quantile of {0,0}",
		"quantile {1,1} by quantile of {1,1,1}",
		"quantile {1} by quantile of {-1,1}",
		"from {1} by quantile of {1,1}",
		"quantile {1} by quantile of {99999999999999999999,1}",
		"quantile {1} by",
		"fromage {1}",
	};
	int accepted = 0;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
	{
		SegmentCutsBuffer buffer;
		const char *text = bad[i];

		if (!segment_cuts_parse(&text, &buffer) && segment_text_end(&text))
		{
			accepted++;
			printf("# accepted: %s\n", bad[i]);
		}
	}
	tap_ok(accepted == 0, "cut points that are none");
}

/* Written numbers read back as the same double; zero loses its sign. */
static void
test_numbers(void)
{
	uint64_t seed = 8;
	int different = 0;
	const char *minus_zero = "-0";
	double zero;

	for (int i = 0; i < 100000; i++)
	{
		uint64_t bits = tap_random(&seed);
		char text[SEGMENT_NUMBER_TEXT];
		const char *next = text;
		double value;
		double again;

		memcpy(&value, &bits, sizeof(value));
		if (!isfinite(value))
			continue;
		segment_print_double(value, text);
		different += !segment_text_double(&next, &again) || again != value || *next != '\0';
	}
	tap_ok(different == 0, "100,000 doubles survive their text");
	tap_ok(segment_text_double(&minus_zero, &zero) && zero == 0 && !signbit(zero), "-0 is read as 0");
}

int
main(void)
{
	test_sides();
	test_refused();
	test_numbers();
	fuzz_triple();
	fuzz_cuts_text();
	fuzz_cuts_binary();
	fuzz_multiset_text();
	fuzz_multiset_binary();
	return tap_done();
}
