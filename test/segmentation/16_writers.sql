-- 16_writers.sql: what is written row by row, where a table has triggers, is what is written many rows a page
\ir ../lib/begin.sql
SELECT plan(8);

SELECT setseed(0.3) \g /dev/null
CREATE TABLE orders AS
SELECT 'c' || (power(random(), 2) * 400)::int AS who, date '2023-01-01' + (random() * 720)::int AS at, round((random() * 200 - 20)::numeric, 2) AS amount, 'm' || (random() * 2)::int AS market
FROM generate_series(1, 4000);
CREATE SEQUENCE written;
GRANT ALL ON SEQUENCE written TO PUBLIC;
CREATE FUNCTION count_rows() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$ BEGIN PERFORM nextval('public.written'); RETURN NEW; END $$;

CREATE FUNCTION declare(name text) RETURNS void LANGUAGE sql AS $$
  SELECT segment.create_segmentation(name, 'orders', 'who', 'at', 'amount', market => 'market', days => segment.calendar(look_back_days => 365),
    scores => segment.rfm_scores(min_market => 20), changes => segment.by_reading_all(ledgers => true));
$$;
CREATE FUNCTION states(name text) RETURNS TABLE (customer text, state text) LANGUAGE sql AS $$
  SELECT s.customer, (to_jsonb(s) - 'version_id')::text
  FROM segment.state s JOIN segment.segmentation_version v ON v.id = s.version_id WHERE v.segmentation = name;
$$;
SELECT declare('pages'), declare('rows') \g /dev/null
SELECT count(*) FROM segment.refresh('pages', '2024-01-01') \g /dev/null
SELECT count(*) FROM generate_series(1, 12) d, segment.refresh('pages', date '2024-01-01' + 9 * d, read => 'nothing') \g /dev/null
SELECT is(nextval('written'), 1::bigint, 'no trigger so far');

CREATE TRIGGER counts BEFORE INSERT ON segment.state FOR EACH ROW EXECUTE FUNCTION count_rows();
CREATE TRIGGER counts BEFORE INSERT ON segment.customer_ledger FOR EACH ROW EXECUTE FUNCTION count_rows();
SELECT count(*) FROM segment.refresh('rows', '2024-01-01') \g /dev/null
SELECT is(nextval('written') - 2, (SELECT count(*) FROM segment.customer_ledger l JOIN segment.ledger_set s ON s.id = l.ledger_set WHERE s.segmentation = 'rows')
                                  + (SELECT count(*) FROM states('rows')), 'triggers are called for each row of the first day');
SELECT count(*) FROM generate_series(1, 12) d, segment.refresh('rows', date '2024-01-01' + 9 * d, read => 'nothing') \g /dev/null
SELECT cmp_ok(nextval('written') - 3, '>', (SELECT count(*) FROM segment.customer_ledger) / 2 + 400, 'and of the next ones');

SELECT cmp_ok((SELECT count(*) FROM states('pages')), '>', 800::bigint, 'there is a history');
SELECT is_empty($$(SELECT * FROM states('pages') EXCEPT ALL SELECT * FROM states('rows')) UNION ALL (SELECT * FROM states('rows') EXCEPT ALL SELECT * FROM states('pages'))$$, 'the same');
SELECT is_empty($$
  SELECT * FROM (SELECT s.as_of, s.customers, s.moved, s.fingerprint FROM segment.snapshot s WHERE s.segmentation = 'pages') a
  FULL JOIN (SELECT s.as_of, s.customers, s.moved, s.fingerprint FROM segment.snapshot s WHERE s.segmentation = 'rows') b USING (as_of, customers, moved, fingerprint)
  WHERE a IS NULL OR b IS NULL$$, 'with the same fingerprints, and as many who moved');
SELECT results_eq($$SELECT to_as_of, from_segment, to_segment, customers, revenue, moved_by_order, moved_by_time FROM segment.segment_migration WHERE segmentation = 'pages' ORDER BY to_as_of, from_segment COLLATE "C", to_segment COLLATE "C"$$,
  $$SELECT to_as_of, from_segment, to_segment, customers, revenue, moved_by_order, moved_by_time FROM segment.segment_migration WHERE segmentation = 'rows' ORDER BY to_as_of, from_segment COLLATE "C", to_segment COLLATE "C"$$,
  'migrations');
SELECT results_eq($$SELECT as_of, percentile, revenue FROM segment.value_curve WHERE segmentation = 'pages' ORDER BY 1, 2$$,
  $$SELECT as_of, percentile, revenue FROM segment.value_curve WHERE segmentation = 'rows' ORDER BY 1, 2$$, 'and value curves');

SELECT * FROM finish();
ROLLBACK;
