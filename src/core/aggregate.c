/*
 * aggregate.c: the registry of the extension's aggregates.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_aggregate.h"
#include "fmgr.h"
#include "utils/syscache.h"

#include "core/aggregate.h"

#define REGISTRY_SIZE 16

static const SegmentAggregate *registry[REGISTRY_SIZE];
static int registered = 0;

void
segment_aggregate_register(const SegmentAggregate *aggregate)
{
	if (registered == REGISTRY_SIZE)
		elog(ERROR, "too many aggregates are registered");
	registry[registered++] = aggregate;
}

/* The address of a function that may be called directly; NULL without one. */
static PGFunction
address_of(Oid function)
{
	FmgrInfo info;

	if (!OidIsValid(function))
		return NULL;
	fmgr_info(function, &info);
	return info.fn_addr;
}

/* The aggregate with a transition function, which is called for rows with NULLs too. */
static const SegmentAggregate *
with_transition(Oid function)
{
	FmgrInfo info;

	fmgr_info(function, &info);
	for (int i = 0; i < registered; i++)
		if (registry[i]->transition == info.fn_addr && !info.fn_strict)
			return registry[i];
	return NULL;
}

bool
segment_aggregate_has_transition(Oid function)
{
	return with_transition(function) != NULL;
}

const SegmentAggregate *
segment_aggregate_of(Oid function)
{
	HeapTuple tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(function));
	const SegmentAggregate *aggregate;
	Form_pg_aggregate form;
	bool has_no_initial_value;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	form = (Form_pg_aggregate) GETSTRUCT(tuple);
	(void) SysCacheGetAttr(AGGFNOID, tuple, Anum_pg_aggregate_agginitval, &has_no_initial_value);
	aggregate = with_transition(form->aggtransfn);
	if (aggregate != NULL && !(form->aggkind == AGGKIND_NORMAL && !form->aggfinalextra && has_no_initial_value &&
							   address_of(form->aggcombinefn) == aggregate->combine &&
							   address_of(form->aggserialfn) == aggregate->serialize &&
							   address_of(form->aggdeserialfn) == aggregate->deserialize &&
							   address_of(form->aggfinalfn) == aggregate->final))
		aggregate = NULL;
	ReleaseSysCache(tuple);
	return aggregate;
}

const SegmentKernel *
segment_aggregate_kernel(Oid function, const Oid *argument_types, int arguments)
{
	const SegmentAggregate *aggregate = segment_aggregate_of(function);

	return aggregate != NULL && aggregate->kernel != NULL ? aggregate->kernel(argument_types, arguments) : NULL;
}
