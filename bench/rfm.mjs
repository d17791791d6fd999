// rfm.mjs: runs the contenders of queries.mjs and keeps their times; see bench/rfm for the options.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync, mkdtempSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { execFileSync } from "node:child_process";
import { contenders, createOrders, variants, variantContenders, checksum, checked, digest, digested } from "./queries.mjs";
import { openDuck, openPostgres, useDatabase, withMemory } from "./engines.mjs";
import { ratios, writeReport } from "./report.mjs";

const work = process.env.SEGMENT_BENCH_PACKAGES;
const resultsFile = join(work, "results.json");
const results = existsSync(resultsFile) ? JSON.parse(readFileSync(resultsFile, "utf8")) : { sizes: {} };
const args = process.argv.slice(2);
const option = (name, otherwise) => (args.includes(name) ? args[args.indexOf(name) + 1] : otherwise);
const runs = Number(option("--runs", 5));
const unchecked = args.includes("--unchecked");
const only = new RegExp(option("--only", "."));
const sizes = args.filter((arg, i) => /^\d+$/.test(arg) && !["--runs", "--only"].includes(args[i - 1])).map(Number);

// At other sizes than the reference one, what the plot shows.
const everywhere = /^(scan, no grouping$|rfm_agg, our node(, 2 workers)?$|plain SQL: |main job(, 2 workers)?$|DuckDB: )/;

const median = (times) => [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)];
const log = (...words) => console.log(...words);

async function prepare(millions) {
  const name = `bench_${millions}`;
  const admin = await openPostgres("postgres");
  if ((await admin.ask(`SELECT 1 FROM pg_database WHERE datname = '${name}';`)).length === 0) await admin.ask(`CREATE DATABASE ${name};`);
  admin.close();
  useDatabase(name);
  const session = await openPostgres();
  await session.ask("CREATE EXTENSION IF NOT EXISTS segment;");
  results.server = (await session.ask("SELECT split_part(version(), ' (', 1) || ', shared_buffers ' || current_setting('shared_buffers');"))[0];
  const exists = (await session.ask("SELECT to_regclass('orders') IS NOT NULL;"))[0] === "t";
  if (!exists || Number((await session.ask("SELECT count(*) FROM orders;"))[0]) !== millions * 1e6) {
    await session.ask(`DROP TABLE IF EXISTS orders, ${Object.keys(variants).map((name) => `orders_${name}`).join(", ")};`);
    log(`creating ${millions} million orders`);
    await session.ask(createOrders(millions * 1e6));
  }
  session.close();
}

// Brings the rows to DuckDB; that takes time too, which is reported.
async function load(millions) {
  const file = join(work, `${millions}.duckdb`);
  const fresh = !existsSync(file);
  const duck = await openDuck(file);
  if (fresh) {
    const folder = mkdtempSync(join(tmpdir(), "segment-bench-"));
    const csv = join(folder, "orders.csv");
    const session = await openPostgres();
    const start = Date.now();
    await session.ask(`SET timezone = 'UTC'; \\copy orders to '${csv}' csv`);
    const copied = Date.now();
    await duck.ask(`CREATE TABLE orders AS SELECT * FROM read_csv('${csv}', header = false,
      columns = {'customer_id': 'BIGINT', 'ordered_at': 'TIMESTAMP', 'amount': 'DECIMAL(12,2)'}, timestampformat = '%Y-%m-%d %H:%M:%S+00')`);
    results.sizes[millions].loading = { copy: (copied - start) / 1000, read: (Date.now() - copied) / 1000 };
    session.close();
    rmSync(folder, { recursive: true });
  }
  return duck;
}

// Core's plan, our nodes alone, and our nodes with workers and little memory must find the same rows.
async function compareDigests(name) {
  const session = await openPostgres();
  for (const query of digested(name)) {
    const found = [];
    for (const [fast, workers, memory] of [["off", 0, "1GB"], ["on", 0, "1GB"], ["on", 2, "4MB"], ["force", 2, "1GB"]]) {
      await session.ask(`SET segment.enable_fast_aggregate = ${fast}; SET max_parallel_workers_per_gather = ${workers}; SET work_mem = '${memory}';`);
      found.push((await session.ask(`${digest(query)};`))[0]);
    }
    if (new Set(found).size > 1) throw new Error(`${name}: the plans differ: ${found.join(", ")}`);
  }
  session.close();
}

// Every contender must have found the same values.
async function compare(duck) {
  const session = await openPostgres();
  await session.ask("SET work_mem = '1GB';");
  const normal = (row) => row[0].split("|").map((value) => Number(value).toString()).join(" ");
  const plain = normal(await session.ask(`${checksum(checked.plain)};`));
  const ours = normal(await session.ask(`${checksum(checked.ours)};`));
  const theirs = normal(await duck.ask(checksum(checked.duck)));
  session.close();
  if (ours !== plain) throw new Error(`main job: ${ours}, plain SQL: ${plain}`);
  if (theirs !== plain) throw new Error(`DuckDB: ${theirs}, plain SQL: ${plain}`);
  await compareDigests("orders");
  log("all contenders agree");
}

async function prepareVariant(name) {
  const session = await openPostgres();
  if ((await session.ask(`SELECT to_regclass('orders_${name}') IS NULL;`))[0] === "t") await session.ask(variants[name]);
  session.close();
  if (!unchecked) await compareDigests(name);
}

async function measure(list, into, duck) {
  const sessions = { PostgreSQL: await openPostgres(), DuckDB: duck };
  for (const contender of list) {
    const fresh = contender.engine === "DuckDB" ? duck : await openPostgres();
    const { megabytes } = await withMemory(fresh, () => fresh.time(contender.sql, contender.settings, contender.parameter));
    if (fresh !== duck) fresh.close();
    into[contender.name] = { ...into[contender.name], setting: contender.setting, megabytes, times: [] };
  }
  for (let run = 0; run < runs; run++)
    for (const contender of list)
      into[contender.name].times.push(await sessions[contender.engine].time(contender.sql, contender.settings, contender.parameter));
  for (const contender of list) {
    const entry = into[contender.name];
    entry.seconds = median(entry.times);
    log(`${contender.name.padEnd(60)} ${entry.seconds.toFixed(2)} s  ${entry.megabytes} MB  (${contender.setting})`);
  }
  await sessions.PostgreSQL.ask("DROP TABLE IF EXISTS sink;");
  sessions.PostgreSQL.close();
}

async function main() {
  if (!args.includes("--report")) {
    results.machine = `${cpus().length} cores, ${cpus()[0].model}, ${Math.round(totalmem() / 2 ** 30)} GB`;
    results.node = execFileSync("node", ["--version"]).toString().trim();
    for (const millions of sizes.length ? sizes : [1, 3, 10, 30]) {
      const entry = (results.sizes[millions] ??= { contenders: {} });
      log(`${millions} million orders`);
      await prepare(millions);
      const duck = await load(millions);
      const list = contenders.filter((c) => only.test(c.name) && (millions === 10 || everywhere.test(c.name)));
      if (!unchecked && list.length > 0) await compare(duck);
      if (list.length > 0 && runs > 0) await measure(list, entry.contenders, duck);
      if (millions === 10)
        for (const [name, group] of Object.entries(variantContenders)) {
          const chosen = group.filter((c) => only.test(c.name));
          if (chosen.length === 0) continue;
          if (name in variants) await prepareVariant(name);
          if (runs > 0) await measure(chosen, entry.contenders, duck);
        }
      if (millions === 10) for (const [what, ratio, target] of ratios(entry.contenders, only)) log(`${what.padEnd(76)} ${ratio}  ${target}`);
      duck.close();
      mkdirSync(work, { recursive: true });
      writeFileSync(resultsFile, JSON.stringify(results, null, 1));
    }
  }
  await writeReport(results);
}

main().catch((error) => { console.error(error.message); process.exit(1); });
