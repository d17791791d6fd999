/*
 * columns.c: which columns a query reads.
 */
#include "postgres.h"

#include "core/compat.h"

#include "access/relation.h"
#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(segment_columns_read);

/* Adds the names of a row type's columns to a list: of one, or of all if its number is 0. */
static List *
add_columns(List *names, TupleDesc desc, AttrNumber number)
{
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (!attribute->attisdropped && (number == 0 || number == attribute->attnum))
			names = lappend(names, pstrdup(NameStr(attribute->attname)));
	}
	return names;
}

/* Adds the fields of a composite value that is read as a whole, or of the elements of an array of them. */
static List *
add_fields(List *names, Oid type, int32 typmod)
{
	Oid element = get_element_type(getBaseType(type));
	TupleDesc desc;

	check_stack_depth();
	if (OidIsValid(element))
		type = element;
	if (!type_is_rowtype(type))
		return names;
	desc = lookup_rowtype_tupdesc_domain(type, typmod, true);
	if (desc == NULL)
		return names;
	names = add_columns(names, desc, 0);
	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped)
			names = add_fields(names, TupleDescAttr(desc, i)->atttypid, TupleDescAttr(desc, i)->atttypmod);
	ReleaseTupleDesc(desc);
	return names;
}

/*
 * The columns that an analysed query reads: those that it needs the right to read, in every part of it (a whole row
 * needs all), and of composite values the fields that it takes out, or all.
 */
static bool
columns_walker(Node *node, void *context)
{
	List **names = context;

	if (node == NULL)
		return false;
	if (IsA(node, FieldSelect))
	{
		FieldSelect *field = (FieldSelect *) node;
		TupleDesc desc = get_expr_result_tupdesc((Node *) field->arg, true);

		if (desc != NULL)
			*names = add_columns(*names, desc, field->fieldnum);
		/* one field of a column is not the whole of it */
		if (IsA(field->arg, Var))
			return false;
	}
	if (IsA(node, Var))
		*names = add_fields(*names, ((Var *) node)->vartype, ((Var *) node)->vartypmod);
	if (IsA(node, Query))
	{
		Query *query = (Query *) node;
		ListCell *cell;

		foreach (cell, segment_read_permissions(query))
		{
			SegmentReadPermission *read = lfirst(cell);
			int column = -1;

			if (!OidIsValid(read->relid))
				continue;
			while ((column = bms_next_member(read->selectedCols, column)) >= 0)
			{
				AttrNumber number = column + FirstLowInvalidHeapAttributeNumber;
				Relation relation;

				if (number < 0)
					continue;
				relation = relation_open(read->relid, NoLock);
				*names = add_columns(*names, RelationGetDescr(relation), number);
				relation_close(relation, NoLock);
			}
		}
		return query_tree_walker(query, columns_walker, context, QTW_IGNORE_JOINALIASES);
	}
	return expression_tree_walker(node, columns_walker, context);
}

/*
 * columns_read(query text) -> text[]: the names of the columns that a query reads, by whatever spelling, alias or whole
 * row. The query is analysed as the current user, and not run.
 */
Datum
segment_columns_read(PG_FUNCTION_ARGS)
{
	char *query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	List *parsed = raw_parser(query, RAW_PARSE_DEFAULT);
	List *names = NIL;
	ListCell *cell;
	Datum *value;
	int n = 0;

	foreach (cell, parsed)
		columns_walker((Node *) parse_analyze_fixedparams(lfirst_node(RawStmt, cell), query, NULL, 0, NULL), &names);
	value = segment_palloc_array(Datum, list_length(names) + 1);
	foreach (cell, names)
		value[n++] = CStringGetTextDatum(lfirst(cell));
	PG_RETURN_ARRAYTYPE_P(construct_array(value, n, TEXTOID, -1, false, TYPALIGN_INT));
}
