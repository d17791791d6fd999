/*
 * identity_agg.c: the SQL type identity, the aggregates that build and merge it, and its rows.
 */
#include "postgres.h"

#include "core/compat.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "core/agg_context.h"
#include "core/message.h"
#include "core/option.h"
#include "core/stored.h"
#include "event/identity.h"
#include "event/rows.h"

static const char *
fault_of(SegmentCursor cursor)
{
	const char *fault;

	segment_identity_decode(cursor, &fault);
	return fault;
}

/* The value of an argument. */
static Identity *
decoded(FunctionCallInfo fcinfo, int arg)
{
	const char *fault;
	Identity *identity = segment_identity_decode(segment_state_cursor(PG_GETARG_BYTEA_PP(arg)), &fault);

	if (fault)
		segment_refuse_binary("identity", fault);
	return identity;
}

PG_FUNCTION_INFO_V1(segment_identity_in);

Datum
segment_identity_in(PG_FUNCTION_ARGS)
{
	return segment_stored_in(fcinfo, "identity", "identity_agg", fault_of);
}

PG_FUNCTION_INFO_V1(segment_identity_recv);

Datum
segment_identity_recv(PG_FUNCTION_ARGS)
{
	return segment_stored_recv(fcinfo, "identity", fault_of);
}

/* A limit, 0 without the argument; 22004 for NULL. */
static uint32
limit_argument(FunctionCallInfo fcinfo, int arg, const char *name)
{
	if (arg >= PG_NARGS())
		return 0;
	if (PG_ARGISNULL(arg))
		segment_refuse_null_option(name);
	segment_check_int_range(name, PG_GETARG_INT32(arg), 1, PG_INT32_MAX);
	return (uint32) PG_GETARG_INT32(arg);
}

/* The number of the id in an argument. */
static uint32
id_argument(FunctionCallInfo fcinfo, int arg, Identity *identity)
{
	text *id = PG_GETARG_TEXT_PP(arg);
	Size length = VARSIZE_ANY_EXHDR(id);
	uint32 number;

	if (length < 1 || length > SEGMENT_IDENTITY_ID_LENGTH)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("id is empty or too long"),
						errdetail("It has %zu bytes; accepted are 1 to %d.", length, SEGMENT_IDENTITY_ID_LENGTH),
						errhint("Put the kind before it, such as 'card:' || card_no; leave out rows without an id.")));
	number = segment_identity_id(identity, VARDATA_ANY(id), length);
	PG_FREE_IF_COPY(id, arg);
	return number;
}

/* identity_agg(a, b, max_component, max_degree): a NULL beside an id says that the id exists. */
PG_FUNCTION_INFO_V1(segment_identity_trans);

Datum
segment_identity_trans(PG_FUNCTION_ARGS)
{
	MemoryContext context = segment_aggregate_context(fcinfo);
	Identity *state = PG_ARGISNULL(0) ? NULL : (Identity *) PG_GETARG_POINTER(0);
	uint32 max_component;
	uint32 max_degree;
	uint32 a = 0;

	if (PG_ARGISNULL(1) && PG_ARGISNULL(2))
		return segment_state_unchanged(fcinfo);
	max_component = limit_argument(fcinfo, 3, "max_component");
	max_degree = limit_argument(fcinfo, 4, "max_degree");
	if (state == NULL)
		state = segment_identity_new(max_component, max_degree, context);
	else if (state->max_component != max_component)
		segment_refuse_changed_option("max_component");
	else if (state->max_degree != max_degree)
		segment_refuse_changed_option("max_degree");
	if (!PG_ARGISNULL(1))
		a = id_argument(fcinfo, 1, state);
	if (!PG_ARGISNULL(2))
	{
		uint32 b = id_argument(fcinfo, 2, state);

		if (!PG_ARGISNULL(1))
			segment_identity_join(state, a, b);
	}
	PG_RETURN_POINTER(state);
}

static Datum
add_part(FunctionCallInfo fcinfo, const Identity *part)
{
	MemoryContext context = segment_aggregate_context(fcinfo);
	Identity *state = PG_ARGISNULL(0) ? segment_identity_new(part->max_component, part->max_degree, context)
									  : (Identity *) PG_GETARG_POINTER(0);

	segment_identity_merge(state, part);
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(segment_identity_rollup_trans);

Datum
segment_identity_rollup_trans(PG_FUNCTION_ARGS)
{
	(void) segment_aggregate_context(fcinfo);
	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	return add_part(fcinfo, decoded(fcinfo, 1));
}

PG_FUNCTION_INFO_V1(segment_identity_combine);

Datum
segment_identity_combine(PG_FUNCTION_ARGS)
{
	(void) segment_aggregate_context(fcinfo);
	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	return add_part(fcinfo, (const Identity *) PG_GETARG_POINTER(1));
}

/* Serial and final function: the byte string. */
PG_FUNCTION_INFO_V1(segment_identity_final);

Datum
segment_identity_final(PG_FUNCTION_ARGS)
{
	(void) segment_aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(segment_identity_encode((Identity *) PG_GETARG_POINTER(0)));
}

PG_FUNCTION_INFO_V1(segment_identity_deserialize);

Datum
segment_identity_deserialize(PG_FUNCTION_ARGS)
{
	(void) segment_aggregate_context(fcinfo);
	PG_RETURN_POINTER(decoded(fcinfo, 0));
}

/* identity + identity. Strict. */
PG_FUNCTION_INFO_V1(segment_identity_add);

Datum
segment_identity_add(PG_FUNCTION_ARGS)
{
	Identity *first = decoded(fcinfo, 0);
	Identity *sum = segment_identity_new(first->max_component, first->max_degree, CurrentMemoryContext);

	segment_identity_merge(sum, first);
	segment_identity_merge(sum, decoded(fcinfo, 1));
	PG_RETURN_BYTEA_P(segment_identity_encode(sum));
}

/* --- rows -------------------------------------------------------------------------------------------------------- */

/* The persons that ids belong to. */
typedef struct Persons
{
	const Identity *identity;
	uint32 *degree;
	uint32 *root;
	uint32 *size;
} Persons;

static uint32 *
numbers(uint32 n)
{
	return MemoryContextAllocHuge(CurrentMemoryContext, mul_size(n, sizeof(uint32)));
}

static void
find_persons(Persons *persons, const Identity *identity)
{
	persons->identity = identity;
	persons->degree = numbers(identity->n);
	persons->root = numbers(identity->n);
	persons->size = numbers(identity->n);
	segment_components(identity->edges, identity->m, identity->n, identity->max_degree, persons->degree, persons->root,
					   persons->size, segment_event_poll);
}

static bool
is_hub(const Persons *persons, uint32 id)
{
	return persons->identity->max_degree > 0 && persons->degree[id] > persons->identity->max_degree;
}

static bool
is_too_large(const Persons *persons, uint32 id)
{
	return persons->identity->max_component > 0 && persons->size[persons->root[id]] > persons->identity->max_component;
}

static Datum
text_of(const Identity *identity, uint32 id)
{
	return PointerGetDatum(
		cstring_to_text_with_len(segment_identity_text(identity, id), (int) identity->ids[id].length));
}

#define IDENTITY_COLUMNS 5

/* identity_table(identity): a row an id. Strict. */
PG_FUNCTION_INFO_V1(segment_identity_table);

Datum
segment_identity_table(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Identity *identity = decoded(fcinfo, 0);
	MemoryContext row = AllocSetContextCreate(CurrentMemoryContext, "identity_table row", ALLOCSET_SMALL_SIZES);
	MemoryContext caller;
	Persons persons;

	InitMaterializedSRF(fcinfo, 0);
	find_persons(&persons, identity);
	caller = MemoryContextSwitchTo(row);
	for (uint32 i = 0; i < identity->n; i++)
	{
		bool is_large = is_too_large(&persons, i);
		Datum values[IDENTITY_COLUMNS];
		bool nulls[IDENTITY_COLUMNS] = {false};

		CHECK_FOR_INTERRUPTS();
		values[0] = text_of(identity, i);
		values[1] = text_of(identity, is_large ? i : persons.root[i]);
		values[2] = Int32GetDatum((int32) persons.size[persons.root[i]]);
		values[3] = Int32GetDatum((int32) persons.degree[i]);
		nulls[4] = !is_large && !is_hub(&persons, i);
		values[4] = nulls[4] ? (Datum) 0 : CStringGetTextDatum(is_large ? "component" : "degree");
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		MemoryContextReset(row);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(row);
	return (Datum) 0;
}

#define INFO_COLUMNS 8

/* identity_info(identity) -> one row. Strict. */
PG_FUNCTION_INFO_V1(segment_identity_info);

Datum
segment_identity_info(PG_FUNCTION_ARGS)
{
	Identity *identity = decoded(fcinfo, 0);
	Persons persons;
	TupleDesc row;
	Datum values[INFO_COLUMNS];
	bool nulls[INFO_COLUMNS] = {false};
	int64 people = 0;
	int64 joined = 0;
	int64 largest = 0;
	int64 hubs = 0;
	int64 too_large = 0;

	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	find_persons(&persons, identity);
	for (uint32 i = 0; i < identity->n; i++)
	{
		bool is_large = is_too_large(&persons, i);
		uint32 size = persons.size[persons.root[i]];

		hubs += is_hub(&persons, i);
		too_large += is_large;
		people += is_large || persons.root[i] == i;
		joined += !is_large && persons.root[i] == i && size > 1;
		if (!is_large)
			largest = Max(largest, size);
	}
	values[0] = Int64GetDatum(identity->n);
	values[1] = Int64GetDatum((int64) identity->m);
	values[2] = Int64GetDatum(people);
	values[3] = Int64GetDatum(joined);
	values[4] = Int64GetDatum(Max(largest, 1));
	values[5] = Int64GetDatum(hubs);
	values[6] = Int64GetDatum(too_large);
	nulls[7] = false;
	values[7] = Float8GetDatum((double) identity->n / (double) people);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(row), values, nulls));
}
