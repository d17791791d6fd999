-- segmentation: refresh

CREATE FUNCTION segment_internal.segmentation_basis(v segment.segmentation_version, as_of date) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT md5(concat_ws(E'\x1f',
    (SELECT string_agg(concat_ws(' ', p.market, p.cut_points), E'\x1e' ORDER BY p.market COLLATE "C") FROM segment_internal.segmentation_cut_points_of(v, as_of) p),
    segment_internal.segmentation_model_of(v, as_of)::text,
    (SELECT string_agg(s::text, E'\x1e' ORDER BY s.shipped) FROM segment.scheme s WHERE s.name = (v.label).scheme),
    (SELECT string_agg(r::text, E'\x1e' ORDER BY r::text COLLATE "C") FROM segment.scheme_rule r WHERE r.scheme = (v.label).scheme)));
END;
COMMENT ON FUNCTION segment_internal.segmentation_basis(segment.segmentation_version, date) IS 'digest of what turns summaries into segments: cut points, models, and rules of the scheme';

CREATE FUNCTION segment_internal.last_stored_day(ledger_set integer, today date) RETURNS date
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE
    WHEN greatest(s.last_day, s.unknown_last_day) <= today THEN greatest(s.last_day, s.unknown_last_day)
    ELSE greatest(
      (SELECT max(CASE WHEN l.last_day <= today THEN l.last_day ELSE segment.ledger_last(segment.ledger_as_of(l.ledger, today)) END)
       FROM segment.customer_ledger l WHERE l.ledger_set = s.id),
      CASE WHEN s.unknown_last_day <= today THEN s.unknown_last_day ELSE segment.ledger_last(segment.ledger_as_of(s.unknown, today)) END) END
  FROM segment.ledger_set s WHERE s.id = last_stored_day.ledger_set;
END;
COMMENT ON FUNCTION segment_internal.last_stored_day(integer, date) IS 'day of the last order in a ledger set that is not later than today; NULL: none';

CREATE FUNCTION segment_internal.segmentation_as_of(v segment.segmentation_version) RETURNS date
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  today date := segment.day_of(now(), (v.days).zone);
  last_order date;
BEGIN
  IF (v.days).as_of <> 'last_order' THEN
    RETURN today - CASE (v.days).as_of WHEN 'yesterday' THEN 1 ELSE 0 END;
  END IF;
  IF v.ledger_set IS NOT NULL THEN
    last_order := segment_internal.last_stored_day(v.ledger_set, today);
  ELSE
    last_order := (segment_internal.read_as_owner(format('SELECT segment.day_of(max(o.%I), %L)::text%s', v.at, (v.days).zone,
      segment_internal.segmentation_source(v, today))))[1];
  END IF;
  IF last_order IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'no_data_found', MESSAGE = 'the source has no order that counts',
      DETAIL = format('%s has no row with a time up to today, %s, that meets the filter.', v.source, today),
      HINT = 'Look at preflight() for the source, or pass as_of.';
  END IF;
  RETURN last_order;
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_as_of(segment.segmentation_version) IS
  'as_of by the version''s rule: the day of the last order that counts and is not in the future, today, or yesterday, in its zone. P0002 if last_order finds none';

CREATE FUNCTION segment_internal.check_refresh(v segment.segmentation_version, read text) RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF read IS NULL OR read NOT IN ('changes', 'all', 'nothing') OR v.ledger_set IS NULL AND read = 'nothing' THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('refresh cannot read %s', coalesce(read, 'NULL')),
      DETAIL = CASE WHEN read = 'nothing' THEN 'The segmentation stores no ledgers; accepted are changes and all, which do the same.' ELSE 'Accepted are changes, all and nothing.' END,
      HINT = CASE WHEN read = 'nothing' THEN 'Store ledgers, in a new version: new_version(name, changes => segment.by_reading_all(ledgers => true)).'
                  ELSE 'read says which orders are read: of changed customers, of all, or none (from stored ledgers).' END;
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.check_refresh(segment.segmentation_version, text) IS '22023 unless refresh can read what it is told to';

CREATE FUNCTION segment_internal.check_day(v segment.segmentation_version, day date, allow_future boolean) RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  today date := segment.day_of(now(), (v.days).zone);
BEGIN
  IF NOT isfinite(day) OR day > today AND allow_future IS NOT TRUE THEN
    RAISE EXCEPTION USING ERRCODE = 'datetime_field_overflow', MESSAGE = format('%s is in the future', day),
      DETAIL = format('Today is %s in the segmentation''s zone, %s.', today, (v.days).zone),
      HINT = 'Pass a day up to today. For a look ahead say allow_future => true; remove_snapshot takes it away again.';
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.check_day(segment.segmentation_version, date, boolean) IS '22008 for a day later than today in the version''s zone, unless that is allowed';

CREATE FUNCTION segment_internal.hold_source(v segment.segmentation_version) RETURNS regclass
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM segment_internal.source_oid(v), segment_internal.read_as_owner(format('SELECT FROM %s LIMIT 0', v.source));
  RETURN segment_internal.check_source(v);
END
$$;
COMMENT ON FUNCTION segment_internal.hold_source(segment.segmentation_version) IS
  'the relation that a version reads, checked, and locked as by any query until the transaction ends: what is checked stays';

-- Where the source was rebuilt under its name, or the feed of changes was not whole, everything is read; the reason goes into the log.
CREATE FUNCTION segment_internal.look_at_source(INOUT v segment.segmentation_version, read text, OUT reason text) RETURNS record
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  now_named oid := segment_internal.hold_source(v);
  former oid := v.source_seen;
  feed text;
BEGIN
  IF read = 'nothing' THEN
    IF former <> now_named AND NOT EXISTS (SELECT FROM segment_internal.followed_triggers(now_named, v.ledger_set) t WHERE t.enabled = 'A') THEN
      PERFORM segment_internal.refuse('55000', format('source of segmentation "%s" was built anew: %s', v.segmentation, v.source),
        'read is nothing, and stored ledgers are those of the relation that had its name before.', 'Refresh once without read => ''nothing''.');
    END IF;
    RETURN; -- what is to be noticed is left for the next refresh that reads
  END IF;
  IF v.source_seen IS DISTINCT FROM now_named THEN
    UPDATE segment.segmentation_version x SET source_seen = now_named WHERE x.id = v.id;
    v.source_seen := now_named;
  END IF;
  IF (v.changes).kind = 'triggers' THEN
    feed := segment_internal.follow_source(v);
  END IF;
  -- A table that triggers have followed without a gap is the same one, in a restored database.
  IF former <> now_named AND ((v.changes).kind <> 'triggers' OR feed IS NOT NULL) THEN
    reason := 'source rebuilt';
  END IF;
  reason := coalesce(reason, feed);
END
$$;
COMMENT ON FUNCTION segment_internal.look_at_source(segment.segmentation_version, text) IS
  'checks a version''s source, and why all of it must be read: it was rebuilt, or changes may have been missed; NULL: it need not. 42P01, 42703';

CREATE FUNCTION segment_internal.count_source(v segment.segmentation_version, as_of date, everything boolean, OUT source_rows bigint, OUT unknown_rows bigint,
  OUT unknown_amount numeric) RETURNS record
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF everything THEN
    PERFORM segment_internal.progress_next('checking the source');
    SELECT q.* INTO source_rows, unknown_rows, unknown_amount FROM segment_internal.segmentation_quality(v, as_of) q;
  END IF;
  IF v.ledger_set IS NULL THEN
    RETURN;
  END IF;
  INSERT INTO segment.data_quality
  SELECT d.segmentation, count_source.as_of, d.check_name, d.severity, d.rows, d.total_rows, d.share, d.message, v.version, d.checked_at
  FROM segment.data_quality d
  WHERE d.segmentation = v.segmentation AND d.as_of = (SELECT l.as_of FROM segment.data_quality l WHERE l.segmentation = v.segmentation ORDER BY l.checked_at DESC LIMIT 1)
  ON CONFLICT DO NOTHING;
  SELECT s.rows + s.unknown_rows, coalesce(segment.rfm_frequency(u.rfm) + segment.rfm_returns(u.rfm), 0), segment.rfm_monetary(u.rfm)
    INTO source_rows, unknown_rows, unknown_amount
  FROM segment.ledger_set s
  CROSS JOIN LATERAL (SELECT CASE WHEN (v.days).look_back_days IS NULL THEN segment.ledger_rfm(s.unknown, count_source.as_of)
                             ELSE segment.ledger_rfm(s.unknown, count_source.as_of, make_interval(days => (v.days).look_back_days)) END) u (rfm)
  WHERE s.id = v.ledger_set;
END
$$;
COMMENT ON FUNCTION segment_internal.count_source(segment.segmentation_version, date, boolean) IS
  'rows of a version''s source, those without a customer up to a day, and their amount; data_quality of the day, counted where everything was read';

CREATE FUNCTION segment_internal.check_unknown(own segment.segmentation, counted record) RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF counted.unknown_rows > own.max_unknown_share * counted.source_rows THEN
    RAISE EXCEPTION USING ERRCODE = 'data_exception',
      MESSAGE = format('segmentation "%s" is not published: too many rows without a customer', own.name),
      DETAIL = format('%s of %s rows; accepted is a share of %s.', counted.unknown_rows, counted.source_rows, own.max_unknown_share),
      HINT = 'Repair the source, or raise max_unknown_share by new_version(name, privacy => segment.privacy(...)).';
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.check_unknown(segment.segmentation, record) IS '22000 if the share of rows without a customer is greater than the segmentation accepts';

-- A function in the source can call drop_segmentation, remove_snapshot or the like, as the owner, in the refresh's own transaction.
CREATE FUNCTION segment_internal.check_still_there(v segment.segmentation_version, snapshot integer) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM segment.segmentation_version x WHERE x.id = v.id) OR snapshot IS NOT NULL AND NOT EXISTS (SELECT FROM segment.snapshot s WHERE s.id = snapshot) THEN
    PERFORM segment_internal.refuse('55000', format('segmentation "%s" was changed by its own refresh', v.segmentation), format('While %s was read, what the refresh works on was taken away.', v.source),
      'The source, its filter and what they call must not call functions of schema segment that change the segmentation.');
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.check_still_there(segment.segmentation_version, integer) IS '55000 if a version, or its snapshot, was deleted while what users wrote ran';

CREATE FUNCTION segment_internal.open_snapshot(v segment.segmentation_version, as_of date, counted record) RETURNS segment.snapshot
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  p segment.snapshot := segment_internal.snapshot_before(v.segmentation, v.version, as_of);
  t segment.snapshot;
BEGIN
  INSERT INTO segment.snapshot AS s (segmentation, version, version_id, as_of, made_active, previous, restart, refreshed_at, customers, unknown_rows, unknown_amount)
  VALUES (v.segmentation, v.version, v.id, as_of, v.state = 'active', p.id, coalesce(p.version_id <> v.id, false), now(), 0, counted.unknown_rows, counted.unknown_amount)
  ON CONFLICT ON CONSTRAINT snapshot_version_id_as_of_key DO UPDATE
    SET made_active = s.made_active OR excluded.made_active, previous = excluded.previous, restart = excluded.restart, refreshed_at = excluded.refreshed_at,
        unknown_rows = excluded.unknown_rows, unknown_amount = excluded.unknown_amount
  RETURNING s.* INTO t;
  RETURN t;
END
$$;
COMMENT ON FUNCTION segment_internal.open_snapshot(segment.segmentation_version, date, record) IS 'the snapshot of a version''s day, made or taken up again';

-- Whom a refresh must look at, if not at everybody: whose ledger changed since the snapshot that is gone on from, and who is due.
CREATE FUNCTION segment_internal.changed_since(v segment.segmentation_version, t segment.snapshot, is_new boolean, basis text) RETURNS bigint
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  former segment.snapshot := t;
BEGIN
  IF v.ledger_set IS NULL THEN
    RETURN NULL;
  END IF;
  IF is_new THEN
    SELECT * INTO former FROM segment.snapshot p WHERE p.id = t.previous AND p.version_id = v.id;
    IF former.id IS NULL OR NOT segment_internal.segmentation_has_due(v) OR isfinite(segment_internal.snapshot_day_after(v.id, t.as_of)) THEN
      RETURN NULL;
    END IF;
  END IF;
  -- Where many changed, all are looked at faster.
  IF former.generation > 0 AND former.basis = basis AND (
       SELECT count(*) FROM (SELECT FROM segment.customer_ledger l WHERE l.ledger_set = v.ledger_set AND l.generation > former.generation LIMIT former.customers / 5 + 10000) l
     ) < former.customers / 5 + 10000 THEN
    RETURN former.generation;
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION segment_internal.changed_since(segment.segmentation_version, segment.snapshot, boolean, text) IS
  'the generation of ledgers since which customers changed who must be scored for a snapshot, new or taken up again; NULL: everybody must be';

CREATE FUNCTION segment_internal.ledgers_to_score(v segment.segmentation_version, t segment.snapshot, is_new boolean, since bigint) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF since IS NULL THEN
    RETURN format('(SELECT l.customer AS customer_id, l.* FROM segment.customer_ledger AS l WHERE l.ledger_set = %s AND l.ledger IS NOT NULL) AS l', v.ledger_set);
  END IF;
  RETURN concat(format('(SELECT l.customer AS customer_id, l.* FROM (SELECT c.customer FROM segment.customer_ledger AS c WHERE c.ledger_set = %1$s AND c.generation > %2$s', v.ledger_set, since),
    CASE WHEN is_new THEN format(' UNION SELECT s.customer FROM segment.state AS s WHERE s.version_id = %s AND s.due > DATE %L AND s.due <= DATE %L AND s.until_day = ''infinity''',
      v.id, (SELECT p.as_of FROM segment.snapshot p WHERE p.id = t.previous), t.as_of) END,
    -- Side by side in the indexes and in the tables, which were first written in this order
    format(' ORDER BY 1) AS c JOIN segment.customer_ledger AS l ON l.ledger_set = %s AND l.customer = c.customer) AS l', v.ledger_set));
END
$$;
COMMENT ON FUNCTION segment_internal.ledgers_to_score(segment.segmentation_version, segment.snapshot, boolean, bigint) IS
  'FROM item with the ledgers of those who must be scored: of everybody (since NULL), or of those who changed since a generation or are due';

CREATE FUNCTION segment_internal.calibrate(v segment.segmentation_version, as_of date) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  customers text := 'WITH customers AS (SELECT i.customer AS customer_id, i.* FROM incoming AS i WHERE i.rfm IS NOT NULL), ';
  keys text := format('%L, %s, DATE %L', v.segmentation, v.version, as_of);
  given boolean := (v.label).kind = 'scheme' OR (v.label).cluster_model IS NOT NULL;
BEGIN
  PERFORM segment_internal.progress_next('calibrating');
  PERFORM segment_internal.run_stored(concat(customers, 'made AS (', segment_internal.segmentation_cut_points_made(v, as_of), ') INSERT INTO segment.segmentation_cut_points '
    '(segmentation, version, as_of, market, customers, cut_points) SELECT ', keys, ', m.* FROM made AS m'));
  -- Of nobody nothing is made, and nothing kept: the next refresh tries again.
  IF NOT given AND EXISTS (SELECT FROM segment_internal.segmentation_cut_points_of(v, as_of)) THEN
    PERFORM segment_internal.run_stored(concat(customers, segment_internal.segmentation_models(v, as_of, false), 'made AS (SELECT ',
      CASE (v.label).kind WHEN 'clusters' THEN 'model FROM clusters' ELSE 'm.orders, m.spend, l.* FROM models AS m, levels AS l' END,
      ') INSERT INTO segment.segmentation_model (segmentation, version, as_of, ',
      CASE (v.label).kind WHEN 'clusters' THEN 'clusters' ELSE 'orders, spend, return_levels, value_levels, tier_sorts' END, ') SELECT ', keys, ', m.* FROM made AS m'));
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.calibrate(segment.segmentation_version, date) IS 'makes and stores a version''s cut points and models of incoming()';

CREATE FUNCTION segment_internal.needs_calibration(v segment.segmentation_version, as_of date) RETURNS boolean
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF (v.scores).cut_points = 'floating' THEN
    DELETE FROM segment.segmentation_cut_points c WHERE c.segmentation = v.segmentation AND c.version = v.version AND c.as_of = needs_calibration.as_of;
    DELETE FROM segment.segmentation_model m WHERE m.segmentation = v.segmentation AND m.version = v.version AND m.as_of = needs_calibration.as_of;
    RETURN true;
  END IF;
  RETURN NOT EXISTS (SELECT FROM segment_internal.segmentation_cut_points_of(v, as_of));
END
$$;
COMMENT ON FUNCTION segment_internal.needs_calibration(segment.segmentation_version, date) IS
  'whether cut points and models must be made for a day; those of floating versions of that day are deleted';

-- What comes in is scored or, where it must be calibrated first, is not yet.
CREATE FUNCTION segment_internal.was_unfit(v segment.segmentation_version) RETURNS boolean
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT coalesce((SELECT sum(q.rows) > 0 FROM segment.data_quality q
    WHERE q.segmentation = v.segmentation AND q.check_name IN ('amounts that are no number', 'amounts that are out of range', 'infinite times')
      AND q.checked_at = (SELECT max(n.checked_at) FROM segment.data_quality n WHERE n.segmentation = v.segmentation)), false);
END;
COMMENT ON FUNCTION segment_internal.was_unfit(segment.segmentation_version) IS 'whether the source had rows that no aggregate takes when it was last counted';

CREATE FUNCTION segment_internal.gather_stored(v segment.segmentation_version, t segment.snapshot, is_new boolean, since bigint, scored boolean) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET random_page_cost = 1.1 AS $$
BEGIN
  RETURN segment_internal.collect_stored(segment_internal.segmentation_incoming(v, t.as_of,
    segment_internal.segmentation_from_ledgers(v, t.as_of, segment_internal.ledgers_to_score(v, t, is_new, since)), 'c.customer_id', scored, since IS NOT NULL));
END
$$;
COMMENT ON FUNCTION segment_internal.gather_stored(segment.segmentation_version, segment.snapshot, boolean, bigint, boolean) IS 'gather from stored ledgers';

CREATE FUNCTION segment_internal.gather(v segment.segmentation_version, t segment.snapshot, is_new boolean, since bigint, scored boolean) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF v.ledger_set IS NULL THEN
    PERFORM segment_internal.progress_next('reading all orders');
    IF segment_internal.was_unfit(v) THEN
      v := segment_internal.only_fit(v);
    END IF;
    RETURN segment_internal.collect(segment_internal.segmentation_incoming(v, t.as_of, segment_internal.segmentation_customers(v, t.as_of),
      segment_internal.customer_text(v, 'c.customer_id'), scored, false));
  END IF;
  PERFORM segment_internal.progress_next('scoring');
  RETURN segment_internal.gather_stored(v, t, is_new, since, scored);
END
$$;
COMMENT ON FUNCTION segment_internal.gather(segment.segmentation_version, segment.snapshot, boolean, bigint, boolean) IS
  'puts the customers of a snapshot into incoming(): from the orders, or from stored ledgers those who must be scored; returns their number';

CREATE FUNCTION segment_internal.score_day(v segment.segmentation_version, t segment.snapshot, is_new boolean, calibrate boolean, since bigint) RETURNS text[]
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  collected text := 'SELECT i.customer AS customer_id, i.market, i.rfm, i.channel, i.repeat, i.due FROM incoming AS i';
  first_day boolean := is_new AND NOT EXISTS (SELECT FROM segment.snapshot x WHERE x.version_id = v.id AND x.id <> t.id);
  p segment.snapshot;
BEGIN
  PERFORM segment_internal.gather(v, t, is_new, since, NOT calibrate);
  IF calibrate THEN
    PERFORM segment_internal.calibrate(v, t.as_of);
    collected := segment_internal.segmentation_incoming(v, t.as_of, collected, 'c.customer_id', true, false);
    IF NOT first_day THEN
      PERFORM segment_internal.collect_stored(collected);
    END IF;
  ELSE
    collected := 'TABLE incoming';
  END IF;
  PERFORM segment_internal.progress_next('writing states');
  IF first_day THEN
    SELECT * INTO p FROM segment.snapshot x WHERE x.id = t.previous;
    RETURN segment_internal.put_first_day(v, t, p, collected);
  ELSIF is_new AND segment_internal.is_next_day(v, t) THEN
    RETURN segment_internal.put_next_day(v, t, since IS NULL);
  END IF;
  RETURN segment_internal.put_day(v, t, is_new, since IS NULL);
END
$$;
COMMENT ON FUNCTION segment_internal.score_day(segment.segmentation_version, segment.snapshot, boolean, boolean, bigint) IS
  'scores the customers of a snapshot (everybody, or who changed since a generation of ledgers or is due) and writes their states; '
  'returns the customers whose rows have yet to be settled (NULL: all)';

CREATE FUNCTION segment_internal.write_totals_behind(t segment.snapshot, relinked integer[]) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  n segment.snapshot;
BEGIN
  PERFORM segment_internal.write_totals(t) WHERE EXISTS (SELECT FROM segment.snapshot s WHERE s.id = t.id);
  FOR n IN
    SELECT * FROM segment.snapshot s
    WHERE s.segmentation = t.segmentation AND s.as_of > t.as_of
      AND (s.id = ANY (relinked) OR s.previous = t.id OR s.version_id = t.version_id AND s.as_of = segment_internal.snapshot_day_after(t.version_id, t.as_of))
    ORDER BY s.as_of, s.version
  LOOP
    PERFORM segment_internal.write_totals(n);
  END LOOP;
  PERFORM segment_internal.renew_evidence(t);
END
$$;
COMMENT ON FUNCTION segment_internal.write_totals_behind(segment.snapshot, integer[]) IS
  'writes the totals of a snapshot that was written or removed, and of the later ones that are or were compared with it';

CREATE FUNCTION segment_internal.refresh(name text, as_of date, version integer, read text, allow_future boolean, OUT refreshed date, OUT customers bigint, OUT moved bigint) RETURNS record
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  started timestamptz := clock_timestamp();
  own segment.segmentation;
  v segment.segmentation_version;
  t segment.snapshot;
  looked record;
  sync record;
  counted record;
  is_new boolean;
  calibrate boolean;
  since bigint;
  touched text[];
  relinked integer[];
BEGIN
  PERFORM segment_internal.progress_begin('refresh of ' || name);
  own := segment_internal.segmentation_own(name);
  v := segment_internal.segmentation_version_of(name, version);
  PERFORM segment_internal.check_refresh(v, read);
  looked := segment_internal.look_at_source(v, read);
  v := looked.v;
  SELECT NULL::bigint AS generation, NULL::bigint AS rows_read, true AS everything, false AS unfit INTO sync;
  IF v.ledger_set IS NOT NULL THEN
    sync := segment_internal.sync_ledgers(v, CASE WHEN looked.reason IS NOT NULL AND read = 'changes' THEN 'all' ELSE read END);
  END IF;
  refreshed := coalesce(as_of, segment_internal.segmentation_as_of(v));
  PERFORM segment_internal.check_day(v, refreshed, allow_future);
  counted := segment_internal.count_source(v, refreshed, sync.everything OR coalesce(sync.unfit, false));
  PERFORM segment_internal.check_still_there(v, NULL), segment_internal.check_unknown(own, counted);
  IF own.pseudonymous THEN
    INSERT INTO segment.pseudonym_key VALUES (v.segmentation, uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) ON CONFLICT DO NOTHING;
  END IF;

  is_new := NOT EXISTS (SELECT FROM segment.snapshot s WHERE s.version_id = v.id AND s.as_of = refreshed);
  PERFORM segment_internal.trim_rows(v.id, refreshed);
  t := segment_internal.open_snapshot(v, refreshed, counted);
  calibrate := segment_internal.needs_calibration(v, refreshed);
  IF NOT calibrate AND NOT (is_new AND t.restart) THEN
    since := segment_internal.changed_since(v, t, is_new, segment_internal.segmentation_basis(v, refreshed));
  END IF;
  touched := segment_internal.score_day(v, t, is_new, calibrate, since);
  PERFORM segment_internal.check_still_there(v, t.id);
  UPDATE segment.snapshot s SET generation = sync.generation, basis = CASE WHEN v.ledger_set IS NOT NULL THEN segment_internal.segmentation_basis(v, refreshed) END
  WHERE s.id = t.id RETURNING * INTO t;
  relinked := segment_internal.settle(t, touched);
  PERFORM segment_internal.progress_next('totals');
  PERFORM segment_internal.write_totals_behind(t, relinked);
  SELECT * INTO t FROM segment.snapshot s WHERE s.id = t.id;
  PERFORM segment_internal.write_kpis(v, t, since IS NULL), segment_internal.write_survey(v, t);
  customers := t.customers;
  moved := t.moved;
  PERFORM segment_internal.purge_snapshots(name, own.keep_days);
  PERFORM segment_internal.log_refresh(v, t, started, CASE WHEN sync.everything THEN counted.source_rows ELSE sync.rows_read END,
    jsonb_build_object('unknown_rows', counted.unknown_rows, 'moved', moved, 'calibrated', calibrate, 'scored_all', since IS NULL, 'read_all', sync.everything, 'because', looked.reason));
  PERFORM segment_internal.progress_end();
END
$$;
COMMENT ON FUNCTION segment_internal.refresh(text, date, integer, text, boolean) IS 'behind segment.refresh: checks, reads, calibrates, scores, writes and links';

CREATE FUNCTION segment_internal.log_refresh(v segment.segmentation_version, t segment.snapshot, started timestamptz, source_rows bigint, details jsonb) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF t.customers = 0 THEN
    RAISE NOTICE USING MESSAGE = format('segmentation "%s" has no customer as of %s', v.segmentation, t.as_of),
      DETAIL = 'No row of the source has a customer, a time up to that day and an amount, and meets the filter.',
      HINT = format('If the day is mistyped, segment.remove_snapshot(%L, %L) takes it away.', v.segmentation, t.as_of);
  END IF;
  PERFORM segment_internal.segmentation_log('refresh', v.segmentation, v.version, t.as_of, v.source, source_rows, t.customers, t.fingerprint::text,
    extract(epoch FROM clock_timestamp() - started)::double precision, jsonb_strip_nulls(details));
END
$$;
COMMENT ON FUNCTION segment_internal.log_refresh(segment.segmentation_version, segment.snapshot, timestamptz, bigint, jsonb) IS 'a refresh into the log; a notice if it found nobody';

CREATE FUNCTION segment.refresh(name text, as_of date DEFAULT NULL, version integer DEFAULT NULL, read text DEFAULT 'changes', allow_future boolean DEFAULT false,
  OUT refreshed date, OUT customers bigint, OUT moved bigint) RETURNS record
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'segment_as_owner';
COMMENT ON FUNCTION segment.refresh(text, date, integer, text, boolean) IS
  'computes a segmentation as of the end of a day and stores it as a snapshot, in one transaction: readers see the former '
  'state until it commits. as_of: by default by the version''s rule; version: by default the active one (a draft''s '
  'snapshots are not shown). read: changes (the orders of customers that changed, where the segmentation stores ledgers; else all), all, or '
  'nothing (from stored ledgers). The same day again gives the same rows; no order after the day is seen. A day later than today needs '
  'allow_future => true (22008). Returns the day, the number of customers, and how many of them are new or carry another segment than in the '
  'snapshot before. Runs as the owner only: 42501 for other roles; 22000 if too many rows have no customer; 42704 if it does not exist; 42P01 or 42703 if '
  'the source or a column of it is gone; 55000 for nothing without ledgers';

CREATE FUNCTION segment_internal.purge_snapshots(name text, keep_days integer) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own segment.segmentation := segment_internal.segmentation_own(name);
  newest date := (SELECT max(t.as_of) FROM segment.snapshot t JOIN segment.segmentation_version v ON v.id = t.version_id
                  WHERE t.segmentation = own.name AND t.as_of <= segment.day_of(now(), (v.days).zone));
  t segment.snapshot;
  count bigint := 0;
BEGIN
  IF keep_days < 0 THEN
    PERFORM segment_internal.refuse('22023', 'keep_days must not be negative', format('It is %s; that would remove the newest snapshot too.', keep_days),
      'Pass 0 to keep the newest alone; remove_snapshot takes single days away.');
  END IF;
  FOR t IN SELECT * FROM segment.snapshot s WHERE s.segmentation = own.name AND s.as_of < newest - keep_days ORDER BY s.as_of, s.version LOOP
    DELETE FROM segment.snapshot s WHERE s.id = t.id;
    PERFORM segment_internal.drop_totals(t.id);
    DELETE FROM segment.survey_score s WHERE s.snapshot = t.id;
    DELETE FROM segment.survey_score s WHERE s.snapshot = t.id;
    -- What holds on no snapshot's day any more
    DELETE FROM segment.state s WHERE s.version_id = t.version_id AND s.until_day <= segment_internal.snapshot_day_after(t.version_id, t.as_of);
    UPDATE segment.snapshot s SET previous = NULL, restart = false WHERE s.previous = t.id;
    count := count + 1;
  END LOOP;
  RETURN count;
END
$$;
COMMENT ON FUNCTION segment_internal.purge_snapshots(text, integer) IS 'behind segment.purge_snapshots';

CREATE FUNCTION segment.purge_snapshots(name text, keep_days integer) RETURNS bigint
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'segment_as_owner';
COMMENT ON FUNCTION segment.purge_snapshots(text, integer) IS
  'removes the snapshots older than a number of days before the newest that is not in the future; previous segments and dates of change stay as they '
  'are. Returns the number of snapshots; NULL days remove nothing. 22023 for a negative number';

CREATE FUNCTION segment_internal.remove_snapshot(name text, as_of date, version integer) RETURNS integer
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own segment.segmentation := segment_internal.segmentation_own(name);
  t segment.snapshot;
  touched text[];
  count integer := 0;
BEGIN
  FOR t IN SELECT * FROM segment.snapshot s WHERE s.segmentation = own.name AND s.as_of = remove_snapshot.as_of
             AND (remove_snapshot.version IS NULL OR s.version = remove_snapshot.version) ORDER BY s.version LOOP
    touched := segment_internal.remove_day(t);
    DELETE FROM segment.survey_score s WHERE s.snapshot = t.id;
    PERFORM segment_internal.delete_totals(t.id), segment_internal.write_totals_behind(t, segment_internal.settle(t, touched));
    count := count + 1;
  END LOOP;
  IF count = 0 THEN
    RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('segmentation "%s" has no snapshot of %s', name, as_of),
      DETAIL = format('There are: %s.', coalesce((SELECT string_agg(DISTINCT s.as_of::text, ', ') FROM segment.snapshot s WHERE s.segmentation = own.name), 'none')),
      HINT = 'Name one of these days.';
  END IF;
  PERFORM segment_internal.renew_kpis(own.name, as_of);
  PERFORM segment_internal.segmentation_log('remove snapshot', own.name, version, as_of, NULL, NULL, NULL, NULL, NULL, NULL);
  RETURN count;
END
$$;
COMMENT ON FUNCTION segment_internal.remove_snapshot(text, date, integer) IS 'behind segment.remove_snapshot';

CREATE FUNCTION segment.remove_snapshot(name text, as_of date, version integer DEFAULT NULL) RETURNS integer
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'segment_as_owner';
COMMENT ON FUNCTION segment.remove_snapshot(text, date, integer) IS
  'removes the snapshot of one day, of all versions or of one: later ones are compared with the day before it. What was made by a refresh of a mistyped day '
  'is gone. Returns the number of snapshots; the owner only: 42501; 42704 if there is none of that day';
