-- 06_order_ids.sql: orders and returns counted by id, against SQL, for ids of many types and lengths in any order of rows
\ir ../lib/begin.sql
SELECT plan(18);
SET search_path = public, segment;
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT setseed(0.5);

-- Customers with 1 to 400 rows, each order up to 4 lines, a sixth of the lines negative.
CREATE TEMP TABLE lines AS
SELECT customer, 100000 + customer * 1000 + line / 3 * 7 % 500 AS number, line, random() AS place,
       date '2024-01-01' + line % 300 AS at, CASE WHEN random() < 0.16 OR line / 3 % 9 = 0 THEN -1 ELSE 1 END * (line % 17)::numeric AS amount
FROM generate_series(1, 60) customer, generate_series(1, (customer * customer / 9)) line;
CREATE TEMP TABLE truth AS
SELECT customer, count(*) FILTER (WHERE best >= 0) AS orders, count(*) FILTER (WHERE best < 0) AS returns
FROM (SELECT customer, number, max(amount) AS best FROM lines GROUP BY customer, number) o GROUP BY customer;
SELECT ok(min(orders) < 3 AND max(orders) > 100 AND max(returns) > 9, 'customers with few and with many orders') FROM truth;

-- Customers whose counts differ from the truth, over all orders of rows and with the node, core's plan, little memory and workers.
CREATE FUNCTION wrong(id text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  arrangement text;
  setting text;
  found bigint;
  result bigint := 0;
BEGIN
  FOREACH arrangement IN ARRAY '{number,number DESC,place,line}'::text[] LOOP
    EXECUTE format('CREATE TEMP TABLE arranged AS SELECT customer, at, amount, %s AS id FROM lines ORDER BY %s', id, arrangement);
    FOREACH setting IN ARRAY '{force,off,little}'::text[] LOOP
      PERFORM set_config('segment.enable_fast_aggregate', replace(setting, 'little', 'force'), true),
              set_config('work_mem', CASE setting WHEN 'little' THEN '64kB' ELSE '64MB' END, true);
      SELECT count(*) INTO found
      FROM (SELECT customer, rfm_frequency(r) AS orders, rfm_returns(r) AS returns
            FROM (SELECT customer, rfm_agg(at, amount, a.id) AS r FROM arranged a GROUP BY customer) s) s
      FULL JOIN truth t USING (customer) WHERE (s.orders, s.returns) IS DISTINCT FROM (t.orders, t.returns);
      result := result + found;
    END LOOP;
    DROP TABLE arranged;
  END LOOP;
  RETURN result;
END
$$;

CREATE COLLATION letters_alike (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
SELECT is(wrong(id), 0::bigint, 'ids ' || id)
FROM unnest(ARRAY['number', 'number::bigint << 32', 'number::float8', 'date ''1900-01-01'' + number', 'md5(number::text)::uuid',
  'number * interval ''1 second''', 'number::text::name', 'number::numeric / 8', 'number::text', '''n'' || number % 1000 || ''-'' || number',
  '''order-'' || number', 'repeat(''same beginning '', 3) || number', 'repeat(''x'', 252 + number % 7) || number', 'number::char(20)',
  'number::text::bytea', 'repeat(md5(number::text), 80)']) id;
SELECT is(wrong($$((CASE WHEN line % 2 = 0 THEN 'ORDER ' ELSE 'order ' END) || number) COLLATE letters_alike$$), 0::bigint, 'ids whose bytes differ and that are equal');

SELECT * FROM finish();
ROLLBACK;
