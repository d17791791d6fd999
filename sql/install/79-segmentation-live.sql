-- segmentation: one customer at a time, within the transaction that writes the order

CREATE TABLE segment.live_customer (
  segmentation text NOT NULL REFERENCES segment.segmentation (name) ON UPDATE CASCADE ON DELETE CASCADE,
  customer text NOT NULL,
  version integer NOT NULL,
  as_of date NOT NULL,
  market text,
  rfm segment.rfm,
  score segment.rfm_score,
  segment text,
  sort smallint,
  changed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (segmentation, customer)
);
COMMENT ON TABLE segment.live_customer IS 'customers whose orders changed since the last refresh, as they are now: written by refresh_customer, emptied by refresh. Personal data';
COMMENT ON COLUMN segment.live_customer.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.live_customer.customer IS 'the customer id as text';
COMMENT ON COLUMN segment.live_customer.version IS 'the version that labelled the customer';
COMMENT ON COLUMN segment.live_customer.as_of IS 'day of the newest snapshot, or of the customer''s last order if that is later';
COMMENT ON COLUMN segment.live_customer.market IS 'the customer''s market; all where the segmentation has none';
COMMENT ON COLUMN segment.live_customer.rfm IS 'summary of the orders; NULL: no customer any more';
COMMENT ON COLUMN segment.live_customer.score IS 'the scores';
COMMENT ON COLUMN segment.live_customer.segment IS 'the segment; NULL: no customer any more';
COMMENT ON COLUMN segment.live_customer.sort IS 'its rank, 1 is best';
COMMENT ON COLUMN segment.live_customer.changed_at IS 'when the row was written';
GRANT SELECT, INSERT, UPDATE, DELETE ON segment.live_customer TO @extowner@, pg_database_owner WITH GRANT OPTION;
SELECT pg_catalog.pg_extension_config_dump('segment.live_customer', '');

CREATE FUNCTION segment.refresh_customer(name text, customer text) RETURNS text
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  v segment.segmentation_version := segment_internal.segmentation_version_of(name);
  only_for text := format('o.%I = %L::%s', v.customer, customer, segment_internal.customer_type(v));
  day date;
  written bigint;
BEGIN
  SELECT max(t.as_of) INTO day FROM segment.snapshot t WHERE t.segmentation = v.segmentation AND t.version = v.version AND t.customers > 0;
  IF day IS NULL OR NOT v.live THEN
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = format('segmentation "%s" cannot score one customer alone', name),
      DETAIL = CASE WHEN day IS NULL THEN 'It has no snapshot whose cut points could be used.' ELSE 'It is not live.' END,
      HINT = CASE WHEN day IS NULL THEN 'Refresh it once.' ELSE 'Declare it with changes => ''triggers'', live => true.' END;
  END IF;
  day := greatest(day, (segment_internal.read_restricted(concat('WITH ', segment_internal.segmentation_ledgers(v, only_for), ' SELECT to_char(max(last_day), ''YYYY-MM-DD'') FROM ledgers')))[1]::date);
  written := segment_internal.run_restricted(concat('WITH ',
    segment_internal.segmentation_scored(v, day, concat('  WITH ', segment_internal.segmentation_ledgers(v, only_for), E'\n', segment_internal.segmentation_from_ledgers(v, day, 'ledgers'))),
    'INSERT INTO segment.live_customer AS t (segmentation, customer, version, as_of, market, rfm, score, segment, sort)',
    format(' SELECT %L, customer_id::text, %s, DATE %L, market, rfm, score, segment_name, segment_sort FROM labelled', v.segmentation, v.version, day),
    ' ON CONFLICT (segmentation, customer) DO UPDATE SET version = excluded.version, as_of = excluded.as_of, market = excluded.market,'
    ' rfm = excluded.rfm, score = excluded.score, segment = excluded.segment, sort = excluded.sort, changed_at = excluded.changed_at'));
  IF written = 0 THEN
    INSERT INTO segment.live_customer AS t (segmentation, customer, version, as_of) VALUES (v.segmentation, refresh_customer.customer, v.version, day)
    ON CONFLICT ON CONSTRAINT live_customer_pkey DO UPDATE SET version = excluded.version, as_of = excluded.as_of, market = NULL, rfm = NULL,
      score = NULL, segment = NULL, sort = NULL, changed_at = excluded.changed_at;
  END IF;
  RETURN (SELECT t.segment FROM segment.live_customer t WHERE t.segmentation = v.segmentation AND t.customer = refresh_customer.customer);
END
$$;
COMMENT ON FUNCTION segment.refresh_customer(text, text) IS
  'reads the orders of one customer, given by id as text, and writes the segment of now into live_customer, which customer_now shows: by the '
  'cut points of the active version, as of the newest snapshot''s day or the customer''s last order, whichever is later. Returns the '
  'segment; NULL if the customer has no order that counts, is opted out or erased. Triggers call it where the segmentation is live. '
  '55000 without a snapshot, or if the segmentation is not live; runs with the caller''s rights';

CREATE FUNCTION segment.grant_live_writer(role regrole, name text DEFAULT NULL) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own segment.segmentation;
BEGIN
  IF name IS NULL THEN
    PERFORM segment.grant_writer(role);
    EXECUTE format('GRANT SELECT ON segment.segmentation, segment.segmentation_version, segment.segmentation_cut_points, segment.segmentation_model, '
                   'segment.snapshot, segment.forgotten, segment.forgotten_key, segment.blocked_column TO %s', role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON segment.live_customer TO %s', role);
    RETURN;
  END IF;
  own := segment_internal.segmentation_own(name);
  UPDATE segment.segmentation s SET readers = s.readers || r.rolname
  FROM pg_roles r WHERE s.name = own.name AND r.oid = role AND r.rolname <> ALL (s.readers);
  PERFORM segment_internal.segmentation_log('grant live writer', own.name, NULL, NULL, NULL, NULL, NULL, NULL, NULL, jsonb_build_object('role', role));
END
$$;
COMMENT ON FUNCTION segment.grant_live_writer(regrole, text) IS
  'lets a role that writes to the source of a live segmentation keep its customers'' rows current. Without a name it gets the rights on the tables, '
  'which the database''s owner must give: definitions, live_customer, the hashes of forgotten customers and their key, no snapshot of customers; '
  'with a name the owner of that segmentation makes it a reader (see grant_reader). It must be able to read the whole source. What other '
  'roles write waits for the next refresh. 42501 for roles that may not grant it';

CREATE VIEW segment.customer_now WITH (security_invoker = true) AS
SELECT l.segmentation, l.customer AS customer_id, l.as_of, l.market, segment.rfm_recency(l.rfm, l.as_of, v.zone) AS recency_days, segment.rfm_frequency(l.rfm) AS orders,
       segment.rfm_monetary(l.rfm) AS revenue, segment.score_r(l.score) AS r_score, segment.score_f(l.score) AS f_score, segment.score_m(l.score) AS m_score,
       l.segment AS segment_name, l.sort AS segment_sort, true AS is_live, l.version AS definition_version, l.changed_at AS computed_at
FROM segment.live_customer l
JOIN segment.segmentation_version v ON v.segmentation = l.segmentation AND v.version = l.version
WHERE l.segment IS NOT NULL
UNION ALL
SELECT p.segmentation, p.customer_id, p.as_of, p.market, p.recency_days, p.orders, p.revenue, p.r_score, p.f_score, p.m_score,
       p.segment_name, p.segment_sort, false, p.definition_version, p.computed_at
FROM segment.customer_profile p
WHERE p.is_latest AND NOT EXISTS (SELECT FROM segment.live_customer l WHERE l.segmentation = p.segmentation AND l.customer = p.customer_id);
COMMENT ON VIEW segment.customer_now IS
  'one row a segmentation and customer: as live_customer has it, else the newest snapshot; unique key (segmentation, customer_id). Personal data';
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
