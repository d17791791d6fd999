// event.mjs: the contenders of bench/event.
import { execFileSync, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDuck, openPostgres } from "./engines.mjs";

const events = Number(process.argv[2] ?? 10000000);
const runs = Number(process.argv[3] ?? 3);
const people = events / 10;
const edges = Math.min(events / 10, 1000000);
const schema = "segment_bench_event";
const folder = mkdtempSync(join(tmpdir(), "segment-event-"));

const openHouse = (path) => {
  const child = fork(new URL("./house.mjs", import.meta.url).pathname, [path]);
  const ask = (sql) => new Promise((resolve, reject) => {
    child.once("message", (message) => (message.error ? reject(new Error(message.error)) : resolve(message)));
    child.send(sql);
  });
  return { ask, close: () => child.kill(), time: async (sql) => {
    await ask("DROP TABLE IF EXISTS sink");
    return (await ask(`CREATE TABLE sink ENGINE = MergeTree ORDER BY tuple() AS ${sql} SETTINGS max_threads = 2`)).seconds;
  } };
};

const ours = "SELECT person, segment.funnel_agg(happened, '1 day', kind = 1, kind = 2, kind = 3, kind = 4) AS f FROM events GROUP BY person";
const reached = `SELECT person, segment.funnel_reached(f) AS reached FROM (${ours}) x`;
const house = "SELECT person, windowFunnel(86400)(happened, kind = 1, kind = 2, kind = 3, kind = 4) AS reached FROM events GROUP BY person";
// The same by SQL: for each step the latest start among the chains that reached the step before, a window pass a step.
const day = (dialect) => (dialect === "duck" ? "INTERVAL 1 DAY" : "interval '1 day'");
const step = (n, source, dialect) => `(SELECT *, CASE WHEN kind = ${n} AND happened - w${n - 1} <= ${day(dialect)} THEN w${n - 1} END AS s${n} FROM
  (SELECT *, max(s${n - 1}) OVER (PARTITION BY person ORDER BY happened, kind) AS w${n - 1} FROM ${source} a${n}) b${n})`;
const nested = (dialect) => `SELECT person, max(CASE WHEN s4 IS NOT NULL THEN 4 WHEN s3 IS NOT NULL THEN 3 WHEN s2 IS NOT NULL THEN 2 WHEN s1 IS NOT NULL THEN 1 ELSE 0 END) AS reached
  FROM ${step(4, step(3, step(2, "(SELECT person, happened, kind, CASE WHEN kind = 1 THEN happened END AS s1 FROM events)", dialect), dialect), dialect)} z GROUP BY person`;

const components = "SELECT t.id, t.person FROM (SELECT segment.identity_agg(a, b) AS i FROM edges) x, segment.identity_table(i) t";
const labels = `WITH RECURSIVE n AS (SELECT a, b FROM edges UNION SELECT b, a FROM edges), c(id, person) USING KEY (id) AS (
    SELECT a, min(least(a, b)) FROM n GROUP BY a
    UNION SELECT n.a, min(c.person) FROM n JOIN c ON c.id = n.b JOIN recurring.c AS r ON r.id = n.a WHERE c.person < r.person GROUP BY n.a)
  SELECT id, person FROM c`;

const pg = await openPostgres(process.env.PGDATABASE ?? "postgres");
const duck = await openDuck(join(folder, "duck.db"));
const click = openHouse(join(folder, "house"));
const serial = { max_parallel_workers_per_gather: "0", jit: "off" };
const two = { max_parallel_workers_per_gather: "1", jit: "off" };
const contenders = {
  "scan of the events, one process": () => pg.time("SELECT max(person) AS p, max(happened) AS a, max(kind) AS k FROM events", serial),
  "funnels, one process": () => pg.time(reached, serial),
  "funnels, two processes": () => pg.time(reached, two),
  "funnels, core's grouping": () => pg.time(reached, { ...serial, "segment.enable_fast_aggregate": "off" }),
  "funnels, ClickHouse": () => click.time(house),
  "funnels, DuckDB": () => duck.time(nested("duck")),
  "components": () => pg.time(components, { ...serial, "segment.enable_fast_aggregate": "on" }),
};
const once = {
  "funnels, plain SQL": () => pg.time(nested("pg"), serial),
  "components, DuckDB": () => duck.time(labels),
};

const median = (times) => times.slice().sort((a, b) => a - b)[Math.floor(times.length / 2)];
const times = {};
try {
  await pg.ask(`DROP SCHEMA IF EXISTS ${schema} CASCADE; CREATE SCHEMA ${schema}; SET search_path = ${schema}, public; SET work_mem = '1GB'; SET hash_mem_multiplier = 1; SET maintenance_work_mem = '1GB';
    SELECT setseed(0.5);
    CREATE UNLOGGED TABLE events AS SELECT (power(random(), 2) * ${people})::int AS person, timestamp '2025-01-01' + make_interval(secs => floor(random() * 2592000)::int) AS happened, (1 + floor(random() * 8))::int AS kind
      FROM generate_series(1, ${events}) g;
    CREATE UNLOGGED TABLE edges AS SELECT 'mail:' || (random() * ${edges / 3})::int AS a, 'card:' || (random() * ${edges / 3})::int AS b FROM generate_series(1, ${edges}) g;
    VACUUM ANALYZE events; ANALYZE edges;`);
  for (const table of ["events", "edges"])
    execFileSync("psql", ["-XqU", "postgres", "-d", process.env.PGDATABASE ?? "postgres", "-c", `\\copy ${schema}.${table} TO '${join(folder, `${table}.csv`)}' (FORMAT csv)`]);
  await duck.ask(`CREATE TABLE events AS SELECT * FROM read_csv('${join(folder, "events.csv")}', header = false, columns = {'person': 'INTEGER', 'happened': 'TIMESTAMP', 'kind': 'INTEGER'})`);
  await duck.ask(`CREATE TABLE edges AS SELECT * FROM read_csv('${join(folder, "edges.csv")}', header = false, columns = {'a': 'VARCHAR', 'b': 'VARCHAR'})`);
  await click.ask(`CREATE TABLE events ENGINE = MergeTree ORDER BY tuple() AS SELECT * FROM file('${join(folder, "events.csv")}', CSV, 'person Int32, happened DateTime, kind Int32')`);
  console.log(`${events} events, ${(await pg.ask("SELECT count(DISTINCT person) FROM events;"))[0]} people, 4 steps; ${edges} edges; median of ${runs} runs`);

  // The same figures, whoever computes them. ClickHouse takes the events of one second in any order, as we do.
  const levels = (query) => `SELECT sum(reached) || ' ' || sum(reached * reached) FROM (${query}) x`;
  const [a] = await pg.ask(`${levels(reached)};`);
  const c = (await click.ask(`SELECT toString(sum(reached)) || ' ' || toString(sum(toUInt64(reached) * reached)) FROM (${house}) x`)).rows[0];
  const [d] = (await duck.ask(levels(nested("duck")))).rows ?? (await duck.ask(levels(nested("duck"))));
  console.log(`levels and their squares: ours ${a}, ClickHouse ${c}, DuckDB ${d}`);
  if (a !== c) throw new Error("different results");

  for (let run = 0; run <= runs; run++)
    for (const [name, contender] of Object.entries(contenders)) {
      const seconds = await contender();
      if (run > 0) (times[name] ??= []).push(seconds); // the first one warms up
    }
  for (const [name, contender] of Object.entries(once)) times[name] = [await contender()];
  const t = Object.fromEntries(Object.entries(times).map(([name, list]) => [name, median(list)]));
  for (const [name, seconds] of Object.entries(t)) console.log(`${seconds.toFixed(3).padStart(9)} s  ${name}`);
  const ratio = (text, value, target) => console.log(`${value.toFixed(2).padStart(9)}    ${text} (${target})`);
  ratio("funnels, two processes / ClickHouse, two threads", t["funnels, two processes"] / t["funnels, ClickHouse"], "target: at most 2");
  ratio("plain SQL / funnels, one process each", t["funnels, plain SQL"] / t["funnels, one process"], "target: at least 10");
  ratio("DuckDB / funnels, two processes", t["funnels, DuckDB"] / t["funnels, two processes"], "exact but for ties");
  ratio("core's grouping / the node", t["funnels, core's grouping"] / t["funnels, one process"], "what the kernel is for");
  ratio("DuckDB's recursive query / components", t["components, DuckDB"] / t["components"], "target: at least 10");
} finally {
  await pg.ask(`DROP SCHEMA IF EXISTS ${schema} CASCADE;`);
  pg.close();
  duck.close();
  click.close();
  rmSync(folder, { recursive: true, force: true });
}
