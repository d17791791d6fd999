-- One customer's orders as an rfm value, as a reader meets it: built, read, merged, stored; and what is refused.
SET datestyle = ISO;
SET search_path = public, segment; -- for the operators
CREATE TABLE orders (customer text, ordered_at timestamp, amount numeric(8, 2), order_id int);
INSERT INTO orders VALUES
  ('ann', '2025-01-05 09:00', 20, 1), ('ann', '2025-01-05 09:00', 5.50, 1), ('ann', '2025-03-01 18:30', 40, 2),
  ('ann', '2025-03-09 10:00', -40, 3),
  ('bob', '2025-02-10 23:59', 12.25, 4),
  ('cat', '2025-02-11 08:00', -7, 5),
  ('dan', '2025-02-12', NULL, 6), ('dan', NULL, 3, 7),
  (NULL, '2025-02-13', 99, 8);

SELECT customer, segment.rfm_agg(ordered_at, amount, order_id) FROM orders GROUP BY customer ORDER BY customer;

SELECT customer, segment.rfm_recency(rfm, '2025-03-31') AS recency, segment.rfm_frequency(rfm) AS frequency,
       segment.rfm_monetary(rfm) AS monetary, segment.rfm_average(rfm) AS average, segment.rfm_first(rfm) AS first,
       segment.rfm_last(rfm) AS last, segment.rfm_tenure(rfm, '2025-03-31') AS tenure,
       segment.rfm_returns(rfm) AS returns, segment.rfm_returned(rfm) AS returned
FROM (SELECT customer, segment.rfm_agg(ordered_at, amount, order_id) AS rfm FROM orders GROUP BY customer) c
ORDER BY customer;

-- without an order id each row is an order
SELECT segment.rfm_frequency(segment.rfm_agg(ordered_at, amount)) FROM orders WHERE customer = 'ann';

-- parts by month, merged
CREATE TABLE monthly AS
SELECT customer, date_trunc('month', ordered_at) AS month, segment.rfm_agg(ordered_at, amount, order_id) AS rfm
FROM orders WHERE customer = 'ann' GROUP BY 1, 2;
SELECT segment.rfm_rollup(rfm) = (SELECT segment.rfm_agg(ordered_at, amount, order_id) FROM orders WHERE customer = 'ann') AS same
FROM monthly;
SELECT (segment.rfm_rollup(rfm))::jsonb FROM monthly;

-- refused
SELECT segment.rfm_recency(segment.rfm_agg(ordered_at, amount), '2025-02-01') FROM orders;
SELECT segment.rfm_agg(ordered_at, 'NaN'::numeric) FROM orders;
SELECT segment.rfm_agg(ordered_at, 'Infinity'::float8) FROM orders;
SELECT 'date(2025-01-01)'::segment.rfm;
SELECT segment.rfm_recency(segment.rfm_agg(ordered_at, amount), '2026-01-01', 'Mars/Olympus') FROM orders;
DROP TABLE orders, monthly;
