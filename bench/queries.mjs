// queries.mjs: the data and the contenders of bench/rfm. AS_OF lies after the last order.
export const AS_OF = "date '2024-03-01'";

// Skewed customers: a tenth as many as orders, most orders by a third of them; log-normal-like amounts.
export function createOrders(orders) {
  return `SELECT setseed(0.42);
CREATE TABLE orders AS
SELECT (1 + floor(${orders / 10} * power(random(), 1.5)))::bigint AS customer_id,
       timestamptz '2020-01-01 00:00 UTC' + floor(random() * 129600000) * interval '1 second' AS ordered_at,
       round(exp(random() * 3 + 2)::numeric, 2)::numeric(12, 2) AS amount
FROM generate_series(1, ${orders});
VACUUM ANALYZE orders;`;
}

// Order ids of three types.
const ids = "n AS order_id, md5(n::text)::uuid AS order_uuid, 'order-' || n AS order_text";

// As many rows, five lines an order, one after the other.
const lines = `SELECT customer_id, ordered_at, round(amount / 5, 2)::numeric(12, 2) AS amount, ${ids}
FROM (SELECT *, generate_series(1, 5) FROM (SELECT *, row_number() OVER () AS n FROM (TABLE orders LIMIT (SELECT count(*) / 5 FROM orders)) o) o) o`;

// Variants of the same rows, each a table of its own.
export const variants = {
  uuid: `CREATE TABLE orders_uuid AS SELECT md5(customer_id::text)::uuid AS customer_id, ordered_at, amount FROM orders;
VACUUM ANALYZE orders_uuid;`,
  text: `CREATE TABLE orders_text AS SELECT 'customer-' || customer_id AS customer_id, ordered_at, amount FROM orders;
VACUUM ANALYZE orders_text;`,
  lines: `CREATE TABLE orders_lines AS ${lines}; VACUUM ANALYZE orders_lines;`,
  scattered: `SELECT setseed(0.42); CREATE TABLE orders_scattered AS ${lines} ORDER BY random(); VACUUM ANALYZE orders_scattered;`,
  single: `CREATE TABLE orders_single AS SELECT customer_id, ordered_at, amount, ${ids} FROM (SELECT *, row_number() OVER () AS n FROM orders) o;
VACUUM ANALYZE orders_single;`,
  markets: `CREATE TABLE orders_markets AS
SELECT customer_id, ordered_at, amount, 'market-' || customer_id % 5 AS market, 'store-' || customer_id % 200 AS store FROM orders;
VACUUM ANALYZE orders_markets;`,
  days: `CREATE TABLE orders_days AS SELECT ${AS_OF} AS day; ANALYZE orders_days;`,
  once: `CREATE TABLE orders_once AS
SELECT CASE WHEN n * 10 <= total * 0.6 THEN n ELSE total + 1 + floor(total * 0.04 * random())::bigint END AS customer_id, ordered_at, amount
FROM (SELECT *, row_number() OVER () AS n, count(*) OVER () / 10 * 10 AS total FROM orders) o;
VACUUM ANALYZE orders_once;`,
};

const aggregate = (table, order = "") =>
  `SELECT customer_id, segment.rfm_agg(ordered_at, amount${order}) AS rfm FROM ${table} GROUP BY customer_id`;
const scan = (table, key = "max(customer_id)") =>
  `SELECT ${key} AS customer_id, max(ordered_at) AS at, sum(amount) AS amount FROM ${table}`;

// The rows that the main job is about, whoever does it.
const valid = `WHERE customer_id IS NOT NULL AND ordered_at < ${AS_OF} + 1`;

// What users write today.
const plain = (table) => `SELECT customer_id, ${AS_OF} - (last_at AT TIME ZONE 'UTC')::date AS recency_days, orders, revenue,
       ntile(5) OVER (ORDER BY last_at) AS r, ntile(5) OVER (ORDER BY orders) AS f, ntile(5) OVER (ORDER BY revenue) AS m
FROM (SELECT customer_id, max(ordered_at) AS last_at, count(*) AS orders, sum(amount) AS revenue FROM ${table} ${valid} GROUP BY customer_id) c`;

const main = (table, zone = "", order = "", { where = valid, asOf = AS_OF, market = "", partition = "" } = {}) => `SELECT customer_id${market && `, ${market}`}, ${asOf} AS as_of,
       segment.rfm_recency(rfm, ${asOf}${zone && `, ${zone}`}) AS recency_days, segment.rfm_frequency(rfm) AS orders, segment.rfm_monetary(rfm) AS revenue,
       segment.score_r(score) AS r, segment.score_f(score) AS f, segment.score_m(score) AS m, segment.score_code(score) AS rfm_code,
       segment.label(score, 'classic') AS segment_name, segment.label_sort(score, 'classic') AS segment_sort
FROM (SELECT customer_id${market && `, ${market}`}, segment.rfm_agg(ordered_at, amount${order}) AS rfm,
             segment.rfm_score(segment.rfm_agg(ordered_at, amount${order}), ${asOf}${zone && `, zone => ${zone}`}) OVER (${partition && `PARTITION BY ${partition}`}) AS score
      FROM ${table} ${where} GROUP BY customer_id${market && `, ${market}`}) c`;

// The main job by market, and its like without PARTITION BY.
const byMarket = (market, partition) => main("orders_markets", "", "", { market, partition });

// The main job as of a day that is known when it runs: DAY stands for a subquery's value or for a parameter.
const validOn = (day) => `WHERE customer_id IS NOT NULL AND ordered_at < ${day} + 1`;
const asOf = (day) => main("orders", "", "", { where: validOn(day), asOf: day });

const duckAggregate = (where) =>
  `SELECT customer_id, max(ordered_at) AS last_at, count(*) AS orders, sum(amount) AS revenue FROM orders ${where} GROUP BY customer_id`;
const duckMain = `SELECT customer_id, ${AS_OF} - last_at::date AS recency_days, orders, revenue, ntile(5) OVER (ORDER BY last_at) AS r,
       ntile(5) OVER (ORDER BY orders) AS f, ntile(5) OVER (ORDER BY revenue) AS m FROM (${duckAggregate(valid)}) c`;

const tuned = "work_mem 1GB, jit off";
const serial = { work_mem: "1GB", jit: "off", max_parallel_workers_per_gather: "0", "segment.enable_fast_aggregate": "on" };
const parallel = { ...serial, max_parallel_workers_per_gather: "2" };
const core = { ...serial, "segment.enable_fast_aggregate": "off" };
const small = { ...serial, work_mem: "4MB" };
const defaults = { work_mem: "4MB", jit: "on", max_parallel_workers_per_gather: "2", "segment.enable_fast_aggregate": "on" };
const pg = (name, sql, settings, setting, parameter) => ({ name, engine: "PostgreSQL", sql, settings, setting, parameter });

// Alone and with workers.
const both = (name, sql, parameter) => [pg(name, sql, serial, `${tuned}, serial`, parameter), pg(`${name}, 2 workers`, sql, parallel, `${tuned}, 2 workers`, parameter),
  pg(`${name}, default settings`, sql, defaults, "defaults: work_mem 4MB, jit on, 2 workers", parameter)];

export const contenders = [
  pg("scan, no grouping", scan("orders"), serial, `${tuned}, serial`),
  pg("scan, no grouping, 2 workers", scan("orders"), parallel, `${tuned}, 2 workers`),
  pg("rfm_agg, core's HashAggregate", aggregate("orders"), core, `${tuned}, serial`),
  pg("rfm_agg, our node", aggregate("orders"), serial, `${tuned}, serial`),
  pg("rfm_agg, our node, rows only counted", `SELECT count(rfm) FROM (${aggregate("orders")}) q`, serial, `${tuned}, serial`),
  pg("rfm_agg, our node, 2 workers", aggregate("orders"), parallel, `${tuned}, 2 workers`),
  pg("rfm_agg, our node, work_mem 4 MB", aggregate("orders"), small, "work_mem 4MB, jit off, serial"),
  pg("plain SQL: aggregates and 3 x ntile", plain("orders"), serial, `${tuned}, serial`),
  pg("main job", main("orders"), serial, `${tuned}, serial`),
  pg("main job, 2 workers", main("orders"), parallel, `${tuned}, 2 workers`),
  pg("plain SQL, default settings", plain("orders"), defaults, "defaults: work_mem 4MB, jit on, 2 workers"),
  pg("main job, default settings", main("orders"), defaults, "defaults: work_mem 4MB, jit on, 2 workers"),
  { name: "DuckDB: the aggregates", engine: "DuckDB", sql: duckAggregate(""), setting: "2 threads, its own table" },
  { name: "DuckDB: aggregates and 3 x ntile", engine: "DuckDB", sql: duckMain, setting: "2 threads, its own table" },
];

// The form without order ids and those with them.
const withIds = (what, table) => [pg(`${what}: rfm_agg(at, amount)`, aggregate(table), serial, `${tuned}, serial`),
  ...["id", "uuid", "text"].map((type) =>
    pg(`${what}: rfm_agg(at, amount, order_${type})`, aggregate(table, `, order_${type}`), serial, `${tuned}, serial`))];

export const variantContenders = {
  uuid: [pg("uuid key: scan", scan("orders_uuid", "max(uuid_hash(customer_id))"), serial, `${tuned}, serial`),
    pg("uuid key: rfm_agg", aggregate("orders_uuid"), serial, `${tuned}, serial`)],
  text: [pg("text key: scan", scan("orders_text", "max(length(customer_id))"), serial, `${tuned}, serial`),
    pg("text key: rfm_agg", aggregate("orders_text"), serial, `${tuned}, serial`)],
  lines: withIds("5 lines an order", "orders_lines"),
  scattered: withIds("5 lines an order, scattered", "orders_scattered"),
  single: withIds("every row an order", "orders_single"),
  once: [pg("60 % order once: scan", scan("orders_once"), serial, `${tuned}, serial`),
    pg("60 % order once: rfm_agg", aggregate("orders_once"), serial, `${tuned}, serial`),
    pg("60 % order once: main job", main("orders_once"), serial, `${tuned}, serial`)],
  markets: [["market", 5], ["store", 200]].flatMap(([market, count]) => [
    ...both(`${count} markets: main job OVER ()`, byMarket(market, "")),
    ...both(`${count} markets: main job OVER (PARTITION BY)`, byMarket(market, market))]),
  days: [...both("as_of: a literal", asOf(AS_OF)), ...both("as_of: a subquery", asOf("(SELECT day FROM orders_days)")),
    ...both("as_of: a CTE", `WITH d AS (SELECT day FROM orders_days) ${asOf("(SELECT day FROM d)")}`),
    ...both("as_of: a parameter", asOf("$1"), AS_OF)],
  zone: [pg("main job, zone Europe/Berlin", main("orders", "'Europe/Berlin'"), serial, `${tuned}, serial`)],
};

// Queries that must give the same rows through core's plan, our node alone, and with workers.
export const digested = (name) => (name === "orders" ? [main("orders")]
  : ["lines", "scattered", "single"].includes(name) ? ["id", "uuid", "text"].map((type) => aggregate(`orders_${name}`, `, order_${type}`))
    : name === "markets" ? ["market", "store"].map((market) => byMarket(market, market))
      : name === "days" ? [asOf("(SELECT day FROM orders_days)")]
        : [aggregate(`orders_${name}`)]);

// Sums that any order of rows gives, the same in both engines: equal only if every customer's values are.
export const checksum = (inner) => `SELECT count(*), sum(orders), sum(revenue), sum(recency_days), sum(customer_id * orders),
  sum(customer_id * revenue), sum(customer_id * recency_days) FROM (${inner}) q`;
// Every column of every row, whatever the order: the same number only for the same rows.
export const digest = (inner) =>
  `SELECT count(*), sum(('x' || left(md5(q::text), 15))::bit(60)::bigint) FROM (${inner}) q`;
export const checked = {
  plain: `SELECT customer_id, recency_days, orders, revenue FROM (${plain("orders")}) p`,
  ours: `SELECT customer_id, recency_days, orders, revenue FROM (${main("orders")}) m`,
  duck: `SELECT customer_id, recency_days, orders, revenue FROM (${duckMain}) d`,
};
