// duck.mjs: DuckDB in a process of its own: runs each statement it is sent, and answers with rows and seconds.
import { createRequire } from "node:module";

const require = createRequire(`${process.env.SEGMENT_BENCH_PACKAGES}/package.json`);
const { DuckDBInstance } = require("@duckdb/node-api");
const instance = await DuckDBInstance.create(process.argv[2], { threads: "2" });
const connection = await instance.connect();

process.on("message", async (sql) => {
  try {
    const start = process.hrtime.bigint();
    const reader = await connection.runAndReadAll(sql);
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    process.send({ seconds, rows: reader.getRows().map((row) => row.map(String).join("|")) });
  } catch (error) {
    process.send({ error: String(error) });
  }
});
