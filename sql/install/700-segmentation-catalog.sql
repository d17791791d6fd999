-- segmentation: the catalog of its tables, and who acts for whom

CREATE TABLE segment_internal.owned_table (
  name name PRIMARY KEY,
  key text NOT NULL CHECK (key IN ('name', 'segmentation', 'version_id', 'ledger_set', 'snapshot', 'pilot', 'none')),
  personal text,
  read text NOT NULL CHECK (read IN ('member', 'owner', 'summary', 'public', 'nobody')),
  content text
);
COMMENT ON TABLE segment_internal.owned_table IS
  'one row a table of schema segment that the extension writes as its owner. Policies, grants, dump settings, forget, personal_data and drop_segmentation follow from it';
COMMENT ON COLUMN segment_internal.owned_table.name IS 'the table, in schema segment';
COMMENT ON COLUMN segment_internal.owned_table.key IS
  'column that leads to the segmentation: name or segmentation (its name), version_id, ledger_set, snapshot, pilot; none: the rows belong to no segmentation';
COMMENT ON COLUMN segment_internal.owned_table.personal IS 'column that identifies a person; NULL: there is none';
COMMENT ON COLUMN segment_internal.owned_table.read IS
  'who sees rows, beside the owner of the database: member (owner and readers of the segmentation), summary (those, and readers of its published summaries alone), owner (its owner), public (everybody), nobody';
COMMENT ON COLUMN segment_internal.owned_table.content IS 'where personal is given: what the table says about the person';

-- What queries of users bring in.
CREATE TYPE segment_internal.incoming_row AS (customer text COLLATE "C", market text, rfm segment.rfm, score segment.rfm_score, segment text, sort smallint,
  channel text, repeat segment.repeat_summary, due date);
COMMENT ON TYPE segment_internal.incoming_row IS 'a customer''s state on a day, as a query of the segmentation''s owner computed it: see collect';
CREATE TYPE segment_internal.incoming_ledger AS (customer text COLLATE "C", last_day date, opted_out boolean, rows bigint, ledger segment.ledger,
  market_days date[], markets text[], channel_days date[], channels text[], channel_rows bigint[], costs segment.ledger);
COMMENT ON TYPE segment_internal.incoming_ledger IS 'a customer''s ledger, as a query of the segmentation''s owner computed it: see collect_ledgers';
CREATE TYPE segment_internal.incoming_id AS (customer text COLLATE "C");
COMMENT ON TYPE segment_internal.incoming_id IS 'a customer id, as a query of the segmentation''s owner found it: see collect_ids';
CREATE TYPE segment_internal.moved_row AS (customer text COLLATE "C", market text, rfm segment.rfm, score segment.rfm_score, segment text, sort smallint, channel text,
  former_market text, former_rfm segment.rfm, former_score segment.rfm_score, former_segment text, former_sort smallint, former_channel text, moved_by text);
COMMENT ON TYPE segment_internal.moved_row IS 'a state that began on a day beside the one that ended: see put_changed';

CREATE FUNCTION segment_internal.caller() RETURNS regrole AS 'MODULE_PATHNAME', 'segment_caller' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION segment_internal.caller() IS 'the role that called the function of schema segment within which this runs; 42501 elsewhere';

CREATE FUNCTION segment_internal.act_for(role regrole) RETURNS void AS 'MODULE_PATHNAME', 'segment_act_for' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION segment_internal.act_for(regrole) IS
  'from here on, in this call of a function of schema segment, collect, read_as_owner and run_as_owner run as that role. 42501 unless the caller has its privileges, 42704 for a role that is gone';

CREATE FUNCTION segment_internal.act_for_reader(segmentation text) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_act_for_reader' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION segment_internal.act_for_reader(text) IS
  'stops with 42704 unless the caller may read the segmentation. True if it has the privileges of its owner, as whom queries of users run from here on; false for mere readers, for whom none are run';

CREATE FUNCTION segment_internal.read_as_owner(query text) RETURNS text[] AS 'MODULE_PATHNAME', 'segment_read_as_owner' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION segment_internal.read_as_owner(text) IS
  'the first row of a query, as text, run as the role of act_for in a restricted operation; NULL without a row';

CREATE FUNCTION segment_internal.run_as_owner(command text) RETURNS bigint AS 'MODULE_PATHNAME', 'segment_run_as_owner' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION segment_internal.run_as_owner(text) IS 'runs a command as the role of act_for in a restricted operation; the number of rows';

CREATE FUNCTION segment_internal.collect(query text) RETURNS bigint AS 'MODULE_PATHNAME', 'segment_collect' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION segment_internal.collect(text) IS
  'runs a query as the role of act_for in a restricted operation and keeps its rows, whose types must be those of incoming_row, until the next time '
  'or the end of the call. Returns their number; incoming() reads them';
CREATE FUNCTION segment_internal.collect_stored(query text) RETURNS bigint AS 'MODULE_PATHNAME', 'segment_collect_stored' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION segment_internal.collect_stored(text) IS
  'as collect, for a query of ours over stored rows, which runs as the tables'' owner; it may read incoming(), also as a table called incoming, whose place its rows take at the end';
CREATE FUNCTION segment_internal.collect_ledgers(query text) RETURNS bigint AS 'MODULE_PATHNAME', 'segment_collect_ledgers' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION segment_internal.collect_ledgers(text) IS 'as collect, for rows of type incoming_ledger, which incoming_ledgers() reads';
CREATE FUNCTION segment_internal.collect_ids(query text) RETURNS bigint AS 'MODULE_PATHNAME', 'segment_collect_ids' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION segment_internal.collect_ids(text) IS 'as collect, for rows of type incoming_id, which incoming_ids() reads';

CREATE FUNCTION segment_internal.incoming_support(internal) RETURNS internal AS 'MODULE_PATHNAME', 'segment_incoming_support' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.incoming_support(internal) IS 'planner support: the number of incoming rows';
CREATE FUNCTION segment_internal.incoming() RETURNS SETOF segment_internal.incoming_row AS 'MODULE_PATHNAME', 'segment_incoming'
  LANGUAGE C VOLATILE PARALLEL UNSAFE SUPPORT segment_internal.incoming_support;
COMMENT ON FUNCTION segment_internal.incoming() IS 'the rows that collect kept; none before. 42501 outside of a function of schema segment';
CREATE FUNCTION segment_internal.incoming_ledgers() RETURNS SETOF segment_internal.incoming_ledger AS 'MODULE_PATHNAME', 'segment_incoming_ledgers'
  LANGUAGE C VOLATILE PARALLEL UNSAFE SUPPORT segment_internal.incoming_support;
COMMENT ON FUNCTION segment_internal.incoming_ledgers() IS 'the rows that collect_ledgers kept; none before. 42501 outside of a function of schema segment';
CREATE FUNCTION segment_internal.incoming_ids() RETURNS SETOF segment_internal.incoming_id AS 'MODULE_PATHNAME', 'segment_incoming_ids'
  LANGUAGE C VOLATILE PARALLEL UNSAFE SUPPORT segment_internal.incoming_support;
COMMENT ON FUNCTION segment_internal.incoming_ids() IS 'the rows that collect_ids kept; none before. 42501 outside of a function of schema segment';
CREATE FUNCTION segment_internal.moved() RETURNS SETOF segment_internal.moved_row AS 'MODULE_PATHNAME', 'segment_moved'
  LANGUAGE C VOLATILE PARALLEL UNSAFE SUPPORT segment_internal.incoming_support;
COMMENT ON FUNCTION segment_internal.moved() IS 'the rows that put_changed kept; none before. 42501 outside of a function of schema segment';
CREATE FUNCTION segment_internal.has_moved(version_id integer, day date) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_has_moved' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION segment_internal.has_moved(integer, date) IS 'whether moved() has all states of a version that began on a day, in this call of a function of schema segment. NULL for NULL';

CREATE FUNCTION segment_internal.run_stored(command text) RETURNS void AS 'MODULE_PATHNAME', 'segment_run_stored' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION segment_internal.run_stored(text) IS 'runs an INSERT of ours, to which the incoming rows are tables called incoming and incoming_ledgers: they are not copied';
CREATE FUNCTION segment_internal.put_rows("table" name, query text) RETURNS bigint AS 'MODULE_PATHNAME', 'segment_put_rows' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION segment_internal.put_rows(name, text) IS
  'writes the rows of a query of ours into a table of schema segment, whose columns they have in its order, many at a time; incoming rows as in run_stored. '
  'Returns their number. CHECK constraints are not looked at; where the table has triggers, INSERT does it';
