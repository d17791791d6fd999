// read.js: reads the views over a connection of libpq's variables as one client does, and says what it saw, as JSON.
//   node read.js driver|evidence|malloy USER DATABASE VIEW ...
// One client a process: each sets up the driver, which they share, as it likes.
import { createRequire } from 'node:module';

const require = createRequire(`${process.env.NODE_PATH}/`);
const [name, user, database, ...views] = process.argv.slice(2);
const host = process.env.PGHOST, port = Number(process.env.PGPORT);
const kind = (x) => (x === null ? null : x instanceof Date ? 'date' : typeof x);
/** The kind of a column's first value that is not NULL; null where all are. */
const first = (rows, column) => kind(rows.find((row) => row[column] !== null)?.[column] ?? null);

const clients = {
	/** node-postgres, what most tools of that world stand on: kinds of values; and the comments, as any tool can ask for them. */
	async driver() {
		const { Client } = require('pg');
		const client = new Client({ host, port, user, database });
		await client.connect();
		const seen = {};
		for (const view of views) {
			const { rows, fields } = await client.query(`SELECT * FROM segment.${view}`);
			const { rows: comments } = await client.query(`SELECT col_description(a.attrelid, a.attnum) AS comment FROM pg_attribute a
				WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped`, [`segment.${view}`]);
			seen[view] = { columns: fields.map((f) => [f.name, first(rows, f.name)]), comments: comments.filter((x) => x.comment).length };
		}
		await client.end();
		return seen;
	},

	/** The PostgreSQL source of Evidence: its type of each column, whether it knew it or had to guess, kinds of values. */
	async evidence() {
		const { getRunner } = require('@evidence-dev/postgres');
		const runner = await getRunner({ host, port, user, database, ssl: false });
		const seen = {};
		for (const view of views) {
			const { columnTypes, rows } = await runner(`SELECT * FROM segment.${view}`, `${view}.sql`, 1000);
			const all = [];
			for await (const batch of rows()) all.push(...batch);
			seen[view] = columnTypes.map((c) => [c.name, c.evidenceType, c.typeFidelity, first(all, c.name)]);
		}
		return seen;
	},

	/** Malloy, which reads the catalog and writes SQL of its own: a model over the views, and a marketer's questions. */
	async malloy() {
		const { SingleConnectionRuntime } = require('@malloydata/malloy');
		const { PostgresConnection } = require('@malloydata/db-postgres');
		const connection = new PostgresConnection({ name: 'postgres', host, port, username: user, databaseName: database });
		const model = new SingleConnectionRuntime({ connection }).loadModel(views.map((view) => `source: ${view} is postgres.table('segment.${view}')`).join('\n'));
		const compiled = await model.getModel();
		const ask = async (query) => (await model.loadQuery(query).run()).data.toObject();
		const seen = {
			columns: Object.fromEntries(views.map((view) => [view, compiled.getExploreByName(view).allFields.map((f) => [f.name, f.type])])),
			shares: await ask(`run: segment_summary -> {
				where: segmentation = 'shop' and is_latest and market = 'all' and customers is not null
				group_by: segment_name, segment_sort
				aggregate: n is customers.sum(), share is customers.sum() / all(customers.sum()), money is revenue.sum()
				order_by: segment_sort }`),
			movers: await ask(`run: segment_migration -> {
				where: segmentation = 'shop' and is_latest and direction = 'down'
				aggregate: n is customers.sum(), by_time is moved_by_time.sum() }`),
			trend: await ask(`run: segment_summary -> {
				where: segmentation = 'shop' and market = 'all' and segment_name = 'Champions'
				group_by: as_of aggregate: n is customers.sum() order_by: as_of }`),
		};
		await connection.close();
		return seen;
	},
};

process.stdout.write(JSON.stringify(await clients[name](), (_, x) => (typeof x === 'bigint' ? Number(x) : x)));
process.exit();
