-- 02_declare.sql: what create_segmentation refuses, whose a segmentation is, versions
\ir ../lib/begin.sql
SELECT plan(53);

CREATE TABLE shop (id int, "Customer Id" uuid, at timestamptz, day date, amount numeric, units int, price money, market text, note text);
INSERT INTO shop
SELECT g, ('00000000-0000-4000-8000-' || lpad((g % 400)::text, 12, '0'))::uuid, timestamptz '2025-01-01 00:30+00' + g * interval '3 hours',
       date '2025-01-01' + g / 8, (g * 7919 % 10000) / 100.0, g % 5, 1, (ARRAY['north', 'south', NULL])[1 + g % 400 % 3], 'x'
FROM generate_series(1, 2000) g;
CREATE FUNCTION declare(customer name DEFAULT 'Customer Id', at name DEFAULT 'at', amount name DEFAULT 'amount', source regclass DEFAULT 'shop')
  RETURNS text LANGUAGE sql AS $$SELECT segment.create_segmentation('s', source, customer, at, amount)$$;

-- Refusals
SELECT throws_ok($$SELECT declare(customer => 'customer id')$$, '42703', NULL, 'a column that does not exist');
SELECT throws_ok($$SELECT declare(at => 'note')$$, '42804', NULL, 'a time that is text');
SELECT throws_ok($$SELECT declare(amount => 'price')$$, '42804', NULL, 'an amount that is money');
SELECT throws_ok($$SELECT declare(source => 'pg_class_oid_index')$$, '42809', NULL, 'an index');
SELECT throws_ok($$SELECT segment.create_segmentation('s', 'shop', NULL, 'at', 'amount')$$, '22004', NULL, 'no customer');
SELECT throws_ok($$SELECT segment.create_segmentation('s', 'shop', 'id', 'at', 'amount', label => segment.by_scheme('nosuch'))$$, '42704', NULL, 'an unknown scheme');
SELECT throws_ok($$SELECT segment.create_segmentation('s', 'shop', 'id', 'at', 'amount', days => segment.calendar(zone => 'Mars/Olympus'))$$, '22023', NULL, 'an unknown zone');
SELECT throws_ok($$SELECT segment.create_segmentation('s', 'shop', 'id', 'at', 'amount', scores => segment.rfm_scores(cut_points => 'sometimes'))$$, '22023', NULL, 'an unknown kind of cut points');
SELECT throws_ok($$SELECT segment.create_segmentation('', 'shop', 'id', 'at', 'amount')$$, '22023', NULL, 'an empty name');
SELECT throws_ok(format('SELECT segment.create_segmentation(''s'', ''shop'', ''id'', ''at'', ''amount'', filter => %L)', f), '42601', NULL, 'filter: ' || f)
FROM unnest(ARRAY['true) OR (true', 'true; DROP TABLE shop', 'true UNION SELECT 1', 'true FROM shop', '', 'units >', 'true AS x', 'true ORDER BY 1']) f;
SELECT throws_ok($$SELECT segment.create_segmentation('s', 'shop', 'id', 'at', 'amount', filter => 'nosuch = 1')$$, '42703', NULL, 'filter: an unknown column');
SELECT throws_ok($$SELECT segment.create_segmentation('s', 'shop', 'id', 'at', 'amount', filter => 'units')$$, '42804', NULL, 'filter: no condition');
SELECT throws_ok($$SELECT segment.create_segmentation('s', 'shop', 'id', 'at', 'amount', filter => 'declare() = ''x''')$$, '42883', NULL,
  'filter: a function without its schema is not looked up in the caller''s search_path');
SELECT throws_ok($$SELECT segment.refresh('nosuch')$$, '42704', NULL, 'an unknown segmentation');
SELECT throws_ok($$SELECT segment.definition('nosuch')$$, '42704', NULL, 'its definition');
SELECT is(count(*), 0::bigint, 'nothing is left of refused declarations') FROM segment.segmentation;

-- One with everything
CREATE TABLE opt_out (who uuid);
INSERT INTO opt_out VALUES ('00000000-0000-4000-8000-000000000007');
SELECT is(segment.create_segmentation('s', 'shop', 'Customer Id', 'at', 'amount', 'id', 'market', NULL, E'o.units > 0 -- not for free',
  segment.by_scheme('classic'), days => segment.calendar('Asia/Tokyo', look_back_days => 90), privacy => segment.privacy(opt_out => 'opt_out', opt_out_customer => 'who')), 's', 'all options together');
SELECT throws_ok($$SELECT declare()$$, '42710', NULL, 'a name that exists');
SELECT is(customers, 319::bigint, 'customers with units, without the one who opted out') FROM segment.refresh('s');
SELECT is(as_of, date '2025-09-08', 'as_of is the last order''s day in its zone') FROM segment.published_snapshot;
SELECT results_eq($$SELECT market, count(*) FROM segment.customer_profile GROUP BY 1 ORDER BY 1$$,
  $$VALUES ('north', 107::bigint), ('south', 106), ('unknown', 106)$$, 'three markets');
SELECT results_eq($$SELECT market, customers FROM segment.segmentation_cut_points ORDER BY 1$$,
  $$VALUES ('', 319::bigint), ('north', 107), ('south', 106), ('unknown', 106)$$, 'large enough for cut points of their own, beside those of all');
SELECT is(max(orders), 2::bigint, 'the look-back window holds') FROM segment.customer_profile;
SELECT segment.definition('s') AS sql \gset
CREATE TABLE pasted AS :sql;
SELECT is_empty($$SELECT customer_id::text, market, orders, revenue, rfm_code, segment_name FROM pasted
  EXCEPT SELECT customer_id, market, orders, revenue, rfm_code, segment_name FROM segment.customer_profile$$, 'definition gives the same rows');

-- Versions
SELECT throws_ok($$SELECT segment.new_version('s', nosuch => 1)$$, '42883', NULL, 'an unknown option');
SELECT throws_ok($$SELECT segment.new_version('s', label => segment.by_scheme('nosuch'))$$, '42704', NULL, 'a scheme that is none');
SELECT is(segment.new_version('s', label => segment.by_scheme('grid'), scores => segment.rfm_scores(min_market => 107), days => segment.calendar('Asia/Tokyo')), 2, 'a draft');
CREATE TEMP TABLE one AS SELECT * FROM segment.customer_profile;
SELECT is(customers, 319::bigint, 'a draft can be refreshed') FROM segment.refresh('s', '2025-09-08', 2);
SELECT is(refreshed, date '2025-09-01', 'of an earlier day too') FROM segment.refresh('s', '2025-09-01', 2);
SELECT is_empty('SELECT * FROM segment.customer_profile EXCEPT TABLE one', 'and is not shown');
SELECT segment.activate_version('s', 2);
SELECT results_eq('SELECT as_of, definition_version FROM segment.published_snapshot ORDER BY 1',
  $$VALUES (date '2025-09-01', 2), ('2025-09-08', 2)$$, 'once active, its snapshots are');
SELECT is((SELECT array_agg(DISTINCT market ORDER BY market) FROM segment.segmentation_cut_points WHERE version = 2),
  '{"",north}'::text[], 'smaller markets are scored by the cut points of all');
SELECT segment.activate_version('s', 1);
SELECT is_empty('(SELECT * FROM segment.customer_profile EXCEPT ALL TABLE one) UNION ALL (TABLE one EXCEPT ALL SELECT * FROM segment.customer_profile)',
  'activating the former version brings the views back');

SELECT throws_ok($$SELECT segment.new_version('s', privacy => segment.privacy(pseudonymous => true))$$, '0A000', NULL, 'ids and hashes are not mixed in one history');
SELECT is(segment.new_version('s', privacy => segment.privacy('opt_out', 'who', keep_days => 30, purpose => 'letters', max_unknown_share => 0.5)), 3, 'who is left out and what is kept is an option of a version');
SELECT results_eq('SELECT keep_days, description, max_unknown_share FROM segment.segmentation', 'VALUES (NULL::integer, NULL::text, NULL::numeric)', 'that holds once the version is active');
SELECT segment.activate_version('s', 3);
SELECT results_eq('SELECT keep_days, description, max_unknown_share FROM segment.segmentation', $$VALUES (30, 'letters', 0.5)$$, 'as now');
SELECT throws_ok($$SELECT segment.activate_version('s', 9)$$, '42704', NULL, 'a version that is none');
SELECT throws_ok($$SELECT segment.activate_version('s', NULL)$$, '22004', NULL, 'nor NULL');
SELECT segment.activate_version('s', 1);

-- Whose it is
CREATE ROLE segment_test_other;
GRANT SELECT ON shop, opt_out TO segment_test_other;
SET ROLE segment_test_other;
SELECT is_empty($$SELECT segmentation FROM segment.customer_profile UNION ALL SELECT name FROM segment.segmentation$$, 'on a fresh install others see no snapshot');
SELECT throws_ok($$SELECT declare()$$, '42501', NULL, 'and declare nothing');
RESET ROLE;
SELECT segment.grant_segmentation('segment_test_other');
SET ROLE segment_test_other;
SELECT throws_ok(format('SELECT %s', call), '42704', NULL, 'only its owner may, others don''t even see it: ' || call)
FROM unnest(ARRAY['segment.refresh(''s'')', 'segment.drop_segmentation(''s'')']) call;
RESET ROLE;
SELECT segment.drop_segmentation('s');
CREATE FUNCTION segment_test_rows(name name) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  n bigint;
BEGIN
  EXECUTE format('SELECT count(*) FROM segment.%I', name) INTO n;
  RETURN n;
END
$$;
SELECT is_empty($$SELECT name FROM segment_internal.owned_table WHERE key <> 'none' AND name <> 'segmentation_run' AND segment_test_rows(name) > 0$$,
                'drop_segmentation leaves nothing but the log');
SELECT is((array_agg(action ORDER BY run_at DESC))[1], 'drop', 'which says so') FROM segment.segmentation_run;

CREATE FUNCTION segment_test_refused(filter text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM segment_internal.check_filter(filter);
  RETURN false;
EXCEPTION WHEN syntax_error THEN
  RETURN true;
END
$$;
SELECT is((SELECT count(*) FROM unnest('{*,o.*,"1, 2",true) OR (true,x := 1,true INTO y,true UNION SELECT true}'::text[]) f, LATERAL (SELECT segment_test_refused(f)) r(x) WHERE NOT x), 0::bigint,
  'a filter is one expression');
SELECT * FROM finish();
ROLLBACK;
