/*
 * forgotten.c: whether a customer was forgotten, asked row by row by queries and triggers of roles that have no right to
 * the tables that say so.
 */
#include "postgres.h"

#include "core/compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "core/hash.h"
#include "segmentation/authority.h"
#include "segmentation/forgotten.h"

PG_FUNCTION_INFO_V1(segment_keyed_hash);
PG_FUNCTION_INFO_V1(segment_is_forgotten);
PG_FUNCTION_INFO_V1(segment_anybody_forgotten);
PG_FUNCTION_INFO_V1(segment_wait_for_writers);

Oid
segment_table(const char *name)
{
	return get_relname_relid(name, get_namespace_oid("segment", false));
}

/* The first row of a table by the first column of an index, as a copy; NULL if there is none, or no such table any more. */
HeapTuple
segment_find_row(const char *table, const char *index, RegProcedure equal, Datum key, Snapshot snapshot, bytea **column)
{
	Oid relid = segment_table(table);
	Oid indexid = segment_table(index);
	Relation relation;
	SysScanDesc scan;
	ScanKeyData scankey;
	HeapTuple found;

	if (!OidIsValid(relid) || !OidIsValid(indexid))
		return NULL;
	relation = table_open(relid, AccessShareLock);
	ScanKeyInit(&scankey, 1, BTEqualStrategyNumber, equal, key);
	scan = systable_beginscan(relation, indexid, true, snapshot, 1, &scankey);
	found = systable_getnext(scan);
	if (HeapTupleIsValid(found))
	{
		found = heap_copytuple(found);
		if (column != NULL)
		{
			bool null;
			Datum value = heap_getattr(found, 2, RelationGetDescr(relation), &null);

			*column = null ? NULL : DatumGetByteaPCopy(value);
		}
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return found;
}

/* sha256(key || sha256(key || id in UTF-8)) */
bytea *
segment_customer_hash(const bytea *key, const char *customer)
{
	char *utf8 = pg_server_to_any(customer, strlen(customer), PG_UTF8);
	bytea *inner = segment_sha256(VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key), utf8, strlen(utf8));

	return segment_sha256(VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key), VARDATA_ANY(inner), VARSIZE_ANY_EXHDR(inner));
}

/* keyed_hash(customer text, key bytea) -> text: in hexadecimal digits. Strict. */
Datum
segment_keyed_hash(PG_FUNCTION_ARGS)
{
	bytea *hash = segment_customer_hash(PG_GETARG_BYTEA_PP(1), text_to_cstring(PG_GETARG_TEXT_PP(0)));

	PG_RETURN_DATUM(DirectFunctionCall2(binary_encode, PointerGetDatum(hash), CStringGetTextDatum("hex")));
}

Forgotten
segment_is_forgotten_id(const bytea *key, const char *customer)
{
	SnapshotData dirty;

	InitDirtySnapshot(dirty);
	if (segment_find_row("forgotten", "forgotten_pkey", F_BYTEAEQ,
						 PointerGetDatum(segment_customer_hash(key, customer)), &dirty, NULL) == NULL)
		return FORGOTTEN_NOT;
	return TransactionIdIsValid(dirty.xmin) ? FORGOTTEN_PERHAPS : FORGOTTEN;
}

/* Whether a table's column of roles has one whose privileges the current user has. */
static bool
has_role_in(const char *table, AttrNumber column)
{
	Relation relation = table_open(segment_table(table), AccessShareLock);
	SysScanDesc scan = systable_beginscan(relation, InvalidOid, false, NULL, 0, NULL);
	HeapTuple row;
	bool found = false;

	while (!found && HeapTupleIsValid(row = systable_getnext(scan)))
	{
		bool null;
		Datum role = heap_getattr(row, column, RelationGetDescr(relation), &null);

		found = !null && has_privs_of_role(GetUserId(), DatumGetObjectId(role));
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return found;
}

/* What one query asks about all its customers. */
typedef struct Question
{
	bytea *key;
} Question;

/*
 * is_forgotten(customer text) -> boolean, as of this moment: a refresh in a transaction that began before a forget() must
 * see it too. For those who work with segmentations: others would learn who asked to be erased.
 */
Datum
segment_is_forgotten(PG_FUNCTION_ARGS)
{
	Question *question = fcinfo->flinfo->fn_extra;
	char *customer = text_to_cstring(PG_GETARG_TEXT_PP(0));

	if (question == NULL)
	{
		MemoryContext caller;

		if (!has_privs_of_role(GetUserId(), ROLE_PG_DATABASE_OWNER) && !has_role_in("segmentation_declarer", 1) &&
			!has_role_in("segmentation_member", 2))
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("permission denied to ask who was forgotten"),
					 errdetail("Role \"%s\" neither declares segmentations nor reads any.",
							   GetUserNameFromId(GetUserId(), false)),
					 errhint("Ask the owner of a segmentation for segment.grant_reader(role, name).")));
		caller = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
		question = palloc0(sizeof(Question));
		(void) segment_find_row("forgotten_key", "forgotten_key_pkey", F_BOOLEQ, BoolGetDatum(true), NULL,
								&question->key);
		MemoryContextSwitchTo(caller);
		fcinfo->flinfo->fn_extra = question;
	}
	PG_RETURN_BOOL(question->key != NULL &&
				   segment_find_row("forgotten", "forgotten_pkey", F_BYTEAEQ,
									PointerGetDatum(segment_customer_hash(question->key, customer)), NULL,
									NULL) != NULL);
}

/* anybody_forgotten() -> boolean: whether forgotten has any row. */
Datum
segment_anybody_forgotten(PG_FUNCTION_ARGS)
{
	Relation relation = table_open(segment_table("forgotten"), AccessShareLock);
	SysScanDesc scan = systable_beginscan(relation, InvalidOid, false, NULL, 0, NULL);
	bool any = HeapTupleIsValid(systable_getnext(scan));

	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	PG_RETURN_BOOL(any);
}

/* wait_for_writers(): until the transactions that have put customers into change_queue so far are over. */
Datum
segment_wait_for_writers(PG_FUNCTION_ARGS)
{
	LOCKTAG tag;

	(void) segment_required_authority();
	SET_LOCKTAG_RELATION(tag, MyDatabaseId, segment_table("change_queue"));
	WaitForLockers(tag, ShareLock, false);
	PG_RETURN_VOID();
}
