-- segmentation: declared segmentations, their versions, snapshots and log

CREATE TABLE segment.segmentation (
  name text PRIMARY KEY,
  owner name NOT NULL DEFAULT current_user,
  description text,
  keep_days integer,
  max_unknown_share numeric,
  active_version integer,
  created_at timestamptz NOT NULL DEFAULT now(),
  readers name[] NOT NULL DEFAULT '{}',
  pseudonymous boolean NOT NULL DEFAULT false,
  CONSTRAINT segmentation_name_length CHECK (char_length(name) BETWEEN 1 AND 63),
  CONSTRAINT segmentation_keep_days_range CHECK (keep_days BETWEEN 1 AND 36500),
  CONSTRAINT segmentation_max_unknown_share_range CHECK (max_unknown_share BETWEEN 0 AND 1)
);
COMMENT ON TABLE segment.segmentation IS 'one row a declared segmentation; made by create_segmentation, removed by drop_segmentation';
COMMENT ON COLUMN segment.segmentation.name IS 'what refresh, definition and the views call it; 1 to 63 characters';
COMMENT ON COLUMN segment.segmentation.owner IS 'the role that made it: the only one that may refresh, change or drop it';
COMMENT ON COLUMN segment.segmentation.description IS 'what it is for, and the purpose of the processing; shown in reports';
COMMENT ON COLUMN segment.segmentation.keep_days IS 'snapshots older than this many days before the newest are removed by refresh; NULL: all are kept';
COMMENT ON COLUMN segment.segmentation.max_unknown_share IS 'refresh stops if a greater share of the source''s rows has no customer, 0 to 1; NULL: no limit';
COMMENT ON COLUMN segment.segmentation.active_version IS 'the version that refresh runs and the views show';
COMMENT ON COLUMN segment.segmentation.created_at IS 'when it was made';
COMMENT ON COLUMN segment.segmentation.readers IS 'roles beside the owner that see it, with their members: see grant_reader';
COMMENT ON COLUMN segment.segmentation.pseudonymous IS 'whether snapshots hold keyed hashes of the customer ids instead of them: see pseudonym_key';

CREATE TABLE segment.pseudonym_key (
  segmentation text PRIMARY KEY REFERENCES segment.segmentation (name) ON UPDATE CASCADE ON DELETE CASCADE,
  key bytea NOT NULL
);
COMMENT ON TABLE segment.pseudonym_key IS 'secret key of each pseudonymous segmentation, made by its first refresh; seen by its owner only, not by readers. Delete the row, and its snapshots can no longer be led back to persons; the next refresh makes another';
COMMENT ON COLUMN segment.pseudonym_key.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.pseudonym_key.key IS '32 random bytes';

CREATE TABLE segment.blocked_column (
  name text PRIMARY KEY,
  reason text
);
COMMENT ON TABLE segment.blocked_column IS 'columns that no segmentation may use, such as special categories of personal data: rows of yours. Checked at declaration and at each refresh';
COMMENT ON COLUMN segment.blocked_column.name IS 'name of the column, in any relation; upper and lower case are the same';
COMMENT ON COLUMN segment.blocked_column.reason IS 'why; shown in the error';

CREATE TABLE segment.segmentation_version (
  segmentation text NOT NULL REFERENCES segment.segmentation (name) ON UPDATE CASCADE ON DELETE CASCADE,
  version integer NOT NULL,
  state text NOT NULL DEFAULT 'draft',
  source regclass NOT NULL,
  customer name NOT NULL,
  at name NOT NULL,
  amount name NOT NULL,
  order_id name,
  market name,
  filter text,
  look_back_days integer,
  scheme text NOT NULL,
  cut_points text NOT NULL,
  method text NOT NULL,
  monetary text NOT NULL,
  min_market bigint NOT NULL,
  zone text NOT NULL,
  as_of_rule text NOT NULL,
  opt_out regclass,
  opt_out_customer name,
  channel name,
  clusters integer,
  cluster_model segment.kmeans_model,
  cluster_names text[],
  features text[],
  value_tiers integer,
  orders_model text,
  horizon interval,
  changes text NOT NULL DEFAULT 'none',
  changed_at name,
  changed_look_back interval,
  tombstones regclass,
  tombstone_customer name,
  tombstone_at name,
  live boolean NOT NULL DEFAULT false,
  ledger_set integer,
  created_by name NOT NULL DEFAULT current_user,
  created_at timestamptz NOT NULL DEFAULT now(),
  activated_at timestamptz,
  PRIMARY KEY (segmentation, version),
  CONSTRAINT segmentation_version_state_known CHECK (state IN ('draft', 'active', 'retired')),
  CONSTRAINT segmentation_version_look_back_range CHECK (look_back_days BETWEEN 1 AND 36500),
  CONSTRAINT segmentation_version_cut_points_known CHECK (cut_points IN ('frozen', 'floating')),
  CONSTRAINT segmentation_version_as_of_rule_known CHECK (as_of_rule IN ('last_order', 'today', 'yesterday')),
  CONSTRAINT segmentation_version_opt_out_complete CHECK ((opt_out IS NULL) = (opt_out_customer IS NULL)),
  CONSTRAINT segmentation_version_one_label CHECK (num_nonnulls(clusters, cluster_model, value_tiers) <= 1),
  CONSTRAINT segmentation_version_clusters_range CHECK (clusters BETWEEN 2 AND 100),
  CONSTRAINT segmentation_version_features_known CHECK (features IS NULL OR cardinality(features) > 0
    AND features <@ '{recency,orders,revenue,average_order,tenure,returns,returned}'),
  CONSTRAINT segmentation_version_features_given CHECK (num_nonnulls(clusters, cluster_model) = 0 OR features IS NOT NULL),
  CONSTRAINT segmentation_version_value_tiers_known CHECK (value_tiers IN (2, 3)),
  CONSTRAINT segmentation_version_orders_model_known CHECK (orders_model IN ('mbgnbd', 'pareto_nbd')),
  CONSTRAINT segmentation_version_horizon_range CHECK (horizon > interval '0'),
  CONSTRAINT segmentation_version_value_tiers_given CHECK (value_tiers IS NULL OR num_nulls(orders_model, horizon) = 0),
  CONSTRAINT segmentation_version_value_tiers_whole CHECK (value_tiers IS NULL OR look_back_days IS NULL),
  CONSTRAINT segmentation_version_changes_known CHECK (changes IN ('none', 'rebuild', 'changed_at', 'tombstones', 'triggers')),
  CONSTRAINT segmentation_version_look_back_positive CHECK (changed_look_back >= interval '0'),
  CONSTRAINT segmentation_version_live_possible CHECK (NOT live OR changes = 'triggers' AND cut_points = 'frozen'),
  CONSTRAINT segmentation_version_ledger_set_there CHECK (changes = 'none' OR ledger_set IS NOT NULL)
);
COMMENT ON TABLE segment.segmentation_version IS 'one row a version of a segmentation: what it reads and how it scores; never changed once it was refreshed';
COMMENT ON COLUMN segment.segmentation_version.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.segmentation_version.version IS '1, 2, ...';
COMMENT ON COLUMN segment.segmentation_version.state IS 'draft (can be refreshed beside the active one), active, or retired';
COMMENT ON COLUMN segment.segmentation_version.source IS 'table, partitioned table, view, materialized view or foreign table with the orders';
COMMENT ON COLUMN segment.segmentation_version.customer IS 'column of the source: customer id, of any hashable type';
COMMENT ON COLUMN segment.segmentation_version.at IS 'column of the source: time of the order (date, timestamp or timestamptz)';
COMMENT ON COLUMN segment.segmentation_version.amount IS 'column of the source: amount (numeric, integer types or double precision); negative is a return';
COMMENT ON COLUMN segment.segmentation_version.order_id IS 'column of the source: rows with the same id are one order; NULL: one row, one order';
COMMENT ON COLUMN segment.segmentation_version.market IS 'column of the source: customers are scored within their market; NULL: all together';
COMMENT ON COLUMN segment.segmentation_version.filter IS 'condition that rows of the source must meet; functions outside pg_catalog carry their schema';
COMMENT ON COLUMN segment.segmentation_version.look_back_days IS 'only orders of this many days up to as_of count; NULL: all up to as_of';
COMMENT ON COLUMN segment.segmentation_version.scheme IS 'the scheme that names the scores';
COMMENT ON COLUMN segment.segmentation_version.cut_points IS 'frozen: made at the first refresh and kept, so labels can be compared over time; floating: made anew at each';
COMMENT ON COLUMN segment.segmentation_version.method IS 'how cut points are made: quantile, equal_width or natural';
COMMENT ON COLUMN segment.segmentation_version.monetary IS 'what the monetary score ranks: total, or average an order';
COMMENT ON COLUMN segment.segmentation_version.min_market IS 'markets with fewer customers with orders are scored by the cut points of all customers';
COMMENT ON COLUMN segment.segmentation_version.zone IS 'time zone whose calendar days count, where the source''s times are timestamptz';
COMMENT ON COLUMN segment.segmentation_version.as_of_rule IS 'as_of of a refresh that names none: last_order (day of the last order, at most today), today, yesterday';
COMMENT ON COLUMN segment.segmentation_version.opt_out IS 'relation with the customers that must not be profiled';
COMMENT ON COLUMN segment.segmentation_version.opt_out_customer IS 'column of opt_out with the customer id';
COMMENT ON COLUMN segment.segmentation_version.channel IS 'column of the source: where the row was sold (store, web, ...); NULL: not looked at';
COMMENT ON COLUMN segment.segmentation_version.clusters IS 'customers are labelled by this many clusters, fitted when cut points are made; NULL: not by fitted clusters';
COMMENT ON COLUMN segment.segmentation_version.cluster_model IS 'customers are labelled by the clusters of this model; NULL: not by a given one';
COMMENT ON COLUMN segment.segmentation_version.cluster_names IS 'names of clusters 1, 2, ...; where there is none, Cluster and its number';
COMMENT ON COLUMN segment.segmentation_version.features IS 'what describes a customer for clusters, in the model''s order: of recency (days), orders, revenue, average_order, tenure (days), returns, returned';
COMMENT ON COLUMN segment.segmentation_version.value_tiers IS 'customers are labelled by value tiers of this many levels, 2 or 3; NULL: not by value';
COMMENT ON COLUMN segment.segmentation_version.orders_model IS 'model of future orders for value tiers: mbgnbd or pareto_nbd';
COMMENT ON COLUMN segment.segmentation_version.horizon IS 'value tiers ask for an order within this time';
COMMENT ON COLUMN segment.segmentation_version.changes IS 'how refresh finds the customers whose orders changed: none (it reads all orders, and keeps none), rebuild (it reads all, and keeps ledgers), changed_at, tombstones, triggers';
COMMENT ON COLUMN segment.segmentation_version.changed_at IS 'column of the source: when the row was last written (date, timestamp or timestamptz)';
COMMENT ON COLUMN segment.segmentation_version.changed_look_back IS 'how far back from the newest changed_at seen rows are read again: longer than the longest transaction that writes';
COMMENT ON COLUMN segment.segmentation_version.tombstones IS 'relation with customers whose rows were deleted, moved to another customer, or changed in any way';
COMMENT ON COLUMN segment.segmentation_version.tombstone_customer IS 'column of tombstones with the customer id';
COMMENT ON COLUMN segment.segmentation_version.tombstone_at IS 'column of tombstones: when the row was written';
COMMENT ON COLUMN segment.segmentation_version.live IS 'whether the triggers also bring the rows of few customers up to date at once, see customer_now';
COMMENT ON COLUMN segment.segmentation_version.ledger_set IS 'the stored ledgers; versions that read the same rows share them. NULL for changes none';
COMMENT ON COLUMN segment.segmentation_version.created_by IS 'role that made the version';
COMMENT ON COLUMN segment.segmentation_version.created_at IS 'when it was made';
COMMENT ON COLUMN segment.segmentation_version.activated_at IS 'when it was last activated; NULL: never';

CREATE TABLE segment.segmentation_cut_points (
  segmentation text NOT NULL,
  version integer NOT NULL,
  as_of date NOT NULL,
  market text NOT NULL,
  customers bigint NOT NULL,
  cut_points segment.rfm_cut_points NOT NULL,
  PRIMARY KEY (segmentation, version, as_of, market),
  CONSTRAINT segmentation_cut_points_version_exists FOREIGN KEY (segmentation, version)
    REFERENCES segment.segmentation_version (segmentation, version) ON UPDATE CASCADE ON DELETE CASCADE
);
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
  spend_levels segment.cut_points,
  return_levels segment.cut_points,
  PRIMARY KEY (segmentation, version, as_of),
  CONSTRAINT segmentation_model_version_exists FOREIGN KEY (segmentation, version)
    REFERENCES segment.segmentation_version (segmentation, version) ON UPDATE CASCADE ON DELETE CASCADE
);
COMMENT ON TABLE segment.segmentation_model IS 'fitted models of versions that label by clusters or value tiers: one row if frozen, one an as_of if floating';
COMMENT ON COLUMN segment.segmentation_model.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.segmentation_model.version IS 'the version';
COMMENT ON COLUMN segment.segmentation_model.as_of IS 'the day of which they were fitted';
COMMENT ON COLUMN segment.segmentation_model.clusters IS 'the clusters; NULL for value tiers, and if no customer had an order';
COMMENT ON COLUMN segment.segmentation_model.orders IS 'model of future orders; NULL for clusters';
COMMENT ON COLUMN segment.segmentation_model.spend IS 'model of the spend of an order; NULL for clusters';
COMMENT ON COLUMN segment.segmentation_model.spend_levels IS 'cut points of the expected spend of an order; NULL for clusters';
COMMENT ON COLUMN segment.segmentation_model.return_levels IS 'cut points of the probability of an order within the horizon; NULL for clusters';

CREATE SEQUENCE segment.snapshot_id AS integer;

CREATE TABLE segment.snapshot (
  id integer PRIMARY KEY DEFAULT nextval('segment.snapshot_id'),
  segmentation text NOT NULL,
  version integer NOT NULL,
  as_of date NOT NULL,
  made_active boolean NOT NULL,
  previous integer,
  refreshed_at timestamptz NOT NULL,
  customers bigint NOT NULL,
  unknown_rows bigint NOT NULL,
  unknown_amount numeric,
  moved bigint,
  fingerprint numeric,
  generation bigint,
  basis text,
  UNIQUE (segmentation, version, as_of),
  CONSTRAINT snapshot_version_exists FOREIGN KEY (segmentation, version)
    REFERENCES segment.segmentation_version (segmentation, version) ON UPDATE CASCADE ON DELETE CASCADE
);
ALTER SEQUENCE segment.snapshot_id OWNED BY segment.snapshot.id;
COMMENT ON SEQUENCE segment.snapshot_id IS 'numbers of snapshots';
COMMENT ON TABLE segment.snapshot IS 'one row a stored result: one version at one as_of';
COMMENT ON COLUMN segment.snapshot.id IS 'number of the snapshot; kept when the same as_of is refreshed again';
COMMENT ON COLUMN segment.snapshot.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.snapshot.version IS 'the version that made it';
COMMENT ON COLUMN segment.snapshot.as_of IS 'the day, inclusive, up to which orders count';
COMMENT ON COLUMN segment.snapshot.made_active IS 'whether the version was active then; the views show no others, but of the active version';
COMMENT ON COLUMN segment.snapshot.previous IS 'the snapshot that previous segments and movements refer to';
COMMENT ON COLUMN segment.snapshot.refreshed_at IS 'when it was last computed';
COMMENT ON COLUMN segment.snapshot.customers IS 'number of customers';
COMMENT ON COLUMN segment.snapshot.unknown_rows IS 'rows of the source without a customer, up to as_of';
COMMENT ON COLUMN segment.snapshot.unknown_amount IS 'their amount; NULL without such rows';
COMMENT ON COLUMN segment.snapshot.moved IS 'customers who are new or carry another segment than in the previous snapshot; NULL: to be counted anew';
COMMENT ON COLUMN segment.snapshot.fingerprint IS 'as in segmentation_run; NULL: to be computed anew';
COMMENT ON COLUMN segment.snapshot.generation IS 'generation of the ledgers that it was computed from; NULL: the next refresh computes all of it';
COMMENT ON COLUMN segment.snapshot.basis IS 'digest of the cut points and of the scheme''s rules that it was scored by: with others the next refresh computes all of it';

CREATE TABLE segment.snapshot_customer (
  snapshot integer NOT NULL,
  customer text NOT NULL,
  market text NOT NULL,
  rfm segment.rfm NOT NULL,
  score segment.rfm_score,
  segment text NOT NULL,
  sort smallint NOT NULL,
  previous_segment text,
  previous_sort smallint,
  since date NOT NULL,
  moved_by text,
  repeat segment.repeat_summary,
  channel text,
  PRIMARY KEY (snapshot, customer),
  CONSTRAINT snapshot_customer_moved_by_known CHECK (moved_by IN ('new', 'order', 'time', 'recalibration'))
);
COMMENT ON TABLE segment.snapshot_customer IS 'one row a snapshot and customer: personal data. No foreign key to snapshot, which would cost a look-up a row';
COMMENT ON COLUMN segment.snapshot_customer.snapshot IS 'the snapshot';
COMMENT ON COLUMN segment.snapshot_customer.customer IS 'the customer id as text';
COMMENT ON COLUMN segment.snapshot_customer.market IS 'the customer''s market: that of the last row up to as_of; all where the segmentation has none';
COMMENT ON COLUMN segment.snapshot_customer.rfm IS 'summary of the customer''s orders up to as_of';
COMMENT ON COLUMN segment.snapshot_customer.score IS 'the scores';
COMMENT ON COLUMN segment.snapshot_customer.segment IS 'the segment''s name';
COMMENT ON COLUMN segment.snapshot_customer.sort IS 'rank of the segment in its scheme, 1 is best';
COMMENT ON COLUMN segment.snapshot_customer.previous_segment IS 'segment in the previous snapshot; NULL: not a customer then';
COMMENT ON COLUMN segment.snapshot_customer.previous_sort IS 'rank of the previous segment';
COMMENT ON COLUMN segment.snapshot_customer.since IS 'as_of of the snapshot since which the customer has carried the segment without a break';
COMMENT ON COLUMN segment.snapshot_customer.moved_by IS 'why the segment differs from the previous: new, order (own orders), time (no order since), recalibration (other cut points or rules); NULL: it does not';
COMMENT ON COLUMN segment.snapshot_customer.repeat IS 'repeat purchases up to as_of, in weeks, where the version labels by value tiers; else NULL';
COMMENT ON COLUMN segment.snapshot_customer.channel IS 'the channel of most of the customer''s rows up to as_of (of equals, the first by name); NULL where the segmentation has none';

CREATE TABLE segment.segmentation_run (
  run_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  action text NOT NULL,
  segmentation text NOT NULL,
  version integer,
  as_of date,
  run_by name NOT NULL DEFAULT current_user,
  session_role name NOT NULL DEFAULT session_user,
  source text,
  source_rows bigint,
  customers bigint,
  fingerprint text,
  seconds double precision,
  details jsonb,
  PRIMARY KEY (segmentation, run_at, action)
);
COMMENT ON TABLE segment.segmentation_run IS 'audit log: one row an action on a segmentation, unique key (segmentation, run_at, action); added to only, the extension''s owner may not change it either';
COMMENT ON COLUMN segment.segmentation_run.run_at IS 'when the action ended';
COMMENT ON COLUMN segment.segmentation_run.action IS 'create, new version, activate, refresh, publish, unpublish, grant reader, revoke reader, drop, forget';
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

-- Owner and row-level security of all tables: 79-segmentation-rights.sql.
GRANT SELECT, INSERT, UPDATE, DELETE ON segment.segmentation, segment.pseudonym_key, segment.blocked_column, segment.segmentation_version, segment.segmentation_cut_points, segment.segmentation_model,
  segment.snapshot, segment.snapshot_customer TO @extowner@, pg_database_owner WITH GRANT OPTION;
GRANT SELECT, INSERT ON segment.segmentation_run TO @extowner@, pg_database_owner WITH GRANT OPTION;
GRANT SELECT, UPDATE, USAGE ON SEQUENCE segment.snapshot_id TO @extowner@, pg_database_owner WITH GRANT OPTION;

SELECT pg_catalog.pg_extension_config_dump('segment.segmentation', '');
SELECT pg_catalog.pg_extension_config_dump('segment.pseudonym_key', '');
SELECT pg_catalog.pg_extension_config_dump('segment.blocked_column', '');
SELECT pg_catalog.pg_extension_config_dump('segment.segmentation_version', '');
SELECT pg_catalog.pg_extension_config_dump('segment.segmentation_cut_points', '');
SELECT pg_catalog.pg_extension_config_dump('segment.segmentation_model', '');
SELECT pg_catalog.pg_extension_config_dump('segment.snapshot_id', '');
SELECT pg_catalog.pg_extension_config_dump('segment.snapshot', '');
SELECT pg_catalog.pg_extension_config_dump('segment.snapshot_customer', '');
SELECT pg_catalog.pg_extension_config_dump('segment.segmentation_run', '');
