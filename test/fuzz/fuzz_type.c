/*
 * fuzz_type.c: a libpq client that feeds mutated text and binary values to a type's input and receive functions.
 *
 *     fuzz_type TYPE COUNT SEED < values        (one text value a line; connection from the environment)
 *
 * Half of the COUNT inputs go as text, half as binary. Each must be refused with an SQLSTATE of class 22 (or 08P01 for
 * messages that end too early, 54 for limits), or be a value that equals its own text and binary round trip. A lost
 * connection, another SQLSTATE or an unsound value is a failure. The last line on standard output says what was seen.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#define MAX_SEEDS 100
#define MAX_BYTES 1000000

typedef struct Bytes
{
	char *data;
	int length;
} Bytes;

static uint64_t random_state;

/* splitmix64 (Steele, Lea & Flood 2014): the same mutations everywhere. */
static uint64_t
next_random(void)
{
	uint64_t z = (random_state += UINT64_C(0x9E3779B97F4A7C15));

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

static int
below(int limit)
{
	return (int) (next_random() % (uint64_t) limit);
}

static void
fail(const char *what, const char *detail)
{
	printf("%s: %s\n", what, detail);
	exit(1);
}

/* A byte that parsers and decoders trip over more often than over a random one. */
static char
odd_byte(int binary)
{
	static const char text_bytes[] = "0123456789.,-+eE(){}[]:;/ \"'NaInfity_-";
	static const unsigned char binary_bytes[] = {0, 1, 2, 3, 4, 0x7f, 0x80, 0xff, 0xf0, 0x3f};

	if (below(4) == 0)
		return (char) (binary ? below(256) : 1 + below(127));
	return binary ? (char) binary_bytes[below(sizeof(binary_bytes))] : text_bytes[below(sizeof(text_bytes) - 1)];
}

/* One to four changes: overwrite, insert, delete, repeat a stretch, cut the end. */
static void
mutate(const Bytes *seed, Bytes *target, int binary)
{
	memcpy(target->data, seed->data, seed->length);
	target->length = seed->length;
	for (int change = 1 + below(4); change > 0 && target->length > 0; change--)
	{
		int at = below(target->length);
		int tail = target->length - at;

		switch (below(8))
		{
			case 0:
				memmove(target->data + at + 1, target->data + at, tail);
				target->data[at] = odd_byte(binary);
				target->length++;
				break;
			case 1:
				memmove(target->data + at, target->data + at + 1, tail - 1);
				target->length--;
				break;
			case 2:
				if (tail > 12)
					tail = 1 + below(12);
				memmove(target->data + at + tail, target->data + at, target->length - at);
				target->length += tail;
				break;
			case 3:
				if (below(4) == 0)
					target->length = at;
				break;
			case 4:
				target->data[at] ^= (char) (1 << below(binary ? 8 : 7));
				if (!binary && target->data[at] == '\0')
					target->data[at] = ' ';
				break;
			default:
				target->data[at] = odd_byte(binary);
				break;
		}
	}
}

/* Reads the seeds as text and asks the server for their binary form. */
static int
read_seeds(PGconn *connection, const char *type, Bytes texts[], Bytes binaries[])
{
	static char line[MAX_BYTES];
	char query[200];
	int count = 0;

	snprintf(query, sizeof(query), "SELECT $1::segment.%s", type);
	while (count < MAX_SEEDS && fgets(line, sizeof(line), stdin) != NULL)
	{
		const char *value = line;
		PGresult *result;

		line[strcspn(line, "\n")] = '\0';
		if (*line == '\0')
			continue;
		result = PQexecParams(connection, query, 1, NULL, &value, NULL, NULL, 1);
		if (PQresultStatus(result) != PGRES_TUPLES_OK)
			fail("a seed was refused", PQerrorMessage(connection));
		texts[count].data = strdup(line);
		texts[count].length = (int) strlen(line);
		binaries[count].length = PQgetlength(result, 0, 0);
		binaries[count].data = malloc(binaries[count].length + 1);
		memcpy(binaries[count].data, PQgetvalue(result, 0, 0), binaries[count].length);
		PQclear(result);
		count++;
	}
	if (count == 0)
		fail("no seeds", "standard input is empty");
	return count;
}

int
main(int argc, char **argv)
{
	static Bytes texts[MAX_SEEDS];
	static Bytes binaries[MAX_SEEDS];
	PGconn *connection;
	Bytes input;
	char query[1000];
	long refused = 0;
	long accepted = 0;
	int seeds;
	long count;

	if (argc != 4)
		fail("usage", "fuzz_type TYPE COUNT SEED < values");
	count = atol(argv[2]);
	random_state = strtoull(argv[3], NULL, 10);
	connection = PQconnectdb("");
	if (PQstatus(connection) != CONNECTION_OK)
		fail("no connection", PQerrorMessage(connection));
	PQsetErrorVerbosity(connection, PQERRORS_TERSE);
	seeds = read_seeds(connection, argv[1], texts, binaries);
	input.data = malloc(8 * MAX_BYTES);
	/* a value that was accepted equals what its text form, and a stored copy of it, give back */
	snprintf(query, sizeof(query),
			 "SELECT ($1::segment.%1$s)::text::segment.%1$s OPERATOR(segment.=) $1::segment.%1$s"
			 " AND (($1::segment.%1$s)::text::segment.%1$s)::text = ($1::segment.%1$s)::text",
			 argv[1]);
	PQclear(PQprepare(connection, "accept", query, 0, NULL));
	PQclear(PQexec(connection, "SET client_min_messages = error"));
	for (long i = 0; i < count; i++)
	{
		int binary = (int) (i % 2);
		int length;
		const char *value = input.data;
		PGresult *result;
		const char *state;

		mutate(binary ? &binaries[below(seeds)] : &texts[below(seeds)], &input, binary);
		input.data[input.length] = '\0';
		length = input.length;
		result = PQexecPrepared(connection, "accept", 1, &value, &length, &binary, 0);
		state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
		if (PQstatus(connection) != CONNECTION_OK)
		{
			fwrite(input.data, 1, input.length, stderr);
			fail("the server went away", binary ? "binary input on standard error" : input.data);
		}
		if (state != NULL)
		{
			if (strncmp(state, "22", 2) != 0 && strcmp(state, "08P01") != 0 && strncmp(state, "54", 2) != 0)
			{
				printf("%s input: %s\n", binary ? "binary" : "text", binary ? "" : input.data);
				fail(state, PQresultErrorMessage(result));
			}
			refused++;
		}
		else if (PQresultStatus(result) == PGRES_TUPLES_OK && strcmp(PQgetvalue(result, 0, 0), "t") == 0)
			accepted++;
		else
		{
			fwrite(input.data, 1, input.length, stderr);
			fail("accepted, but not sound", binary ? "binary input on standard error" : input.data);
		}
		PQclear(result);
	}
	PQfinish(connection);
	printf("%ld refused, %ld accepted\n", refused, accepted);
	return refused > 0 ? 0 : 1;
}
