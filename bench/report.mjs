// report.mjs: the tables and the plot of docs/performance.md, between its marks.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.SEGMENT_BENCH_PACKAGES}/package.json`);
const page = new URL("../docs/performance.md", import.meta.url).pathname;
const plot = new URL("../docs/performance.svg", import.meta.url).pathname;

// [ what, numerator, denominator, target ] at 10 million orders.
const targets = [
  ["rfm_agg / scan, serial", "rfm_agg, our node", "scan, no grouping", "at most 1.6"],
  ["rfm_agg, rows only counted / scan, serial", "rfm_agg, our node, rows only counted", "scan, no grouping", ""],
  ["uuid key: rfm_agg / scan", "uuid key: rfm_agg", "uuid key: scan", "at most 2"],
  ["text key: rfm_agg / scan", "text key: rfm_agg", "text key: scan", "at most 2"],
  ["core's HashAggregate / our node", "rfm_agg, core's HashAggregate", "rfm_agg, our node", ""],
  ["our node: serial / 2 workers", "rfm_agg, our node", "rfm_agg, our node, 2 workers", "above 1"],
  ["our node: work_mem 4 MB / 1 GB", "rfm_agg, our node, work_mem 4 MB", "rfm_agg, our node", "at most 2.5"],
  ...["5 lines an order", "5 lines an order, scattered", "every row an order"].flatMap((what) => ["id", "uuid", "text"].map((type) =>
    [`${what}: with / without order ids, ${type === "id" ? "bigint" : type}`, `${what}: rfm_agg(at, amount, order_${type})`, `${what}: rfm_agg(at, amount)`, "at most 2"])),
  ["plain SQL / main job, serial", "plain SQL: aggregates and 3 x ntile", "main job", "at least 5"],
  ["plain SQL / main job, default settings", "plain SQL, default settings", "main job, default settings", "at least 6"],
  ...[5, 200].flatMap((count) => ["", ", 2 workers", ", default settings"].map((how) =>
    [`${count} markets: PARTITION BY / OVER ()${how || ", serial"}`, `${count} markets: main job OVER (PARTITION BY)${how}`, `${count} markets: main job OVER ()${how}`, "at most 1.2"])),
  ...["a subquery", "a CTE", "a parameter"].flatMap((what) => ["", ", 2 workers", ", default settings"].map((how) =>
    [`as_of: ${what} / a literal${how || ", serial"}`, `as_of: ${what}${how}`, `as_of: a literal${how}`, "at most 1.05"])),
  ["main job, 2 workers / DuckDB", "main job, 2 workers", "DuckDB: aggregates and 3 x ntile", "at most 2"],
];

// Ratios of medians, of contenders whose names match if only is given: [ what, ratio, target ].
export function ratios(contenders, only = /./) {
  return targets.filter(([, above, below]) => contenders[above] && contenders[below] && only.test(above) && only.test(below))
    .map(([what, above, below, target]) => [what, (contenders[above].seconds / contenders[below].seconds).toFixed(2), target]);
}

function tables(results) {
  const lines = [`${results.machine}; ${results.server}. Medians of alternating runs, warm; every contender writes all its columns into a table.`, ""];
  const at10 = results.sizes[10]?.contenders ?? {};
  const row = (cells) => lines.push(`| ${cells.join(" | ")} |`);
  row(["ratio, 10 million orders of 1 million customers", "measured", "target"]);
  row(["---", "---", "---"]);
  for (const cells of ratios(at10)) row(cells);
  const at30 = results.sizes[30]?.contenders?.["rfm_agg, our node"];
  if (at30 && at10["rfm_agg, our node"])
    row(["rfm_agg: 30 / 10 million orders", (at30.seconds / at10["rfm_agg, our node"].seconds).toFixed(2), "at most 3.3"]);
  for (const [millions, size] of Object.entries(results.sizes)) {
    lines.push("");
    row([`${millions} million orders`, "settings", "seconds", "runs", "peak memory, MB"]);
    row(["---", "---", "---", "---", "---"]);
    for (const [name, entry] of Object.entries(size.contenders))
      row([name, entry.setting, entry.seconds.toFixed(2), entry.times.length, entry.megabytes]);
    if (size.loading) row(["bringing the rows to DuckDB", "COPY to CSV, read_csv", (size.loading.copy + size.loading.read).toFixed(1), 1, ""]);
  }
  return lines.join("\n");
}

async function draw(results) {
  const vega = await import(require.resolve("vega"));
  const lite = await import(require.resolve("vega-lite"));
  const shown = ["scan, no grouping", "rfm_agg, our node", "plain SQL: aggregates and 3 x ntile", "main job", "main job, 2 workers", "DuckDB: aggregates and 3 x ntile"];
  const values = Object.entries(results.sizes).flatMap(([millions, size]) => shown.filter((name) => size.contenders[name])
    .map((name) => ({ millions: Number(millions), name, seconds: size.contenders[name].seconds })));
  const spec = lite.compile({
    width: 560, height: 360, background: "white", data: { values },
    mark: { type: "line", point: true },
    encoding: {
      x: { field: "millions", type: "quantitative", scale: { type: "log" }, title: "million orders", axis: { values: [1, 3, 10, 30] } },
      y: { field: "seconds", type: "quantitative", scale: { type: "log" }, title: "seconds" },
      color: { field: "name", type: "nominal", sort: shown, title: null, legend: { labelLimit: 400 } },
    },
  }).spec;
  writeFileSync(plot, `${await new vega.View(vega.parse(spec), { renderer: "none" }).toSVG()}\n`);
}

export async function writeReport(results) {
  const text = readFileSync(page, "utf8");
  const marked = /(<!-- results: written by bench\/rfm -->\n)[\s\S]*(<!-- end of results -->)/;
  if (!marked.test(text)) throw new Error("docs/performance.md has no marks for the results");
  writeFileSync(page, text.replace(marked, (all, first, last) => `${first}${tables(results)}\n${last}`));
  if (Object.keys(results.sizes).length > 0) await draw(results);
}
