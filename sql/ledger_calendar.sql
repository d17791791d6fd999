-- One customer's purchase calendar: collected, asked about past days, merged, turned into a repeat summary; and what is refused.
SET datestyle = ISO;
SET search_path = public, segment; -- for the operators
CREATE TABLE orders (customer text, at date, amount numeric(8, 2), order_id int);
INSERT INTO orders VALUES
  ('ann', '2025-01-05', 20, 1), ('ann', '2025-01-05', 5.50, 1), ('ann', '2025-02-04', 40, 2), ('ann', '2025-02-14', -40, 3),
  ('ann', '2025-03-06', 12, 4), ('ann', '2025-04-15', 30, 7),
  ('bob', '2025-02-10', 12.25, 5), ('cat', '2025-02-11', -7, 6), ('dan', NULL, 3, 8), ('dan', '2025-02-12', NULL, 9);
CREATE TABLE calendar AS SELECT customer, segment.ledger_agg(at, amount, order_id) AS ledger FROM orders GROUP BY customer;
SELECT customer, ledger FROM calendar ORDER BY customer;
SELECT e.* FROM calendar, segment.ledger_entries(ledger) e WHERE customer = 'ann' ORDER BY day;

-- a past day answers as the orders up to that day would have
SELECT count(*) FILTER (WHERE segment.ledger_rfm(ledger, day) IS NOT DISTINCT FROM
                              (SELECT segment.rfm_agg(at, amount, order_id) FROM orders o WHERE o.customer = c.customer AND at <= day)) AS same,
       count(*)
FROM calendar c, generate_series(date '2025-01-01', '2025-04-30', '1 day') g(moment), LATERAL (SELECT moment::date AS day) d
WHERE customer IN ('ann', 'bob');

-- periods are half-open; gaps are between purchases, and what was returned in full is none
SELECT customer, segment.ledger_orders(ledger, '2025-01-01', '2025-03-06') AS orders, segment.ledger_revenue(ledger, '2025-01-01', '2025-03-06') AS revenue,
       segment.ledger_active(ledger, '2025-03-01', '2025-04-01') AS active_in_march, segment.ledger_median_gap(ledger, '2025-04-30') AS median_gap,
       segment.ledger_as_of(ledger, '2025-02-13') AS then
FROM calendar ORDER BY customer;

-- months, merged
SELECT segment.ledger_rollup(part) = (SELECT ledger FROM calendar WHERE customer = 'ann') AS same
FROM (SELECT segment.ledger_agg(at, amount, order_id) AS part FROM orders WHERE customer = 'ann' GROUP BY date_trunc('month', at)) m;
SELECT '{2025-01-01 1.50}'::segment.ledger + '{2025-01-01 2.00,2025-01-02 3.00}'::segment.ledger AS both;

-- what lifetime models know: x repeat purchases, the last after t_x, seen for t
SELECT customer, segment.ledger_repeat(ledger, '2025-04-30', '1 day') AS days, segment.ledger_repeat(ledger, '2025-04-30', '1 week') AS weeks
FROM calendar ORDER BY customer;

-- refused
SELECT '{2025-01-02 1,2025-01-01 1}'::segment.ledger;
SELECT segment.ledger_repeat(ledger, '2025-04-30', '0 days') FROM calendar WHERE customer = 'ann';
SELECT segment.ledger_agg(at, 'NaN'::numeric) FROM orders;
DROP TABLE orders, calendar;
