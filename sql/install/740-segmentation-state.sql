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
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET client_min_messages = error AS $$
BEGIN
  ANALYZE (SKIP_LOCKED) segment.state (version_id, customer, from_day, until_day, due), segment.customer_ledger (ledger_set, customer, generation);
END
$$;
COMMENT ON FUNCTION segment_internal.analyze_states() IS 'statistics of what a first refresh has written; nothing where another process is at it';

CREATE FUNCTION segment_internal.put_first_day(v segment.segmentation_version, t segment.snapshot, p segment.snapshot, source text) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  movement record := segment_internal.segmentation_movement(v, t.as_of, p);
  hashed text := (SELECT format('segment.keyed_hash(i.customer, (SELECT k.key FROM segment.pseudonym_key AS k WHERE k.segmentation = %L))', s.name)
                  FROM segment.segmentation s WHERE s.name = v.segmentation AND s.pseudonymous);
  written bigint;
BEGIN
  EXECUTE concat(
    'INSERT INTO segment.state (version_id, customer, from_day, until_day, market, rfm, score, segment, sort, channel, repeat, due, previous_segment, previous_sort, since, moved_by)',
    format(' SELECT %s, s.customer, DATE %L, ''infinity'', s.market, s.rfm, s.score, s.segment, s.sort, s.channel, s.repeat, s.due, ', v.id, t.as_of), movement.columns,
    ' FROM (SELECT ', coalesce(hashed, 'i.customer'), ', CASE WHEN i.rfm IS NULL THEN '''' ELSE i.market END, i.rfm, i.score, i.segment, i.sort, '
    'CASE WHEN i.rfm IS NOT NULL THEN i.channel END, i.repeat, i.due FROM (', source, ') AS i '
    '(customer, market, rfm, score, segment, sort, channel, repeat, due)) AS s (customer, market, rfm, score, segment, sort, channel, repeat, due)', movement.joins,
    -- In the order of the index
    ' ORDER BY s.customer COLLATE "C"');
  GET DIAGNOSTICS written = ROW_COUNT;
  PERFORM segment_internal.analyze_states();
  RETURN written;
END
$$;
COMMENT ON FUNCTION segment_internal.put_first_day(segment.segmentation_version, segment.snapshot, segment.snapshot, text) IS
  'writes the states of a version that has none, from a query with the columns of incoming_row; returns their number';

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

CREATE FUNCTION segment_internal.put_differences(v segment.segmentation_version, day date, next_day date, everybody boolean, OUT touched text[], OUT emptied text[]) RETURNS record
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
  SELECT coalesce(array_agg(d.customer) FILTER (WHERE NOT d.is_same), '{}'), coalesce(array_agg(d.customer) FILTER (WHERE d.rfm IS NULL OR (d.covered).rfm IS NULL), '{}')
    INTO touched, emptied FROM d;
END
$$;
COMMENT ON FUNCTION segment_internal.put_differences(segment.segmentation_version, date, date, boolean) IS
  'cuts the rows that differ on a day around it, and puts new ones between; next_day: the version''s next snapshot day. Returns the customers concerned, '
  'and those who are or were nobody; neighbours that became equal stand side by side still';

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

CREATE FUNCTION segment_internal.prune_nobody(of_version integer, customers text[]) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET random_page_cost = 1.1 SET jit = off AS $$
BEGIN
  DELETE FROM segment.state s USING unnest(customers) c
  WHERE s.version_id = of_version AND s.customer = c AND s.segment IS NULL AND (s.due IS NULL OR isfinite(s.until_day))
    AND NOT EXISTS (SELECT FROM segment.state b WHERE b.version_id = of_version AND b.customer = s.customer AND b.from_day < s.from_day AND b.segment IS NOT NULL)
    -- Where the version begins anew, who was a customer of the version before has gone.
    AND NOT EXISTS (SELECT FROM segment.snapshot t JOIN segment.snapshot p ON p.id = t.previous
                    JOIN segment.state b ON b.version_id = p.version_id AND b.customer = s.customer AND b.from_day + 0 <= p.as_of AND b.until_day > p.as_of AND b.segment IS NOT NULL
                    WHERE t.version_id = of_version AND t.restart AND t.as_of <= s.from_day);
END
$$;
COMMENT ON FUNCTION segment_internal.prune_nobody(integer, text[]) IS
  'deletes the rows of customers that say that nobody is there before anybody was, but for those that wait for a day that is known';

CREATE FUNCTION segment_internal.add_nobody(of_version integer, day date, customers text[]) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET random_page_cost = 1.1 SET jit = off AS $$
BEGIN
  INSERT INTO segment.state (version_id, customer, from_day, until_day, market, since)
  SELECT of_version, s.customer, b.from_day, least(b.until_day, r.until_day), '', b.from_day
  FROM segment.state s JOIN unnest(customers) c ON s.customer = c
  CROSS JOIN LATERAL (SELECT coalesce(min(n.from_day), 'infinity') AS until_day FROM segment.state n
                      WHERE n.version_id = of_version AND n.customer = s.customer AND n.from_day > day) r
  CROSS JOIN (SELECT y.from_day, lead(y.from_day, 1, 'infinity') OVER (ORDER BY y.from_day) AS until_day
              FROM (SELECT day AS from_day UNION SELECT t.as_of FROM segment.snapshot t WHERE t.version_id = of_version AND t.restart AND t.as_of > day) y) b
  WHERE s.version_id = of_version AND s.until_day = day AND b.from_day < r.until_day
    AND NOT EXISTS (SELECT FROM segment.state n WHERE n.version_id = of_version AND n.customer = s.customer AND n.from_day = day);
END
$$;
COMMENT ON FUNCTION segment_internal.add_nobody(integer, date, text[]) IS
  'where rows of customers end on a day and none begins, rows that say that nobody is there until the next row, anew where the version begins anew';

CREATE FUNCTION segment_internal.settle_rows(v segment.segmentation_version, day date, next_day date, customers text[]) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET random_page_cost = 1.1 SET jit = off AS $$
DECLARE
  x date;
BEGIN
  -- Between a new customer's first row and the next day on which there are others, nobody is there: gone.
  PERFORM segment_internal.add_nobody(v.id, next_day, customers) WHERE isfinite(next_day);
  FOREACH x IN ARRAY ARRAY[next_day, day] LOOP
    PERFORM segment_internal.merge_rows(v.id, x, customers)
    WHERE isfinite(x) AND NOT EXISTS (SELECT FROM segment.snapshot t WHERE t.version_id = v.id AND t.as_of = x AND t.restart);
  END LOOP;
  PERFORM segment_internal.prune_nobody(v.id, customers);
END
$$;
COMMENT ON FUNCTION segment_internal.settle_rows(segment.segmentation_version, date, date, text[]) IS
  'after put_differences: makes the rows of customers gapless from the first on and maximal again around the day and the next one';

CREATE FUNCTION segment_internal.merge_rows(of_version integer, day date, customers text[]) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET random_page_cost = 1.1 SET jit = off AS $$
BEGIN
  WITH gone AS (
    DELETE FROM segment.state s USING segment.state b, unnest(customers) c
    WHERE s.version_id = of_version AND s.customer = c AND s.from_day = day
      AND b.version_id = of_version AND b.customer = c AND b.from_day + 0 < day AND b.until_day = day
      AND NOT ROW(b.market, b.rfm, b.score, b.segment, b.sort, b.channel, segment_internal.repeat_later(b.repeat, day - b.from_day))::record OPERATOR(pg_catalog.*<>)
              ROW(s.market, s.rfm, s.score, s.segment, s.sort, s.channel, s.repeat)::record
    RETURNING s.customer, s.until_day, s.due, b.from_day)
  UPDATE segment.state b SET until_day = g.until_day, due = g.due
  FROM gone g WHERE b.version_id = of_version AND b.customer = g.customer AND b.from_day = g.from_day;
END
$$;
COMMENT ON FUNCTION segment_internal.merge_rows(integer, date, text[]) IS 'rows of customers that begin on a day and say what the row before says become one with it';

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

-- From row to row: whoever keeps the segment keeps since. Where another version comes before, link_day has said it.
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

CREATE FUNCTION segment_internal.add_gone(t segment.snapshot, p segment.snapshot) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET random_page_cost = 1.1 SET jit = off AS $$
BEGIN
  INSERT INTO segment.state (version_id, customer, from_day, until_day, market, previous_segment, previous_sort, since, moved_by)
  SELECT t.version_id, b.customer, t.as_of, least(segment_internal.snapshot_day_after(t.version_id, t.as_of),
           coalesce((SELECT min(n.from_day) FROM segment.state n WHERE n.version_id = t.version_id AND n.customer = b.customer AND n.from_day > t.as_of), 'infinity')), '',
         b.segment, b.sort, t.as_of, 'gone'
  FROM segment.state b
  WHERE t.restart AND b.version_id = p.version_id AND b.from_day <= p.as_of AND b.until_day > p.as_of AND b.segment IS NOT NULL
    AND NOT EXISTS (SELECT FROM segment.state s WHERE s.version_id = t.version_id AND s.customer = b.customer AND s.from_day + 0 <= t.as_of AND s.until_day > t.as_of);
END
$$;
COMMENT ON FUNCTION segment_internal.add_gone(segment.snapshot, segment.snapshot) IS
  'where a version begins anew after another one''s snapshot p: rows of those who were customers then and are none in this version';

CREATE FUNCTION segment_internal.put_day(v segment.segmentation_version, t segment.snapshot, everybody boolean) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  next_day date := segment_internal.snapshot_day_after(v.id, t.as_of);
  put record := segment_internal.put_differences(v, t.as_of, next_day, everybody);
  n segment.snapshot;
BEGIN
  -- The newest day for the first time, after another of this version: nothing behind it, and put_differences has linked what is new by the same rules.
  IF next_day = 'infinity' AND NOT t.restart AND t.customers = 0 THEN
    PERFORM segment_internal.prune_nobody(v.id, put.emptied) WHERE put.emptied <> '{}';
    IF (v.scores).cut_points <> 'frozen' THEN
      PERFORM segment_internal.link_day(v, t, put.touched);
    END IF;
    RETURN;
  END IF;
  PERFORM segment_internal.add_gone(t, p) FROM segment.snapshot p WHERE t.restart AND p.id = t.previous;
  PERFORM segment_internal.settle_rows(v, t.as_of, next_day, put.touched);
  -- Rows that begin anew are all linked, also those that say the same as before.
  PERFORM segment_internal.link_day(v, t, CASE WHEN NOT t.restart THEN put.touched END);
  SELECT * INTO n FROM segment.snapshot x WHERE x.version_id = v.id AND x.as_of = next_day;
  IF n.previous <> t.id AND NOT n.restart AND (segment_internal.snapshot_before(n.segmentation, n.version, n.as_of)).id = t.id THEN
    UPDATE segment.snapshot x SET previous = t.id WHERE x.id = n.id RETURNING * INTO n;
    PERFORM segment_internal.link_day(v, n, NULL);
  ELSIF n.id IS NOT NULL THEN
    PERFORM segment_internal.link_day(v, n, put.touched);
  END IF;
  PERFORM segment_internal.link_behind(t, put.touched);
END
$$;
COMMENT ON FUNCTION segment_internal.put_day(segment.segmentation_version, segment.snapshot, boolean) IS
  'makes the states of a version on a snapshot''s day what incoming() says; everybody: who is not in it is no customer';

-- Where another version begins anew after a snapshot, its rows name the segments that this one has, and since.
CREATE FUNCTION segment_internal.link_behind(t segment.snapshot, customers text[]) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  n segment.snapshot;
BEGIN
  PERFORM segment_internal.link_since(t.version_id, t.as_of, customers);
  FOR n IN SELECT x.* FROM segment.snapshot p JOIN segment.snapshot x ON x.previous = p.id AND x.version_id <> p.version_id
           WHERE p.version_id = t.version_id AND p.as_of >= t.as_of LOOP
    PERFORM segment_internal.link_day(segment_internal.segmentation_version_of(n.segmentation, n.version), n, customers);
    PERFORM segment_internal.link_behind(n, customers);
  END LOOP;
END
$$;
COMMENT ON FUNCTION segment_internal.link_behind(segment.snapshot, text[]) IS
  'since of customers'' rows behind a snapshot, whose own are linked, and what other versions that begin anew behind it say of them';

CREATE FUNCTION segment_internal.cut_restart(of_version integer, day date) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET random_page_cost = 1.1 SET jit = off AS $$
BEGIN
  WITH crossing AS MATERIALIZED (SELECT s.* FROM segment.state s WHERE s.version_id = of_version AND s.from_day < day AND s.until_day > day),
  cut AS (UPDATE segment.state s SET until_day = day FROM crossing c WHERE s.version_id = of_version AND s.customer = c.customer AND s.from_day = c.from_day)
  INSERT INTO segment.state (version_id, customer, from_day, until_day, market, rfm, score, segment, sort, channel, repeat, due)
  SELECT of_version, c.customer, day, c.until_day, c.market, c.rfm, c.score, c.segment, c.sort, c.channel, segment_internal.repeat_later(c.repeat, day - c.from_day), c.due
  FROM crossing c ORDER BY c.customer COLLATE "C";
  PERFORM segment_internal.prune_nobody(of_version, ARRAY(SELECT s.customer FROM segment.state s WHERE s.version_id = of_version AND s.until_day = day AND s.segment IS NULL));
END
$$;
COMMENT ON FUNCTION segment_internal.cut_restart(integer, date) IS 'lets the rows of a version begin anew on a day';

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

CREATE FUNCTION segment_internal.relink_snapshots(name text, after date) RETURNS integer[]
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  t segment.snapshot;
  p segment.snapshot;
  everybody text[];
  changed integer[] := '{}';
BEGIN
  FOR t IN SELECT * FROM segment.snapshot s WHERE s.segmentation = name AND s.as_of > after ORDER BY s.as_of, s.version LOOP
    p := segment_internal.snapshot_before(t.segmentation, t.version, t.as_of);
    CONTINUE WHEN p.id IS NOT DISTINCT FROM t.previous;
    UPDATE segment.snapshot s SET previous = p.id, restart = p.version_id <> t.version_id AND p.id IS NOT NULL WHERE s.id = t.id RETURNING * INTO p;
    IF p.restart AND NOT t.restart THEN
      PERFORM segment_internal.cut_restart(t.version_id, t.as_of);
      PERFORM segment_internal.add_gone(p, x) FROM segment.snapshot x WHERE x.id = p.previous;
    ELSIF t.restart AND NOT p.restart THEN
      everybody := ARRAY(SELECT s.customer FROM segment.state s WHERE s.version_id = t.version_id AND (s.from_day = t.as_of OR s.until_day = t.as_of));
      PERFORM segment_internal.add_nobody(t.version_id, t.as_of, everybody);
      PERFORM segment_internal.merge_rows(t.version_id, t.as_of, everybody), segment_internal.prune_nobody(t.version_id, everybody);
    END IF;
    PERFORM segment_internal.link_day(segment_internal.segmentation_version_of(t.segmentation, t.version), p, NULL);
    everybody := ARRAY(SELECT s.customer FROM segment.state s
                       WHERE s.version_id = t.version_id AND s.from_day <= t.as_of AND s.until_day > t.as_of AND (p.restart OR t.restart OR s.from_day = t.as_of));
    PERFORM segment_internal.link_behind(p, everybody);
    changed := changed || t.id;
  END LOOP;
  RETURN changed;
END
$$;
COMMENT ON FUNCTION segment_internal.relink_snapshots(text, date) IS
  'finds anew what the snapshots of a segmentation after a day are compared with, where a snapshot was added, removed or shown since, and links their rows; '
  'returns those concerned';

CREATE FUNCTION segment_internal.remove_day(t segment.snapshot) RETURNS text[]
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET random_page_cost = 1.1 SET jit = off AS $$
DECLARE
  next_day date := segment_internal.snapshot_day_after(t.version_id, t.as_of);
  days integer := CASE WHEN isfinite(next_day) THEN next_day - t.as_of END;
  restarts boolean := EXISTS (SELECT FROM segment.snapshot n WHERE n.version_id = t.version_id AND n.as_of = next_day AND n.restart);
  touched text[] := ARRAY(SELECT s.customer FROM segment.state s WHERE s.version_id = t.version_id AND s.from_day = t.as_of);
BEGIN
  -- The row before holds until the next day.
  WITH begun AS MATERIALIZED (SELECT s.ctid AS place, s.customer, s.until_day FROM segment.state s WHERE s.version_id = t.version_id AND s.from_day = t.as_of),
  held AS (UPDATE segment.state s SET until_day = least(next_day, b.until_day) FROM begun b
           WHERE s.version_id = t.version_id AND s.customer = b.customer AND s.until_day = t.as_of AND s.from_day + 0 < t.as_of),
  ended AS (DELETE FROM segment.state s USING begun b WHERE s.ctid = b.place AND b.until_day <= next_day)
  UPDATE segment.state s SET from_day = next_day, repeat = segment_internal.repeat_later(s.repeat, days)
  FROM begun b WHERE s.ctid = b.place AND b.until_day > next_day;
  IF isfinite(next_day) AND NOT restarts THEN
    PERFORM segment_internal.merge_rows(t.version_id, next_day, touched);
  END IF;
  PERFORM segment_internal.prune_nobody(t.version_id, touched);
  DELETE FROM segment.snapshot s WHERE s.id = t.id;
  -- What held on no snapshot's day but on those that were purged before
  DELETE FROM segment.state s WHERE s.version_id = t.version_id AND s.until_day <= (SELECT min(x.as_of) FROM segment.snapshot x WHERE x.version_id = t.version_id);
  -- What is known of due days was seen from the day that is gone.
  UPDATE segment.snapshot s SET basis = NULL WHERE s.version_id = t.version_id AND s.as_of < t.as_of;
  RETURN touched;
END
$$;
COMMENT ON FUNCTION segment_internal.remove_day(segment.snapshot) IS
  'takes a snapshot out of its version''s states: the day before holds until the next one. Links must come anew by relink_snapshots, and behind that those '
  'of the customers that are returned';
