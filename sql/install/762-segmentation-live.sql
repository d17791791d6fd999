-- segmentation: customers as of now, and whether what is stored is what the orders say

CREATE FUNCTION segment_internal.score_now(v segment.segmentation_version, day date, customers text[]) RETURNS date
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  day_after date;
BEGIN
  v := segment_internal.only_fit(v);
  PERFORM segment_internal.collect_ledgers(concat('WITH ', segment_internal.segmentation_ledgers(v, CASE WHEN customers IS NOT NULL THEN
    segment_internal.of_customers(v, customers) END), ' ', segment_internal.ledgers_collected(v)));
  SELECT max(CASE WHEN l.last_day <= segment.day_of(now(), (v.days).zone) THEN l.last_day END) INTO day_after
  FROM segment_internal.incoming_ledgers() l WHERE customers IS NOT NULL;
  day := greatest(day, day_after);
  PERFORM segment_internal.collect_stored(segment_internal.segmentation_incoming(v, day, segment_internal.segmentation_from_ledgers(v, day,
    '(SELECT l.customer AS customer_id, l.* FROM segment_internal.incoming_ledgers() AS l WHERE l.ledger IS NOT NULL) AS l'), 'c.customer_id', true, false));
  RETURN day;
END
$$;
COMMENT ON FUNCTION segment_internal.score_now(segment.segmentation_version, date, text[]) IS
  'reads the orders of customers (NULL: of all) and puts their states into incoming(), by stored cut points and models, as of a day or, for some customers, of their '
  'last order up to today if that is later; returns the day';

CREATE FUNCTION segment_internal.live_rows_of(v segment.segmentation_version)
  RETURNS TABLE (customer text, version integer, as_of date, market text, rfm segment.rfm, score segment.rfm_score, segment text, sort smallint)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 100 SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  ids text[];
  day date;
BEGIN
  PERFORM segment_internal.check_source(v);
  SELECT array_agg(DISTINCT q.customer) INTO ids FROM segment.change_queue q WHERE q.ledger_set = v.ledger_set AND q.customer IS NOT NULL
  HAVING NOT bool_or(q.everything);
  ids := segment_internal.canonical_ids(v, ids);
  SELECT max(t.as_of) INTO day FROM segment.snapshot t WHERE t.version_id = v.id AND t.as_of <= segment.day_of(now(), (v.days).zone);
  IF day IS NULL OR ids = '{}' THEN
    RETURN;
  END IF;
  day := segment_internal.score_now(v, day, ids);
  RETURN QUERY
  SELECT w.customer, v.version, day, i.market, i.rfm, i.score, i.segment, i.sort
  FROM (SELECT u.customer COLLATE "C" FROM unnest(ids) u (customer)
        UNION SELECT n.customer FROM segment_internal.incoming() n WHERE n.rfm IS NOT NULL
        UNION SELECT s.customer FROM segment.state s WHERE ids IS NULL AND s.version_id = v.id AND s.until_day = 'infinity' AND s.segment IS NOT NULL) w (customer)
  LEFT JOIN segment_internal.incoming() i ON i.customer = w.customer AND i.rfm IS NOT NULL;
END
$$;
COMMENT ON FUNCTION segment_internal.live_rows_of(segment.segmentation_version) IS 'live_rows of one segmentation, after act_for_reader';

CREATE FUNCTION segment_internal.live_rows(name text, OUT customer text, OUT version integer, OUT as_of date, OUT market text, OUT rfm segment.rfm, OUT score segment.rfm_score,
  OUT segment text, OUT sort smallint) RETURNS SETOF record
  LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v segment.segmentation_version;
BEGIN
  PERFORM segment_internal.check_member(name);
  SELECT x.* INTO v FROM segment.segmentation s JOIN segment.segmentation_version x ON x.segmentation = s.name AND x.version = s.active_version
  WHERE s.name = live_rows.name AND (x.changes).live AND EXISTS (SELECT FROM segment.change_queue q WHERE q.ledger_set = x.ledger_set)
    AND EXISTS (SELECT FROM segment.segmentation_cut_points c WHERE c.segmentation = x.segmentation AND c.version = x.version)
    AND EXISTS (SELECT FROM segment.segmentation_member m WHERE m.segmentation = x.segmentation AND NOT m.summary_only AND pg_has_role(segment_internal.caller(), m.role, 'USAGE'));
  -- A mere reader sees what is stored: nothing is run in the owner's name.
  IF NOT FOUND OR NOT segment_internal.act_for_reader(name) THEN
    RETURN;
  END IF;
  RETURN QUERY SELECT * FROM segment_internal.live_rows_of(v);
EXCEPTION WHEN OTHERS OR assert_failure THEN
  -- One whose source is gone hides no other.
  IF v.id IS NULL THEN
    RAISE;
  END IF;
  RAISE WARNING USING MESSAGE = format('segmentation "%s" cannot be read as of now', name), DETAIL = SQLERRM,
    HINT = 'Its customers are shown as of the newest snapshot; a refresh says what is wrong.';
END
$$;
COMMENT ON FUNCTION segment_internal.live_rows(text) IS 'behind segment.live_rows';

CREATE FUNCTION segment.live_rows(name text, OUT customer text, OUT version integer, OUT as_of date, OUT market text, OUT rfm segment.rfm, OUT score segment.rfm_score,
  OUT segment text, OUT sort smallint) RETURNS SETOF record
  LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE ROWS 100 AS 'MODULE_PATHNAME', 'segment_as_owner';
COMMENT ON FUNCTION segment.live_rows(text) IS
  'the customers of a live segmentation whose orders changed since the last refresh, as they are now: their orders are read as you ask, and scored by the cut points of the '
  'active version, as of the newest snapshot''s day or, if that is later, of the last of these orders up to today. segment is NULL for who is no customer any more. '
  'Only for members of the role that owns it: see customer_now. 42704 if it does not exist';

-- By segmentation: where one is asked for, no other is read as of now.
CREATE VIEW segment.customer_now WITH (security_invoker = true) AS
SELECT s.name AS segmentation, n.customer_id, n.as_of, n.market, n.recency_days, n.orders, n.revenue, n.r_score, n.f_score, n.m_score,
       n.segment_name, n.segment_sort, n.is_live, n.definition_version, n.computed_at
FROM segment.segmentation s
CROSS JOIN LATERAL (
  WITH live AS MATERIALIZED (SELECT * FROM segment.live_rows(s.name))
  SELECT l.customer AS customer_id, l.as_of, l.market, segment.rfm_recency(l.rfm, l.as_of, (v.days).zone) AS recency_days, segment.rfm_frequency(l.rfm) AS orders,
         segment.rfm_monetary(l.rfm) AS revenue, segment.score_r(l.score) AS r_score, segment.score_f(l.score) AS f_score, segment.score_m(l.score) AS m_score,
         l.segment AS segment_name, l.sort AS segment_sort, true AS is_live, l.version AS definition_version, now() AS computed_at
  FROM live l
  JOIN segment.segmentation_version v ON v.segmentation = s.name AND v.version = l.version
  WHERE l.segment IS NOT NULL
  UNION ALL
  SELECT p.customer_id, p.as_of, p.market, p.recency_days, p.orders, p.revenue, p.r_score, p.f_score, p.m_score,
         p.segment_name, p.segment_sort, false, p.definition_version, p.computed_at
  FROM segment.customer_profile p
  WHERE p.segmentation = s.name AND p.is_latest AND NOT EXISTS (SELECT FROM live l WHERE l.customer = p.customer_id)) n;
COMMENT ON VIEW segment.customer_now IS
  'one row a segmentation and customer: as of now where the segmentation is live, its orders changed since the last refresh and one is a member of the role that owns it, else the newest '
  'snapshot; unique key (segmentation, customer_id). Personal data';
COMMENT ON COLUMN segment.customer_now.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.customer_now.customer_id IS 'the customer id, as text';
COMMENT ON COLUMN segment.customer_now.as_of IS 'the day, inclusive, up to which orders count';
COMMENT ON COLUMN segment.customer_now.market IS 'the customer''s market; all where the segmentation has none';
COMMENT ON COLUMN segment.customer_now.recency_days IS 'days from the last order to as_of; NULL without an order';
COMMENT ON COLUMN segment.customer_now.orders IS 'number of orders';
COMMENT ON COLUMN segment.customer_now.revenue IS 'net amount of all orders';
COMMENT ON COLUMN segment.customer_now.r_score IS 'recency score, the highest is best';
COMMENT ON COLUMN segment.customer_now.f_score IS 'frequency score, the highest is best';
COMMENT ON COLUMN segment.customer_now.m_score IS 'monetary score, the highest is best';
COMMENT ON COLUMN segment.customer_now.segment_name IS 'the segment';
COMMENT ON COLUMN segment.customer_now.segment_sort IS 'its rank, 1 is best';
COMMENT ON COLUMN segment.customer_now.is_live IS 'true: newer than the newest snapshot';
COMMENT ON COLUMN segment.customer_now.definition_version IS 'the version that labelled the customer';
COMMENT ON COLUMN segment.customer_now.computed_at IS 'when it was computed';
GRANT SELECT ON segment.customer_now TO PUBLIC;
GRANT SELECT ON segment.customer_now TO @extowner@, pg_database_owner WITH GRANT OPTION;

CREATE FUNCTION segment_internal.verify(name text, OUT as_of date, OUT customer_id text, OUT stored_segment text, OUT segment text, OUT stored_orders bigint, OUT orders bigint,
  OUT stored_revenue numeric, OUT revenue numeric, OUT is_known boolean) RETURNS SETOF record
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 100 SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  own segment.segmentation := segment_internal.segmentation_own(name);
  v segment.segmentation_version := segment_internal.segmentation_version_of(name);
  day date;
  found bigint;
BEGIN
  PERFORM segment_internal.progress_begin('verification of ' || name), segment_internal.check_source(v);
  SELECT max(t.as_of) INTO day FROM segment.snapshot t WHERE t.version_id = v.id;
  IF day IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = format('segmentation "%s" has nothing to verify', name),
      DETAIL = 'Its active version has no snapshot.', HINT = 'Refresh it once.';
  END IF;
  PERFORM segment_internal.progress_next('reading all orders');
  IF v.ledger_set IS NULL THEN
    v := segment_internal.only_fit(v);
    PERFORM segment_internal.collect(segment_internal.segmentation_incoming(v, day, segment_internal.segmentation_customers(v, day),
      segment_internal.customer_text(v, 'c.customer_id'), true, false));
  ELSE
    PERFORM segment_internal.score_now(v, day, NULL);
  END IF;
  PERFORM segment_internal.progress_next('comparing');
  RETURN QUERY
  SELECT day, d.customer, (d.covered).segment, d.segment, segment.rfm_frequency((d.covered).rfm), segment.rfm_frequency(d.rfm),
         segment.rfm_monetary((d.covered).rfm), segment.rfm_monetary(d.rfm),
         EXISTS (SELECT FROM segment.change_queue q WHERE q.ledger_set = v.ledger_set AND (q.customer = d.customer OR q.everything))
  FROM segment_internal.state_differences(v, day, true) d
  WHERE NOT d.is_same AND (d.rfm IS NOT NULL OR (d.covered).segment IS NOT NULL)
  ORDER BY d.customer COLLATE "C";
  GET DIAGNOSTICS found = ROW_COUNT;
  UPDATE segment.segmentation s SET verified_at = now(), verified_differences = found WHERE s.name = own.name;
  PERFORM segment_internal.segmentation_log('verify', v.segmentation, v.version, day, v.source, NULL, NULL, NULL, NULL, jsonb_build_object('differences', found));
  PERFORM segment_internal.progress_end();
END
$$;
COMMENT ON FUNCTION segment_internal.verify(text) IS 'behind segment.verify';

CREATE FUNCTION segment.verify(name text, OUT as_of date, OUT customer_id text, OUT stored_segment text, OUT segment text, OUT stored_orders bigint, OUT orders bigint,
  OUT stored_revenue numeric, OUT revenue numeric, OUT is_known boolean) RETURNS SETOF record
  LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 100 AS 'MODULE_PATHNAME', 'segment_as_owner';
COMMENT ON FUNCTION segment.verify(text) IS
  'reads all orders and gives the customers whose stored state on the newest snapshot''s day of the active version is not what the orders say now, by the stored cut points and models; '
  'changes nothing but the date of the last verification and its count in segment.segmentation. is_known: the queue of triggers knows of it, so the next refresh will mend it; others are '
  'found by refresh with read => ''all''. 55000 without a snapshot; the owner only: 42501';
