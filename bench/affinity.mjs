// affinity.mjs: the contenders of bench/affinity.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDuck, openPostgres, withMemory } from "./engines.mjs";

const lines = Number(process.argv[2] ?? 10000000);
const runs = Number(process.argv[3] ?? 3);
const schema = "segment_bench_affinity";
const database = process.env.PGDATABASE ?? "postgres";
const data = process.env.SEGMENT_DATA;
const folder = mkdtempSync(join(tmpdir(), "segment-affinity-"));

const ours = (table) => `SELECT segment.affinity_agg(items) AS a FROM (SELECT segment.items_agg(item) AS items FROM ${table} GROUP BY basket) b`;
const join2 = (table) => `SELECT a.item AS a, b.item AS b, count(*) AS n FROM (SELECT DISTINCT basket, item FROM ${table}) a
  JOIN (SELECT DISTINCT basket, item FROM ${table}) b ON a.basket = b.basket AND a.item < b.item GROUP BY 1, 2`;
const sums = (pairs) => `SELECT count(*) || ' ' || sum(n) || ' ' || max(n) FROM (${pairs}) x`;

const pg = await openPostgres(database);
const duck = await openDuck(join(folder, "duck.db"));
const serial = { max_parallel_workers_per_gather: "0", jit: "off" };
const two = { max_parallel_workers_per_gather: "1", jit: "off" };
const median = (times) => times.slice().sort((a, b) => a - b)[Math.floor(times.length / 2)];
const ratio = (text, value, target) => console.log(`${value.toFixed(2).padStart(9)}    ${text} (${target})`);

// Loads a file of basket and item into both.
const share = async (table, types) => {
  execFileSync("psql", ["-XqU", "postgres", "-d", database, "-c", `\\copy ${schema}.${table} TO '${join(folder, table)}.csv' (FORMAT csv)`]);
  await duck.ask(`CREATE TABLE ${table} AS SELECT * FROM read_csv('${join(folder, table)}.csv', header = false, columns = ${types})`);
};

try {
  await pg.ask(`DROP SCHEMA IF EXISTS ${schema} CASCADE; CREATE SCHEMA ${schema}; SET search_path = ${schema}, public; SET work_mem = '256MB'; SET hash_mem_multiplier = 1;`);
  if (data && existsSync(join(data, "online_retail_1.csv.gz"))) {
    await pg.ask(`CREATE UNLOGGED TABLE raw (invoice_no text, stock_code text, description text, quantity int, invoice_date timestamp, unit_price numeric, customer_id int, country text);`);
    for (const part of [1, 2, 3])
      execFileSync("psql", ["-XqU", "postgres", "-d", database, "-c", `\\copy ${schema}.raw FROM PROGRAM 'zcat ${join(data, `online_retail_${part}.csv.gz`)}' (FORMAT csv, HEADER)`]);
    await pg.ask(`CREATE UNLOGGED TABLE retail AS SELECT invoice_no AS basket, stock_code AS item FROM raw WHERE customer_id IS NOT NULL AND invoice_no NOT LIKE 'C%' AND quantity > 0 AND unit_price > 0;
      DROP TABLE raw; VACUUM ANALYZE retail;`);
    await share("retail", "{'basket': 'VARCHAR', 'item': 'VARCHAR'}");
    const [a] = await pg.ask(`SELECT n_pairs || ' ' || (sum(n_ab) / 2)::bigint || ' ' || max(n_ab) FROM (${ours("retail")}) x, segment.affinity_info(a), segment.affinity_table(a, 1) GROUP BY n_pairs;`);
    const [b] = await duck.ask(sums(join2("retail")));
    if (a !== b) throw new Error(`different results: ours ${a}, DuckDB ${b}`);
    const times = {};
    const contenders = {
      "Online Retail, ours": () => pg.time(ours("retail"), serial),
      "Online Retail, items_agg alone": () => pg.time("SELECT sum(segment.items_count(items)) AS n FROM (SELECT segment.items_agg(item) AS items FROM retail GROUP BY basket) b", serial),
      "Online Retail, DuckDB, two threads": () => duck.time(join2("retail")),
    };
    for (let run = 0; run <= runs; run++)
      for (const [name, contender] of Object.entries(contenders)) {
        const seconds = await contender();
        if (run > 0) (times[name] ??= []).push(seconds); // the first one warms up
      }
    times["Online Retail, plain SQL"] = [await pg.time(join2("retail"), two)];
    const t = Object.fromEntries(Object.entries(times).map(([name, list]) => [name, median(list)]));
    console.log(`Online Retail: pairs, pair incidences, most: ${a}; median of ${runs} runs`);
    for (const [name, seconds] of Object.entries(t)) console.log(`${seconds.toFixed(3).padStart(9)} s  ${name}`);
    ratio("DuckDB, two threads / ours, one process", t["Online Retail, DuckDB, two threads"] / t["Online Retail, ours"], "target: at least 10");
    ratio("plain SQL / ours", t["Online Retail, plain SQL"] / t["Online Retail, ours"], "target: at least 50");
  }

  // Made-up baskets: four lines each on average, items skewed by a cube.
  const grown = [];
  for (const [table, n] of [["tenth", lines / 10], ["whole", lines]]) {
    await pg.ask(`SELECT setseed(0.5); CREATE UNLOGGED TABLE ${table} AS SELECT (random() * ${n / 4})::int AS basket, (power(random(), 3) * 20000)::int AS item FROM generate_series(1, ${n}); VACUUM ANALYZE ${table};`);
    await pg.ask(`CREATE UNLOGGED TABLE ${table}_baskets AS SELECT segment.items_agg(item) AS items FROM ${table} GROUP BY basket; VACUUM ANALYZE ${table}_baskets;`);
    const agg = `SELECT segment.affinity_agg(items) AS a FROM ${table}_baskets`;
    const [counts] = await pg.ask(`SELECT n_baskets || ' ' || n_items || ' ' || incidences || ' ' || n_pairs FROM (${agg}) x, segment.affinity_info(a);`);
    const { result: seconds, megabytes } = await withMemory(pg, () => pg.time(agg, serial));
    const lined = await pg.time(ours(table), serial);
    grown.push(seconds);
    console.log(`${n} lines: baskets, items, incidences, pairs: ${counts}`);
    console.log(`${seconds.toFixed(3).padStart(9)} s  affinity_agg over sets, one process; ${megabytes} MB more in memory`);
    console.log(`${lined.toFixed(3).padStart(9)} s  from the lines`);
    if (table === "whole") {
      await share("whole", "{'basket': 'INTEGER', 'item': 'INTEGER'}");
      const [a] = await pg.ask(`SELECT n_pairs || ' ' || (sum(n_ab) / 2)::bigint || ' ' || max(n_ab) FROM (${agg}) x, segment.affinity_info(a), segment.affinity_table(a, 1) GROUP BY n_pairs;`);
      const [b] = await duck.ask(sums(join2("whole")));
      if (a !== b) throw new Error(`different results: ours ${a}, DuckDB ${b}`);
      console.log("          the same pairs as DuckDB's self join");
    }
  }
  ratio("ten times the lines take", grown[1] / grown[0], "linear: about 10");
} finally {
  await pg.ask(`DROP SCHEMA IF EXISTS ${schema} CASCADE;`);
  pg.close();
  duck.close();
  rmSync(folder, { recursive: true, force: true });
}
