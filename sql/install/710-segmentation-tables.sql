-- segmentation: its tables. A row of owned_table beside each says who sees it and how it leads to a segmentation and a person; rights follow in
-- 790-segmentation-rights.sql. No foreign keys: pg_restore -j loads in any order.

CREATE TABLE segment.segmentation (
  name text PRIMARY KEY,
  description text,
  active_version integer,
  created_at timestamptz NOT NULL DEFAULT now(),
  pseudonymous boolean NOT NULL DEFAULT false,
  keep_days integer,
  max_unknown_share numeric,
  verified_at timestamptz,
  verified_differences bigint,
  CONSTRAINT segmentation_name_length CHECK (char_length(name) BETWEEN 1 AND 63),
  CONSTRAINT segmentation_keep_days_range CHECK (keep_days BETWEEN 1 AND 36500),
  CONSTRAINT segmentation_max_unknown_share_range CHECK (max_unknown_share BETWEEN 0 AND 1)
);
INSERT INTO segment_internal.owned_table VALUES ('segmentation', 'name', NULL, 'summary', NULL);
COMMENT ON TABLE segment.segmentation IS 'one row a declared segmentation; made by create_segmentation, removed by drop_segmentation';
COMMENT ON COLUMN segment.segmentation.name IS 'what refresh, definition and the views call it; 1 to 63 characters';
COMMENT ON COLUMN segment.segmentation.description IS 'what it is for, and the purpose of the processing; shown in reports';
COMMENT ON COLUMN segment.segmentation.active_version IS 'the version that refresh runs and the views show';
COMMENT ON COLUMN segment.segmentation.created_at IS 'when it was made';
COMMENT ON COLUMN segment.segmentation.pseudonymous IS 'whether snapshots hold keyed hashes of the customer ids instead of them: see pseudonym_key';
COMMENT ON COLUMN segment.segmentation.keep_days IS 'snapshots older than this many days before the newest are removed by refresh; NULL: all are kept';
COMMENT ON COLUMN segment.segmentation.max_unknown_share IS 'refresh stops if a greater share of the source''s rows has no customer, 0 to 1; NULL: no limit';
COMMENT ON COLUMN segment.segmentation.verified_at IS 'when verify last compared what is stored with all orders; NULL: never';
COMMENT ON COLUMN segment.segmentation.verified_differences IS 'customers that differed then';

CREATE TABLE segment.segmentation_member (
  segmentation text,
  role regrole NOT NULL,
  owns boolean NOT NULL DEFAULT false,
  summary_only boolean NOT NULL DEFAULT false,
  PRIMARY KEY (segmentation, role)
);
INSERT INTO segment_internal.owned_table VALUES ('segmentation_member', 'segmentation', NULL, 'summary', NULL);
CREATE UNIQUE INDEX segmentation_member_owner ON segment.segmentation_member (segmentation) WHERE owns;
COMMENT ON TABLE segment.segmentation_member IS 'who a segmentation belongs to and who may read it: one owner, any readers. Written by create_segmentation, grant_reader, revoke_reader and hand_over';
COMMENT ON COLUMN segment.segmentation_member.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.segmentation_member.role IS 'the role, with those that have its privileges; it follows a rename, and a namesake of a dropped role has no part in it';
COMMENT ON COLUMN segment.segmentation_member.owns IS 'true: the segmentation runs with this role''s rights, and only who has its privileges may refresh, change or drop it; false: the role may read it';
COMMENT ON COLUMN segment.segmentation_member.summary_only IS 'true: a reader of published_summary alone, of no customers';

CREATE TABLE segment.segmentation_declarer (
  role regrole PRIMARY KEY
);
INSERT INTO segment_internal.owned_table VALUES ('segmentation_declarer', 'none', NULL, 'nobody', NULL);
COMMENT ON TABLE segment.segmentation_declarer IS 'roles that may declare segmentations: written by grant_segmentation and revoke_segmentation';
COMMENT ON COLUMN segment.segmentation_declarer.role IS 'the role, with those that have its privileges';

CREATE SEQUENCE segment.segmentation_version_id AS integer;
COMMENT ON SEQUENCE segment.segmentation_version_id IS 'numbers of versions, over all segmentations';

CREATE TABLE segment.segmentation_version (
  segmentation text NOT NULL,
  version integer NOT NULL,
  id integer NOT NULL UNIQUE DEFAULT nextval('segment.segmentation_version_id'),
  state text NOT NULL DEFAULT 'draft',
  source text NOT NULL,
  source_seen oid,
  customer name NOT NULL,
  at name NOT NULL,
  amount name NOT NULL,
  order_id name,
  market name,
  channel name,
  filter text,
  label segment.label_rule NOT NULL,
  scores segment.score_rule NOT NULL,
  days segment.day_rule NOT NULL,
  changes segment.change_rule NOT NULL,
  privacy segment.privacy_rule NOT NULL,
  measures segment.measure_rule NOT NULL,
  ledger_set integer,
  created_by name NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  activated_at timestamptz,
  PRIMARY KEY (segmentation, version),
  CONSTRAINT segmentation_version_state_known CHECK (state IN ('draft', 'active', 'retired'))
);
INSERT INTO segment_internal.owned_table VALUES ('segmentation_version', 'segmentation', NULL, 'member', NULL);
ALTER SEQUENCE segment.segmentation_version_id OWNED BY segment.segmentation_version.id;
COMMENT ON TABLE segment.segmentation_version IS 'one row a version of a segmentation: what it reads and how it scores; never changed once it was refreshed, but for state, activated_at and source_seen';
COMMENT ON COLUMN segment.segmentation_version.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.segmentation_version.version IS '1, 2, ...';
COMMENT ON COLUMN segment.segmentation_version.id IS 'number of the version among those of all segmentations';
COMMENT ON COLUMN segment.segmentation_version.state IS 'draft (can be refreshed beside the active one), active, or retired';
COMMENT ON COLUMN segment.segmentation_version.source IS 'schema and name, quoted as in SQL, of the table, partitioned table, view, materialized view or foreign table with the orders';
COMMENT ON COLUMN segment.segmentation_version.source_seen IS 'number of the relation of that name when it was last read: another one is read in full and followed again';
COMMENT ON COLUMN segment.segmentation_version.customer IS 'column of the source: customer id, of any hashable type';
COMMENT ON COLUMN segment.segmentation_version.at IS 'column of the source: time of the order (date, timestamp or timestamptz)';
COMMENT ON COLUMN segment.segmentation_version.amount IS 'column of the source: amount (numeric, integer types or double precision); negative is a return';
COMMENT ON COLUMN segment.segmentation_version.order_id IS 'column of the source: rows with the same id are one order; NULL: one row, one order';
COMMENT ON COLUMN segment.segmentation_version.market IS 'column of the source: customers are scored within their market; NULL: all together';
COMMENT ON COLUMN segment.segmentation_version.channel IS 'column of the source: where the row was sold (store, web, ...); NULL: not looked at';
COMMENT ON COLUMN segment.segmentation_version.filter IS 'condition that rows of the source must meet; functions outside pg_catalog carry their schema';
COMMENT ON COLUMN segment.segmentation_version.label IS 'how customers are labelled';
COMMENT ON COLUMN segment.segmentation_version.scores IS 'how customers are scored';
COMMENT ON COLUMN segment.segmentation_version.days IS 'which days count';
COMMENT ON COLUMN segment.segmentation_version.changes IS 'how a refresh finds the customers whose orders changed';
COMMENT ON COLUMN segment.segmentation_version.privacy IS 'whose rows are left out: opt_out and opt_out_customer; the rest is in segmentation';
COMMENT ON COLUMN segment.segmentation_version.measures IS 'what amounts are in, and what is measured beside them';
COMMENT ON COLUMN segment.segmentation_version.ledger_set IS 'the stored ledgers; versions that read the same rows share them. NULL: none are stored';
COMMENT ON COLUMN segment.segmentation_version.created_by IS 'role that made the version, by its name then';
COMMENT ON COLUMN segment.segmentation_version.created_at IS 'when it was made';
COMMENT ON COLUMN segment.segmentation_version.activated_at IS 'when it was last activated; NULL: never';

CREATE TABLE segment.segmentation_cut_points (
  segmentation text NOT NULL,
  version integer NOT NULL,
  as_of date NOT NULL,
  market text NOT NULL,
  customers bigint NOT NULL,
  cut_points segment.rfm_cut_points NOT NULL,
  PRIMARY KEY (segmentation, version, as_of, market)
);
INSERT INTO segment_internal.owned_table VALUES ('segmentation_cut_points', 'segmentation', NULL, 'member', NULL);
COMMENT ON TABLE segment.segmentation_cut_points IS 'cut points of each version: one set of rows if frozen, one an as_of if floating';
COMMENT ON COLUMN segment.segmentation_cut_points.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.segmentation_cut_points.version IS 'the version';
COMMENT ON COLUMN segment.segmentation_cut_points.as_of IS 'the day of which they were made';
COMMENT ON COLUMN segment.segmentation_cut_points.market IS 'the market; '''' for those of all customers, which small and later markets fall back to';
COMMENT ON COLUMN segment.segmentation_cut_points.customers IS 'number of customers with orders that they were made of';
COMMENT ON COLUMN segment.segmentation_cut_points.cut_points IS 'the cut points; rfm_cut_points_info shows them';

CREATE TABLE segment.segmentation_model (
  segmentation text NOT NULL,
  version integer NOT NULL,
  as_of date NOT NULL,
  clusters segment.kmeans_model,
  orders segment.btyd_model,
  spend segment.spend_model,
  return_levels segment.cut_points,
  value_levels segment.cut_points[],
  tier_sorts smallint[],
  PRIMARY KEY (segmentation, version, as_of)
);
INSERT INTO segment_internal.owned_table VALUES ('segmentation_model', 'segmentation', NULL, 'member', NULL);
COMMENT ON TABLE segment.segmentation_model IS 'fitted models of versions that label by clusters or value tiers: one row if frozen, one an as_of if floating';
COMMENT ON COLUMN segment.segmentation_model.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.segmentation_model.version IS 'the version';
COMMENT ON COLUMN segment.segmentation_model.as_of IS 'the day of which they were fitted';
COMMENT ON COLUMN segment.segmentation_model.clusters IS 'the clusters; NULL for value tiers, and if no customer had an order';
COMMENT ON COLUMN segment.segmentation_model.orders IS 'model of future orders; NULL for clusters';
COMMENT ON COLUMN segment.segmentation_model.spend IS 'model of the spend of an order; NULL for clusters';
COMMENT ON COLUMN segment.segmentation_model.return_levels IS 'cut points of the probability of an order within the horizon; NULL for clusters';
COMMENT ON COLUMN segment.segmentation_model.value_levels IS 'by return level: cut points of the value expected within the horizon; NULL for clusters';
COMMENT ON COLUMN segment.segmentation_model.tier_sorts IS 'ranks of the tiers, value level by value level, by the mean value of their customers when fitted; NULL for clusters';

CREATE SEQUENCE segment.snapshot_id AS integer;
COMMENT ON SEQUENCE segment.snapshot_id IS 'numbers of snapshots';

CREATE TABLE segment.snapshot (
  id integer PRIMARY KEY DEFAULT nextval('segment.snapshot_id'),
  segmentation text NOT NULL,
  version integer NOT NULL,
  version_id integer NOT NULL,
  as_of date NOT NULL,
  made_active boolean NOT NULL,
  previous integer,
  restart boolean NOT NULL DEFAULT false,
  refreshed_at timestamptz NOT NULL,
  customers bigint NOT NULL,
  unknown_rows bigint NOT NULL,
  unknown_amount numeric,
  moved bigint,
  fingerprint numeric,
  generation bigint,
  basis text,
  carry boolean NOT NULL DEFAULT false,
  UNIQUE (version_id, as_of)
);
INSERT INTO segment_internal.owned_table VALUES ('snapshot', 'segmentation', NULL, 'member', NULL);
ALTER SEQUENCE segment.snapshot_id OWNED BY segment.snapshot.id;
CREATE INDEX snapshot_segmentation ON segment.snapshot (segmentation, version, as_of);
COMMENT ON TABLE segment.snapshot IS 'one row a stored result: a day for which the states of one version are known';
COMMENT ON COLUMN segment.snapshot.id IS 'number of the snapshot; kept when the same as_of is refreshed again';
COMMENT ON COLUMN segment.snapshot.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.snapshot.version IS 'the version that made it';
COMMENT ON COLUMN segment.snapshot.version_id IS 'number of the version among those of all segmentations, which the states carry';
COMMENT ON COLUMN segment.snapshot.as_of IS 'the day, inclusive, up to which orders count';
COMMENT ON COLUMN segment.snapshot.made_active IS 'whether the version was active then; the views show no others, but of the active version';
COMMENT ON COLUMN segment.snapshot.previous IS 'the snapshot that previous segments and movements refer to';
COMMENT ON COLUMN segment.snapshot.restart IS 'whether previous is another version''s: then all states of the version begin anew on the day';
COMMENT ON COLUMN segment.snapshot.refreshed_at IS 'when it was last computed';
COMMENT ON COLUMN segment.snapshot.customers IS 'number of customers';
COMMENT ON COLUMN segment.snapshot.unknown_rows IS 'rows of the source without a customer, up to as_of';
COMMENT ON COLUMN segment.snapshot.unknown_amount IS 'their amount; NULL without such rows';
COMMENT ON COLUMN segment.snapshot.moved IS 'customers who are new or carry another segment than in the previous snapshot; NULL: to be counted anew';
COMMENT ON COLUMN segment.snapshot.fingerprint IS 'as in segmentation_run; NULL: to be computed anew';
COMMENT ON COLUMN segment.snapshot.generation IS 'generation of the ledgers that it was computed from; NULL: the next refresh computes all of it';
COMMENT ON COLUMN segment.snapshot.basis IS 'digest of the cut points and of the scheme''s rules that it was scored by: with others the next refresh computes all of it';
COMMENT ON COLUMN segment.snapshot.carry IS 'whether the totals of the next day may be carried forward from its own';

CREATE TABLE segment.state (
  version_id integer NOT NULL,
  customer text COLLATE "C" NOT NULL,
  from_day date NOT NULL,
  until_day date NOT NULL DEFAULT 'infinity',
  market text NOT NULL,
  rfm segment.rfm,
  score segment.rfm_score,
  segment text,
  sort smallint,
  channel text,
  repeat segment.repeat_summary,
  previous_segment text,
  previous_sort smallint,
  since date,
  moved_by text,
  due date,
  PRIMARY KEY (version_id, customer, from_day),
  CONSTRAINT state_days CHECK (from_day < until_day),
  CONSTRAINT state_moved_by_known CHECK (moved_by IN ('new', 'order', 'time', 'recalibration', 'gone'))
) WITH (fillfactor = 90);
INSERT INTO segment_internal.owned_table VALUES ('state', 'version_id', 'customer', 'member', 'customer id as text (or its pseudonym), beside summary, scores and segment of each time');
CREATE INDEX state_from_day ON segment.state (version_id, from_day);
CREATE INDEX state_due ON segment.state (version_id, due) WHERE due IS NOT NULL;
COMMENT ON TABLE segment.state IS 'what a version says of a customer, from one snapshot day until another: a row is written when something other than the count of days changes. Personal data';
COMMENT ON COLUMN segment.state.version_id IS 'number of the version';
COMMENT ON COLUMN segment.state.customer IS 'the customer id as text';
COMMENT ON COLUMN segment.state.from_day IS 'the snapshot day from which the row holds';
COMMENT ON COLUMN segment.state.until_day IS 'the snapshot day from which it holds no longer; infinity: it still does';
COMMENT ON COLUMN segment.state.market IS 'the customer''s market: that of the last row up to the day; all where the segmentation has none';
COMMENT ON COLUMN segment.state.rfm IS 'summary of the customer''s orders; NULL: none any more';
COMMENT ON COLUMN segment.state.score IS 'the scores';
COMMENT ON COLUMN segment.state.segment IS 'the segment''s name; NULL: no customer any more (opted out, no row left, left the window)';
COMMENT ON COLUMN segment.state.sort IS 'rank of the segment in its scheme, 1 is best';
COMMENT ON COLUMN segment.state.channel IS 'the channel of most of the customer''s rows (of equals, the first by name); NULL where the segmentation has none';
COMMENT ON COLUMN segment.state.repeat IS 'repeat purchases up to from_day, in weeks, where the version labels by value tiers; else NULL';
COMMENT ON COLUMN segment.state.previous_segment IS 'segment in the snapshot before from_day; NULL: not a customer then';
COMMENT ON COLUMN segment.state.previous_sort IS 'rank of the previous segment';
COMMENT ON COLUMN segment.state.since IS 'the snapshot day since which the customer has carried the segment without a break';
COMMENT ON COLUMN segment.state.moved_by IS 'why the segment differs from the previous: new, order (own orders), time (no order since), recalibration (other cut points or rules), gone; NULL: it does not';
COMMENT ON COLUMN segment.state.due IS 'the first day on which time alone, or an order that lies after the day, may change the state; NULL: none, or the row holds no longer';

CREATE SEQUENCE segment.ledger_set_id AS integer;
COMMENT ON SEQUENCE segment.ledger_set_id IS 'numbers of ledger sets';

CREATE TABLE segment.ledger_set (
  id integer PRIMARY KEY DEFAULT nextval('segment.ledger_set_id'),
  segmentation text NOT NULL,
  generation bigint NOT NULL DEFAULT 0,
  read_at timestamptz,
  changed_until timestamp,
  tombstones_until timestamp,
  customers bigint NOT NULL DEFAULT 0,
  rows bigint NOT NULL DEFAULT 0,
  last_day date,
  unknown_rows bigint NOT NULL DEFAULT 0,
  unknown_last_day date,
  unknown segment.ledger,
  rates segment.rates,
  followed text,
  followed_source oid,
  followed_name text,
  followed_in oid
);
INSERT INTO segment_internal.owned_table VALUES ('ledger_set', 'segmentation', NULL, 'member', NULL);
ALTER SEQUENCE segment.ledger_set_id OWNED BY segment.ledger_set.id;
CREATE INDEX ledger_set_segmentation ON segment.ledger_set (segmentation);
COMMENT ON TABLE segment.ledger_set IS 'one row a set of stored ledgers: those of the versions of a segmentation that read the same rows of the same source';
COMMENT ON COLUMN segment.ledger_set.id IS 'its number';
COMMENT ON COLUMN segment.ledger_set.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.ledger_set.generation IS 'how often orders were read into it; 0: never';
COMMENT ON COLUMN segment.ledger_set.read_at IS 'when orders were last read';
COMMENT ON COLUMN segment.ledger_set.changed_until IS 'newest changed_at seen, at most the time of reading (UTC for timestamptz)';
COMMENT ON COLUMN segment.ledger_set.tombstones_until IS 'newest tombstone seen, likewise';
COMMENT ON COLUMN segment.ledger_set.customers IS 'number of ledgers when all orders were last read';
COMMENT ON COLUMN segment.ledger_set.rows IS 'rows of the source with a customer';
COMMENT ON COLUMN segment.ledger_set.last_day IS 'day of the last row with a customer';
COMMENT ON COLUMN segment.ledger_set.unknown_rows IS 'rows of the source without a customer';
COMMENT ON COLUMN segment.ledger_set.unknown_last_day IS 'day of the last row without a customer';
COMMENT ON COLUMN segment.ledger_set.unknown IS 'their ledger, each row an order; NULL: there are none';
COMMENT ON COLUMN segment.ledger_set.rates IS 'the exchange rates when orders were last read; NULL where nothing is converted';
COMMENT ON COLUMN segment.ledger_set.followed_source IS 'the table that triggers follow, with its partitions and children: triggers elsewhere queue nothing';
COMMENT ON COLUMN segment.ledger_set.followed_name IS 'its name then, with its schema, by which it is known in a restored database';
COMMENT ON COLUMN segment.ledger_set.followed_in IS 'number of table segment.state there: a restored database has another';
COMMENT ON COLUMN segment.ledger_set.followed IS 'digest of the tables that triggers follow, and of their files, when they were last found whole: with another all orders are read';

CREATE TABLE segment.customer_ledger (
  ledger_set integer NOT NULL,
  customer text COLLATE "C" NOT NULL,
  generation bigint NOT NULL,
  last_day date,
  opted_out boolean NOT NULL DEFAULT false,
  rows bigint NOT NULL,
  ledger segment.ledger,
  market_days date[],
  markets text[],
  channel_days date[],
  channels text[],
  channel_rows bigint[],
  costs segment.ledger,
  PRIMARY KEY (ledger_set, customer)
);
INSERT INTO segment_internal.owned_table VALUES ('customer_ledger', 'ledger_set', 'customer', 'owner', 'customer id as text, beside the days, numbers and amounts of orders; or the mark that the customer has opted out');
CREATE INDEX customer_ledger_generation ON segment.customer_ledger (ledger_set, generation);
CREATE INDEX customer_ledger_opted_out ON segment.customer_ledger (ledger_set) WHERE opted_out;
COMMENT ON TABLE segment.customer_ledger IS 'one row a ledger set and customer: all orders, of any day. Personal data';
COMMENT ON COLUMN segment.customer_ledger.ledger_set IS 'the ledger set';
COMMENT ON COLUMN segment.customer_ledger.customer IS 'the customer id as text';
COMMENT ON COLUMN segment.customer_ledger.generation IS 'generation of the set in which the row last changed';
COMMENT ON COLUMN segment.customer_ledger.last_day IS 'day of the customer''s last row';
COMMENT ON COLUMN segment.customer_ledger.opted_out IS 'whether the opt-out relation listed the customer when it was last read';
COMMENT ON COLUMN segment.customer_ledger.rows IS 'rows of the source';
COMMENT ON COLUMN segment.customer_ledger.ledger IS 'the purchase calendar; NULL: no row counts any more, or opted out';
COMMENT ON COLUMN segment.customer_ledger.market_days IS 'days on which the market changed, ascending; NULL without a market column';
COMMENT ON COLUMN segment.customer_ledger.markets IS 'the market from each of these days on';
COMMENT ON COLUMN segment.customer_ledger.channel_days IS 'a day for each day and channel with rows, ascending; NULL without a channel column';
COMMENT ON COLUMN segment.customer_ledger.channels IS 'the channel';
COMMENT ON COLUMN segment.customer_ledger.channel_rows IS 'the number of rows';
COMMENT ON COLUMN segment.customer_ledger.costs IS 'the calendar of what these orders cost, where margin says so; NULL: no cost is known';

CREATE TABLE segment.change_queue (
  ledger_set integer NOT NULL,
  customer text COLLATE "C",
  everything boolean NOT NULL DEFAULT false
);
INSERT INTO segment_internal.owned_table VALUES ('change_queue', 'ledger_set', 'customer', 'owner', 'ids of customers whose orders changed since the last refresh');
CREATE INDEX change_queue_ledger_set ON segment.change_queue (ledger_set);
COMMENT ON TABLE segment.change_queue IS 'changes that triggers saw and refresh has not read yet. Personal data';
COMMENT ON COLUMN segment.change_queue.ledger_set IS 'the ledger set';
COMMENT ON COLUMN segment.change_queue.customer IS 'customer whose rows changed, as text; NULL: rows without a customer did';
COMMENT ON COLUMN segment.change_queue.everything IS 'true: the changes cannot be told by customer, all orders are to be read';

CREATE TABLE segment.pseudonym_key (
  segmentation text PRIMARY KEY,
  key bytea NOT NULL
);
INSERT INTO segment_internal.owned_table VALUES ('pseudonym_key', 'segmentation', 'key', 'owner', 'with it the pseudonyms of a segmentation''s customers can be computed from ids');
COMMENT ON TABLE segment.pseudonym_key IS 'secret key of each pseudonymous segmentation, made by its first refresh; seen by its owner only, not by readers. forget_pseudonyms removes it: then its snapshots can no longer be led back to persons, and the next refresh makes another';
COMMENT ON COLUMN segment.pseudonym_key.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.pseudonym_key.key IS '32 random bytes';

CREATE TABLE segment.blocked_column (
  name text PRIMARY KEY,
  reason text
);
INSERT INTO segment_internal.owned_table VALUES ('blocked_column', 'none', NULL, 'public', NULL);
COMMENT ON TABLE segment.blocked_column IS 'columns that no segmentation may use, such as special categories of personal data: rows of the database''s owner. Checked at declaration and at each refresh';
COMMENT ON COLUMN segment.blocked_column.name IS 'name of the column, in any relation; upper and lower case are the same';
COMMENT ON COLUMN segment.blocked_column.reason IS 'why; shown in the error';

CREATE TABLE segment.forgotten_key (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  key bytea NOT NULL
);
INSERT INTO segment_internal.owned_table VALUES ('forgotten_key', 'none', NULL, 'nobody', NULL);
COMMENT ON TABLE segment.forgotten_key IS 'the secret key of the hashes in forgotten; made by the first forget(). Whoever has it can test whether an id was forgotten';
COMMENT ON COLUMN segment.forgotten_key.only_row IS 'true: there is one row';
COMMENT ON COLUMN segment.forgotten_key.key IS '32 random bytes';

CREATE TABLE segment.forgotten (
  hash bytea PRIMARY KEY,
  forgotten_on date NOT NULL
);
INSERT INTO segment_internal.owned_table VALUES ('forgotten', 'none', 'hash', 'nobody', 'keyed hash of the ids of erased customers');
COMMENT ON TABLE segment.forgotten IS 'customers who must not come back: no id, only a keyed hash of it; refresh leaves them out of every segmentation';
COMMENT ON COLUMN segment.forgotten.hash IS 'keyed SHA-256 of the customer id as text';
COMMENT ON COLUMN segment.forgotten.forgotten_on IS 'day of forget(), in UTC';

CREATE TABLE segment.data_quality (
  segmentation text NOT NULL,
  as_of date NOT NULL,
  check_name text NOT NULL,
  severity text NOT NULL,
  rows bigint NOT NULL,
  total_rows bigint NOT NULL,
  share numeric,
  message text NOT NULL,
  definition_version integer NOT NULL,
  checked_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (segmentation, as_of, check_name)
);
INSERT INTO segment_internal.owned_table VALUES ('data_quality', 'segmentation', NULL, 'member', NULL);
COMMENT ON TABLE segment.data_quality IS 'what refresh found in the source when it last read all of it, one row a check; unique key (segmentation, as_of, check_name). preflight() finds more, and gives the SQL that shows the rows';
COMMENT ON COLUMN segment.data_quality.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.data_quality.as_of IS 'day of the refresh';
COMMENT ON COLUMN segment.data_quality.check_name IS 'what was counted, as in preflight()';
COMMENT ON COLUMN segment.data_quality.severity IS 'ok (no such row), info, or warning';
COMMENT ON COLUMN segment.data_quality.rows IS 'how many rows of the source';
COMMENT ON COLUMN segment.data_quality.total_rows IS 'rows of the source that meet the filter, of any day: the denominator of share';
COMMENT ON COLUMN segment.data_quality.share IS 'rows / total_rows, 0 to 1; NULL for an empty source';
COMMENT ON COLUMN segment.data_quality.message IS 'what it means for the result';
COMMENT ON COLUMN segment.data_quality.definition_version IS 'the version that was refreshed';
COMMENT ON COLUMN segment.data_quality.checked_at IS 'when';

CREATE TABLE segment.published_summary (
  segmentation text NOT NULL,
  as_of date NOT NULL,
  grain text NOT NULL,
  market text NOT NULL,
  segment_name text NOT NULL,
  segment_sort smallint,
  is_suppressed boolean NOT NULL,
  customers bigint,
  orders bigint,
  revenue numeric,
  min_cell integer NOT NULL,
  definition_version integer NOT NULL,
  published_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (segmentation, as_of, grain, market, segment_name)
);
INSERT INTO segment_internal.owned_table VALUES ('published_summary', 'segmentation', NULL, 'summary', NULL);
COMMENT ON TABLE segment.published_summary IS 'summaries safe to show: written by publish_summary, seen by all readers. Unique key (segmentation, as_of, grain, market, segment_name)';
COMMENT ON COLUMN segment.published_summary.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.published_summary.as_of IS 'day of the snapshot';
COMMENT ON COLUMN segment.published_summary.grain IS 'total, segment, market, or market and segment: the rows of one grain add up to the total';
COMMENT ON COLUMN segment.published_summary.market IS 'the market; all; or (other markets): the remainder of the suppressed ones of this grain';
COMMENT ON COLUMN segment.published_summary.segment_name IS 'the segment; all; or (other segments): the remainder of the suppressed ones';
COMMENT ON COLUMN segment.published_summary.segment_sort IS 'rank of the segment; NULL for all and the remainder';
COMMENT ON COLUMN segment.published_summary.is_suppressed IS 'true: the numbers are hidden, and counted in the remainder row of the grain; a hidden group that is new is not even named at first';
COMMENT ON COLUMN segment.published_summary.customers IS 'number of customers; NULL if suppressed';
COMMENT ON COLUMN segment.published_summary.orders IS 'number of orders; NULL if suppressed';
COMMENT ON COLUMN segment.published_summary.revenue IS 'net amount; NULL if suppressed';
COMMENT ON COLUMN segment.published_summary.min_cell IS 'fewest distinct customers that a shown row has; 0: nothing is suppressed';
COMMENT ON COLUMN segment.published_summary.definition_version IS 'the version that made the snapshot';
COMMENT ON COLUMN segment.published_summary.published_at IS 'when it was published';

CREATE TABLE segment.published_hidden (
  segmentation text NOT NULL,
  as_of date NOT NULL,
  grain text NOT NULL,
  name text NOT NULL,
  PRIMARY KEY (segmentation, as_of, grain, name)
);
INSERT INTO segment_internal.owned_table VALUES ('published_hidden', 'segmentation', NULL, 'owner', NULL);
COMMENT ON TABLE segment.published_hidden IS 'what published_summary hides, also where it does not even name it: not for readers. What one publication hid the others hide too';
COMMENT ON COLUMN segment.published_hidden.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.published_hidden.as_of IS 'day of the snapshot';
COMMENT ON COLUMN segment.published_hidden.grain IS 'segment; market; market and segment (markets hidden by segment); segment and market (segments taken together by market)';
COMMENT ON COLUMN segment.published_hidden.name IS 'the segment, or the market';

CREATE TABLE segment.segmentation_run (
  run_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  action text NOT NULL,
  segmentation text NOT NULL,
  version integer,
  as_of date,
  run_by name NOT NULL,
  session_role name NOT NULL DEFAULT session_user,
  source text,
  source_rows bigint,
  customers bigint,
  fingerprint text,
  seconds double precision,
  details jsonb,
  PRIMARY KEY (segmentation, run_at, action)
);
INSERT INTO segment_internal.owned_table VALUES ('segmentation_run', 'segmentation', NULL, 'member', NULL);
COMMENT ON TABLE segment.segmentation_run IS 'audit log: one row an action on a segmentation, unique key (segmentation, run_at, action); added to only, the extension''s owner may not change it either';
COMMENT ON COLUMN segment.segmentation_run.run_at IS 'when the action ended';
COMMENT ON COLUMN segment.segmentation_run.action IS 'create, new version, activate, refresh, publish, unpublish, grant reader, revoke reader, hand over, remove snapshot, verify, target, market size, note, drop, forget';
COMMENT ON COLUMN segment.segmentation_run.segmentation IS 'the segmentation''s name; empty for forget, which reaches all';
COMMENT ON COLUMN segment.segmentation_run.version IS 'its version';
COMMENT ON COLUMN segment.segmentation_run.as_of IS 'as_of of a refresh';
COMMENT ON COLUMN segment.segmentation_run.run_by IS 'the role that acted';
COMMENT ON COLUMN segment.segmentation_run.session_role IS 'the role that had logged in';
COMMENT ON COLUMN segment.segmentation_run.source IS 'the source''s name then';
COMMENT ON COLUMN segment.segmentation_run.source_rows IS 'rows of the source that were read: up to as_of, or where ledgers are stored those of changed customers, of any day';
COMMENT ON COLUMN segment.segmentation_run.customers IS 'number of customers in the result';
COMMENT ON COLUMN segment.segmentation_run.fingerprint IS 'order-free sum of the 64-bit hashes of customers, summaries, scores and segments: the same result has the same; of forget, the keyed hash';
COMMENT ON COLUMN segment.segmentation_run.seconds IS 'duration';
COMMENT ON COLUMN segment.segmentation_run.details IS 'what else the action says, without personal data';
