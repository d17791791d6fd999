-- 04_privacy.sql: small groups are hidden, and can't be computed; who is forgotten stays forgotten
\ir ../lib/begin.sql
\ir ../lib/data.sql
\if :no_data
\q
\endif
SELECT plan(43);

-- How many groups are hidden
SELECT is(segment_internal.hidden_groups('{10,11,12}', 10), 0, 'none is small: none is hidden');
SELECT is(segment_internal.hidden_groups('{1,2,30}', 10), 3, 'two that are 3 together take the next along');
SELECT is(segment_internal.hidden_groups('{9,40,50}', 10), 2, 'one alone would follow from the total');
SELECT is(segment_internal.hidden_groups('{4,5,6,50}', 10), 3, 'all that are small, though two are enough for the remainder');
SELECT is(segment_internal.hidden_groups('{4,5}', 10), 2, 'all, if the rest is small');
SELECT is(segment_internal.hidden_groups('{3}', 10), 1, 'a single small group');
SELECT is(segment_internal.hidden_groups('{}', 10), 0, 'no groups');
SELECT is(segment_internal.hidden_groups('{9,9,11,30}', 10), 3, 'two that make 18 would be known to be 9 each');
SELECT is(segment_internal.hidden_groups('{50,3,40,60}', 10, 1), 3, 'one frozen, and a small one: one more, so that what is new is not one');
SELECT is(segment_internal.hidden_groups('{50,60,70,80}', 10, 2), 2, 'frozen ones stay hidden');
SELECT is(segment_internal.hidden_groups('{1,1,1}', 0), 0, 'k = 0 hides nothing');
SELECT is(segment_internal.hidden_groups(array_agg(n ORDER BY n), 10), 26, 'Online Retail, k = 10: 26 of the 36 countries beside the UK')
FROM (SELECT count(DISTINCT customer_id) AS n FROM valid_sales WHERE country <> 'United Kingdom' GROUP BY country) c;
SELECT is(segment_internal.hidden_groups(array_agg(n ORDER BY n), 5), 18, 'k = 5: 18')
FROM (SELECT count(DISTINCT customer_id) AS n FROM valid_sales WHERE country <> 'United Kingdom' GROUP BY country) c;

SELECT results_eq($$SELECT count(*) FILTER (WHERE is_suppressed), sum(customers)::bigint, min(customers)
  FROM segment.suppressed_counts('valid_sales', 'customer_id', 'country', 10, 'country <> ''United Kingdom''')$$, 'VALUES (26::bigint, 426::bigint, 10::bigint)',
  'suppressed_counts hides the 26, and adds up');
SELECT results_eq($$SELECT count(*) FILTER (WHERE is_suppressed), sum(customers)::bigint
  FROM segment.suppressed_counts('valid_sales', 'customer_id', 'country', 5)$$, 'VALUES (18::bigint, 4346::bigint)', 'k = 5: 18');

-- Published
CREATE TABLE sales AS TABLE valid_sales;
SELECT segment.create_segmentation('countries', 'sales', 'customer_id', 'ordered_at', 'amount', 'order_id', 'country');
SELECT throws_ok($$SELECT segment.publish_summary('countries')$$, 'P0002', NULL, 'nothing to publish before a refresh');
SELECT segment.refresh('countries');
SELECT throws_ok($$SELECT segment.publish_summary('countries', -1)$$, '22023', NULL, 'k is 0 or more');
SELECT results_eq($$SELECT shown > 0, suppressed > 0 FROM segment.publish_summary('countries')$$, 'VALUES (true, true)', 'published with k = 10');
SELECT results_eq($$SELECT grain, sum(customers)::bigint, sum(orders)::bigint, sum(revenue) FROM segment.published_summary GROUP BY 1 ORDER BY 1$$,
  $$SELECT g, 4338::bigint, 18532::bigint, 8911407.904 FROM unnest('{market,market and segment,segment,total}'::text[]) g$$,
  'the rows of each grain add up to the totals');
SELECT is(min(customers), 10::bigint, 'no shown row has fewer than k customers') FROM segment.published_summary;
SELECT set_eq($$SELECT market FROM segment.published_summary WHERE grain = 'market' AND is_suppressed$$,
  $$SELECT market FROM segment.customer_profile GROUP BY market HAVING count(*) < 10$$, 'the markets with fewer are hidden');
SELECT is_empty($$SELECT * FROM segment.published_summary WHERE is_suppressed AND (customers, orders, revenue) IS DISTINCT FROM (NULL, NULL, NULL)$$,
  'without their numbers');
SELECT segment.publish_summary('countries', 0);
SELECT is(count(*), 0::bigint, 'k = 0 hides nothing') FROM segment.published_summary WHERE is_suppressed;
SELECT results_eq($$SELECT market, segment_name, customers, revenue FROM segment.published_summary WHERE grain = 'market and segment' ORDER BY 1, 2$$,
  $$SELECT market, segment_name, customers::bigint, revenue FROM segment.segment_summary WHERE market <> 'all' ORDER BY 1, 2$$,
  'and gives segment_summary');

-- Random small shops: whatever is shown, no hidden group is determined by its margins.
CREATE FUNCTION shops(rounds int) RETURNS SETOF segment.published_summary LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. rounds LOOP
    EXECUTE format('CREATE TABLE shop_%s AS SELECT c AS customer, date ''2025-01-01'' + (c * 7919 * %1$s %% 300) AS at, (c * 104729 %% 977) AS amount,
      ''m'' || floor(%s * power((c * 31 * %1$s %% 101) / 101.0, %s))::int AS market FROM generate_series(1, %s) c, generate_series(0, c %% 4) o',
      i, 2 + i % 7, 1 + i % 4, 30 + 17 * i);
    PERFORM segment.create_segmentation('shop ' || i, ('shop_' || i)::regclass, 'customer', 'at', 'amount', market => 'market');
    PERFORM segment.refresh('shop ' || i);
    PERFORM segment.publish_summary('shop ' || i, 3 + i % 9);
  END LOOP;
  RETURN QUERY SELECT * FROM segment.published_summary WHERE segmentation LIKE 'shop %';
END
$$;
CREATE TEMP TABLE random AS SELECT * FROM shops(30);
SELECT cmp_ok(count(*) FILTER (WHERE is_suppressed), '>', 50::bigint, 'random shops with hidden groups') FROM random;
SELECT is_empty('SELECT * FROM random WHERE customers < min_cell', 'no shown row is small');
SELECT is_empty($$SELECT segmentation, grain FROM random WHERE segment_name <> '(other segments)' AND market <> '(other markets)' AND grain <> 'total'
  GROUP BY 1, 2 HAVING count(*) FILTER (WHERE is_suppressed) = 1 AND count(*) > 1$$, 'never a single hidden group beside shown ones');
SELECT is_empty($$
  SELECT segmentation, grain FROM random r GROUP BY 1, 2
  HAVING coalesce(bool_or(is_suppressed) FILTER (WHERE '(other segments)' IN (segment_name) OR '(other markets)' IN (market)), false)
     AND bool_or(NOT is_suppressed)$$, 'a remainder that is small has nothing shown beside it');
SELECT is_empty($$
  SELECT segmentation, grain, sum(customers) FROM random WHERE grain <> 'total' GROUP BY 1, 2 HAVING count(*) FILTER (WHERE customers IS NULL AND (segment_name = '(other segments)' OR market = '(other markets)')) = 0
  EXCEPT SELECT segmentation, g, customers FROM random, unnest('{segment,market,market and segment}'::text[]) g WHERE grain = 'total'$$, 'totals add up');

-- Erasure
SELECT segment.refresh('countries', '2011-11-30');
SELECT is(jsonb_array_length(segment.export_person('12347') -> 'profiles'), 2, 'export_person gives each snapshot');
SELECT is(segment.export_person('12347') #>> '{profiles,1,inputs,amount}', 'amount', 'and the columns that it comes from');
SELECT count(*) AS states FROM segment.state WHERE customer = '12347' \gset
SELECT results_eq($$SELECT * FROM segment.forget('012347')$$, format($$VALUES ('segment.change_queue', 0::bigint), ('segment.customer_ledger', 0), ('segment.pilot_assignment', 0), ('segment.state', %s), ('segment.forgotten', 1)$$, :states),
  'forget says what it did; ids are equal by their type');
SELECT results_eq($$SELECT * FROM segment.forget('12347')$$, $$VALUES ('segment.change_queue', 0::bigint), ('segment.customer_ledger', 0), ('segment.pilot_assignment', 0), ('segment.state', 0), ('segment.forgotten', 0)$$, 'once');
SELECT is(segment.export_person('12347'), '{"customer": "12347", "erased": true, "ledgers": [], "pilots": [], "profiles": []}', 'nothing is left');

-- An id that is nowhere: a slip is not irreversible.
SET client_min_messages = error;
SELECT results_eq($$SELECT sum(rows) FROM segment.forget('1234700')$$, 'VALUES (0::numeric)', 'an unknown id: nothing is removed');
SELECT is(segment.is_forgotten('1234700'), false, 'nor kept out');
RESET client_min_messages;
SELECT results_eq($$SELECT rows FROM segment.forget('1234700', unknown_too => true) WHERE table_name = 'segment.forgotten'$$, 'VALUES (1::bigint)', 'but when asked for');
SELECT is(segment.is_forgotten('1234700'), true, 'it is');
SELECT is(customers, 4337::bigint, 'a refresh does not bring the customer back') FROM segment.refresh('countries');
SELECT segment.definition('countries') AS sql \gset
CREATE TEMP TABLE pasted AS :sql;
SELECT is(count(*), 0::bigint, 'nor does the plain SQL') FROM pasted WHERE customer_id = 12347;
SELECT is(count(*), 0::bigint, 'the log has no id') FROM segment.segmentation_run r WHERE r::text LIKE '%12347%';
SELECT is(segment.export_person(NULL), NULL, 'NULL is nobody');
SELECT is_empty($$SELECT table_name, column_name FROM segment.personal_data
  EXCEPT SELECT attrelid::regclass::text, attname FROM pg_attribute$$, 'personal_data names columns that exist');

SELECT * FROM finish();
ROLLBACK;
