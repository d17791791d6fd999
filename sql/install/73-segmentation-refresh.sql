-- segmentation: refresh

-- The snapshot that a version's snapshot of a day is compared with: the newest earlier day's that the version made, or that
-- an active version made then.
CREATE FUNCTION segment_internal.snapshot_before(segmentation text, version integer, as_of date) RETURNS segment.snapshot
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT p
  FROM segment.snapshot p
  WHERE p.segmentation = snapshot_before.segmentation AND p.as_of < snapshot_before.as_of
    AND (p.version = snapshot_before.version OR p.made_active)
  ORDER BY p.as_of DESC, p.version = snapshot_before.version DESC, p.version DESC
  LIMIT 1;
END;
COMMENT ON FUNCTION segment_internal.snapshot_before(text, integer, date) IS
  'the snapshot that previous segments and movements of a version''s snapshot of a day refer to; NULL if there is none';

-- Four columns, and the joins that they need, about a row s (customer, market, rfm, segment, sort) of version v at as_of: in
-- refresh a new row, in relink_snapshots a stored one.
CREATE FUNCTION segment_internal.segmentation_movement(v segment.segmentation_version, as_of date, p segment.snapshot, OUT columns text, OUT joins text)
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  old segment.segmentation_version;
  acted text;
  same_rules boolean;
BEGIN
  IF p.id IS NULL THEN
    columns := format('NULL::text, NULL::smallint, DATE %L, ''new''', as_of);
    RETURN;
  END IF;
  old := segment_internal.segmentation_version_of(v.segmentation, p.version);
  same_rules := old.version = v.version AND v.cut_points = 'frozen';
  -- With a look-back window a summary changes as old orders leave it, which is time's doing.
  -- So it does between times of day and ledgers, which know days.
  acted := CASE WHEN v.look_back_days IS NULL AND old.look_back_days IS NULL AND (v.changes = 'none') = (old.changes = 'none') THEN 'before.rfm OPERATOR(segment.<>) s.rfm'
           ELSE format('segment.rfm_last(s.rfm, %L) > DATE %L', v.zone, p.as_of) END;
  columns := concat('before.segment, before.sort, ',
    format('CASE WHEN before.segment = s.segment THEN before.since ELSE DATE %L END, ', as_of),
    'CASE WHEN before.customer IS NULL THEN ''new'' WHEN before.segment = s.segment THEN NULL ',
    CASE WHEN NOT same_rules THEN format('WHEN %s = before.segment THEN ''recalibration'' ',
      segment_internal.segmentation_label_then(old, p.as_of, v, as_of)) END,
    format('WHEN %s THEN ''order'' ELSE ''time'' END', acted));
  joins := concat(
    format(' LEFT JOIN segment.snapshot_customer AS before ON before.snapshot = %s AND before.customer = s.customer', p.id),
    CASE WHEN NOT same_rules THEN format(
      ' LEFT JOIN segment.segmentation_cut_points AS old_own ON old_own.segmentation = %1$L AND old_own.version = %2$s'
      ' AND old_own.as_of = DATE %3$L AND old_own.market = s.market'
      ' LEFT JOIN segment.segmentation_cut_points AS old_all ON old_all.segmentation = %1$L AND old_all.version = %2$s'
      ' AND old_all.as_of = DATE %3$L AND old_all.market = ''''', v.segmentation, old.version,
      (SELECT max(c.as_of) FROM segment.segmentation_cut_points c
       WHERE c.segmentation = v.segmentation AND c.version = old.version AND (old.cut_points = 'frozen' OR c.as_of = p.as_of))) END);
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_movement(segment.segmentation_version, date, segment.snapshot) IS
  'SQL of previous segment and rank, since, and what moved a customer, compared with snapshot p (NULL: none before). '
  'recalibration: under p''s cut points and scheme the segment would have stayed; else order, if the summary of orders '
  'changed (with a look-back window: if an order is later than p), else time';

-- Rows of this transaction are unknown to the planner, which then takes snapshots for empty and loops over them. Without loops
-- costs look huge, and compiling would take longer than running.
CREATE FUNCTION segment_internal.relink_snapshots(name text, after date DEFAULT '-infinity') RETURNS integer
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
  SET DateStyle = 'ISO, YMD' SET IntervalStyle = postgres SET extra_float_digits = 1 SET enable_nestloop = off SET jit = off AS $$
DECLARE
  own segment.segmentation := segment_internal.segmentation_own(name);
  t segment.snapshot;
  p segment.snapshot;
  movement record;
  count integer := 0;
BEGIN
  FOR t IN SELECT * FROM segment.snapshot s WHERE s.segmentation = own.name AND s.as_of > after ORDER BY s.as_of, s.version LOOP
    p := segment_internal.snapshot_before(t.segmentation, t.version, t.as_of);
    movement := segment_internal.segmentation_movement(segment_internal.segmentation_version_of(t.segmentation, t.version), t.as_of, p);
    PERFORM segment_internal.run_restricted(format(
      'UPDATE segment.snapshot_customer AS u SET (previous_segment, previous_sort, since, moved_by) = '
      '(n.previous_segment, n.previous_sort, n.since, n.moved_by) '
      'FROM (SELECT s.customer, %s FROM segment.snapshot_customer AS s%s WHERE s.snapshot = %s) '
      'AS n (customer, previous_segment, previous_sort, since, moved_by) '
      'WHERE u.snapshot = %3$s AND u.customer = n.customer '
      'AND (u.previous_segment, u.previous_sort, u.since, u.moved_by) IS DISTINCT FROM '
      '(n.previous_segment, n.previous_sort, n.since, n.moved_by)', movement.columns, movement.joins, t.id));
    UPDATE segment.snapshot u SET previous = p.id, moved = NULL WHERE u.id = t.id;
    count := count + 1;
  END LOOP;
  RETURN count;
END
$$;
COMMENT ON FUNCTION segment_internal.relink_snapshots(text, date) IS
  'computes previous segments and movements anew for the snapshots after a day; refresh does it when an earlier day is '
  'refreshed later. Returns the number of snapshots';

CREATE FUNCTION segment_internal.segmentation_basis(v segment.segmentation_version, as_of date) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT md5(concat_ws(E'\x1f',
    (SELECT string_agg(concat_ws(' ', p.market, p.cut_points), E'\x1e' ORDER BY p.market COLLATE "C") FROM segment.segmentation_cut_points p
     WHERE p.segmentation = v.segmentation AND p.version = v.version AND (v.cut_points = 'frozen' OR p.as_of = segmentation_basis.as_of)),
    segment_internal.segmentation_model_of(v, as_of)::text,
    (SELECT string_agg(s::text, E'\x1e' ORDER BY s.shipped) FROM segment.scheme s WHERE s.name = v.scheme),
    (SELECT string_agg(r::text, E'\x1e' ORDER BY r::text COLLATE "C") FROM segment.scheme_rule r WHERE r.scheme = v.scheme)));
END;
COMMENT ON FUNCTION segment_internal.segmentation_basis(segment.segmentation_version, date) IS 'digest of what turns summaries into segments: cut points, models, and rules of the scheme';

CREATE FUNCTION segment_internal.snapshot_totals(snapshot integer, after bigint, ledger_set integer, OUT customers bigint, OUT moved bigint, OUT fingerprint numeric) RETURNS record
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT count(*), count(*) FILTER (WHERE t.moved_by IS NOT NULL),
         coalesce(sum(hashtextextended(concat_ws(E'\x1f', t.customer, t.market, t.rfm, t.score, t.segment), 0)::numeric), 0)
  FROM segment.customer_ledger l
  JOIN segment.snapshot_customer t ON t.snapshot = snapshot_totals.snapshot AND t.customer = l.customer
  WHERE l.ledger_set = snapshot_totals.ledger_set AND l.generation > after;
END;
COMMENT ON FUNCTION segment_internal.snapshot_totals(integer, bigint, integer) IS
  'of the customers of a snapshot whose ledger changed after a generation: how many, how many of them moved, and their fingerprint';

CREATE FUNCTION segment.refresh(name text, as_of date DEFAULT NULL, version integer DEFAULT NULL, read text DEFAULT 'changes', OUT refreshed date,
  OUT customers bigint, OUT moved bigint) RETURNS record
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
  SET DateStyle = 'ISO, YMD' SET IntervalStyle = postgres SET extra_float_digits = 1 SET jit = off AS $$
DECLARE
  started timestamptz := clock_timestamp();
  application text := current_setting('application_name');
  own segment.segmentation;
  v segment.segmentation_version;
  p segment.snapshot;
  t segment.snapshot;
  target integer;
  movement record;
  sync record;
  old record;
  new record;
  counted record;
  calibrate boolean;
  partial boolean := false;
  basis text;
  nestloop text;
BEGIN
  PERFORM segment_internal.segmentation_progress(name, 'waiting');
  own := segment_internal.segmentation_own(name);
  v := segment_internal.segmentation_version_of(name, version);
  IF read IS NULL OR read NOT IN ('changes', 'all', 'nothing') OR v.changes = 'none' AND read = 'nothing' THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('refresh cannot read %s', coalesce(read, 'NULL')),
      DETAIL = format('Accepted are changes, all and nothing; the segmentation''s changes is %s, and none has no stored ledgers.', v.changes),
      HINT = 'read says which orders are read: of changed customers, of all, or none (from stored ledgers).';
  END IF;
  IF v.changes <> 'none' THEN
    sync := segment_internal.sync_ledgers(v, read);
  ELSE
    SELECT NULL::bigint AS generation, NULL::bigint AS rows_read, true AS everything INTO sync;
  END IF;
  refreshed := coalesce(refresh.as_of, segment_internal.segmentation_as_of(v));

  IF sync.everything THEN
    PERFORM segment_internal.segmentation_progress(name, 'checking the source');
    counted := segment_internal.segmentation_quality(v, refreshed);
  END IF;
  IF v.changes <> 'none' THEN
    INSERT INTO segment.data_quality
    SELECT d.segmentation, refreshed, d.check_name, d.severity, d.rows, d.total_rows, d.share, d.message, v.version, d.checked_at
    FROM segment.data_quality d
    WHERE d.segmentation = v.segmentation AND d.as_of = (SELECT l.as_of FROM segment.data_quality l WHERE l.segmentation = v.segmentation ORDER BY l.checked_at DESC LIMIT 1)
    ON CONFLICT DO NOTHING;
    SELECT s.rows + s.unknown_rows AS source_rows,
           coalesce(segment.rfm_frequency(u.rfm) + segment.rfm_returns(u.rfm), 0) AS unknown_rows, segment.rfm_monetary(u.rfm) AS unknown_amount
      INTO counted
    FROM segment.ledger_set s
    CROSS JOIN LATERAL (SELECT CASE WHEN v.look_back_days IS NULL THEN segment.ledger_rfm(s.unknown, refreshed)
                               ELSE segment.ledger_rfm(s.unknown, refreshed, make_interval(days => v.look_back_days)) END) u (rfm)
    WHERE s.id = v.ledger_set;
  END IF;
  IF counted.unknown_rows > own.max_unknown_share * counted.source_rows THEN
    RAISE EXCEPTION USING ERRCODE = 'data_exception',
      MESSAGE = format('segmentation "%s" is not published: too many rows without a customer', name),
      DETAIL = format('%s of %s rows; accepted is a share of %s.', counted.unknown_rows, counted.source_rows, own.max_unknown_share),
      HINT = 'Repair the source, or raise max_unknown_share in segment.segmentation.';
  END IF;

  DELETE FROM segment.segmentation_cut_points c
  WHERE c.segmentation = v.segmentation AND c.version = v.version AND c.as_of = refreshed AND v.cut_points = 'floating';
  DELETE FROM segment.segmentation_model m
  WHERE m.segmentation = v.segmentation AND m.version = v.version AND m.as_of = refreshed AND v.cut_points = 'floating';
  calibrate := NOT EXISTS (
    SELECT FROM segment.segmentation_cut_points c
    WHERE c.segmentation = v.segmentation AND c.version = v.version AND (v.cut_points = 'frozen' OR c.as_of = refreshed));
  p := segment_internal.snapshot_before(v.segmentation, v.version, refreshed);
  movement := segment_internal.segmentation_movement(v, refreshed, p);

  -- Where nothing but some customers' orders changed since the snapshot was computed, only those are scored again.
  IF v.changes <> 'none' AND NOT calibrate THEN
    basis := segment_internal.segmentation_basis(v, refreshed);
    SELECT * INTO t FROM segment.snapshot s WHERE s.segmentation = v.segmentation AND s.version = v.version AND s.as_of = refreshed;
    partial := coalesce(t.generation > 0 AND t.basis = basis AND t.previous IS NOT DISTINCT FROM p.id AND t.moved IS NOT NULL
                        AND t.fingerprint IS NOT NULL, false);
  END IF;
  IF own.pseudonymous THEN
    INSERT INTO segment.pseudonym_key VALUES (v.segmentation, uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) ON CONFLICT DO NOTHING;
  END IF;
  PERFORM segment_internal.segmentation_progress(name, 'scoring');
  INSERT INTO segment.snapshot AS s (segmentation, version, as_of, made_active, previous, refreshed_at, customers, unknown_rows, unknown_amount)
  VALUES (v.segmentation, v.version, refreshed, v.state = 'active', p.id, now(), 0, counted.unknown_rows, counted.unknown_amount)
  ON CONFLICT ON CONSTRAINT snapshot_segmentation_version_as_of_key DO UPDATE
    SET made_active = s.made_active OR excluded.made_active, previous = excluded.previous, refreshed_at = excluded.refreshed_at,
        unknown_rows = excluded.unknown_rows, unknown_amount = excluded.unknown_amount
  RETURNING s.id INTO target;
  IF partial THEN
    old := segment_internal.snapshot_totals(target, t.generation, v.ledger_set);
    DELETE FROM segment.snapshot_customer s USING segment.customer_ledger l
    WHERE s.snapshot = target AND l.ledger_set = v.ledger_set AND l.generation > t.generation AND s.customer = l.customer;
  ELSE
    DELETE FROM segment.snapshot_customer s WHERE s.snapshot = target;
  END IF;

  -- The planner does not know the rows of this transaction, and would look up each of them.
  IF NOT partial THEN
    nestloop := current_setting('enable_nestloop');
    PERFORM set_config('enable_nestloop', 'off', true);
  END IF;
  customers := segment_internal.run_restricted(concat(
    'WITH ', segment_internal.segmentation_scored(v, refreshed,
      CASE WHEN v.changes <> 'none' THEN segment_internal.segmentation_stored(v, refreshed, CASE WHEN partial THEN t.generation ELSE 0 END) END),
    CASE WHEN calibrate THEN format(E', made AS (\n'
      '  INSERT INTO segment.segmentation_cut_points (segmentation, version, as_of, market, customers, cut_points)\n'
      '  SELECT %L, %s, DATE %L, market, customers, cut_points FROM cut_points\n)', v.segmentation, v.version, refreshed) END,
    CASE WHEN calibrate AND num_nonnulls(v.clusters, v.value_tiers) = 1 THEN format(E', fitted AS (\n'
      '  INSERT INTO segment.segmentation_model (segmentation, version, as_of, %s)\n  SELECT %L, %s, DATE %L, %s\n)',
      CASE WHEN v.clusters IS NOT NULL THEN 'clusters' ELSE 'orders, spend, spend_levels, return_levels' END,
      v.segmentation, v.version, refreshed,
      CASE WHEN v.clusters IS NOT NULL THEN 'model FROM clusters' ELSE 'm.orders, m.spend, l.spend, l.p_order FROM models AS m, levels AS l' END) END,
    E'\nINSERT INTO segment.snapshot_customer (snapshot, customer, market, rfm, score, segment, sort, repeat, channel, '
    'previous_segment, previous_sort, since, moved_by)\n',
    format('SELECT %s, s.customer, s.market, s.rfm, s.score, s.segment, s.sort, s.repeat, s.channel, %s ', target, movement.columns),
    format('FROM (SELECT %s, market, rfm, score, segment_name, segment_sort, %s, %s FROM labelled) '
           'AS s (customer, market, rfm, score, segment, sort, repeat, channel)',
           CASE WHEN own.pseudonymous THEN format('segment.keyed_hash(customer_id::text, (SELECT k.key FROM segment.pseudonym_key AS k WHERE k.segmentation = %L))', v.segmentation)
                ELSE 'customer_id::text' END,
           CASE WHEN v.value_tiers IS NOT NULL THEN 'repeat' ELSE 'NULL::segment.repeat_summary' END,
           CASE WHEN v.channel IS NOT NULL THEN 'channel' ELSE 'NULL::text' END),
    movement.joins));
  IF NOT partial THEN
    PERFORM set_config('enable_nestloop', nestloop, true);
  END IF;

  IF partial THEN
    new := segment_internal.snapshot_totals(target, t.generation, v.ledger_set);
    customers := t.customers - old.customers + new.customers;
    moved := t.moved - old.moved + new.moved;
    t.fingerprint := t.fingerprint - old.fingerprint + new.fingerprint;
  ELSE
    SELECT count(*) FILTER (WHERE s.moved_by IS NOT NULL),
           coalesce(sum(hashtextextended(concat_ws(E'\x1f', s.customer, s.market, s.rfm, s.score, s.segment), 0)::numeric), 0)
      INTO moved, t.fingerprint
    FROM segment.snapshot_customer s WHERE s.snapshot = target;
  END IF;
  UPDATE segment.snapshot s
  SET customers = refresh.customers, moved = refresh.moved, fingerprint = t.fingerprint, generation = sync.generation,
      basis = CASE WHEN v.changes <> 'none' THEN segment_internal.segmentation_basis(v, refreshed) END
  WHERE s.id = target;

  IF EXISTS (SELECT FROM segment.snapshot s WHERE s.segmentation = v.segmentation AND s.as_of > refreshed) THEN
    PERFORM segment_internal.segmentation_progress(name, 'comparing');
    PERFORM segment_internal.relink_snapshots(name, refreshed);
  END IF;
  IF v.live THEN
    -- What changed since the orders were read is in the queue still.
    -- Rows that are being written wait for the next refresh, not this one for them.
    WITH free AS (
      SELECT l.segmentation, l.customer FROM segment.live_customer l
      WHERE l.segmentation = v.segmentation AND l.as_of <= refreshed
        AND NOT EXISTS (SELECT FROM segment.change_queue q WHERE q.ledger_set = v.ledger_set AND q.customer = l.customer)
      FOR UPDATE SKIP LOCKED)
    DELETE FROM segment.live_customer l USING free f WHERE l.segmentation = f.segmentation AND l.customer = f.customer;
  END IF;
  PERFORM segment.purge_snapshots(name, own.keep_days);
  PERFORM segment_internal.segmentation_log('refresh', v.segmentation, v.version, refreshed, v.source,
    CASE WHEN sync.everything THEN counted.source_rows ELSE sync.rows_read END, customers, t.fingerprint::text,
    extract(epoch FROM clock_timestamp() - started)::double precision,
    jsonb_build_object('unknown_rows', counted.unknown_rows, 'moved', moved, 'calibrated', calibrate) ||
    CASE WHEN v.changes = 'none' THEN '{}' ELSE jsonb_build_object('read_all', sync.everything, 'scored_all', NOT partial) END);
  PERFORM set_config('application_name', application, true);
END
$$;
COMMENT ON FUNCTION segment.refresh(text, date, integer, text) IS
  'computes a segmentation as of the end of a day and stores it as a snapshot, in one transaction: readers see the former '
  'state until it commits. as_of: by default by the version''s rule; version: by default the active one (a draft''s '
  'snapshots are not shown). read: changes (the orders of customers that changed, where the segmentation stores ledgers; else all), all, or '
  'nothing (from stored ledgers). The same day again gives the same rows; no order after the day is seen. Returns the day, the '
  'number of customers, and how many of them are new or carry another segment than in the snapshot before. Runs as the '
  'owner only: 42501 for other roles; 22000 if too many rows have no customer; 42704 if it does not exist; 55000 for nothing without ledgers';

CREATE FUNCTION segment.purge_snapshots(name text, keep_days integer) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own segment.segmentation := segment_internal.segmentation_own(name);
  old integer[];
  rows bigint;
BEGIN
  SELECT array_agg(t.id) INTO old
  FROM segment.snapshot t
  WHERE t.segmentation = own.name
    AND t.as_of < (SELECT max(n.as_of) FROM segment.snapshot n WHERE n.segmentation = own.name) - keep_days;
  DELETE FROM segment.snapshot_customer t WHERE t.snapshot = ANY (old);
  GET DIAGNOSTICS rows = ROW_COUNT;
  DELETE FROM segment.snapshot t WHERE t.id = ANY (old);
  RETURN rows;
END
$$;
COMMENT ON FUNCTION segment.purge_snapshots(text, integer) IS
  'removes the snapshots older than a number of days before the newest; previous segments and dates of change stay as they '
  'are. Returns the number of rows; NULL days remove nothing';
