/*
 * grouping_trans.c: the aggregates of a grouping: preparing them as core's executor does, adding rows, results.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_proc.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "parser/parse_agg.h"
#include "parser/parse_coerce.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/expandeddatum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "core/compat.h"
#include "catalog/pg_type.h"
#include "core/error.h"
#include "grouping/grouping_trans.h"

/* The owner of an aggregate. */
static Oid
owner_of(Oid aggregate)
{
	HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(aggregate));
	Oid owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", aggregate);
	owner = ((Form_pg_proc) GETSTRUCT(tuple))->proowner;
	ReleaseSysCache(tuple);
	return owner;
}

/* The initial value of the state, as pg_aggregate's text gives it. */
static void
read_initial_value(AggStatePerTransData *pertrans, HeapTuple aggregate_tuple)
{
	bool is_null;
	Datum text_value = SysCacheGetAttr(AGGFNOID, aggregate_tuple, Anum_pg_aggregate_agginitval, &is_null);

	pertrans->initValueIsNull = is_null;
	pertrans->initValue = (Datum) 0;
	if (!is_null)
	{
		Oid input;
		Oid parameter;

		getTypeInputInfo(pertrans->aggtranstype, &input, &parameter);
		pertrans->initValue = OidInputFunctionCall(input, TextDatumGetCString(text_value), parameter, -1);
	}
}

const SegmentKernel *
segment_grouping_kernel_of(const Aggref *aggref)
{
	Oid argument_types[FUNC_MAX_ARGS];
	int arguments = get_aggregate_argtypes((Aggref *) aggref, argument_types);

	return segment_aggregate_kernel(aggref->aggfnoid, argument_types, arguments);
}

/* Prepares one aggregate; combines if its states are merged too. */
static void
init_trans(GroupingTrans *trans, AggState *agg_state, bool combines)
{
	Aggref *aggref = trans->aggref;
	AggStatePerTransData *pertrans = &trans->pertrans;
	HeapTuple tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(aggref->aggfnoid));
	Form_pg_aggregate form;
	Oid owner;
	Oid argument_types[FUNC_MAX_ARGS];
	int arguments;
	Expr *expression;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for aggregate %u", aggref->aggfnoid);
	form = (Form_pg_aggregate) GETSTRUCT(tuple);

	segment_check_execute(aggref->aggfnoid, GetUserId(), OBJECT_AGGREGATE);
	owner = owner_of(aggref->aggfnoid);
	if (OidIsValid(form->aggfinalfn))
		segment_check_execute(form->aggfinalfn, owner, OBJECT_FUNCTION);
	segment_check_execute(form->aggtransfn, owner, OBJECT_FUNCTION);
	if (combines && OidIsValid(form->aggcombinefn))
		segment_check_execute(form->aggcombinefn, owner, OBJECT_FUNCTION);

	arguments = get_aggregate_argtypes(aggref, argument_types);
	pertrans->aggref = aggref;
	pertrans->numInputs = pertrans->numTransInputs = arguments;
	pertrans->transfn_oid = form->aggtransfn;
	pertrans->aggtranstype = aggref->aggtranstype;
	pertrans->aggCollation = aggref->inputcollid;
	get_typlenbyval(pertrans->aggtranstype, &pertrans->transtypeLen, &pertrans->transtypeByVal);
	read_initial_value(pertrans, tuple);

	build_aggregate_transfn_expr(argument_types, arguments, 0, aggref->aggvariadic, aggref->aggtranstype,
								 aggref->inputcollid, form->aggtransfn, InvalidOid, &expression, NULL);
	fmgr_info(form->aggtransfn, &pertrans->transfn);
	fmgr_info_set_expr((Node *) expression, &pertrans->transfn);
	if (pertrans->transfn.fn_strict && pertrans->initValueIsNull &&
		(arguments == 0 || !IsBinaryCoercible(argument_types[0], aggref->aggtranstype)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_FUNCTION_DEFINITION),
				 errmsg("aggregate %u needs to have compatible input type and transition type", aggref->aggfnoid)));
	trans->call = palloc0(SizeForFunctionCallInfo(arguments + 1));
	InitFunctionCallInfoData(*trans->call, &pertrans->transfn, arguments + 1, pertrans->aggCollation,
							 (Node *) agg_state, NULL);
	pertrans->transfn_fcinfo = trans->call;
	trans->kernel = segment_grouping_kernel_of(aggref);
	if (trans->kernel != NULL)
		trans->binding = trans->kernel->bind(argument_types, arguments, aggref->inputcollid);

	if (OidIsValid(form->aggcombinefn) && pertrans->transtypeByVal && pertrans->aggtranstype != INTERNALOID)
	{
		build_aggregate_transfn_expr(&aggref->aggtranstype, 1, 0, false, aggref->aggtranstype, aggref->inputcollid,
									 form->aggcombinefn, InvalidOid, &expression, NULL);
		fmgr_info(form->aggcombinefn, &trans->combine);
		fmgr_info_set_expr((Node *) expression, &trans->combine);
		trans->combine_call = palloc0(SizeForFunctionCallInfo(2));
		InitFunctionCallInfoData(*trans->combine_call, &trans->combine, 2, pertrans->aggCollation, (Node *) agg_state,
								 NULL);
	}

	trans->peragg.aggref = aggref;
	get_typlenbyval(aggref->aggtype, &trans->result_length, &trans->result_by_value);
	trans->is_repeatable = !OidIsValid(form->aggfinalfn) || (form->aggfinalmodify != AGGMODIFY_READ_WRITE &&
															 func_volatile(form->aggfinalfn) != PROVOLATILE_VOLATILE);
	if (OidIsValid(form->aggfinalfn))
	{
		int final_arguments = form->aggfinalextra ? arguments + 1 : 1;

		build_aggregate_finalfn_expr(argument_types, final_arguments, aggref->aggtranstype, aggref->aggtype,
									 aggref->inputcollid, form->aggfinalfn, &expression);
		fmgr_info(form->aggfinalfn, &trans->final);
		fmgr_info_set_expr((Node *) expression, &trans->final);
		trans->final_call = palloc0(SizeForFunctionCallInfo(final_arguments));
		InitFunctionCallInfoData(*trans->final_call, &trans->final, final_arguments, aggref->inputcollid,
								 (Node *) agg_state, NULL);
		for (int i = 1; i < final_arguments; i++)
			trans->final_call->args[i].isnull = true;
	}
	ReleaseSysCache(tuple);
}

/*
 * Stops if the aggregate was replaced since the query was planned: merging was planned for its former parts, and
 * processes that share groups must agree on their layout.
 */
static void
check_as_planned(const GroupingTrans *trans, bool has_kernel, bool merges)
{
	if ((trans->kernel != NULL) != has_kernel || (merges && trans->kernel == NULL && trans->combine_call == NULL))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("aggregate %s was replaced while a query used it", get_func_name(trans->aggref->aggfnoid)),
				 errhint("Run the query again.")));
}

void
segment_grouping_init_aggregates(GroupingAggregates *aggregates, CustomScanState *node, List *aggrefs, List *filters,
								 List *kernels, bool by_rows)
{
	EState *estate = node->ss.ps.state;
	AggState *agg_state = makeNode(AggState);
	ListCell *aggref;
	ListCell *filter;

	/*
	 * Transition and final functions ask their caller for their state's memory context (AggCheckCallContext) and for
	 * the aggregate's expression; they find both where core's node keeps them.
	 */
	agg_state->ss.ps.state = estate;
	agg_state->aggstrategy = AGG_HASHED;
	agg_state->curaggcontext = agg_state->hashcontext = CreateExprContext(estate);
	agg_state->tmpcontext = CreateExprContext(estate);
	aggregates->agg_state = agg_state;
	aggregates->state_context = agg_state->curaggcontext->ecxt_per_tuple_memory;
	aggregates->row_context = agg_state->tmpcontext->ecxt_per_tuple_memory;
	aggregates->result_context = node->ss.ps.ps_ExprContext->ecxt_per_tuple_memory;
	aggregates->count = list_length(aggrefs);
	aggregates->trans = palloc0(mul_size(sizeof(GroupingTrans), Max(aggregates->count, 1)));
	aggregates->states_size = 0;
	aggregates->is_repeatable = true;
	forboth(aggref, aggrefs, filter, filters)
	{
		GroupingTrans *trans = &aggregates->trans[foreach_current_index(aggref)];

		trans->aggref = lfirst_node(Aggref, aggref);
		trans->filter = lfirst_int(filter);
		init_trans(trans, agg_state, node->ss.ps.plan->parallel_aware);
		check_as_planned(trans, list_nth_int(kernels, foreach_current_index(aggref)) != 0,
						 node->ss.ps.plan->parallel_aware && !by_rows);
		trans->in_group = aggregates->states_size;
		aggregates->states_size += grouping_state_size(trans);
		if (trans->kernel != NULL)
		{
			trans->in_row = aggregates->packed_size;
			aggregates->packed_size += trans->kernel->packed_size;
		}
		if (trans->kernel == NULL || trans->kernel->unpacked >= 0)
			aggregates->calls = true;
		if (aggregates->pointing == NULL &&
			(trans->kernel != NULL ? trans->kernel->prefetch != NULL
								   : !trans->pertrans.transtypeByVal || trans->pertrans.aggtranstype == INTERNALOID))
			aggregates->pointing = trans;
		if (!trans->is_repeatable)
			aggregates->is_repeatable = false;
	}
	if (aggregates->pointing != NULL)
		aggregates->is_repeatable = false;
}

void
segment_grouping_reset_aggregates(GroupingAggregates *aggregates)
{
	/* also calls what functions registered by AggRegisterCallback */
	ReScanExprContext(aggregates->agg_state->curaggcontext);
	MemoryContextReset(aggregates->row_context);
}

void
segment_grouping_start_states(GroupingAggregates *aggregates, char *group)
{
	for (int i = 0; i < aggregates->count; i++)
	{
		GroupingTrans *trans = &aggregates->trans[i];
		AggStatePerTransData *pertrans = &trans->pertrans;
		GroupingDatumState *state = (GroupingDatumState *) (group + trans->in_group);
		MemoryContext caller;

		if (trans->kernel != NULL)
			continue;
		state->is_null = pertrans->initValueIsNull;
		state->is_set = !pertrans->initValueIsNull;
		if (pertrans->initValueIsNull)
			continue;
		caller = MemoryContextSwitchTo(aggregates->state_context);
		state->value = datumCopy(pertrans->initValue, pertrans->transtypeByVal, pertrans->transtypeLen);
		MemoryContextSwitchTo(caller);
	}
}

/*
 * Keeps a new state that is passed by reference: a value outside the state's context is copied into it, and the old
 * value is freed. An expanded object that already belongs to the context stays.
 */
static Datum
keep_state(GroupingAggregates *aggregates, const AggStatePerTransData *pertrans, Datum value, bool is_null,
		   Datum old_value, bool old_is_null)
{
	if (!is_null)
	{
		MemoryContext caller = MemoryContextSwitchTo(aggregates->state_context);

		if (!(DatumIsReadWriteExpandedObject(value, false, pertrans->transtypeLen) &&
			  MemoryContextGetParent(DatumGetEOHP(value)->eoh_context) == aggregates->state_context))
			value = datumCopy(value, pertrans->transtypeByVal, pertrans->transtypeLen);
		MemoryContextSwitchTo(caller);
	}
	else
		value = (Datum) 0;
	if (!old_is_null)
	{
		if (DatumIsReadWriteExpandedObject(old_value, false, pertrans->transtypeLen))
			DeleteExpandedObject(old_value);
		else
			pfree(DatumGetPointer(old_value));
	}
	return value;
}

/* Calls a transition function; the rules are those of core's advance_transition_function. */
static void
add_by_call(GroupingAggregates *aggregates, GroupingTrans *trans, GroupingDatumState *state, const Datum *arguments,
			const bool *nulls)
{
	AggStatePerTransData *pertrans = &trans->pertrans;
	FunctionCallInfo call = trans->call;
	Datum value;

	if (pertrans->transfn.fn_strict)
	{
		for (int i = 0; i < trans->arguments; i++)
			if (nulls[i])
				return;
		if (!state->is_set)
		{
			/* the first argument becomes the state */
			MemoryContext caller = MemoryContextSwitchTo(aggregates->state_context);

			state->value = datumCopy(arguments[0], pertrans->transtypeByVal, pertrans->transtypeLen);
			state->is_null = false;
			state->is_set = true;
			MemoryContextSwitchTo(caller);
			return;
		}
		if (state->is_null)
			return;
	}
	call->args[0].value = state->value;
	call->args[0].isnull = state->is_null;
	for (int i = 0; i < trans->arguments; i++)
	{
		call->args[i + 1].value = arguments[i];
		call->args[i + 1].isnull = nulls[i];
	}
	call->isnull = false;
	aggregates->agg_state->curpertrans = pertrans;
	value = FunctionCallInvoke(call);
	aggregates->agg_state->curpertrans = NULL;
	if (!pertrans->transtypeByVal && DatumGetPointer(value) != DatumGetPointer(state->value))
		value = keep_state(aggregates, pertrans, value, call->isnull, state->value, state->is_null);
	state->value = value;
	state->is_null = call->isnull;
	state->is_set = true;
}

void
segment_grouping_pack_row(GroupingAggregates *aggregates, const Datum *values, const bool *nulls, char *row)
{
	uint32 filtered = ((GroupingRowHead *) row)->filtered;

	for (int i = 0; i < aggregates->count; i++)
	{
		GroupingTrans *trans = &aggregates->trans[i];
		Datum arguments[GROUPING_MAX_FIELDS];
		bool argument_nulls[GROUPING_MAX_FIELDS];

		if (trans->kernel == NULL || ((filtered >> i) & 1))
			continue;
		for (int j = 0; j < trans->arguments; j++)
		{
			arguments[j] = values[trans->input[j] - 1];
			argument_nulls[j] = nulls[trans->input[j] - 1];
		}
		trans->kernel->pack(trans->binding, arguments, argument_nulls, row + trans->in_row);
	}
}

void
segment_grouping_add_row(GroupingAggregates *aggregates, const GroupingLayout *layout, char *group, char *row)
{
	uint32 filtered = ((GroupingRowHead *) row)->filtered;

	for (int i = 0; i < aggregates->count; i++)
	{
		GroupingTrans *trans = &aggregates->trans[i];
		void *state = group + trans->in_group;
		Datum arguments[GROUPING_MAX_FIELDS];
		bool nulls[GROUPING_MAX_FIELDS];

		if ((filtered >> i) & 1)
			continue;
		if (trans->kernel != NULL)
		{
			Datum value = 0;
			bool is_null = true;

			if (trans->kernel->unpacked >= 0)
			{
				int number = trans->field[trans->kernel->unpacked];

				value = grouping_row_value(&layout->field[number], row);
				is_null = grouping_row_is_null(row, number);
			}
			trans->kernel->add(trans->binding, aggregates->state_context, state, row + trans->in_row, value, is_null);
			continue;
		}
		for (int j = 0; j < trans->arguments; j++)
		{
			int field = trans->field[j];

			arguments[j] = grouping_row_value(&layout->field[field], row);
			nulls[j] = grouping_row_is_null(row, field);
		}
		add_by_call(aggregates, trans, state, arguments, nulls);
	}
}

/* Combines two states that are passed by value; the rules are those of core's advance_combine_function. */
static void
combine_by_call(GroupingAggregates *aggregates, GroupingTrans *trans, GroupingDatumState *state,
				const GroupingDatumState *other)
{
	FunctionCallInfo call = trans->combine_call;

	if (trans->combine.fn_strict)
	{
		if (other->is_null)
			return;
		if (!state->is_set || state->is_null)
		{
			*state = *other;
			return;
		}
	}
	call->args[0].value = state->value;
	call->args[0].isnull = state->is_null;
	call->args[1].value = other->value;
	call->args[1].isnull = other->is_null;
	call->isnull = false;
	aggregates->agg_state->curpertrans = &trans->pertrans;
	state->value = FunctionCallInvoke(call);
	aggregates->agg_state->curpertrans = NULL;
	state->is_null = call->isnull;
	state->is_set = true;
}

void
segment_grouping_merge_states(GroupingAggregates *aggregates, char *group, char *other)
{
	for (int i = 0; i < aggregates->count; i++)
	{
		GroupingTrans *trans = &aggregates->trans[i];
		void *state = group + trans->in_group;
		const void *added = other + trans->in_group;

		if (trans->kernel != NULL)
			trans->kernel->merge(aggregates->state_context, state, added);
		else
			combine_by_call(aggregates, trans, state, added);
	}
}

bool
segment_grouping_is_mergeable(Aggref *aggref)
{
	const SegmentKernel *kernel = segment_grouping_kernel_of(aggref);
	HeapTuple tuple;
	bool mergeable;

	if (kernel != NULL)
		return kernel->merge != NULL;
	tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(aggref->aggfnoid));
	if (!HeapTupleIsValid(tuple))
		return false;
	mergeable = OidIsValid(((Form_pg_aggregate) GETSTRUCT(tuple))->aggcombinefn) &&
				aggref->aggtranstype != INTERNALOID && get_typbyval(aggref->aggtranstype);
	ReleaseSysCache(tuple);
	return mergeable;
}

void
segment_grouping_results(GroupingAggregates *aggregates, char *group, Datum *values, bool *nulls)
{
	MemoryContext caller = MemoryContextSwitchTo(aggregates->result_context);

	for (int i = 0; i < aggregates->count; i++)
	{
		GroupingTrans *trans = &aggregates->trans[i];
		void *state = group + trans->in_group;
		FunctionCallInfo call = trans->final_call;
		Datum value;
		bool is_null;

		if (trans->kernel != NULL)
		{
			is_null = !trans->kernel->value(state, &value);
			if (is_null)
				value = (Datum) 0;
		}
		else
		{
			value = ((GroupingDatumState *) state)->value;
			is_null = ((GroupingDatumState *) state)->is_null;
		}
		if (call == NULL || (trans->final.fn_strict && (is_null || call->nargs > 1)))
		{
			/* a strict final function of a NULL (extra arguments are always NULL) is NULL */
			values[i] = call != NULL || is_null
							? (Datum) 0
							: MakeExpandedObjectReadOnly(value, false, trans->pertrans.transtypeLen);
			nulls[i] = call != NULL || is_null;
			continue;
		}
		call->args[0].value = MakeExpandedObjectReadOnly(value, is_null, trans->pertrans.transtypeLen);
		call->args[0].isnull = is_null;
		call->isnull = false;
		/* AggStateIsShared looks at pertrans[peragg->transno] */
		aggregates->agg_state->pertrans = &trans->pertrans;
		aggregates->agg_state->curperagg = &trans->peragg;
		value = FunctionCallInvoke(call);
		aggregates->agg_state->curperagg = NULL;
		nulls[i] = call->isnull;
		values[i] = call->isnull ? (Datum) 0 : MakeExpandedObjectReadOnly(value, false, trans->result_length);
	}
	MemoryContextSwitchTo(caller);
}
