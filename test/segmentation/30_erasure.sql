-- 30_erasure.sql: a forgotten customer is in no table of the extension, whatever tables there are, and does not come back
\ir ../lib/begin.sql
SELECT plan(13);

CREATE TABLE people (id uuid NOT NULL, at timestamp NOT NULL, amount numeric NOT NULL, place text, channel text, changed_at timestamp NOT NULL DEFAULT '2025-06-01');
INSERT INTO people (id, at, amount, place, channel)
SELECT ('00000000-0000-4000-8000-' || lpad((g % 300)::text, 12, '0'))::uuid, timestamp '2025-01-01' + g * interval '3 hours', g * 7919 % 1000,
       (ARRAY['north', 'south'])[1 + g % 2], (ARRAY['web', 'store'])[1 + g % 3 % 2]
FROM generate_series(1, 1200) g;
SELECT '00000000-0000-4000-8000-000000000042' AS person \gset
CREATE TABLE opt_out (id uuid);

-- Everything that stores customers: snapshots, drafts, models, ledgers, queues, publications.
SELECT segment.create_segmentation('plain', 'people', 'id', 'at', 'amount', market => 'place', channel => 'channel', privacy => segment.privacy(opt_out => 'opt_out'));
SELECT segment.create_segmentation('value', 'people', 'id', 'at', 'amount', label => segment.by_value_tiers(2, 'mbgnbd'), changes => segment.by_reading_all(ledgers => true));
SELECT segment.create_segmentation('queue', 'people', 'id', 'at', 'amount', label => segment.by_clusters(2), changes => segment.by_triggers(), privacy => segment.privacy(opt_out => 'opt_out'));
SET client_min_messages = error; -- the data do not determine a model of orders
SELECT segment.refresh(s, d) FROM unnest('{plain,value,queue}'::text[]) s, unnest('{2025-04-30,2025-05-31}'::date[]) d;
SELECT segment.publish_summary('plain', 5);
SELECT segment.new_version('plain', label => segment.by_scheme('grid'), changes => segment.by_column('changed_at')), segment.refresh('plain', '2025-05-31', 2);
UPDATE people SET amount = amount + 1 WHERE id = :'person';
SELECT segment.create_pilot('campaign', 'plain', '2025-06-02');

-- Rows with the id anywhere in them, by table, found by the catalog
CREATE FUNCTION traces(word text) RETURNS TABLE (relation text, n bigint) LANGUAGE plpgsql AS $$
BEGIN
  FOR relation IN
    SELECT c.oid::regclass::text FROM pg_class c JOIN pg_depend d ON d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e'
    WHERE d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'segment') AND c.relkind IN ('r', 'p') ORDER BY 1
  LOOP
    EXECUTE format('SELECT count(*) FROM %s AS t WHERE strpos(t::text, %L) > 0 OR strpos(t::text, %L) > 0', relation, word, upper(word)) INTO n;
    RETURN NEXT;
  END LOOP;
END
$$;
SELECT results_eq(format('SELECT relation FROM traces(%L) WHERE n > 0', :'person'),
  $$VALUES ('segment.change_queue'), ('segment.customer_ledger'), ('segment.pilot_assignment'), ('segment.state')$$, 'a customer is in these tables');
SELECT is_empty(format('SELECT relation FROM traces(%L) WHERE n > 0 EXCEPT SELECT table_name FROM segment.personal_data', :'person'),
  'which personal_data lists');
CREATE TEMP TABLE before AS SELECT * FROM traces('00000000-0000-4000-8000-000000000043');
CREATE TEMP TABLE counted AS SELECT * FROM traces(:'person');
CREATE TEMP TABLE forgotten AS SELECT * FROM segment.forget(:'person');
SELECT is_empty(format('SELECT relation FROM traces(%L) WHERE n > 0', :'person'), 'forget leaves no trace in any of the tables');
SELECT is_empty('SELECT relation, n FROM counted WHERE n > 0 EXCEPT SELECT table_name, rows FROM forgotten', 'and counts what it removed');
SELECT results_eq($$SELECT * FROM traces('00000000-0000-4000-8000-000000000043')$$, 'TABLE before', 'others are untouched');
SELECT is(segment.is_forgotten(:'person'), true, 'a keyed hash remains');

-- Every way to bring the customer back
UPDATE people SET amount = amount + 1, changed_at = '2025-07-01' WHERE id = :'person';
SELECT segment.refresh(s, '2025-05-31') FROM unnest('{plain,value,queue}'::text[]) s;
SELECT segment.refresh('plain', '2025-05-31', 2), segment.refresh('queue', '2025-05-31', read => 'all'), segment.refresh('value', '2025-04-30', read => 'nothing');
SELECT results_eq(format('SELECT relation FROM traces(%L) WHERE n > 0', :'person'), 'SELECT NULL::text WHERE false', 'no refresh brings the customer back');
INSERT INTO opt_out VALUES (:'person');
SELECT segment.refresh(s, '2025-05-31') FROM unnest('{plain,queue}'::text[]) s;
SELECT results_eq(format('SELECT relation FROM traces(%L) WHERE n > 0', :'person'), 'SELECT NULL::text WHERE false', 'nor does an opt-out of the customer');
INSERT INTO people (id, at, amount) VALUES (:'person', '2025-05-30', 5);
SELECT segment.refresh('queue', '2025-05-31');
SELECT is_empty(format('SELECT relation FROM traces(%L) WHERE n > 0', :'person'), 'a new order does not either');
SELECT segment.definition('queue') AS sql \gset
SELECT is_empty(format('SELECT * FROM (%s) d WHERE customer_id = %L', :'sql', :'person'), 'nor the printed SQL');
SELECT is(jsonb_array_length(segment.export_person(:'person') -> 'profiles'), 0, 'export_person has nothing');
SELECT is(segment.export_person(:'person') ->> 'erased', 'true', 'but that');

-- Opted out before anything is computed
INSERT INTO opt_out VALUES ('00000000-0000-4000-8000-000000000044');
SELECT segment.refresh(s, '2025-05-31') FROM unnest('{plain,queue}'::text[]) s;
SELECT is_empty($$SELECT segmentation FROM segment.customer_profile WHERE as_of = '2025-05-31' AND segmentation <> 'value' AND customer_id LIKE '%-000000000044'$$,
  'who opts out is in no snapshot from then on');

SELECT * FROM finish();
ROLLBACK;
