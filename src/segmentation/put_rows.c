/*
 * put_rows.c: queries of ours over incoming rows, which read them where they are kept; and the rows of such a query into a table
 * of the room.
 */
#include "postgres.h"

#include "core/compat.h"

#include "access/table.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/plancache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "segmentation/authority.h"
#include "segmentation/forgotten.h"
#include "segmentation/state_writer.h"

PG_FUNCTION_INFO_V1(segment_run_stored);
PG_FUNCTION_INFO_V1(segment_put_rows);

/* What a query's rows go into. */
typedef struct TableReceiver
{
	DestReceiver pub;
	const char *table;
	RowWriter *writer;
	int64 written;
} TableReceiver;

static void
receiver_startup(DestReceiver *self, int operation, TupleDesc desc)
{
	TableReceiver *r = (TableReceiver *) self;
	TupleDesc table;

	(void) operation;
	r->writer = segment_writer_begin(r->table);
	table = RelationGetDescr(segment_writer_table(r->writer));
	if (table->natts != desc->natts)
		elog(ERROR, "table %s has %d columns, not %d", r->table, table->natts, desc->natts);
	for (int i = 0; i < desc->natts; i++)
		if (TupleDescAttr(table, i)->atttypid != TupleDescAttr(desc, i)->atttypid)
			elog(ERROR, "column %s of table %s is of another type", NameStr(TupleDescAttr(table, i)->attname),
				 r->table);
}

static bool
receiver_receive(TupleTableSlot *row, DestReceiver *self)
{
	segment_writer_insert(((TableReceiver *) self)->writer, row);
	return true;
}

static void
receiver_shutdown(DestReceiver *self)
{
	TableReceiver *r = (TableReceiver *) self;

	r->written = segment_writer_end(r->writer);
	r->writer = NULL;
}

static void
receiver_destroy(DestReceiver *self)
{
	(void) self;
}

/* Runs a command, within SPI, to which incoming rows are tables called incoming and incoming_ledgers. */
static void
run(const char *command, int expected, DestReceiver *receiver)
{
	SPIExecuteOptions options = {0};
	int result;

	options.dest = receiver;
	options.must_return_tuples = receiver != NULL;
	result = SPI_execute_extended(command, &options);
	if (result != expected)
		elog(ERROR, "cannot be run: %s", command);
}

/* run_stored(command text) -> void: an INSERT of ours over incoming rows. */
Datum
segment_run_stored(PG_FUNCTION_ARGS)
{
	char *command = text_to_cstring(PG_GETARG_TEXT_PP(0));

	SPI_connect();
	segment_register_incoming();
	run(command, SPI_OK_INSERT, NULL);
	SPI_finish();
	PG_RETURN_VOID();
}

/* How many columns the rows of a query have. */
static int
count_columns(const char *query)
{
	SPIPlanPtr plan = SPI_prepare(query, 0, NULL);
	int count;

	if (plan == NULL)
		elog(ERROR, "cannot be prepared: %s", query);
	count = ((CachedPlanSource *) linitial(SPI_plan_get_plan_sources(plan)))->resultDesc->natts;
	SPI_freeplan(plan);
	return count;
}

/*
 * put_rows(table name, query text) -> bigint: writes the rows of a query of ours, which may read incoming rows, into a table of
 * schema segment; their number. The columns are the table's, in its order.
 */
Datum
segment_put_rows(PG_FUNCTION_ARGS)
{
	char *table = NameStr(*PG_GETARG_NAME(0));
	char *query = text_to_cstring(PG_GETARG_TEXT_PP(1));
	TableReceiver receiver = {
		{receiver_receive, receiver_startup, receiver_shutdown, receiver_destroy, DestTransientRel}};
	Relation relation;
	bool plain;
	int columns;

	(void) segment_required_authority();
	relation = table_open(segment_table(table), RowExclusiveLock);
	plain = segment_writes_plainly(relation);
	columns = RelationGetDescr(relation)->natts;
	table_close(relation, NoLock);
	SPI_connect();
	segment_register_incoming();
	receiver.table = table;
	/* a table of a later version of the extension, beside an older library, has columns that the query does not know */
	if (plain && columns == count_columns(query))
		run(query, SPI_OK_SELECT, &receiver.pub);
	else
	{
		run(psprintf("INSERT INTO segment.%s %s", quote_identifier(table), query), SPI_OK_INSERT, NULL);
		receiver.written = (int64) SPI_processed;
	}
	SPI_finish();
	PG_RETURN_INT64(receiver.written);
}
