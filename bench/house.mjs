// house.mjs: ClickHouse in a process of its own: runs each statement it is sent, and answers with rows and seconds.
import { createRequire } from "node:module";

const require = createRequire(`${process.env.SEGMENT_BENCH_PACKAGES}/package.json`);
const { Session } = require("chdb");
const session = new Session(process.argv[2]);

process.on("message", (sql) => {
  try {
    const start = process.hrtime.bigint();
    const text = String(session.query(sql, "TabSeparated"));
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    process.send({ seconds, rows: text.trim().split("\n") });
  } catch (error) {
    process.send({ error: String(error) });
  }
});
