/*
 * queue.c: the trigger that writes down whose orders changed, and how it is put on a table and taken off.
 *
 * It runs in the transactions of whoever writes orders, so it must not fail them for a reason of ours, and asks them for no
 * right: rows are put into change_queue as such, nothing that a user wrote is run, and what can't be told by customer (the column is
 * gone, its type is another, too many customers for the memory) becomes a row that says so: all orders are read then. It
 * fires for each row, always: for writes to any partition, also one attached later, by replication and under any
 * session_replication_role.
 */
#include "postgres.h"

#include "core/compat.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/nodeHash.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/parse_func.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "common/hashfn.h"

#include "segmentation/authority.h"
#include "segmentation/forgotten.h"

PG_FUNCTION_INFO_V1(segment_queue_changes);
PG_FUNCTION_INFO_V1(segment_make_trigger);
PG_FUNCTION_INFO_V1(segment_drop_trigger);

/* What one command queued into one ledger set. */
typedef struct Set
{
	struct Set *next;
	int32 id;
	bool exists;	 /* false: a trigger that was left behind; it queues nothing */
	Oid source;		 /* the table that it follows */
	char *name;		 /* in a restored database, where numbers are others: the name of the table; else NULL */
	HTAB *tables;	 /* whether a table is the source, or a partition or child of it */
	bool everything; /* all orders are to be read: ids add nothing */
	bool unknown;	 /* rows without a customer */
	HTAB *ids;
} Set;

/* What is known while one command's triggers fire. Another command begins anew, as a refresh may have emptied the queue. */
typedef struct Command
{
	CommandId number;
	SubTransactionId within;
	MemoryContext memory;
	Set *sets;
	bytea *key; /* of the hashes of forgotten customers; NULL: there are none */
} Command;

static Command *command = NULL; /* in TopTransactionContext */

static void
forget_command(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_PRE_COMMIT && event != XACT_EVENT_PRE_PREPARE)
		command = NULL;
}

/* Adds a row to change_queue, whoever writes. */
static void
queue(int32 set, const char *customer, bool everything)
{
	Relation relation = table_open(segment_table("change_queue"), RowExclusiveLock);
	Datum value[3] = {Int32GetDatum(set), (Datum) 0, BoolGetDatum(everything)};
	bool null[3] = {false, customer == NULL, false};
	HeapTuple row;

	if (customer != NULL)
		value[1] = CStringGetTextDatum(customer);
	if (relation->rd_rel->relam != HEAP_TABLE_AM_OID || RelationGetDescr(relation)->natts != 3)
		elog(ERROR, "table segment.change_queue was changed");
	row = heap_form_tuple(RelationGetDescr(relation), value, null);
	CatalogTupleInsert(relation, row);
	heap_freetuple(row);
	table_close(relation, NoLock);
}

/* --- the trigger --------------------------------------------------------------------------------------------------- */

static uint32
id_hash(const void *key, Size size)
{
	const char *id = *(char *const *) key;

	return DatumGetUInt32(hash_any((const unsigned char *) id, (int) strlen(id)));
}

static int
id_compare(const void *a, const void *b, Size size)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

static Command *
this_command(void)
{
	static bool registered = false;
	CommandId number = GetCurrentCommandId(false);
	SubTransactionId within = GetCurrentSubTransactionId();

	if (command != NULL && command->number == number && command->within == within)
		return command;
	if (!registered)
	{
		RegisterXactCallback(forget_command, NULL);
		registered = true;
	}
	if (command != NULL)
	{
		MemoryContext former = command->memory;

		command = NULL;
		MemoryContextDelete(former);
	}
	{
		MemoryContext memory = AllocSetContextCreate(TopTransactionContext, "segment queued ids", ALLOCSET_SMALL_SIZES);
		MemoryContext caller = MemoryContextSwitchTo(memory);
		Command *new = palloc0(sizeof(Command));
		SnapshotData dirty;

		new->number = number;
		new->within = within;
		new->memory = memory;
		/* forget() waits for who holds it, after it has said whom: so it comes before the look at who is forgotten. */
		LockRelationOid(segment_table("change_queue"), RowExclusiveLock);
		InitDirtySnapshot(dirty);
		(void) segment_find_row("forgotten_key", "forgotten_key_pkey", F_BOOLEQ, BoolGetDatum(true), &dirty, &new->key);
		command = new;
		MemoryContextSwitchTo(caller);
	}
	return command;
}

typedef struct Table
{
	Oid oid;
	bool followed;
} Table;

/* What a ledger set follows, if there is such a set. */
static void
load_set(Set *set)
{
	Relation relation = table_open(segment_table("ledger_set"), AccessShareLock);
	TupleDesc desc = RelationGetDescr(relation);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple row;
	bool null[3];

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(set->id));
	scan = systable_beginscan(relation, segment_table("ledger_set_pkey"), true, NULL, 1, &key);
	row = systable_getnext(scan);
	if (HeapTupleIsValid(row))
	{
		Oid home = DatumGetObjectId(heap_getattr(row, SPI_fnumber(desc, "followed_in"), desc, &null[0]));
		Datum name = heap_getattr(row, SPI_fnumber(desc, "followed_name"), desc, &null[1]);

		set->source = DatumGetObjectId(heap_getattr(row, SPI_fnumber(desc, "followed_source"), desc, &null[2]));
		set->exists = !null[0] && !null[1] && !null[2];
		if (set->exists && home != segment_table("state"))
			set->name = TextDatumGetCString(name);
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
}

static Set *
set_of(Command *c, int32 id)
{
	Set *set;
	HASHCTL control = {0};
	MemoryContext caller;

	for (set = c->sets; set != NULL; set = set->next)
		if (set->id == id)
			return set;
	caller = MemoryContextSwitchTo(c->memory);
	set = palloc0(sizeof(Set));
	set->id = id;
	load_set(set);
	control.keysize = sizeof(char *);
	control.entrysize = sizeof(char *);
	control.hash = id_hash;
	control.match = id_compare;
	control.hcxt = c->memory;
	set->ids = hash_create("segment queued ids", 64, &control, HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
	control.keysize = sizeof(Oid);
	control.entrysize = sizeof(Table);
	set->tables = hash_create("segment followed tables", 16, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	set->next = c->sets;
	c->sets = set;
	MemoryContextSwitchTo(caller);
	return set;
}

static bool
is_source(const Set *set, Oid table)
{
	bool quote_all = quote_all_identifiers;
	char *schema;
	char *name;

	if (set->name == NULL)
		return table == set->source;
	schema = get_namespace_name(get_rel_namespace(table));
	if (schema == NULL)
		return false;
	/* As it was written down, whatever the writer's session sets */
	quote_all_identifiers = false;
	name = quote_qualified_identifier(schema, get_rel_name(table));
	quote_all_identifiers = quote_all;
	return strcmp(name, set->name) == 0;
}

/* Whether a table is the source, or inherits from it, at any distance. */
static bool
descends_from_source(const Set *set, Oid table)
{
	List *queue_of_tables = list_make1_oid(table);

	for (int i = 0; i < list_length(queue_of_tables); i++)
	{
		Oid child = list_nth_oid(queue_of_tables, i);
		Relation catalog;
		ScanKeyData key;
		SysScanDesc scan;
		HeapTuple row;

		if (is_source(set, child))
			return true;
		catalog = table_open(InheritsRelationId, AccessShareLock);
		ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(child));
		scan = systable_beginscan(catalog, InheritsRelidSeqnoIndexId, true, NULL, 1, &key);
		while (HeapTupleIsValid(row = systable_getnext(scan)))
			queue_of_tables = list_append_unique_oid(queue_of_tables, ((Form_pg_inherits) GETSTRUCT(row))->inhparent);
		systable_endscan(scan);
		table_close(catalog, AccessShareLock);
	}
	return false;
}

/*
 * Whether the set follows the table. Anybody may put the trigger on a table of his own and name another's set, as anybody must be
 * allowed to make partitions, which get it from their root.
 */
static bool
follows(Set *set, Oid table)
{
	bool found;
	Table *entry;

	if (!set->exists)
		return false;
	entry = hash_search(set->tables, &table, HASH_ENTER, &found);
	if (!found)
		entry->followed = descends_from_source(set, table);
	return entry->followed;
}

static void
queue_everything(Set *set)
{
	if (!set->everything)
		queue(set->id, NULL, true);
	set->everything = true;
}

/* The id as customer::text has it; NULL for a type that is no id's. */
static char *
id_text(Datum value, Oid type)
{
	Oid output;
	bool varlena;
	int nest;
	char *printed;

	type = getBaseType(type);
	switch (type)
	{
		case BPCHAROID:
			value = DirectFunctionCall1(rtrim1, value);
			return TextDatumGetCString(value);
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case OIDOID:
		case UUIDOID:
		case TEXTOID:
		case VARCHAROID:
		case NAMEOID:
		case NUMERICOID:
			getTypeOutputInfo(type, &output, &varlena);
			return OidOutputFunctionCall(output, value);
		case DATEOID:
		case BYTEAOID:
			nest = NewGUCNestLevel();
			(void) set_config_option(type == DATEOID ? "DateStyle" : "bytea_output",
									 type == DATEOID ? "ISO, YMD" : "hex", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
									 true, 0, false);
			getTypeOutputInfo(type, &output, &varlena);
			printed = OidOutputFunctionCall(output, value);
			AtEOXact_GUC(false, nest);
			return printed;
		default:
			if (!type_is_enum(type))
				return NULL;
			getTypeOutputInfo(type, &output, &varlena);
			return OidOutputFunctionCall(output, value);
	}
}

static void
queue_customer(Command *c, Set *set, TupleTableSlot *slot, AttrNumber attribute)
{
	bool null;
	bool found;
	Datum value = slot_getattr(slot, attribute, &null);
	char *id;
	char **entry;

	if (null)
	{
		if (!set->unknown)
			queue(set->id, NULL, false);
		set->unknown = true;
		return;
	}
	id = id_text(value, TupleDescAttr(slot->tts_tupleDescriptor, attribute - 1)->atttypid);
	if (id == NULL || MemoryContextMemAllocated(c->memory, true) > get_hash_memory_limit())
	{
		queue_everything(set);
		return;
	}
	entry = hash_search(set->ids, &id, HASH_ENTER, &found);
	if (found)
		return;
	*entry = MemoryContextStrdup(c->memory, id);
	switch (c->key == NULL ? FORGOTTEN_NOT : segment_is_forgotten_id(c->key, id))
	{
		case FORGOTTEN_NOT:
			queue(set->id, id, false);
			break;
		case FORGOTTEN_PERHAPS:
			queue_everything(set);
			break;
		case FORGOTTEN:
			break;
	}
}

/*
 * queue_changes(ledger set, column) -> trigger: adds the customers of changed rows to change_queue. The column goes by its
 * name, as refresh reads it: numbers of columns change when a table is restored, and differ between partitions.
 */
Datum
segment_queue_changes(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	Command *c;
	Set *set;
	int attribute;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("queue_changes must be called as a trigger")));
	if (data->tg_trigger->tgnargs != 2 || !TRIGGER_FIRED_AFTER(data->tg_event))
		return PointerGetDatum(NULL);

	c = this_command();
	set = set_of(c, atoi(data->tg_trigger->tgargs[0]));
	if (set->everything || !follows(set, RelationGetRelid(data->tg_relation)))
		return PointerGetDatum(NULL);
	attribute = SPI_fnumber(RelationGetDescr(data->tg_relation), data->tg_trigger->tgargs[1]);
	if (!TRIGGER_FIRED_FOR_ROW(data->tg_event) || attribute <= 0)
	{
		queue_everything(set);
		return PointerGetDatum(NULL);
	}
	queue_customer(c, set, data->tg_trigslot, (AttrNumber) attribute);
	if (TRIGGER_FIRED_BY_UPDATE(data->tg_event))
		queue_customer(c, set, data->tg_newslot, (AttrNumber) attribute);
	return PointerGetDatum(NULL);
}

/* --- following a table --------------------------------------------------------------------------------------------- */

static Oid
trigger_function(void)
{
	return LookupFuncName(list_make2(makeString("segment_internal"), makeString("queue_changes")), 0, NULL, false);
}

/* As a superuser, who may; it runs nothing of a user's. */
static void
create_trigger(Oid relation, CreateTrigStmt *statement)
{
	Oid user;
	int context;

	GetUserIdAndSecContext(&user, &context);
	PG_TRY();
	{
		SetUserIdAndSecContext(BOOTSTRAP_SUPERUSERID,
							   context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
		CreateTriggerFiringOn(statement, NULL, relation, InvalidOid, InvalidOid, InvalidOid, trigger_function(),
							  InvalidOid, NULL, false, false, TRIGGER_FIRES_ALWAYS);
	}
	PG_FINALLY();
	{
		SetUserIdAndSecContext(user, context);
	}
	PG_END_TRY();
}

/*
 * make_trigger(relation regclass, name name, rows boolean, ledger_set integer, customer name): puts the trigger on a table, for rows
 * or for TRUNCATE, if the role acted for has the right to do so.
 */
Datum
segment_make_trigger(PG_FUNCTION_ARGS)
{
	Oid relation = PG_GETARG_OID(0);
	bool rows = PG_GETARG_BOOL(2);
	Oid role = segment_authority_acts_for();
	CreateTrigStmt *statement = makeNode(CreateTrigStmt);
	AclResult allowed = pg_class_aclcheck(relation, role, ACL_TRIGGER);

	if (allowed != ACLCHECK_OK)
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("permission denied to follow %s by triggers", get_rel_name(relation)),
						errdetail("Role \"%s\" has no TRIGGER privilege on it.", GetUserNameFromId(role, false)),
						errhint("Ask the owner of the table for it, or declare changes => segment.by_column(...).")));
	statement->trigname = pstrdup(NameStr(*PG_GETARG_NAME(1)));
	statement->args =
		list_make2(makeString(psprintf("%d", PG_GETARG_INT32(3))), makeString(pstrdup(NameStr(*PG_GETARG_NAME(4)))));
	statement->row = rows;
	statement->timing = TRIGGER_TYPE_AFTER;
	statement->events = rows ? TRIGGER_TYPE_INSERT | TRIGGER_TYPE_UPDATE | TRIGGER_TYPE_DELETE : TRIGGER_TYPE_TRUNCATE;

	create_trigger(relation, statement);
	CommandCounterIncrement();
	PG_RETURN_VOID();
}

/*
 * drop_trigger(trigger oid, wait boolean) -> boolean: takes a trigger of ours off its table; false if it is none or, unless
 * told to wait, if others use the table: anybody may put the trigger on a table of his own, and must not stop refreshes by it.
 */
Datum
segment_drop_trigger(PG_FUNCTION_ARGS)
{
	ObjectAddress address;
	Relation catalog;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple found;
	Oid relation = InvalidOid;

	(void) segment_required_authority();
	catalog = table_open(TriggerRelationId, AccessShareLock);
	ScanKeyInit(&key, Anum_pg_trigger_oid, BTEqualStrategyNumber, F_OIDEQ, PG_GETARG_DATUM(0));
	scan = systable_beginscan(catalog, TriggerOidIndexId, true, NULL, 1, &key);
	found = systable_getnext(scan);
	if (HeapTupleIsValid(found) && ((Form_pg_trigger) GETSTRUCT(found))->tgfoid == trigger_function())
		relation = ((Form_pg_trigger) GETSTRUCT(found))->tgrelid;
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	if (!OidIsValid(relation) || (!PG_GETARG_BOOL(1) && !ConditionalLockRelationOid(relation, AccessExclusiveLock)))
		PG_RETURN_BOOL(false);
	ObjectAddressSet(address, TriggerRelationId, PG_GETARG_OID(0));
	performDeletion(&address, DROP_RESTRICT, PERFORM_DELETION_INTERNAL);
	CommandCounterIncrement();
	PG_RETURN_BOOL(true);
}
