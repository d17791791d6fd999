-- segmentation: create_segmentation, versions, drop_segmentation

CREATE FUNCTION segment_internal.segmentation_log(action text, segmentation text, version integer, as_of date, source regclass, source_rows bigint,
  customers bigint, fingerprint text, seconds double precision, details jsonb) RETURNS void
  LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
  INSERT INTO segment.segmentation_run (action, segmentation, version, as_of, source, source_rows, customers, fingerprint, seconds, details)
  VALUES (action, segmentation, version, as_of, source::text, source_rows, customers, fingerprint, seconds, details);
END;
COMMENT ON FUNCTION segment_internal.segmentation_log(text, text, integer, date, regclass, bigint, bigint, text, double precision, jsonb) IS
  'adds a line to segmentation_run';

-- The row is locked, so that changes and refreshes of one segmentation follow one another; readers, and writers of live rows,
-- don't wait.
CREATE FUNCTION segment_internal.segmentation_own(name text) RETURNS segment.segmentation
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s segment.segmentation;
BEGIN
  PERFORM segment_internal.segmentation_version_of(name);
  SELECT * INTO s FROM segment.segmentation t WHERE t.name = segmentation_own.name;
  IF s.owner <> current_user THEN
    RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
      MESSAGE = format('must be owner of segmentation "%s"', name),
      DETAIL = format('It belongs to role "%s" and runs with that role''s rights only; the current role is "%s".', s.owner, current_user),
      HINT = format('SET ROLE %I first, or schedule the job as that role.', s.owner);
  END IF;
  SELECT * INTO s FROM segment.segmentation t WHERE t.name = segmentation_own.name FOR NO KEY UPDATE;
  RETURN s;
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_own(text) IS
  'the row of a segmentation, locked until the transaction ends; 42501 unless the current role is its owner, 42704 if it does not exist';

CREATE FUNCTION segment_internal.segmentation_check_column(source regclass, role text, "column" name, types regtype[]) RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  type regtype := segment_internal.segmentation_column_type(source, "column");
BEGIN
  IF type IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'undefined_column',
      MESSAGE = format('column "%s" of %s does not exist', "column", source),
      DETAIL = format('It is named as %s. There are: %s.', role,
        (SELECT string_agg(a.attname, ', ' ORDER BY a.attnum) FROM pg_attribute a
         WHERE a.attrelid = source AND a.attnum > 0 AND NOT a.attisdropped)),
      HINT = 'Names are taken as they are, without folding to lower case.';
  END IF;
  IF type <> ALL (types) THEN
    RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch',
      MESSAGE = format('column "%s" of %s is of type %s', "column", source, type),
      DETAIL = format('It is named as %s; accepted are %s.', role, array_to_string(types, ', ')),
      HINT = 'Declare the segmentation on a view that casts the column.';
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_check_column(regclass, text, name, regtype[]) IS
  'stops unless the column exists and is of one of the types (NULL: of any). 42703, 42804';

CREATE FUNCTION segment_internal.segmentation_check(v segment.segmentation_version) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  bins integer := segment_internal.segmentation_bins(v);
BEGIN
  IF v.source IS NULL OR v.customer IS NULL OR v.at IS NULL OR v.amount IS NULL OR v.scheme IS NULL OR v.zone IS NULL
     OR v.cut_points IS NULL OR v.method IS NULL OR v.monetary IS NULL OR v.as_of_rule IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed', MESSAGE = 'a segmentation needs a source and its columns',
      DETAIL = 'source, customer, at, amount, scheme, cut_points, method, monetary, zone and as_of_rule must not be NULL.',
      HINT = 'Leave an option out to get its default.';
  END IF;
  IF (SELECT c.relkind FROM pg_class c WHERE c.oid = v.source) NOT IN ('r', 'p', 'v', 'm', 'f') THEN
    RAISE EXCEPTION USING ERRCODE = 'wrong_object_type', MESSAGE = format('%s holds no rows', v.source),
      DETAIL = 'A source is a table, partitioned table, view, materialized view or foreign table.', HINT = 'Name one of these.';
  END IF;
  PERFORM segment_internal.segmentation_check_column(v.source, 'customer', v.customer, NULL);
  PERFORM segment_internal.segmentation_check_column(v.source, 'at', v.at, '{date,timestamp,timestamptz}');
  PERFORM segment_internal.segmentation_check_column(v.source, 'amount', v.amount, '{numeric,smallint,integer,bigint,double precision}');
  IF v.order_id IS NOT NULL THEN
    PERFORM segment_internal.segmentation_check_column(v.source, 'order_id', v.order_id, NULL);
  END IF;
  IF v.market IS NOT NULL THEN
    PERFORM segment_internal.segmentation_check_column(v.source, 'market', v.market, NULL);
  END IF;
  IF v.method NOT IN ('quantile', 'equal_width', 'natural') OR v.monetary NOT IN ('total', 'average') THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'cut points cannot be made like this',
      DETAIL = format('method is %s, accepted are quantile, equal_width and natural; monetary is %s, accepted are total and average.', v.method, v.monetary),
      HINT = 'Leave an option out to get its default.';
  END IF;
  IF v.channel IS NOT NULL THEN
    PERFORM segment_internal.segmentation_check_column(v.source, 'channel', v.channel, NULL);
  END IF;
  IF NOT v.features <@ '{recency,orders,revenue,average_order,tenure,returns,returned}' OR cardinality(v.features) = 0 THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'features of clusters are not known',
      DETAIL = format('They are %s; accepted are recency, orders, revenue, average_order, tenure, returns, returned.', v.features),
      HINT = 'For other features make a model and labels of your own, as docs/cluster.md shows.';
  END IF;
  IF cardinality(v.cluster_names) <> (SELECT count(DISTINCT n) FROM unnest(v.cluster_names) n WHERE n NOT IN ('', 'Others', 'No orders', 'Unknown customer',
      'Not a customer', 'No customer any more')) THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'names of clusters must differ',
      DETAIL = format('They are %s.', v.cluster_names), HINT = 'Give each cluster a name; Others, No orders, Unknown customer, Not a customer and No customer any more are taken.';
  END IF;
  IF v.opt_out IS NOT NULL THEN
    PERFORM segment_internal.segmentation_check_column(v.opt_out, 'opt_out_customer', v.opt_out_customer, NULL);
  END IF;
  IF bins IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('scheme "%s" does not exist', v.scheme),
      DETAIL = format('There are: %s.', (SELECT string_agg(DISTINCT s.name, ', ') FROM segment.scheme s)),
      HINT = 'Name one of these, or add rows to segment.scheme and segment.scheme_rule.';
  END IF;
  IF v.filter IS NOT NULL THEN
    PERFORM segment_internal.check_filter(v.filter);
  END IF;
  PERFORM segment_internal.segmentation_check_changes(v);
  -- Parsing the whole query checks types, hash functions, names in the filter, privileges, options and the zone.
  PERFORM segment_internal.run_restricted(format('WITH %s SELECT * FROM labelled LIMIT 0', segment_internal.segmentation_scored(v, DATE '2000-01-01')));
  PERFORM segment.day_of(now(), v.zone);
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_check(segment.segmentation_version) IS
  'stops if a version cannot be refreshed as it is written: missing or unfit columns, scheme, filter, privileges, zone';

CREATE FUNCTION segment_internal.segmentation_check_pseudonymous(pseudonymous boolean, changes text) RETURNS void
  LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF pseudonymous AND changes <> 'none' THEN
    RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE = 'a pseudonymous segmentation cannot store ledgers',
      DETAIL = format('changes is %s; changed orders are found by the customer ids, which are not stored.', changes), HINT = 'Leave changes at none.';
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_check_pseudonymous(boolean, text) IS '0A000 for a pseudonymous segmentation that stores ledgers';

CREATE FUNCTION segment.create_segmentation(name text, source regclass, customer name, at name, amount name, order_id name DEFAULT NULL,
  market name DEFAULT NULL, filter text DEFAULT NULL, look_back_days integer DEFAULT NULL, scheme text DEFAULT 'standard',
  cut_points text DEFAULT 'frozen', method text DEFAULT 'quantile', monetary text DEFAULT 'total',
  min_market bigint DEFAULT NULL, zone text DEFAULT 'UTC', as_of_rule text DEFAULT 'last_order',
  opt_out regclass DEFAULT NULL, opt_out_customer name DEFAULT NULL, keep_days integer DEFAULT NULL,
  max_unknown_share numeric DEFAULT NULL, description text DEFAULT NULL, channel name DEFAULT NULL,
  clusters integer DEFAULT NULL, cluster_model segment.kmeans_model DEFAULT NULL, cluster_names text[] DEFAULT NULL,
  features text[] DEFAULT '{recency,orders,revenue}', value_tiers integer DEFAULT NULL, orders_model text DEFAULT 'pareto_nbd',
  horizon interval DEFAULT '12 months', changes text DEFAULT 'none', changed_at name DEFAULT NULL, changed_look_back interval DEFAULT '1 day',
  tombstones regclass DEFAULT NULL, tombstone_customer name DEFAULT NULL, tombstone_at name DEFAULT NULL,
  pseudonymous boolean DEFAULT false, live boolean DEFAULT false) RETURNS text
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v segment.segmentation_version;
BEGIN
  IF NOT has_table_privilege('segment.segmentation', 'INSERT') THEN
    RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = 'permission denied to declare a segmentation',
      DETAIL = format('Role "%s" has no INSERT privilege on segment.segmentation.', current_user),
      HINT = 'Ask the owner of the extension, or of the database, for: SELECT segment.grant_segmentation(''role'').';
  END IF;
  IF EXISTS (SELECT FROM segment.segmentation s WHERE s.name = create_segmentation.name) THEN
    RAISE EXCEPTION USING ERRCODE = 'duplicate_object', MESSAGE = format('segmentation "%s" exists already', name),
      DETAIL = 'A segmentation changes by versions, so that its history keeps its meaning.',
      HINT = 'Use new_version, or drop_segmentation first.';
  END IF;
  v.segmentation := name;
  v.version := 1;
  v.state := 'active';
  v.source := source;
  v.customer := customer;
  v.at := at;
  v.amount := amount;
  v.order_id := order_id;
  v.market := market;
  v.filter := filter;
  v.look_back_days := look_back_days;
  v.scheme := scheme;
  v.cut_points := cut_points;
  v.method := method;
  v.monetary := monetary;
  v.zone := zone;
  v.as_of_rule := as_of_rule;
  v.opt_out := opt_out;
  v.opt_out_customer := CASE WHEN opt_out IS NOT NULL THEN coalesce(opt_out_customer, customer) END;
  v.changes := changes;
  v.changed_at := changed_at;
  v.changed_look_back := CASE WHEN changes IN ('changed_at', 'tombstones') THEN changed_look_back END;
  v.live := coalesce(live, false);
  v.tombstones := tombstones;
  v.tombstone_customer := CASE WHEN tombstones IS NOT NULL THEN coalesce(tombstone_customer, customer) END;
  v.tombstone_at := CASE WHEN tombstones IS NOT NULL THEN coalesce(tombstone_at, changed_at) END;
  v.min_market := coalesce(min_market, 20 * segment_internal.segmentation_bins(v));
  v.channel := channel;
  v.clusters := clusters;
  v.cluster_model := cluster_model;
  v.cluster_names := cluster_names;
  v.features := features;
  v.value_tiers := value_tiers;
  v.orders_model := orders_model;
  v.horizon := horizon;
  v.created_by := current_user;
  v.created_at := now();
  v.activated_at := now();
  PERFORM segment_internal.segmentation_check(v), segment_internal.segmentation_check_pseudonymous(pseudonymous, v.changes);

  BEGIN
    INSERT INTO segment.segmentation (name, description, keep_days, max_unknown_share, active_version, pseudonymous)
    VALUES (name, description, keep_days, max_unknown_share, 1, pseudonymous);
  EXCEPTION WHEN unique_violation THEN
    RAISE EXCEPTION USING ERRCODE = 'duplicate_object', MESSAGE = format('the name "%s" is taken', name),
      DETAIL = 'It is that of another role''s segmentation.', HINT = 'Choose another name.';
  END;
  v.ledger_set := segment_internal.segmentation_ledger_set(v);
  INSERT INTO segment.segmentation_version SELECT v.*;
  PERFORM segment_internal.segmentation_log('create', name, 1, NULL, source, NULL, NULL, NULL, NULL, to_jsonb(v));
  RETURN name;
END
$$;
COMMENT ON FUNCTION segment.create_segmentation(text, regclass, name, name, name, name, name, text, integer, text, text, text, text,
  bigint, text, text, regclass, name, integer, numeric, text, name, integer, segment.kmeans_model, text[], text[], integer, text, interval,
  text, name, interval, regclass, name, name, boolean, boolean) IS
  'declares a segmentation of the customers of a table, view or foreign table, without touching it, as the current role; '
  'refresh computes it. name: 1 to 63 characters; source, customer, at, amount: the relation and its columns; the options '
  'are those of the columns of segmentation and segmentation_version. opt_out_customer: by default the column named as the '
  'customer; min_market: by default 20 x bins. Labels come from the scheme unless clusters (a number of them, fitted at the '
  'first refresh, or at each if cut_points float), cluster_model (a model of your own) or value_tiers (2 or 3 levels) is given. Returns the name. 42710 if it exists, 42703, 42804, 42601 and others for '
  'what cannot be run';

CREATE FUNCTION segment.new_version(name text, changes jsonb DEFAULT '{}') RETURNS integer
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s segment.segmentation := segment_internal.segmentation_own(name);
  v segment.segmentation_version := segment_internal.segmentation_version_of(name);
  fixed text[] := '{segmentation,version,state,ledger_set,created_by,created_at,activated_at}';
  unknown text;
BEGIN
  SELECT string_agg(key, ', ' ORDER BY key) INTO unknown
  FROM jsonb_object_keys(changes) AS key
  WHERE key = ANY (fixed) OR NOT to_jsonb(v) ? key;
  IF unknown IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('a version has no option %s', unknown),
      DETAIL = format('Accepted are %s.', (SELECT string_agg(key, ', ' ORDER BY key) FROM jsonb_object_keys(to_jsonb(v)) AS key
                                            WHERE key <> ALL (fixed))),
      HINT = 'Pass an object such as {"scheme": "grid"}; null takes an option away.';
  END IF;
  v := jsonb_populate_record(v, changes);
  v.changed_look_back := CASE WHEN v.changes IN ('changed_at', 'tombstones') THEN coalesce(v.changed_look_back, interval '1 day') END;
  v.version := (SELECT max(t.version) + 1 FROM segment.segmentation_version t WHERE t.segmentation = s.name);
  v.state := 'draft';
  v.created_by := current_user;
  v.created_at := now();
  v.activated_at := NULL;
  PERFORM segment_internal.segmentation_check(v), segment_internal.segmentation_check_pseudonymous(s.pseudonymous, v.changes);
  v.ledger_set := segment_internal.segmentation_ledger_set(v);
  INSERT INTO segment.segmentation_version SELECT v.*;
  PERFORM segment_internal.segmentation_log('new version', name, v.version, NULL, v.source, NULL, NULL, NULL, NULL, changes);
  RETURN v.version;
END
$$;
COMMENT ON FUNCTION segment.new_version(text, jsonb) IS
  'adds a draft version: the active one with some options changed, or none, which makes frozen cut points anew '
  '(recalibration); returns its number. Refresh it beside the active one, compare_versions, then activate_version. '
  '22023 for an unknown option; else as create_segmentation';

CREATE FUNCTION segment.activate_version(name text, version integer) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s segment.segmentation := segment_internal.segmentation_own(name);
  v segment.segmentation_version := segment_internal.segmentation_version_of(name, version);
BEGIN
  UPDATE segment.segmentation_version t SET state = 'retired'
  WHERE t.segmentation = s.name AND t.state = 'active' AND t.version <> v.version;
  UPDATE segment.segmentation_version t SET state = 'active', activated_at = now()
  WHERE t.segmentation = s.name AND t.version = v.version;
  UPDATE segment.segmentation t SET active_version = v.version WHERE t.name = s.name;
  PERFORM segment_internal.segmentation_log('activate', name, v.version, NULL, v.source, NULL, NULL, NULL, NULL,
                                   jsonb_build_object('before', s.active_version));
END
$$;
COMMENT ON FUNCTION segment.activate_version(text, integer) IS
  'makes a version the one that refresh runs and the views show. Its snapshots stand in for those of other versions of the '
  'same day; activating the former version again brings the views back as they were. 42704 for an unknown version';

CREATE FUNCTION segment.drop_segmentation(name text) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s segment.segmentation := segment_internal.segmentation_own(name);
BEGIN
  DELETE FROM segment.snapshot_customer t
  WHERE t.snapshot IN (SELECT p.id FROM segment.snapshot p WHERE p.segmentation = s.name);
  PERFORM segment_internal.unfollow_source(t.id) FROM segment.ledger_set t WHERE t.segmentation = s.name;
  DELETE FROM segment.customer_ledger t
  WHERE t.ledger_set IN (SELECT l.id FROM segment.ledger_set l WHERE l.segmentation = s.name);
  DELETE FROM segment.segmentation t WHERE t.name = s.name;
  PERFORM segment_internal.segmentation_log('drop', name, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
END
$$;
COMMENT ON FUNCTION segment.drop_segmentation(text) IS
  'removes a segmentation with its versions and snapshots; its lines in the log stay. 42704 if it does not exist, 42501 for '
  'others than its owner';
