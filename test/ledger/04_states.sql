-- 04_states.sql: every form that the rows of a customer take on the way to a ledger, against plain SQL.
\ir ../lib/begin.sql
SELECT plan(28);
SET search_path = public, segment;
SET LOCAL max_parallel_workers_per_gather = 0;

-- Customers of 1 to 64 lines, and two of 10,000; h is a hash of the line.
CREATE TEMP TABLE lines AS
SELECT c AS customer, n, day, h % 20000 - 2000 AS cents, h
FROM (SELECT c, n, date '2020-01-01' + (hashint8(c * 100003 + n) & 255) AS day, (hashint8(n * 1009 + c) & 1048575)::bigint AS h
      FROM generate_series(1, 128) c, generate_series(1, CASE WHEN c > 126 THEN 10000 ELSE 1 + c / 2 END) n) s;

-- The calendar in plain SQL. An order counts on the day of its first line >= 0; one without such a line is a return.
CREATE FUNCTION expected(source text) RETURNS TABLE (customer int, day date, orders numeric, returns numeric, amount numeric, returned numeric)
LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY EXECUTE format($q$
    WITH l AS (SELECT customer, day, amount, CASE WHEN id IS NULL THEN 'n' || row_number() OVER () ELSE 'i' || id END AS id FROM (%s) s),
    o AS (SELECT customer, id, bool_or(amount >= 0) AS is_order, COALESCE(min(day) FILTER (WHERE amount >= 0), min(day)) AS day FROM l GROUP BY 1, 2),
    m AS (SELECT customer, l.day, 0 AS orders, 0 AS returns, amount, CASE WHEN is_order THEN 0 ELSE -amount END AS returned, amount >= 0 AS dates
          FROM l JOIN o USING (customer, id)
          UNION ALL SELECT customer, day, is_order::int, (NOT is_order)::int, 0, 0, is_order FROM o)
    SELECT customer, day, sum(orders)::numeric, sum(returns)::numeric, sum(amount), sum(returned) FROM m GROUP BY 1, 2
    HAVING bool_or(dates) OR sum(orders) + sum(returns) > 0 OR sum(amount) <> 0$q$, source);
END
$$;

-- Days that the ledgers of a source and plain SQL do not have in common, and whether the node was used.
CREATE FUNCTION wrong_days(source text, aggregate text, node text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  result bigint;
BEGIN
  PERFORM set_config('segment.enable_fast_aggregate', node, true);
  EXECUTE format('CREATE TEMP TABLE ledgers AS SELECT customer, %s AS l FROM (%s) s GROUP BY customer', aggregate, source);
  CREATE TEMP TABLE actual AS SELECT customer, e.* FROM ledgers, ledger_entries(l) e;
  CREATE TEMP TABLE wanted AS SELECT * FROM expected(source);
  SELECT count(*) INTO result FROM
    ((TABLE actual EXCEPT ALL TABLE wanted) UNION ALL (TABLE wanted EXCEPT ALL TABLE actual)) d;
  SELECT CASE WHEN count(*) > 100 THEN result END INTO result FROM actual;
  DROP TABLE ledgers, actual, wanted;
  RETURN result;
END
$$;

CREATE TEMP TABLE sources (what text, source text, aggregate text);
INSERT INTO sources VALUES
  ('a line an order', 'SELECT customer, day, round(cents / 100.0, 2) AS amount, NULL::int AS id FROM lines', 'ledger_agg(day, amount)'),
  ('in the order of days', 'SELECT customer, day, round(cents / 100.0, 2) AS amount, NULL::int AS id FROM lines ORDER BY day OFFSET 0', 'ledger_agg(day, amount)'),
  ('amounts beyond 32 bits', 'SELECT customer, day, cents * 1e6 AS amount, NULL::int AS id FROM lines', 'ledger_agg(day, amount)'),
  ('some beyond 64 bits, later ones with more decimals',
   'SELECT customer, day, CASE WHEN h % 7 = 0 THEN cents * 1e24 WHEN n % 5 = 4 THEN round(cents / 1e9, 9) ELSE cents END AS amount, NULL::int AS id FROM lines', 'ledger_agg(day, amount)'),
  ('ids that ascend', 'SELECT customer, day, round(cents / 100.0, 2) AS amount, n AS id FROM lines ORDER BY n OFFSET 0', 'ledger_agg(day, amount, id)'),
  ('ids in any order', 'SELECT customer, day, round(cents / 100.0, 2) AS amount, n AS id FROM lines ORDER BY h OFFSET 0', 'ledger_agg(day, amount, id)'),
  ('lines of an order together, on one day',
   'SELECT customer, min(day) OVER (PARTITION BY customer, n / 5) AS day, round(cents / 100.0, 2) AS amount, n / 5 AS id FROM lines ORDER BY n OFFSET 0', 'ledger_agg(day, amount, id)'),
  ('lines of an order together, sums beyond 32 bits',
   'SELECT customer, min(day) OVER (PARTITION BY customer, n / 5) AS day, cents * 1000 AS amount, n / 5 AS id FROM lines ORDER BY n OFFSET 0', 'ledger_agg(day, amount, id)'),
  ('lines of an order scattered, some without id',
   'SELECT customer, day, round(cents / 100.0, 2) AS amount, CASE WHEN h % 11 > 0 THEN ''order '' || n / 4 END AS id FROM lines ORDER BY h OFFSET 0', 'ledger_agg(day, amount, id)'),
  ('ids by which only a function tells, amounts of any size',
   'SELECT customer, day, CASE WHEN h % 13 = 0 THEN cents * 1e24 ELSE round(cents / 1e4, 4) END AS amount, (n / 3)::numeric AS id FROM lines ORDER BY h OFFSET 0', 'ledger_agg(day, amount, id)'),
  ('few ids, over and over', 'SELECT customer, day, round(cents / 100.0, 2) AS amount, n % 4 AS id FROM lines', 'ledger_agg(day, amount, id)');
SELECT is(wrong_days(source, aggregate, node), 0::bigint, what || ', node ' || node) FROM sources, unnest('{off,force}'::text[]) node;

-- Zones that take turns: a row leaves nothing behind, and has the day of its own zone.
CREATE FUNCTION memory(zone text, node text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  c refcursor;
  first record;
  bytes bigint;
BEGIN
  PERFORM set_config('segment.enable_fast_aggregate', node, true);
  OPEN c NO SCROLL FOR EXECUTE format($q$SELECT i %% 10, ledger_agg(timestamptz '2024-01-10 12:00+00', 1, 1, %s) FROM generate_series(1, 100000) i GROUP BY 1$q$, zone);
  FETCH c INTO first;
  SELECT sum(total_bytes) INTO bytes FROM pg_backend_memory_contexts;
  CLOSE c;
  RETURN bytes;
END
$$;
SELECT cmp_ok(memory($$CASE WHEN i % 3 = 0 THEN 'UTC' ELSE 'Europe/Berlin' END$$, node) - memory($$'Europe/Berlin'$$, node), '<', 1000000::bigint,
  'memory, node ' || node) FROM unnest('{off,force}'::text[]) node;
SELECT results_eq($$
  SELECT day, orders FROM set_config('segment.enable_fast_aggregate', $$ || quote_literal(node) || $$, true),
    (SELECT ledger_agg(timestamptz '2024-01-10 23:30+00', 1, i, CASE WHEN i % 3 = 0 THEN 'UTC' ELSE 'Europe/Berlin' END) l FROM generate_series(1, 9) i GROUP BY i < 0) s, ledger_entries(l)$$,
  $$VALUES (date '2024-01-10', 3::bigint), (date '2024-01-11', 6::bigint)$$, 'days, node ' || node) FROM unnest('{off,force}'::text[]) node;

-- Many days of one group: packed ledgers of several sizes wait to be merged.
CREATE TEMP TABLE days AS SELECT date '1000-01-01' + (g::bigint * 7919 % 100003)::int AS day, g % 7 - 1 AS amount, g % 200 AS customer FROM generate_series(1, 120000) g;
CREATE TEMP TABLE truth AS SELECT day, count(*) FILTER (WHERE amount >= 0) AS orders, count(*) FILTER (WHERE amount < 0) AS returns, sum(amount)::numeric AS net, coalesce(sum(-amount) FILTER (WHERE amount < 0), 0)::numeric AS returned
FROM days GROUP BY day;
CREATE FUNCTION other_days(ledger) RETURNS bigint LANGUAGE sql AS $$
  SELECT count(*) FROM (TABLE truth EXCEPT ALL SELECT * FROM ledger_entries($1)) a FULL JOIN (SELECT * FROM ledger_entries($1) EXCEPT ALL TABLE truth) b ON false
$$;
SELECT is(other_days(ledger_agg(day, amount)), 0::bigint, 'a hundred thousand days of one group') FROM days;
SELECT is(other_days(ledger_rollup(l)), 0::bigint, 'and by a rollup of parts of all sizes')
FROM (SELECT ledger_agg(day, amount) AS l FROM days GROUP BY CASE WHEN customer < 100 THEN customer ELSE 1000 + customer % 3 END, CASE WHEN customer < 10 THEN day END) parts;

SELECT * FROM finish();
ROLLBACK;
