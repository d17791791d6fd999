// engines.mjs: sessions of PostgreSQL (through psql) and DuckDB (in a process of its own), with times and peak memory.
import { spawn, fork } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { createInterface } from "node:readline";

const anonymous = (pid) => {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/RssAnon:\s+(\d+)/.exec(status)?.[1] ?? 0);
  } catch {
    return 0;
  }
};
const parentOf = (pid) => {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ")[1]);
  } catch {
    return 0;
  }
};

// Private memory of a process in kB, or of all processes that have the same parent.
const memoryOf = (pid, family) => {
  if (!family) return anonymous(pid);
  const parent = parentOf(pid);
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name) && parentOf(name) === parent)
    .reduce((sum, name) => sum + anonymous(name), 0);
};

// Runs work and returns its result with the highest growth of memory meanwhile, in MB.
export async function withMemory(session, work) {
  const before = memoryOf(session.pid, session.family);
  let peak = before;
  const timer = setInterval(() => { peak = Math.max(peak, memoryOf(session.pid, session.family)); }, 20);
  try {
    return { result: await work(), megabytes: Math.round((peak - before) / 1024) };
  } finally {
    clearInterval(timer);
  }
}

// Where openPostgres connects to unless it is told.
let current = "postgres";
export const useDatabase = (name) => { current = name; };

export async function openPostgres(database = current) {
  const psql = spawn("psql", ["-X", "-q", "-A", "-t", "-U", "postgres", "-d", database], { stdio: ["pipe", "pipe", "pipe"] });
  const lines = createInterface({ input: psql.stdout });
  let errors = "";
  psql.stderr.on("data", (data) => { errors += data; });
  let waiting = null;
  let answer = [];
  lines.on("line", (line) => {
    if (line !== "@@end") answer.push(line);
    else { const done = waiting; waiting = null; done(answer); }
  });
  const ask = (sql) => new Promise((resolve, reject) => {
    answer = [];
    waiting = (rows) => { if (errors) { reject(new Error(errors)); errors = ""; } else resolve(rows); };
    psql.stdin.write(`${sql}\n\\echo @@end\n`);
  });
  const session = { family: true, ask, close: () => psql.stdin.end() };
  session.pid = Number((await ask("SELECT pg_backend_pid();"))[0]);
  await ask("SET client_min_messages = error;");
  // A parameter is a date: the statement is prepared, its plan made without knowing the value.
  session.time = async (sql, settings = {}, parameter) => {
    for (const [name, value] of Object.entries(settings)) await ask(`SET ${name} = '${value}';`);
    await ask("DROP TABLE IF EXISTS sink;");
    if (parameter) await ask(`SET plan_cache_mode = force_generic_plan; DEALLOCATE ALL; PREPARE timed(date) AS ${sql};`);
    const rows = await ask(`\\timing on\nCREATE TABLE sink AS ${parameter ? `EXECUTE timed(${parameter})` : sql};\n\\timing off`);
    return Number(/Time: ([\d.]+) ms/.exec(rows.join("\n"))[1]) / 1000;
  };
  return session;
}

export async function openDuck(file) {
  const child = fork(new URL("./duck.mjs", import.meta.url).pathname, [file]);
  const ask = (sql) => new Promise((resolve, reject) => {
    child.once("message", (message) => (message.error ? reject(new Error(message.error)) : resolve(message)));
    child.send(sql);
  });
  return {
    pid: child.pid, family: false, ask: async (sql) => (await ask(sql)).rows,
    time: async (sql) => {
      await ask("DROP TABLE IF EXISTS sink");
      return (await ask(`CREATE TABLE sink AS ${sql}`)).seconds;
    },
    close: () => child.kill(),
  };
}
