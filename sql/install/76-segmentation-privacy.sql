-- segmentation: erasure, access, small groups

CREATE TABLE segment.forgotten_key (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  key bytea NOT NULL
);
COMMENT ON TABLE segment.forgotten_key IS 'the secret key of the hashes in forgotten; made by the first forget(). Whoever has it can test whether an id was forgotten';
COMMENT ON COLUMN segment.forgotten_key.only_row IS 'true: there is one row';
COMMENT ON COLUMN segment.forgotten_key.key IS '32 random bytes';

CREATE TABLE segment.forgotten (
  hash bytea PRIMARY KEY,
  forgotten_on date NOT NULL
);
COMMENT ON TABLE segment.forgotten IS 'customers who must not come back: no id, only a keyed hash of it; refresh leaves them out of every segmentation';
COMMENT ON COLUMN segment.forgotten.hash IS 'keyed SHA-256 of the customer id as text';
COMMENT ON COLUMN segment.forgotten.forgotten_on IS 'day of forget(), in UTC';

CREATE TABLE segment.published_summary (
  segmentation text NOT NULL REFERENCES segment.segmentation (name) ON UPDATE CASCADE ON DELETE CASCADE,
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
COMMENT ON TABLE segment.published_summary IS 'summaries safe to show: written by publish_summary; grant SELECT on it to readers. Unique key (segmentation, as_of, grain, market, segment_name)';
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
  segmentation text NOT NULL REFERENCES segment.segmentation (name) ON UPDATE CASCADE ON DELETE CASCADE,
  as_of date NOT NULL,
  grain text NOT NULL,
  name text NOT NULL,
  PRIMARY KEY (segmentation, as_of, grain, name)
);
COMMENT ON TABLE segment.published_hidden IS 'what published_summary hides, also where it does not even name it: not for readers. What one publication hid the others hide too';
COMMENT ON COLUMN segment.published_hidden.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.published_hidden.as_of IS 'day of the snapshot';
COMMENT ON COLUMN segment.published_hidden.grain IS 'segment; market; market and segment (markets hidden by segment); segment and market (segments taken together by market)';
COMMENT ON COLUMN segment.published_hidden.name IS 'the segment, or the market';

GRANT SELECT, INSERT, UPDATE, DELETE ON segment.forgotten, segment.forgotten_key, segment.published_summary, segment.published_hidden TO @extowner@, pg_database_owner WITH GRANT OPTION;
SELECT pg_catalog.pg_extension_config_dump('segment.forgotten', '');
SELECT pg_catalog.pg_extension_config_dump('segment.forgotten_key', '');
SELECT pg_catalog.pg_extension_config_dump('segment.published_summary', '');
SELECT pg_catalog.pg_extension_config_dump('segment.published_hidden', '');

CREATE FUNCTION segment_internal.customer_hash(customer text) RETURNS bytea
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT sha256(k.key || sha256(k.key || convert_to(customer, 'UTF8'))) FROM segment.forgotten_key k;
END;
COMMENT ON FUNCTION segment_internal.customer_hash(text) IS 'keyed hash of a customer id as text; NULL before the first forget()';

CREATE FUNCTION segment.is_forgotten(customer text) RETURNS boolean
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT EXISTS (SELECT FROM segment.forgotten f WHERE f.hash = segment_internal.customer_hash(customer));
END;
COMMENT ON FUNCTION segment.is_forgotten(text) IS 'whether a customer id was given to forget(); NULL for NULL';

CREATE VIEW segment.personal_data WITH (security_invoker = true) AS
SELECT table_name, column_name, content
FROM (VALUES ('segment.snapshot_customer', 'customer', 'customer id as text, beside summary, scores and segment of each snapshot'),
             ('segment.customer_ledger', 'customer', 'customer id as text, beside the days, numbers and amounts of orders; or the mark that the customer has opted out'),
             ('segment.live_customer', 'customer', 'customer id as text, beside summary, scores and segment of now'),
             ('segment.change_queue', 'customer', 'ids of customers whose orders changed since the last refresh'),
             ('segment.forgotten', 'hash', 'keyed hash of the ids of erased customers'),
             ('segment.pseudonym_key', 'key', 'with it the pseudonyms of a segmentation''s customers can be computed from ids')) d (table_name, column_name, content);
COMMENT ON VIEW segment.personal_data IS 'where the extension keeps data of persons, for a record of processing; unique key (table_name, column_name). Objects of your own made from them are yours to list';
COMMENT ON COLUMN segment.personal_data.table_name IS 'the table';
COMMENT ON COLUMN segment.personal_data.column_name IS 'the column that identifies the person';
COMMENT ON COLUMN segment.personal_data.content IS 'what is in it';
GRANT SELECT ON segment.personal_data TO PUBLIC;
GRANT SELECT ON segment.personal_data TO @extowner@, pg_database_owner WITH GRANT OPTION;

CREATE FUNCTION segment.forget(customer text, OUT table_name text, OUT rows bigint) RETURNS SETOF record
  LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 5 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  person bytea;
BEGIN
  -- A refresh that runs now could write the customer again: wait for it.
  PERFORM FROM segment.segmentation s ORDER BY s.name FOR NO KEY UPDATE;
  INSERT INTO segment.forgotten_key (key)
  VALUES (uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) ON CONFLICT DO NOTHING;
  person := segment_internal.customer_hash(customer);

  -- Totals of the snapshots that lose the customer no longer fit: they are counted anew when they are refreshed.
  UPDATE segment.snapshot s SET generation = NULL
  WHERE s.generation IS NOT NULL AND EXISTS (SELECT FROM segment.snapshot_customer c WHERE c.snapshot = s.id AND c.customer = forget.customer);
  table_name := 'segment.snapshot_customer';
  -- By id, or by the pseudonym in each pseudonymous segmentation
  DELETE FROM segment.snapshot_customer c
  WHERE c.snapshot = ANY (ARRAY(SELECT s.id FROM segment.snapshot s))
    AND c.customer = ANY (ARRAY(SELECT forget.customer UNION ALL SELECT segment.keyed_hash(forget.customer, k.key) FROM segment.pseudonym_key k));
  GET DIAGNOSTICS rows = ROW_COUNT;
  RETURN NEXT;

  table_name := 'segment.customer_ledger';
  UPDATE segment.ledger_set s
  SET rows = s.rows - c.rows,
      last_day = (SELECT max(o.last_day) FROM segment.customer_ledger o WHERE o.ledger_set = s.id AND o.customer <> forget.customer)
  FROM segment.customer_ledger c WHERE c.ledger_set = s.id AND c.customer = forget.customer;
  DELETE FROM segment.customer_ledger c
  WHERE c.ledger_set = ANY (ARRAY(SELECT s.id FROM segment.ledger_set s)) AND c.customer = forget.customer;
  GET DIAGNOSTICS rows = ROW_COUNT;
  RETURN NEXT;

  table_name := 'segment.live_customer';
  DELETE FROM segment.live_customer c
  WHERE c.segmentation = ANY (ARRAY(SELECT s.name FROM segment.segmentation s)) AND c.customer = forget.customer;
  GET DIAGNOSTICS rows = ROW_COUNT;
  RETURN NEXT;

  table_name := 'segment.change_queue';
  DELETE FROM segment.change_queue q
  WHERE q.ledger_set = ANY (ARRAY(SELECT s.id FROM segment.ledger_set s)) AND q.customer = forget.customer;
  GET DIAGNOSTICS rows = ROW_COUNT;
  RETURN NEXT;

  table_name := 'segment.forgotten';
  INSERT INTO segment.forgotten VALUES (person, segment.day_of(now())) ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS rows = ROW_COUNT;
  RETURN NEXT;
  PERFORM segment_internal.segmentation_log('forget', '', NULL, NULL, NULL, NULL, NULL, encode(person, 'hex'), NULL, NULL);
END
$$;
COMMENT ON FUNCTION segment.forget(text) IS
  'erases a customer, given by id as text, from every table of the extension, and keeps a keyed hash, so that no later '
  'refresh brings the customer back. Returns the rows removed or added by table; a second call changes nothing. Counts and '
  'cut points of snapshots stay. Erase the source yourself, and refresh materialized views made from snapshots; removed '
  'rows leave the disk with VACUUM, and backups with their age. NULL does nothing';

CREATE FUNCTION segment.export_person(customer text) RETURNS jsonb
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT jsonb_build_object(
    'customer', export_person.customer,
    'erased', coalesce(segment.is_forgotten(export_person.customer), false),
    'profiles', coalesce(jsonb_agg(to_jsonb(p) || jsonb_build_object(
      'purpose', s.description, 'meaning', g.meaning, 'action', g.action, 'scheme', v.scheme,
      'inputs', jsonb_build_object('source', v.source::text, 'time', v.at, 'amount', v.amount, 'order', v.order_id, 'market', v.market))
      ORDER BY p.segmentation, p.as_of), '[]'))
  FROM segment.customer_profile p
  JOIN segment.segmentation s ON s.name = p.segmentation
  JOIN segment.segmentation_version v ON v.segmentation = p.segmentation AND v.version = p.definition_version
  LEFT JOIN segment.segment_meaning g ON g.segmentation = v.segmentation AND g.version = v.version AND g.segment = p.segment_name
  WHERE p.customer_id = ANY (ARRAY(SELECT export_person.customer UNION ALL SELECT segment.keyed_hash(export_person.customer, k.key) FROM segment.pseudonym_key k));
END;
COMMENT ON FUNCTION segment.export_person(text) IS
  'all that is stored about a customer, given by id as text, as a JSON object: each shown snapshot''s values, scores and '
  'segment with its meaning, the purpose, and the columns that it was made from (GDPR article 15, CCPA right to know). NULL for NULL';

CREATE FUNCTION segment_internal.hidden_groups(sizes bigint[], k bigint, frozen integer DEFAULT 0) RETURNS integer
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN max(must) > 0 THEN coalesce(min(i) FILTER (WHERE i >= must
           -- The remainder is no small group, nor one group, nor are those one that join the frozen ones.
           AND pool >= k AND i >= 2 AND (frozen = 0 OR i = frozen OR i >= frozen + 2 AND pool - frozen_pool >= k)
           -- Who knows these rules knows that no hidden group is above cap, and still not each to half of k.
           AND (i = frozen OR least(cap, pool - i + 1) - CASE WHEN frozen > 0 THEN 1 ELSE greatest(1, pool - (i - 1) * cap) END >= (k + 1) / 2)
           AND (frozen <> 1 OR (i - 1) * (cap - 1) >= (k + 1) / 2)), max(i)) ELSE 0 END::integer
  FROM (SELECT i, pool, must, sum(n) FILTER (WHERE i <= frozen) OVER () AS frozen_pool,
               CASE WHEN i = must AND i > frozen THEN k - 1 ELSE coalesce(next, pool) END AS cap
        FROM (SELECT n, i, sum(n) OVER (ORDER BY i) AS pool, lead(n) OVER (ORDER BY i) AS next,
                     coalesce(max(i) FILTER (WHERE n < k OR i <= frozen) OVER (), 0) AS must
              FROM unnest(sizes) WITH ORDINALITY AS s (n, i)) x) y;
END;
COMMENT ON FUNCTION segment_internal.hidden_groups(bigint[], bigint, integer) IS
  'how many of the groups to hide, from the first: the first frozen ones anyway; then the others, which are in ascending order '
  'of size: all smaller than k, and on until the hidden have k members together, are two or more, and the size of none can '
  'be told more exactly than to half of k by who knows the total and these rules. All, if that cannot be had';

CREATE FUNCTION segment_internal.hidden_names(names text[], sizes bigint[], k bigint, frozen text[]) RETURNS text[]
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT coalesce((array_agg(name ORDER BY i))[1:segment_internal.hidden_groups(array_agg(n ORDER BY i), k, (count(*) FILTER (WHERE old))::integer)], '{}')
  FROM (SELECT name, n, old, row_number() OVER (ORDER BY old DESC, n, name COLLATE "C") AS i
        FROM (SELECT g.name, g.n, g.name = ANY (frozen) AS old FROM unnest(names, sizes) AS g (name, n)) x) y;
END;
COMMENT ON FUNCTION segment_internal.hidden_names(text[], bigint[], bigint, text[]) IS
  'the names of the groups to hide, by hidden_groups: those in frozen, and the smallest of the others';
