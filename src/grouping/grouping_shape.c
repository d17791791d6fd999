/*
 * grouping_shape.c: recognises what the node can do. Whatever is not understood here stays with core's plan.
 */
#include "postgres.h"

#include "catalog/pg_aggregate.h"
#include "fmgr.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/tlist.h"
#include "utils/lsyscache.h"

#include "core/aggregate.h"
#include "grouping/grouping_row.h"
#include "grouping/grouping_shape.h"

/*
 * True if the query calls one of our transition functions. Checked first, as most queries call none. If one does, the
 * planner has called its support function by now, which loaded this library.
 */
static bool
has_transition_of_ours(PlannerInfo *root)
{
	ListCell *cell;

	foreach (cell, root->aggtransinfos)
	{
		Oid function = ((const AggTransInfo *) lfirst(cell))->transfn_oid;

		if (OidIsValid(get_func_support(function)) && segment_aggregate_has_transition(function))
			return true;
	}
	return false;
}

/* True if one of the aggregates is ours in all its parts. */
static bool
has_aggregate_of_ours(const GroupingShape *shape)
{
	ListCell *cell;

	foreach (cell, shape->aggrefs)
		if (segment_aggregate_of(lfirst_node(Aggref, cell)->aggfnoid) != NULL)
			return true;
	return false;
}

/* True for a type whose values rows can hold. */
static bool
is_storable(Node *expression)
{
	return get_typlen(exprType(expression)) != -2;
}

/* True if an aggregate is a plain one, whose arguments may be computed by the child. */
static bool
is_plain(Aggref *aggref)
{
	ListCell *argument;

	if (aggref->aggkind != AGGKIND_NORMAL || aggref->agglevelsup != 0 || aggref->aggsplit != AGGSPLIT_SIMPLE ||
		aggref->aggdirectargs != NIL || aggref->aggorder != NIL || aggref->aggdistinct != NIL)
		return false;
	if (contain_volatile_functions((Node *) aggref->args) || contain_subplans((Node *) aggref->args) ||
		contain_volatile_functions((Node *) aggref->aggfilter) || contain_subplans((Node *) aggref->aggfilter))
		return false;
	foreach (argument, aggref->args)
		if (!is_storable((Node *) lfirst_node(TargetEntry, argument)->expr))
			return false;
	return true;
}

/* Collects what an output expression needs of a group; returns true to stop if that is nothing for us. */
static bool
collect_walker(Node *node, GroupingShape *shape)
{
	if (node == NULL)
		return false;
	if (list_member(shape->columns, node))
		return false;
	if (IsA(node, Aggref))
	{
		if (!is_plain((Aggref *) node))
			return true;
		shape->aggrefs = list_append_unique(shape->aggrefs, node);
		return false;
	}
	if (IsA(node, GroupingFunc) || IsA(node, WindowFunc))
		return true;
	if (IsA(node, Var) || IsA(node, PlaceHolderVar))
	{
		/* depends on the keys: every row of a group has the same value */
		if (!is_storable(node))
			return true;
		shape->columns = lappend(shape->columns, node);
		return false;
	}
	return expression_tree_walker(node, collect_walker, (void *) shape);
}

/* The number of an input, from 1; a new input is appended. */
static int
input_number(GroupingShape *shape, Node *expression)
{
	ListCell *input;

	foreach (input, shape->inputs)
		if (equal(lfirst(input), expression))
			return foreach_current_index(input) + 1;
	shape->inputs = lappend(shape->inputs, expression);
	return list_length(shape->inputs);
}

/* The keys, as the output's target has them. */
static bool
find_keys(PlannerInfo *root, PathTarget *target, GroupingShape *shape)
{
	ListCell *clause;

	foreach (clause, segment_group_clause(root))
	{
		SortGroupClause *group = lfirst_node(SortGroupClause, clause);
		Node *key = NULL;
		ListCell *expression;
		Oid hash;

		foreach (expression, target->exprs)
			if (get_pathtarget_sortgroupref(target, foreach_current_index(expression)) == group->tleSortGroupRef)
				key = (Node *) lfirst(expression);
		if (key == NULL || !group->hashable || !get_op_hash_functions(group->eqop, &hash, NULL) || !is_storable(key) ||
			contain_volatile_functions(key) || contain_subplans(key) || expression_returns_set(key))
			return false;
		shape->columns = lappend(shape->columns, key);
		shape->operators = lappend_oid(shape->operators, group->eqop);
		shape->collations = lappend_oid(shape->collations, exprCollation(key));
	}
	shape->keys = list_length(shape->columns);
	return shape->keys > 0;
}

/*
 * An argument as the child computes it. With a FILTER it must not be computed for the rows that are left out: it might
 * fail for them.
 */
static Node *
argument_input(const Aggref *aggref, Expr *argument)
{
	CaseWhen *when;
	CaseExpr *guarded;

	if (aggref->aggfilter == NULL || IsA(argument, Var) || IsA(argument, Const) || IsA(argument, Param))
		return (Node *) argument;
	when = makeNode(CaseWhen);
	when->expr = aggref->aggfilter;
	when->result = argument;
	when->location = -1;
	guarded = makeNode(CaseExpr);
	guarded->casetype = exprType((Node *) argument);
	guarded->casecollid = exprCollation((Node *) argument);
	guarded->args = list_make1(when);
	guarded->defresult = (Expr *) makeNullConst(guarded->casetype, -1, guarded->casecollid);
	guarded->location = -1;
	return (Node *) guarded;
}

/* What the child must deliver. */
static void
find_inputs(GroupingShape *shape)
{
	ListCell *cell;

	foreach (cell, shape->columns)
		shape->column_inputs = lappend_int(shape->column_inputs, input_number(shape, lfirst(cell)));
	foreach (cell, shape->aggrefs)
	{
		Aggref *aggref = lfirst_node(Aggref, cell);
		List *numbers = NIL;
		ListCell *argument;

		foreach (argument, aggref->args)
			numbers = lappend_int(
				numbers, input_number(shape, argument_input(aggref, lfirst_node(TargetEntry, argument)->expr)));
		shape->argument_inputs = lappend(shape->argument_inputs, numbers);
		shape->filter_inputs =
			lappend_int(shape->filter_inputs, aggref->aggfilter ? input_number(shape, (Node *) aggref->aggfilter) : 0);
	}
}

bool
segment_grouping_shape(PlannerInfo *root, RelOptInfo *output_rel, Node *having, GroupingShape *shape)
{
	Query *query = root->parse;
	PathTarget *target = output_rel->reltarget;
	ListCell *aggref;
	int fields;

	memset(shape, 0, sizeof(*shape));
	if (!query->hasAggs || query->groupClause == NIL || query->groupingSets != NIL || !has_transition_of_ours(root))
		return false;
	if (!find_keys(root, target, shape))
		return false;
	shape->having = (List *) having;
	if (collect_walker((Node *) target->exprs, shape) || collect_walker(having, shape) || !has_aggregate_of_ours(shape))
		return false;
	fields = list_length(shape->columns);
	foreach (aggref, shape->aggrefs)
		fields += list_length(lfirst_node(Aggref, aggref)->args);
	if (list_length(shape->columns) > GROUPING_MAX_COLUMNS || fields > GROUPING_MAX_FIELDS ||
		list_length(shape->aggrefs) > GROUPING_MAX_AGGREGATES)
		return false;
	find_inputs(shape);
	return true;
}
