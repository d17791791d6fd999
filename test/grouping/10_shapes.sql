-- Query shapes: each is either done by the grouping node with the rows of core's plan, or left to core's plan.
\ir ../lib/begin.sql
\ir same.psql
SELECT plan(62);
SET LOCAL max_parallel_workers_per_gather = 0;

CREATE TEMP TABLE orders AS
SELECT (i * 7919) % 53 AS customer,
       CASE WHEN i % 11 <> 0 THEN 'shop ' || (i * 31) % 17 END AS shop,
       ((i * 13) % 40 / 2.0)::numeric(6, 1) AS grade,
       date '2020-01-01' + (i * 37) % 500 AS ordered,
       CASE WHEN i % 29 <> 0 THEN ((i * 101) % 9000 - 500) / 100.0 END AS amount,
       i / 3 AS order_id
FROM generate_series(1, 4000) i;
ANALYZE orders;

SELECT same('SELECT customer, segment.rfm_agg(ordered, amount) FROM orders GROUP BY customer', 'an integer key');
SELECT same('SELECT shop, segment.rfm_agg(ordered, amount) FROM orders GROUP BY shop', 'a text key with NULLs');
SELECT same('SELECT NULLIF(customer, 3), segment.rfm_agg(ordered, amount) FROM orders GROUP BY 1', 'an integer key with NULLs');
SELECT same('SELECT grade, segment.rfm_agg(ordered, amount) FROM orders GROUP BY grade', 'a numeric key');
SELECT same('SELECT customer + 1, shop, segment.rfm_agg(ordered, amount) FROM orders GROUP BY 1, shop', 'two keys, one computed');
SELECT same('SELECT customer, segment.rfm_agg(ordered, amount, order_id) FROM orders GROUP BY customer', 'order ids');
SELECT same('SELECT customer, segment.rfm_agg(ordered, amount), count(*), sum(amount), max(shop), avg(grade), stddev(amount),
                    segment.rfm_agg(ordered, amount, order_id), bool_or(grade > 3)
             FROM orders GROUP BY customer', 'core''s aggregates beside ours');
SELECT same('SELECT customer, segment.rfm_agg(ordered, amount), array_agg(order_id), string_agg(shop, '','')
             FROM (SELECT * FROM orders ORDER BY order_id, ordered, amount) o GROUP BY customer', 'growing states');
SELECT same('SELECT customer, segment.rfm_agg(ordered, amount) FILTER (WHERE grade > 10), count(*) FILTER (WHERE shop IS NULL),
                    segment.rfm_agg(ordered, amount) FILTER (WHERE amount > 1e6)
             FROM orders GROUP BY customer', 'FILTER');
SELECT same('SELECT customer, segment.rfm_agg(ordered, 100 / (amount - amount + CASE WHEN grade > 3 THEN 1 ELSE 0 END))
                              FILTER (WHERE grade > 3)
             FROM orders GROUP BY customer', 'an argument that fails where FILTER leaves it out');
SELECT same('SELECT customer * 2, segment.rfm_frequency(segment.rfm_agg(ordered, amount)) + customer
             FROM orders GROUP BY customer HAVING segment.rfm_monetary(segment.rfm_agg(ordered, amount)) > 3000',
            'aggregates in expressions, HAVING');
SELECT same('SELECT customer, segment.rfm_agg(ordered, amount) FROM orders GROUP BY customer HAVING count(*) > 75',
            'HAVING alone uses an aggregate');
SELECT same('SELECT customer, segment.rfm_agg(ordered, amount),
                    sum(segment.rfm_monetary(segment.rfm_agg(ordered, amount))) OVER (ORDER BY customer)
             FROM orders GROUP BY customer', 'a window above');
SELECT same('SELECT DISTINCT segment.rfm_frequency(segment.rfm_agg(ordered, amount)) FROM orders GROUP BY shop', 'DISTINCT above');
SELECT same('SELECT customer, generate_series(1, customer % 3), segment.rfm_agg(ordered, amount) FROM orders GROUP BY customer',
            'a set-returning output');
SELECT same('SELECT shop, segment.rfm_rollup(r)
             FROM (SELECT customer, shop, segment.rfm_agg(ordered, amount) AS r FROM orders GROUP BY 1, 2) o GROUP BY shop',
            'a roll-up of parts');
SELECT same('SELECT c.customer, o.r
             FROM generate_series(1, 12) c(customer)
             LEFT JOIN LATERAL (SELECT shop, segment.rfm_agg(ordered, amount) AS r FROM orders
                                WHERE orders.customer < c.customer GROUP BY shop) o ON true', 'LATERAL');
SELECT same('SELECT customer, (SELECT max(segment.rfm_frequency(r)) FROM (
                      SELECT shop, segment.rfm_agg(ordered, amount) AS r FROM orders i WHERE i.customer = c.customer GROUP BY shop) s)
             FROM (SELECT DISTINCT customer FROM orders) c', 'a correlated subquery');
SELECT same('SELECT customer, (SELECT count(*) FROM orders i WHERE i.customer = o.customer), segment.rfm_agg(ordered, amount)
             FROM orders o GROUP BY customer', 'a subquery over the key');
-- From 16 on, core knows that a constant makes one group.
SELECT same('SELECT ''all'' AS k, segment.rfm_agg(ordered, amount) FROM orders GROUP BY 1', 'a constant key',
            current_setting('server_version_num')::int < 160000);
SELECT same('SELECT ROW(customer, shop), segment.rfm_agg(ordered, amount) FROM orders GROUP BY 1', 'a row, which has no hash', false);
SELECT same('SELECT ARRAY[customer % 3, customer % 2], segment.rfm_agg(ordered, amount) FROM orders GROUP BY 1', 'an array as key');

CREATE TABLE customers (customer int PRIMARY KEY, name text, born date);
INSERT INTO customers SELECT i, 'name ' || i, date '1960-01-01' + i * 100 FROM generate_series(0, 52) i;
ANALYZE customers;
SELECT same('SELECT c.customer, c.name, c.born, segment.rfm_agg(o.ordered, o.amount)
             FROM customers c JOIN orders o USING (customer) GROUP BY c.customer', 'columns that depend on the key');
SELECT same('SELECT c, segment.rfm_agg(o.ordered, o.amount)
             FROM customers c JOIN orders o USING (customer) GROUP BY c.customer', 'a whole row that depends on the key');
SELECT same('SELECT c.customer, o.grade, segment.rfm_agg(o.ordered, o.amount)
             FROM customers c LEFT JOIN (SELECT *, COALESCE(shop, ''none'') AS place FROM orders) o
               ON c.customer = o.customer AND o.grade > 15 GROUP BY c.customer, o.grade, o.place', 'an outer join');

-- Left to core's plan.
SELECT same('SELECT customer, shop, GROUPING(shop), segment.rfm_agg(ordered, amount) FROM orders GROUP BY ROLLUP (customer, shop)',
            'grouping sets', false);
SELECT same('SELECT segment.rfm_agg(ordered, amount) FROM orders', 'no GROUP BY', false);
SELECT same('SELECT customer, segment.rfm_agg(ordered, amount ORDER BY order_id) FROM orders GROUP BY customer', 'ORDER BY inside', false);
SELECT same('SELECT customer, segment.rfm_agg(DISTINCT ordered, amount) FROM orders GROUP BY customer', 'DISTINCT inside', false);
SELECT same('SELECT customer, count(*) FROM orders GROUP BY customer', 'no aggregate of ours', false);
SELECT same('SELECT customer, segment.rfm_agg(ordered, amount + 0 * random()::numeric) FROM orders GROUP BY customer', 'a volatile argument', false);

SELECT * FROM finish();
ROLLBACK;
