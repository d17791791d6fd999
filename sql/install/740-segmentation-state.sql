-- segmentation: states. A row of segment.state says what holds of a customer on the snapshot days from from_day on, before until_day.
-- Whatever the order in which days are computed, the rows are the same: they depend on the days and each customer's value on each.
-- Where rows are looked up by customer, from_day + 0 keeps the planner off the index of days: statistics are behind what was just written.

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

CREATE FUNCTION segment_internal.snapshot_day_after(version_id integer, as_of date) RETURNS date
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT coalesce(min(n.as_of), 'infinity') FROM segment.snapshot n
  WHERE n.version_id = snapshot_day_after.version_id AND n.as_of > snapshot_day_after.as_of;
END;
COMMENT ON FUNCTION segment_internal.snapshot_day_after(integer, date) IS 'the next day of which a version has a snapshot; infinity if there is none';

CREATE FUNCTION segment_internal.segmentation_label_then(old segment.segmentation_version, calibrated date, v segment.segmentation_version, as_of date) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF (old.label).kind <> (v.label).kind THEN
    RETURN 'before.segment';
  END IF;
  CASE (v.label).kind
    WHEN 'value_tiers' THEN
      RETURN format('(SELECT segment.value_tier(segment.score(m.value_levels[r.level], segment.clv(m.orders, m.spend, s.repeat, interval %1$L)), r.level, %2$s) '
        'FROM (SELECT segment.score(m.return_levels, segment.p_orders(m.orders, s.repeat, interval %1$L))::integer AS level) AS r)', (old.label).horizon, (old.label).tiers);
    WHEN 'clusters' THEN
      RETURN format('(SELECT l.segment FROM segment.cluster_labels(m.clusters, %1$L, %2$L) AS l WHERE l.cluster = segment.cluster_of(m.clusters, %3$s))',
        (old.label).features, (old.label).names, segment_internal.segmentation_features(old, as_of, 's.rfm'));
    ELSE
      RETURN format('segment.label(segment.rfm_score(coalesce(old_own.cut_points, old_all.cut_points), s.rfm, %1$s, %2$L), %3$L, s.rfm, %1$s, %2$L)',
                    segment_internal.held_day(old, as_of, 's.rfm'), (old.days).zone, (old.label).scheme);
  END CASE;
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_label_then(segment.segmentation_version, date, segment.segmentation_version, date) IS
  'SQL of the segment that a row s (rfm, repeat) would have had under an older version''s rules and the models m or cut points old_own, old_all it had '
  'on the day calibrated; where old and new label by different things (scheme, clusters, tiers) the old segment, as names then cannot be compared';

CREATE FUNCTION segment_internal.label_then_joins(old segment.segmentation_version, p segment.snapshot) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  of_day text := format('%%1$s.segmentation = %s AND %%1$s.version = %s', replace(quote_literal(old.segmentation), '%', '%%'), old.version)
    || CASE WHEN (old.scores).cut_points = 'frozen' THEN '' ELSE format(' AND %%1$s.as_of = DATE %L', p.as_of) END;
BEGIN
  IF (old.label).kind = 'clusters' AND (old.label).cluster_model IS NOT NULL THEN
    RETURN format(' LEFT JOIN (SELECT segment_internal.flat((x.label).cluster_model) AS clusters FROM segment.segmentation_version AS x WHERE '
      'x.segmentation = %L AND x.version = %s OFFSET 0) AS m ON true', old.segmentation, old.version);
  ELSIF (old.label).kind <> 'scheme' THEN
    RETURN concat(' LEFT JOIN (SELECT segment_internal.flat(x.clusters) AS clusters, segment_internal.flat(x.orders) AS orders, segment_internal.flat(x.spend) AS spend, '
      'x.return_levels, x.value_levels FROM segment.segmentation_model AS x WHERE ', format(of_day, 'x'), ' OFFSET 0) AS m ON true');
  END IF;
  RETURN concat(' LEFT JOIN segment.segmentation_cut_points AS old_own ON ', format(of_day, 'old_own'), ' AND old_own.market = s.market',
                ' LEFT JOIN segment.segmentation_cut_points AS old_all ON ', format(of_day, 'old_all'), ' AND old_all.market = ''''');
END
$$;
COMMENT ON FUNCTION segment_internal.label_then_joins(segment.segmentation_version, segment.snapshot) IS
  'joins that segmentation_label_then needs: models or cut points of the older version as they were at snapshot p';

-- Four columns, and the joins that they need, about a row s (customer, market, rfm, segment, sort, repeat) of version v at as_of.
CREATE FUNCTION segment_internal.segmentation_movement(v segment.segmentation_version, as_of date, p segment.snapshot, OUT columns text, OUT joins text)
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  old segment.segmentation_version;
  acted text;
  same_rules boolean;
BEGIN
  IF p.id IS NULL THEN
    columns := format('NULL::text, NULL::smallint, DATE %L, CASE WHEN s.segment IS NOT NULL THEN ''new'' END', as_of);
    RETURN;
  END IF;
  old := segment_internal.segmentation_version_of(v.segmentation, p.version);
  same_rules := old.version = v.version AND (v.scores).cut_points = 'frozen';
  -- With a look-back window a summary changes as old orders leave it, which is time's doing.
  -- So it does between times of day and ledgers, which know days.
  acted := CASE WHEN (v.days).look_back_days IS NULL AND (old.days).look_back_days IS NULL AND (v.ledger_set IS NULL) = (old.ledger_set IS NULL)
             THEN 'before.rfm OPERATOR(segment.<>) s.rfm'
           ELSE format('segment.rfm_last(s.rfm, %L) > DATE %L', (v.days).zone, p.as_of) END;
  columns := concat('before.segment, before.sort, ',
    format('CASE WHEN before.segment = s.segment THEN before.since ELSE DATE %L END, ', as_of),
    'CASE WHEN s.segment IS NULL THEN CASE WHEN before.segment IS NOT NULL THEN ''gone'' END '
    'WHEN before.segment IS NULL THEN ''new'' WHEN before.segment = s.segment THEN NULL ',
    CASE WHEN NOT same_rules THEN format('WHEN %s = before.segment THEN ''recalibration'' ',
      segment_internal.segmentation_label_then(old, p.as_of, v, as_of)) END,
    format('WHEN %s THEN ''order'' ELSE ''time'' END', acted));
  joins := concat(
    format(' LEFT JOIN segment.state AS before ON before.version_id = %s AND before.customer = s.customer'
           ' AND before.from_day + 0 <= DATE %2$L AND before.until_day > DATE %2$L', p.version_id, p.as_of),
    CASE WHEN NOT same_rules THEN segment_internal.label_then_joins(old, p) END);
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_movement(segment.segmentation_version, date, segment.snapshot) IS
  'SQL of previous segment and rank, since, and what moved a customer, compared with snapshot p (NULL: none before). '
  'recalibration: under p''s cut points and scheme the segment would have stayed; else order, if the summary of orders '
  'changed (with a look-back window: if an order is later than p), else time; gone for who is no customer any more';

-- A version that statistics don't know is taken for one of no rows, and its rows are looped over. Who holds the lock that this needs does the same.
CREATE FUNCTION segment_internal.analyze_states() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET client_min_messages = error SET default_statistics_target = 30 AS $$
BEGIN
  ANALYZE (SKIP_LOCKED) segment.state (version_id, customer, from_day, until_day, due);
END
$$;
COMMENT ON FUNCTION segment_internal.analyze_states() IS 'statistics of what a first refresh has written, of few rows; nothing where another process is at it';

CREATE FUNCTION segment_internal.analyze_ledgers() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET client_min_messages = error SET default_statistics_target = 30 AS $$
BEGIN
  ANALYZE (SKIP_LOCKED) segment.customer_ledger (ledger_set, customer, generation);
END
$$;
COMMENT ON FUNCTION segment_internal.analyze_ledgers() IS 'the same of the ledgers';

CREATE FUNCTION segment_internal.put_first_day(v segment.segmentation_version, t segment.snapshot, p segment.snapshot, source text) RETURNS text[]
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  movement record := segment_internal.segmentation_movement(v, t.as_of, p);
  hashed text := (SELECT format('segment.keyed_hash(i.customer, (SELECT k.key FROM segment.pseudonym_key AS k WHERE k.segmentation = %L))', s.name)
                  FROM segment.segmentation s WHERE s.name = v.segmentation AND s.pseudonymous);
BEGIN
  PERFORM segment_internal.put_rows('state', concat(
    format('SELECT %s, s.customer, DATE %L, DATE ''infinity'', s.market, s.rfm, s.score, s.segment, s.sort, s.channel, s.repeat, ', v.id, t.as_of), movement.columns,
    ', s.due FROM (SELECT ', coalesce(hashed, 'i.customer'), ', CASE WHEN i.rfm IS NULL THEN '''' ELSE i.market END, i.rfm, i.score, i.segment, i.sort, '
    'CASE WHEN i.rfm IS NOT NULL THEN i.channel END, i.repeat, i.due FROM (', source, ') AS i '
    '(customer, market, rfm, score, segment, sort, channel, repeat, due)) AS s (customer, market, rfm, score, segment, sort, channel, repeat, due)', movement.joins,
    -- In the order of the index
    ' ORDER BY s.customer COLLATE "C"'));
  PERFORM segment_internal.analyze_states();
  RETURN ARRAY(SELECT b.customer FROM segment.state b
               WHERE t.restart AND b.version_id = p.version_id AND b.from_day <= p.as_of AND b.until_day > p.as_of AND b.segment IS NOT NULL
                 AND NOT EXISTS (SELECT FROM segment.state s WHERE s.version_id = v.id AND s.customer = b.customer));
END
$$;
COMMENT ON FUNCTION segment_internal.put_first_day(segment.segmentation_version, segment.snapshot, segment.snapshot, text) IS
  'writes the states of a version that has none, from a query with the columns of incoming_row; returns whom of the snapshot before, another version''s, it does not have';

-- Who differs from the row that covers the day, or is missing there. rfm is NULL for who is no customer: in incoming() those among the scored
-- who have no order that counts any more, and with everybody those whom incoming() does not have.
CREATE FUNCTION segment_internal.state_differences(v segment.segmentation_version, day date, everybody boolean)
  RETURNS TABLE (customer text, market text, rfm segment.rfm, score segment.rfm_score, segment text, sort smallint, channel text, repeat segment.repeat_summary,
                 due date, is_same boolean, covered segment.state, place tid)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET random_page_cost = 1.1 SET jit = off AS $$
DECLARE
  key bytea := (SELECT k.key FROM segment.pseudonym_key k JOIN segment.segmentation s ON s.name = k.segmentation AND s.pseudonymous WHERE s.name = v.segmentation);
BEGIN
  RETURN QUERY
  SELECT i.customer, i.market, i.rfm, i.score, i.segment, i.sort, i.channel, i.repeat, i.due, d.same, s, s.ctid
  FROM (SELECT CASE WHEN key IS NULL THEN n.customer ELSE segment.keyed_hash(n.customer, key) END COLLATE "C" AS customer,
               CASE WHEN n.rfm IS NULL THEN '' ELSE n.market END AS market, n.rfm, n.score, n.segment, n.sort,
               CASE WHEN n.rfm IS NOT NULL THEN n.channel END AS channel, CASE WHEN n.rfm IS NOT NULL THEN n.repeat END AS repeat, n.due FROM segment_internal.incoming() n OFFSET 0) i
  LEFT JOIN segment.state s ON s.version_id = v.id AND s.customer = i.customer AND s.from_day + 0 <= day AND s.until_day > day
  CROSS JOIN LATERAL (SELECT i.rfm IS NULL AND s.segment IS NULL AND s.customer IS NOT NULL
    OR ROW(i.market, i.rfm, i.score, i.segment, i.sort, i.channel, i.repeat)::record OPERATOR(pg_catalog.*=)
       ROW(s.market, s.rfm, s.score, s.segment, s.sort, s.channel, segment_internal.repeat_later(s.repeat, day - s.from_day))::record) d (same)
  -- Who is no customer yet, but will be one, waits in a row of its own.
  WHERE NOT d.same AND (i.rfm IS NOT NULL OR s.segment IS NOT NULL OR i.due IS NOT NULL) OR d.same AND s.until_day = 'infinity' AND s.due IS DISTINCT FROM i.due
  UNION ALL
  SELECT s.customer, '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, s, s.ctid
  FROM segment.state s
  LEFT JOIN segment_internal.incoming() n ON s.customer = CASE WHEN key IS NULL THEN n.customer ELSE segment.keyed_hash(n.customer, key) END COLLATE "C"
  WHERE everybody AND s.version_id = v.id AND s.from_day <= day AND s.until_day > day AND s.segment IS NOT NULL AND n.customer IS NULL;
END
$$;
COMMENT ON FUNCTION segment_internal.state_differences(segment.segmentation_version, date, boolean) IS
  'of incoming() the customers whose state on a day differs from the stored one, beside the row that covers the day (NULL: none); with everybody those '
  'too who are stored and not in incoming(), with NULL for rfm; and those who are the same, but have another due day';

CREATE FUNCTION segment_internal.put_differences(v segment.segmentation_version, day date, next_day date, everybody boolean, OUT touched text[], OUT waited text[]) RETURNS record
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET random_page_cost = 1.1 SET jit = off AS $$
DECLARE
  windowed boolean := (v.days).look_back_days IS NOT NULL;
  newest boolean := next_day = 'infinity';
  previous_day date := (SELECT p.as_of FROM segment.snapshot t JOIN segment.snapshot p ON p.id = t.previous WHERE t.version_id = v.id AND t.as_of = day);
BEGIN
  WITH d AS MATERIALIZED (
    SELECT x.*, (x.covered).from_day AS covered_from, (x.covered).until_day AS covered_until
    FROM segment_internal.state_differences(v, day, everybody) x WHERE newest OR NOT x.is_same),
  -- The covering row goes on behind the next day.
  rest AS (
    INSERT INTO segment.state (version_id, customer, from_day, until_day, market, rfm, score, segment, sort, channel, repeat, due)
    SELECT v.id, d.customer, next_day, d.covered_until, (d.covered).market, (d.covered).rfm, (d.covered).score, (d.covered).segment, (d.covered).sort,
           (d.covered).channel, segment_internal.repeat_later((d.covered).repeat, next_day - d.covered_from), (d.covered).due
    FROM d WHERE NOT d.is_same AND d.covered_until > next_day),
  -- due stays as it is: a column with an index would make the update dearer, and days that have passed are not asked for.
  cut AS (
    UPDATE segment.state s SET until_day = day FROM d
    WHERE NOT d.is_same AND d.covered_from < day AND s.ctid = d.place),
  changed AS (
    UPDATE segment.state s SET until_day = least(next_day, d.covered_until), market = d.market, rfm = d.rfm, score = d.score, segment = d.segment,
      sort = d.sort, channel = d.channel, repeat = d.repeat, due = CASE WHEN newest THEN d.due END
    FROM d WHERE NOT d.is_same AND d.covered_from = day AND s.ctid = d.place),
  put_off AS (
    UPDATE segment.state s SET due = d.due FROM d
    WHERE d.is_same AND s.ctid = d.place),
  added AS (
    INSERT INTO segment.state (version_id, customer, from_day, until_day, market, rfm, score, segment, sort, channel, repeat, due,
      previous_segment, previous_sort, since, moved_by)
    SELECT v.id, d.customer, day, next_day, d.market, d.rfm, d.score, d.segment, d.sort, d.channel, d.repeat, CASE WHEN newest THEN d.due END,
           (d.covered).segment, (d.covered).sort, CASE WHEN (d.covered).segment = d.segment THEN (d.covered).since ELSE day END,
           segment_internal.moved_by(d.segment, d.rfm, (d.covered).segment, (d.covered).rfm,
             CASE WHEN windowed THEN coalesce(segment.rfm_last(d.rfm, (v.days).zone) > previous_day, false) END)
    FROM d WHERE NOT d.is_same AND (d.covered_from IS NULL OR d.covered_from < day))
  SELECT coalesce(array_agg(d.customer) FILTER (WHERE NOT d.is_same), '{}'),
         coalesce(array_agg(d.customer) FILTER (WHERE d.covered_from IS NOT NULL AND (d.covered).segment IS NULL), '{}')
    INTO touched, waited FROM d;
END
$$;
COMMENT ON FUNCTION segment_internal.put_differences(segment.segmentation_version, date, date, boolean) IS
  'cuts the rows that differ on a day around it, and puts new ones between; next_day: the version''s next snapshot day. Returns the customers concerned, '
  'and those of whom the row of the day said that nobody is there. Their rows are not in their form yet: see rewrite_rows';

CREATE FUNCTION segment_internal.can_put_changed() RETURNS boolean AS 'MODULE_PATHNAME', 'segment_can_put_changed' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.can_put_changed() IS 'whether put_changed can write: table state has no triggers, which it would not call';
CREATE FUNCTION segment_internal.put_changed(version_id integer, day date, previous_day date, windowed boolean, zone text, everybody boolean) RETURNS text[]
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'segment_put_changed';
COMMENT ON FUNCTION segment_internal.put_changed(integer, date, date, boolean, text, boolean) IS
  'put_differences of the newest day, for the first time, where ids are no pseudonyms: one look-up a customer, or for everybody one walk along the index. '
  'Keeps what it wrote as moved(). Returns those of whom the row of the day said that nobody is there';

CREATE FUNCTION segment_internal.moved_by(segment text, rfm segment.rfm, former_segment text, former_rfm segment.rfm, acted boolean) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN segment IS NULL THEN CASE WHEN former_segment IS NOT NULL THEN 'gone' END
              WHEN former_segment IS NULL THEN 'new'
              WHEN segment = former_segment THEN NULL
              WHEN coalesce(acted, rfm OPERATOR(segment.<>) former_rfm) THEN 'order' ELSE 'time' END;
END;
COMMENT ON FUNCTION segment_internal.moved_by(text, segment.rfm, text, segment.rfm, boolean) IS
  'why a customer''s segment differs from the former one, under the same rules: acted says whether the customer did something; NULL: if the summary changed';

-- The form of rows: a customer is told of from the first day on which there is somebody, or from the first restart after a snapshot of another version
-- that had this customer; who will be one only (due), from the newest restart or later. From then on rows follow each other without a gap, also where
-- nobody is there; each says something else than the one before, but that at a restart all begin anew.
CREATE FUNCTION segment_internal.rewrite_rows(of_version integer, customers text[]) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET random_page_cost = 1.1 SET enable_nestloop = on SET jit = off AS $$
BEGIN
  -- Estimates don't know what was written just now: many rows are never looped over.
  PERFORM set_config('enable_nestloop', (cardinality(customers) < 5000)::text, true);
  WITH restarts AS MATERIALIZED (
    SELECT t.as_of AS day, p.version_id, p.as_of FROM segment.snapshot t JOIN segment.snapshot p ON p.id = t.previous WHERE t.version_id = of_version AND t.restart),
  old AS MATERIALIZED (
    SELECT s.*, s.ctid AS place FROM unnest(customers) c JOIN segment.state s ON s.version_id = of_version AND s.customer = c),
  told AS MATERIALIZED (
    SELECT x.customer, min(x.day) AS day, max(x.due) AS due
    FROM (SELECT o.customer, CASE WHEN o.segment IS NOT NULL THEN o.from_day WHEN o.until_day = 'infinity' AND o.due IS NOT NULL
                               THEN greatest(o.from_day, (SELECT max(r.day) FROM restarts r)) END, CASE WHEN o.until_day = 'infinity' THEN o.due END FROM old o
          UNION ALL
          SELECT b.customer, r.day, NULL FROM unnest(customers) c CROSS JOIN restarts r
          JOIN segment.state b ON b.version_id = r.version_id AND b.customer = c AND b.from_day + 0 <= r.as_of AND b.until_day > r.as_of AND b.segment IS NOT NULL
         ) x (customer, day, due)
    GROUP BY x.customer HAVING count(x.day) > 0),
  -- Days on which something can begin, and which row does
  event AS (
    SELECT o.customer, o.from_day AS day, o.from_day AS begun FROM old o
    UNION ALL SELECT o.customer, o.until_day, NULL FROM old o WHERE isfinite(o.until_day)
    UNION ALL SELECT t.customer, t.day, NULL FROM told t
    UNION ALL SELECT t.customer, r.day, NULL FROM told t JOIN restarts r ON r.day > t.day),
  piece AS (
    SELECT e.customer, e.day, coalesce(o.market, '') AS market, o.rfm, o.score, o.segment, o.sort, o.channel, segment_internal.repeat_later(o.repeat, e.day - o.from_day) AS repeat,
           t.due, lag(e.day) OVER w AS former, r.day IS NOT NULL AS anew
    FROM (SELECT x.customer, x.day, max(max(x.begun)) OVER (PARTITION BY x.customer ORDER BY x.day) AS begun FROM event x GROUP BY x.customer, x.day) e
    JOIN told t ON t.customer = e.customer AND t.day <= e.day
    LEFT JOIN old o ON o.customer = e.customer AND o.from_day = e.begun AND o.until_day > e.day
    LEFT JOIN restarts r ON r.day = e.day
    WINDOW w AS (PARTITION BY e.customer ORDER BY e.day)),
  form AS MATERIALIZED (
    SELECT p.*, lead(p.day, 1, 'infinity') OVER (PARTITION BY p.customer ORDER BY p.day) AS until_day
    FROM (SELECT x.*, x.anew OR x.former IS NULL OR ROW(x.market, x.rfm, x.score, x.segment, x.sort, x.channel, x.repeat)::record OPERATOR(pg_catalog.*<>)
                   ROW(lag(x.market) OVER w, lag(x.rfm) OVER w, lag(x.score) OVER w, lag(x.segment) OVER w, lag(x.sort) OVER w, lag(x.channel) OVER w,
                       segment_internal.repeat_later(lag(x.repeat) OVER w, x.day - x.former))::record AS begins
          FROM piece x WINDOW w AS (PARTITION BY x.customer ORDER BY x.day)) p
    WHERE p.begins),
  ended AS (
    DELETE FROM segment.state s USING old o
    WHERE s.ctid = o.place AND NOT EXISTS (SELECT FROM form f WHERE f.customer = o.customer AND f.day = o.from_day)),
  kept AS (
    UPDATE segment.state s SET until_day = f.until_day, due = CASE WHEN isfinite(f.until_day) THEN o.due ELSE f.due END
    FROM old o JOIN form f ON f.customer = o.customer AND f.day = o.from_day
    WHERE s.ctid = o.place AND (f.until_day, f.due) IS DISTINCT FROM (o.until_day, CASE WHEN isfinite(f.until_day) THEN f.due ELSE o.due END))
  INSERT INTO segment.state (version_id, customer, from_day, until_day, market, rfm, score, segment, sort, channel, repeat, due, since)
  SELECT of_version, f.customer, f.day, f.until_day, f.market, f.rfm, f.score, f.segment, f.sort, f.channel, f.repeat, CASE WHEN f.until_day = 'infinity' THEN f.due END, f.day
  FROM form f LEFT JOIN old o ON o.customer = f.customer AND o.from_day = f.day WHERE o.place IS NULL
  ORDER BY f.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION segment_internal.rewrite_rows(integer, text[]) IS
  'brings a version''s rows of customers, which say what is right but not in their form, into it: no gap, no neighbours that say the same, restarts. '
  'New rows are not linked';

CREATE FUNCTION segment_internal.link_day(v segment.segmentation_version, t segment.snapshot, customers text[]) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  p segment.snapshot;
  movement record;
BEGIN
  SELECT * INTO p FROM segment.snapshot x WHERE x.id = t.previous;
  movement := segment_internal.segmentation_movement(v, t.as_of, p);
  EXECUTE concat(
    'UPDATE segment.state AS u SET previous_segment = n.previous_segment, previous_sort = n.previous_sort, since = n.since, moved_by = n.moved_by FROM (SELECT s.ctid, ',
    movement.columns, ' FROM ', CASE WHEN customers IS NOT NULL THEN 'unnest($3) AS c (customer) JOIN segment.state AS s ON s.customer = c.customer' ELSE 'segment.state AS s' END,
    movement.joins, ' WHERE s.version_id = $1 AND s.from_day = $2) AS n (place, previous_segment, previous_sort, since, moved_by) '
    'WHERE u.ctid = n.place AND (u.previous_segment, u.previous_sort, u.since, u.moved_by) IS DISTINCT FROM '
    '(n.previous_segment, n.previous_sort, n.since, n.moved_by)')
  USING v.id, t.as_of, customers;
END
$$;
COMMENT ON FUNCTION segment_internal.link_day(segment.segmentation_version, segment.snapshot, text[]) IS
  'previous segment, since and moved_by of the rows that begin on a snapshot''s day, of customers or (NULL) of all';

-- From row to row: whoever keeps the segment keeps since. Where another version comes before, link_day says it.
CREATE FUNCTION segment_internal.link_since(of_version integer, day date, customers text[]) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET random_page_cost = 1.1 SET jit = off AS $$
DECLARE
  restarts date[] := ARRAY(SELECT t.as_of FROM segment.snapshot t WHERE t.version_id = of_version AND t.restart);
BEGIN
  UPDATE segment.state u SET since = n.since
  FROM (SELECT g.customer, g.from_day, first_value(g.since_then) OVER (PARTITION BY g.customer, g.run ORDER BY g.from_day) AS since
        FROM (SELECT x.*, count(*) FILTER (WHERE x.is_known) OVER (PARTITION BY x.customer ORDER BY x.from_day) AS run
              FROM (SELECT s.customer, s.from_day, CASE WHEN k.told THEN s.since ELSE s.from_day END AS since_then,
                           k.told OR s.segment IS NULL OR s.previous_segment IS DISTINCT FROM s.segment AS is_known
                    FROM segment.state s JOIN unnest(customers) c ON s.customer = c
                    CROSS JOIN LATERAL (SELECT s.from_day <= day OR s.from_day = ANY (restarts)) k (told)
                    WHERE s.version_id = of_version AND s.until_day > day) x) g
        WHERE g.run > 0) n
  WHERE u.version_id = of_version AND u.customer = n.customer AND u.from_day = n.from_day AND u.since IS DISTINCT FROM n.since;
END
$$;
COMMENT ON FUNCTION segment_internal.link_since(integer, date, text[]) IS
  'since of the rows of customers that begin behind a day, from those that cover it';

CREATE FUNCTION segment_internal.relink_snapshots(name text, after date, OUT changed integer[], OUT anew boolean) RETURNS record
  LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
  WITH x AS (
    UPDATE segment.snapshot s SET previous = n.previous, restart = n.restart
    FROM (SELECT t.id, p.id AS previous, coalesce(p.version_id <> t.version_id, false) AS restart, t.restart AS was_restart
          FROM segment.snapshot t CROSS JOIN LATERAL segment_internal.snapshot_before(t.segmentation, t.version, t.as_of) p
          WHERE t.segmentation = name AND t.as_of > after) n
    WHERE s.id = n.id AND s.previous IS DISTINCT FROM n.previous
    RETURNING s.id, n.restart OR n.was_restart AS anew)
  SELECT coalesce(array_agg(x.id), '{}'), coalesce(bool_or(x.anew), false) FROM x;
END;
COMMENT ON FUNCTION segment_internal.relink_snapshots(text, date) IS
  'finds anew what the snapshots of a segmentation after a day are compared with, where a snapshot was added, removed or shown since; returns those '
  'that changed, and whether a version begins anew, or did, at one of them';

-- Versions that begin anew behind a snapshot name the segments that it has, and since; others begin anew behind them. So days come in their order.
CREATE FUNCTION segment_internal.settle(t segment.snapshot, touched text[]) RETURNS integer[]
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  relinked record := segment_internal.relink_snapshots(t.segmentation, t.as_of);
  next_day date := segment_internal.snapshot_day_after(t.version_id, t.as_of);
  customers text[] := touched;
  n segment.snapshot;
BEGIN
  IF touched IS NULL OR relinked.anew THEN
    customers := ARRAY(SELECT DISTINCT s.customer FROM segment.state s WHERE s.version_id IN (SELECT v.id FROM segment.segmentation_version v WHERE v.segmentation = t.segmentation));
  ELSIF touched = '{}' AND relinked.changed = '{}' THEN
    RETURN '{}';
  END IF;
  PERFORM segment_internal.rewrite_rows(v.id, customers) FROM segment.segmentation_version v
  WHERE v.segmentation = t.segmentation
    AND (v.id = t.version_id OR EXISTS (SELECT FROM segment.snapshot x WHERE x.version_id = v.id AND x.as_of > t.as_of AND (x.restart OR x.id = ANY (relinked.changed))));
  FOR n IN SELECT * FROM segment.snapshot x
           WHERE x.segmentation = t.segmentation AND (x.id = t.id OR x.as_of > t.as_of
             AND (x.restart OR x.id = ANY (relinked.changed) OR x.previous = t.id OR x.version_id = t.version_id AND x.as_of = next_day))
           ORDER BY x.as_of, x.version LOOP
    PERFORM segment_internal.link_day(segment_internal.segmentation_version_of(n.segmentation, n.version), n,
              CASE WHEN n.id <> ALL (relinked.changed) AND n.previous IS DISTINCT FROM t.id THEN customers END),
            segment_internal.link_since(n.version_id, n.as_of, customers);
  END LOOP;
  RETURN relinked.changed;
END
$$;
COMMENT ON FUNCTION segment_internal.settle(segment.snapshot, text[]) IS
  'where states of a snapshot''s day were written, or the snapshot was removed: brings the rows of the customers concerned (NULL: of all) into their form and '
  'links them, of its version and of those that begin anew behind it. Returns the later snapshots that are compared with another one now';

CREATE FUNCTION segment_internal.is_next_day(v segment.segmentation_version, t segment.snapshot) RETURNS boolean
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT NOT t.restart AND (v.scores).cut_points = 'frozen' AND segment_internal.snapshot_day_after(v.id, t.as_of) = 'infinity'
    AND segment_internal.can_put_changed() AND NOT EXISTS (SELECT FROM segment.segmentation s WHERE s.name = v.segmentation AND s.pseudonymous);
END;
COMMENT ON FUNCTION segment_internal.is_next_day(segment.segmentation_version, segment.snapshot) IS
  'whether a snapshot that is computed for the first time follows another one of its version, by the same rules, and none follows it: then put_next_day can write it';

CREATE FUNCTION segment_internal.put_next_day(v segment.segmentation_version, t segment.snapshot, everybody boolean) RETURNS text[]
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  waited text[] := segment_internal.put_changed(v.id, t.as_of, (SELECT p.as_of FROM segment.snapshot p WHERE p.id = t.previous), (v.days).look_back_days IS NOT NULL,
                                                (v.days).zone, everybody);
BEGIN
  PERFORM segment_internal.rewrite_rows(v.id, waited) WHERE waited <> '{}';
  RETURN '{}';
END
$$;
COMMENT ON FUNCTION segment_internal.put_next_day(segment.segmentation_version, segment.snapshot, boolean) IS 'put_day where is_next_day';

CREATE FUNCTION segment_internal.put_day(v segment.segmentation_version, t segment.snapshot, is_new boolean, everybody boolean) RETURNS text[]
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  next_day date := segment_internal.snapshot_day_after(v.id, t.as_of);
  put record := segment_internal.put_differences(v, t.as_of, next_day, everybody);
BEGIN
  IF is_new AND t.restart THEN
    RETURN NULL;
  ELSIF is_new AND next_day = 'infinity' THEN
    -- The newest day, after another of this version: nothing behind it, and put_differences has linked what is new by the same rules.
    -- Who waited for a first order, or does no longer, is all that is left.
    PERFORM segment_internal.rewrite_rows(v.id, put.waited) WHERE put.waited <> '{}';
    PERFORM segment_internal.link_day(v, t, put.touched) WHERE (v.scores).cut_points <> 'frozen';
    RETURN '{}';
  END IF;
  RETURN put.touched;
END
$$;
COMMENT ON FUNCTION segment_internal.put_day(segment.segmentation_version, segment.snapshot, boolean, boolean) IS
  'makes the states of a version on a snapshot''s day what incoming() says; everybody: who is not in it is no customer. Returns the customers whose rows '
  'have yet to be settled; NULL: all';

CREATE FUNCTION segment_internal.trim_rows(of_version integer, before date) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  first_day date := (SELECT min(t.as_of) FROM segment.snapshot t WHERE t.version_id = of_version);
BEGIN
  UPDATE segment.state s SET from_day = first_day, repeat = segment_internal.repeat_later(s.repeat, first_day - s.from_day)
  WHERE before < first_day AND s.version_id = of_version AND s.from_day < first_day;
END
$$;
COMMENT ON FUNCTION segment_internal.trim_rows(integer, date) IS
  'where a day is computed before the first that is left of a version, lets its rows begin there: those that hold since a snapshot that was purged must not be taken for that day''s';

CREATE FUNCTION segment_internal.remove_day(t segment.snapshot) RETURNS text[]
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET random_page_cost = 1.1 SET jit = off AS $$
DECLARE
  next_day date := segment_internal.snapshot_day_after(t.version_id, t.as_of);
  days integer := CASE WHEN isfinite(next_day) THEN next_day - t.as_of END;
  touched text[] := ARRAY(SELECT s.customer FROM segment.state s WHERE s.version_id = t.version_id AND s.from_day = t.as_of);
BEGIN
  -- The row before holds until the next day.
  WITH begun AS MATERIALIZED (SELECT s.ctid AS place, s.customer, s.until_day FROM segment.state s WHERE s.version_id = t.version_id AND s.from_day = t.as_of),
  held AS (UPDATE segment.state s SET until_day = next_day FROM begun b
           WHERE s.version_id = t.version_id AND s.customer = b.customer AND s.until_day = t.as_of AND s.from_day + 0 < t.as_of),
  ended AS (DELETE FROM segment.state s USING begun b WHERE s.ctid = b.place AND b.until_day <= next_day)
  UPDATE segment.state s SET from_day = next_day, repeat = segment_internal.repeat_later(s.repeat, days)
  FROM begun b WHERE s.ctid = b.place AND b.until_day > next_day;
  DELETE FROM segment.snapshot s WHERE s.id = t.id;
  -- What held on no snapshot's day but on those that were purged before
  DELETE FROM segment.state s WHERE s.version_id = t.version_id AND s.until_day <= (SELECT min(x.as_of) FROM segment.snapshot x WHERE x.version_id = t.version_id);
  -- What is known of due days was seen from the day that is gone.
  UPDATE segment.snapshot s SET basis = NULL WHERE s.version_id = t.version_id AND s.as_of < t.as_of;
  RETURN touched;
END
$$;
COMMENT ON FUNCTION segment_internal.remove_day(segment.snapshot) IS
  'takes a snapshot out of its version''s states: the day before holds until the next one. Returns the customers whose rows have yet to be settled';
