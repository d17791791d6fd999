-- fixture.sql: the tables that the examples of README.md and docs/ speak of: a shop's orders from 2024 and 2025.
-- 2,000 customers; some orders have no customer, some amounts are returns; the same rows on every machine.
CREATE TABLE customers (customer_id int PRIMARY KEY, email text NOT NULL, country text NOT NULL);
COMMENT ON TABLE customers IS 'One row a customer; some never ordered';

INSERT INTO customers
SELECT c, 'customer' || c || '@example.org', (ARRAY['DE', 'FR', 'UK', 'UK', 'UK'])[1 + c % 5]
FROM generate_series(1, 2100) c;

CREATE TABLE orders (
  order_id    bigint,
  customer_id int,
  ordered_at  timestamp NOT NULL,
  amount      numeric(10, 2) NOT NULL,
  country     text NOT NULL,
  channel     text NOT NULL
);

-- Customer c has 1 + c % 7 * (c % 3) orders, the later ones denser in time the higher c % 11 is.
INSERT INTO orders
SELECT 100000 + row_number() OVER (ORDER BY c, n), c,
       timestamp '2024-01-01 09:00' + interval '1 hour' * (c * 7919 % 15000 + n * (c % 11 + 1) * 61 % (17500 - c * 7919 % 15000)),
       CASE WHEN (c + n) % 29 = 0 THEN -1 ELSE 1 END * round(5 + (c * 7919 + n * 104729) % 20000 / 100.0, 2),
       (ARRAY['DE', 'FR', 'UK', 'UK', 'UK'])[1 + c % 5],
       (ARRAY['store', 'web', 'web'])[1 + (c + n) % 3]
FROM generate_series(1, 2000) c, generate_series(0, c % 7 * (c % 3)) n;

INSERT INTO orders
SELECT 900000 + n, NULL, timestamp '2024-06-01' + interval '1 day' * n, 20, 'UK', 'store'
FROM generate_series(1, 50) n;
ANALYZE customers, orders;

-- What customers did in the shop and on its pages before they ordered, the first half of 2025.
CREATE TABLE events (customer_id int, occurred_at timestamp NOT NULL, kind text NOT NULL, platform text NOT NULL);

INSERT INTO events
SELECT c, timestamp '2025-01-01 08:00' + interval '1 hour' * (c * 7919 % 4300) + interval '1 minute' * (n * (c % 13 + 1) * 7 * (n + c % 5)),
       (ARRAY['view', 'view', 'basket', 'view', 'purchase', 'basket', 'purchase'])[1 + (c * 31 + n * 7 + c * n) % 7], (ARRAY['phone', 'desktop'])[1 + c % 2]
FROM generate_series(1, 900) c, generate_series(0, 1 + c % 7) n;
ANALYZE events;
