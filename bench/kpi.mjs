// kpi.mjs: the contenders of bench/kpi.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDuck, openPostgres } from "./engines.mjs";

const orders = Number(process.argv[2] ?? 2500000);
const runs = Number(process.argv[3] ?? 3);
const customers = orders / 10;
const schema = "segment_bench_kpi";
const folder = mkdtempSync(join(tmpdir(), "segment-kpi-"));
const grid = "segment.periods('month', '2022-01-01', '2025-01-01'), '2024-12-31'";

// What is read from retention: the triangle with money, and the lifecycle.
const read = `SELECT 0 AS kind, cohort_start AS a, period_start AS b, customers, orders, revenue, 0 AS more FROM r, segment.cohort_table(r.r)
  UNION ALL SELECT 1, period_start, period_end, active, new, revenue, retained FROM r, segment.lifecycle_table(r.r)`;
const ours = (source) => `WITH r AS MATERIALIZED (SELECT segment.retention_agg(ledger, ${grid}) AS r FROM ${source}) ${read}`;
const fromOrders = "(SELECT segment.ledger_agg(ordered_on, amount) AS ledger FROM orders GROUP BY customer_id) c";

// The same by SQL: a customer's months, the first of them, and the one before.
const months = (month) => `WITH month AS (SELECT customer_id, ${month} AS m, count(*) AS orders, sum(amount) AS revenue FROM orders GROUP BY 1, 2),
  seen AS (SELECT *, min(m) OVER (PARTITION BY customer_id) AS c, lag(m) OVER (PARTITION BY customer_id ORDER BY m) AS before FROM month)`;
const plain = (month) => `${months(month)}
  SELECT 0 AS kind, c AS a, m AS b, count(*) AS customers, sum(orders) AS orders, sum(revenue) AS revenue, 0 AS more FROM seen GROUP BY c, m
  UNION ALL SELECT 1, m, NULL, count(*), count(*) FILTER (WHERE m = c), sum(revenue), count(*) FILTER (WHERE before = m - INTERVAL '1 month') FROM seen GROUP BY m`;

const actives = "SELECT t.day, t.active, t.active_in_window FROM (SELECT segment.active_agg(ledger, '2024-01-01', '2025-01-01', 28) AS a FROM calendars) x, segment.active_table(a) t";
const range = (day, back, series) => `SELECT d.day, count(DISTINCT customer_id) FILTER (WHERE ordered_on = d.day) AS active, count(DISTINCT customer_id) AS active_in_window
  FROM ${series} JOIN (SELECT DISTINCT customer_id, ordered_on FROM orders WHERE ordered_on > DATE '2023-12-04') o ON o.ordered_on <= d.day AND o.ordered_on > d.day - ${back} GROUP BY d.day`;

const pg = await openPostgres(process.env.PGDATABASE ?? "postgres");
const duck = await openDuck(join(folder, "duck.db"));
const serial = { max_parallel_workers_per_gather: "0", jit: "off" };
const two = { max_parallel_workers_per_gather: "1", jit: "off" };

const contenders = {
  "ledgers, one process": () => pg.time(ours("calendars"), serial),
  "ledgers, two processes": () => pg.time(ours("calendars"), two),
  "orders, ours": () => pg.time(ours(fromOrders), serial),
  "orders, ledger_agg alone": () => pg.time(`SELECT sum(pg_column_size(ledger)) FROM ${fromOrders}`, serial),
  "DuckDB, orders": () => duck.time(plain("date_trunc('month', ordered_on)")),
  "plain SQL, orders": () => pg.time(plain("date_trunc('month', ordered_on::timestamp)"), serial),
  "28-day actives of a year, ours": () => pg.time(actives, serial),
  "28-day actives, DuckDB": () => duck.time(range("day", "28", "(SELECT unnest(generate_series(DATE '2024-01-01', DATE '2024-12-31', INTERVAL 1 DAY))::DATE AS day) d")),
  "reading amounts": () => pg.time("SELECT sum(amount) AS s, max(currency) AS c, max(ordered_on) AS d FROM orders", serial),
  "converting them": () => pg.time("SELECT sum(segment.convert_currency(rates, amount, currency, 'EUR', ordered_on)) AS s, max(currency) AS c, max(ordered_on) AS d FROM orders, fx", serial),
};
// Too slow to repeat.
const once = {
  "28-day actives, plain SQL": () => pg.time(range("day", "28", "(SELECT g::date AS day FROM generate_series(timestamp '2024-01-01', '2024-12-31', '1 day') g) d"), serial),
  "converting a 20th by LATERAL": () => pg.time("SELECT sum(amount / rate) AS s FROM (SELECT * FROM orders WHERE id % 20 = 0) o, LATERAL (SELECT rate FROM ecb WHERE ecb.currency = o.currency AND day <= o.ordered_on AND day >= o.ordered_on - 7 ORDER BY day DESC LIMIT 1) r", serial),
};

const median = (times) => times.slice().sort((a, b) => a - b)[Math.floor(times.length / 2)];
const times = {};
try {
  await pg.ask(`DROP SCHEMA IF EXISTS ${schema} CASCADE; CREATE SCHEMA ${schema}; SET search_path = ${schema}, public; SET work_mem = '1GB'; SET hash_mem_multiplier = 1;
    SELECT setseed(0.5);
    CREATE UNLOGGED TABLE orders AS SELECT (power(random(), 2) * ${customers})::int AS customer_id, date '2022-01-01' + floor(random() * 1096)::int AS ordered_on, round((random() * 200)::numeric, 2) AS amount,
      'C' || (10 + floor(random() * 30)::int) AS currency, g AS id FROM generate_series(1, ${orders}) g;
    CREATE TABLE ecb AS SELECT 'C' || c AS currency, date '2015-01-01' + d AS day, round((1 + c * 0.1 + d % 97 / 1000.0)::numeric, 4) AS rate FROM generate_series(10, 39) c, generate_series(0, 3652) d WHERE extract(isodow FROM date '2015-01-01' + d) < 6;
    CREATE UNIQUE INDEX ON ecb (currency, day);
    CREATE TABLE fx AS SELECT segment.rates_agg(currency, day, rate) AS rates FROM ecb;
    CREATE UNLOGGED TABLE calendars AS SELECT customer_id, segment.ledger_agg(ordered_on, amount) AS ledger FROM orders GROUP BY customer_id;
    VACUUM ANALYZE orders; VACUUM ANALYZE calendars; ANALYZE ecb; ANALYZE fx;`);
  execFileSync("psql", ["-XqU", "postgres", "-d", process.env.PGDATABASE ?? "postgres", "-c", `\\copy ${schema}.orders TO '${join(folder, "orders.csv")}' (FORMAT csv)`]);
  await duck.ask(`CREATE TABLE orders AS SELECT * FROM read_csv('${join(folder, "orders.csv")}', header = false, columns = {'customer_id': 'INTEGER', 'ordered_on': 'DATE', 'amount': 'DECIMAL(12,2)', 'currency': 'VARCHAR', 'id': 'BIGINT'})`);
  console.log(`${orders} orders, ${(await pg.ask("SELECT count(*) FROM calendars;"))[0]} customers, 36 months; median of ${runs} runs`);

  // The same figures, whoever computes them.
  const whole = "SELECT count(*) || ' ' || sum(customers) || ' ' || sum(orders) || ' ' || sum(revenue) || ' ' || sum(more) FROM";
  const cells = "WHERE customers > 0";
  const [a] = await pg.ask(`${whole} (${ours("calendars")}) x ${cells};`);
  const [b] = await pg.ask(`${whole} (${plain("date_trunc('month', ordered_on::timestamp)")}) x ${cells};`);
  const [c] = await duck.ask(`SELECT count(*) || ' ' || sum(customers) || ' ' || sum(orders) || ' ' || sum(revenue) || ' ' || sum(more) FROM (${plain("date_trunc('month', ordered_on)")}) x ${cells}`);
  if (a !== b || a !== c) throw new Error(`different results:\nours  ${a}\nplain ${b}\nDuckDB ${c}`);

  for (let run = 0; run <= runs; run++)
    for (const [name, contender] of Object.entries(contenders)) {
      const seconds = await contender();
      if (run > 0) (times[name] ??= []).push(seconds); // the first one warms up
    }
  for (const [name, contender] of Object.entries(once)) times[name] = [await contender()];
  const t = Object.fromEntries(Object.entries(times).map(([name, list]) => [name, median(list)]));
  for (const [name, seconds] of Object.entries(t)) console.log(`${seconds.toFixed(3).padStart(9)} s  ${name}`);
  const ratio = (text, value, target) => console.log(`${value.toFixed(2).padStart(9)}    ${text} (${target})`);
  ratio("DuckDB / ours from ledgers, two processes each", t["DuckDB, orders"] / t["ledgers, two processes"], "target: at least 5");
  ratio("plain SQL / ours from ledgers", t["plain SQL, orders"] / t["ledgers, one process"], "target: at least 20");
  ratio("from the orders / ledger_agg alone", t["orders, ours"] / t["orders, ledger_agg alone"], "target: at most 1.3");
  ratio("plain SQL / ours, both from the orders", t["plain SQL, orders"] / t["orders, ours"], "at least 10");
  ratio("28-day actives: plain SQL / ours", t["28-day actives, plain SQL"] / t["28-day actives of a year, ours"], "at least 20");
  ratio("28-day actives: DuckDB / ours, one process", t["28-day actives, DuckDB"] / t["28-day actives of a year, ours"], "at least 3");
  ratio("convert_currency, microseconds a row beyond reading it", (t["converting them"] - t["reading amounts"]) * 1e6 / orders, "target: at most 0.15");
  ratio("converting by LATERAL / convert_currency, a row", (t["converting a 20th by LATERAL"] * 20) / (t["converting them"] - t["reading amounts"]), "at least 20");
} finally {
  await pg.ask(`DROP SCHEMA IF EXISTS ${schema} CASCADE;`);
  pg.close();
  duck.close();
  rmSync(folder, { recursive: true, force: true });
}
