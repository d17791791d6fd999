// build.js: standard input is report.sql's JSON, standard output one HTML page that needs nothing else. The charts' library is
// bundled into it. Text from the database is hostile: it passes escape() on its way into HTML, and the JSON's < are \u003c.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { colour, count, day, features, money, none, percent, plural, shortDay, signed, state, times } from './format.js';

const modules = process.env.NODE_PATH;
const { build } = createRequire(`${modules}/`)('esbuild');
const here = new URL('.', import.meta.url).pathname;
const data = JSON.parse(readFileSync(0, 'utf8'));
const { about, segments } = data;

const escape = (x) => String(x).replace(/[&<>"'`]/g, (c) => `&#${c.charCodeAt(0)};`);
// A name may be written from right to left: it must not turn the text around it.
const name = (x) => `<bdi>${escape(x)}</bdi>`;
const sum = (list, key) => list.reduce((total, x) => total + (x[key] || 0), 0);

// --- parts ------------------------------------------------------------------------------------------------------------

/** columns: [title, function of a row that gives HTML, 'text' where it is no number]; the first is the row's header. */
function table(caption, columns, rows) {
	const cell = ([, html, kind], x, i) => `<${i ? 'td' : 'th scope="row"'}${kind ? ' class="text"' : ''}>${html(x)}</${i ? 'td' : 'th'}>`;
	return `<div class="scroll" role="region" tabindex="0" aria-label="${escape(caption)}"><table><caption>${escape(caption)}</caption>
<thead><tr>${columns.map(([title, , kind]) => `<th scope="col"${kind ? ' class="text"' : ''}>${escape(title)}</th>`).join('')}</tr></thead>
<tbody>${rows.map((x) => `<tr>${columns.map((c, i) => cell(c, x, i)).join('')}</tr>`).join('\n')}</tbody></table></div>`;
}

const figures = (id, html) => `<details id="${id}-figures"><summary>Show the figures as a table</summary>${html}</details>`;

/** A chart is an image that says in words what it shows; its figures are in the table below it. */
const chart = (kind, label) => `<div class="chart ${kind}" data-chart="${kind}" role="img" aria-label="${escape(label)}" style="--rows:${Math.min(segments.length, 20)}"></div>
<noscript><p class="quiet">The chart needs JavaScript; the table below has its figures.</p></noscript>`;

const section = (id, title, lead, html) => `<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>
<p class="lead">${lead}</p>
${html}</section>`;

// --- sums -------------------------------------------------------------------------------------------------------------

const customers = sum(segments, 'customers');
const revenue = sum(segments, 'revenue');
const orders = sum(segments, 'orders');
const before = new Map();
for (const m of data.migration) if (m.from_sort !== null) before.set(m.from, (before.get(m.from) || 0) + m.customers);
const customersBefore = [...before.values()].reduce((a, b) => a + b, 0);
const compared = about.previous_as_of !== null;
const moved = (direction) => sum(data.migration.filter((m) => m.direction === direction && m.from !== m.to), 'customers');
const moves = (direction) => data.migration.filter((m) => m.direction === direction).sort((a, b) => b.customers - a.customers);
const evidence = new Map(data.evidence.map((e) => [e.segment, e]));
const best20 = data.curve.find((x) => x.percentile === 20);
const warnings = data.quality.filter((q) => q.severity === 'warning' && q.rows > 0);
const worth = [...segments].sort((a, b) => b.revenue - a.revenue)[0];

function inShort() {
	const said = [];
	if (segments.length > 1 && revenue > 0) {
		said.push(`<strong>${name(worth.name)}</strong> bring the most: ${percent(worth.share_customers)} of the customers, ${percent(worth.share_revenue)} of the revenue.`);
	}
	if (best20 && revenue > 0 && customers >= 20) {
		said.push(`The best 20 % of the customers bring <strong>${percent(best20.share_revenue)}</strong> of the revenue.`);
	}
	if (compared) {
		const down = moves('down')[0];
		said.push(`Since ${day(about.previous_as_of)}: <strong>${plural(moved('new'), 'new customer', 'new customers')}</strong>, ${count(moved('up'))} moved to a better segment, `
			+ `${count(moved('down'))} to a worse one${moved('gone') ? `, ${count(moved('gone'))} are gone` : ''}.`
			+ (down ? ` The largest loss: ${count(down.customers)} from ${name(down.from)} to ${name(down.to)}.` : ''));
	}
	if (about.unknown_rows > 0) {
		const all = revenue + about.unknown_amount;
		said.push(`Sales of ${money(about.unknown_amount)}${all > 0 ? ` (${percent(about.unknown_amount / all)} of all)` : ''} name no customer: they are in no segment.`);
	}
	if (about.days_old > 35) said.push(`The figures are ${plural(about.days_old, 'day', 'days')} old: later orders are not in them.`);
	if (about.drift_level === 'major') said.push('The customers have changed much since the scores were set: ask for new cut points (see “Can the scores still be trusted?”).');
	return said.length ? `<ul class="short">${said.map((x) => `<li>${x}</li>`).join('')}</ul>` : '';
}

const tile = (title, value, note) => `<div class="tile"><dt>${title}</dt><dd>${value}${note ? `<small>${note}</small>` : ''}</dd></div>`;

function header() {
	const age = about.days_old === 0 ? 'the day this page was written' : about.days_old > 0
		? `${plural(about.days_old, 'day', 'days')} before this page was written` : 'a day to come';
	return `<header><p class="over">Customer segments · version ${count(about.version)} · computed ${escape(about.computed_at)} UTC</p><h1>${name(about.segmentation)}</h1>
${about.description ? `<p>${name(about.description)}</p>` : ''}
<dl class="tiles">
${tile('Customers', count(customers), compared ? `${signed(customers - customersBefore)} since ${shortDay(about.previous_as_of)}` : 'first snapshot')}
${tile('Revenue', money(revenue), `of these customers, ${about.look_back_days ? `last ${plural(about.look_back_days, 'day', 'days')}` : 'all orders so far'}`)}
${tile('Orders', count(orders), customers ? `${(orders / customers).toFixed(1)} a customer` : '')}
${tile('Average order', orders ? money(revenue / orders) : none, 'revenue / orders')}
${tile('Orders up to', shortDay(about.as_of), age)}
</dl>
${inShort()}</header>`;
}

// --- sections ---------------------------------------------------------------------------------------------------------

function treemap() {
	return section('segments', 'How large is each segment?', 'Each area is a segment; the larger, the more customers, or the more revenue.', `
<fieldset class="switch"><legend>Area shows</legend>
<label><input type="radio" name="measure" value="customers" checked> customers</label>
<label><input type="radio" name="measure" value="revenue"> revenue</label></fieldset>
${chart('treemap', `Treemap of ${plural(segments.length, 'segment', 'segments')}. The largest by customers: ${[...segments].sort((a, b) => b.customers - a.customers).slice(0, 3)
		.map((s) => `${s.name}, ${percent(s.share_customers)} of the customers`).join('; ')}.`)}
${figures('segments', table('Segments, best first', [
		['Segment', (s) => name(s.name), 'text'], ['Customers', (s) => count(s.customers)], ['Share', (s) => percent(s.share_customers)],
		...(compared ? [['Change', (s) => signed(s.customers - (before.get(s.name) || 0))]] : []),
		['Orders', (s) => count(s.orders)], ['Revenue', (s) => money(s.revenue)], ['Share', (s) => percent(s.share_revenue)],
		['Average order', (s) => money(s.average_order)], ['Days since last order', (s) => count(s.average_recency_days)],
	], segments))}`);
}

function cards() {
	const example = data.evidence[0];
	return section('actions', 'Who are they, and what to do?',
		`Best segment first.${example ? ` “Bought again” is a check of the names: of those who carried the name on ${day(example.as_of)}, how many have ordered since; of all customers it was ${percent(example.share_buyers_all)}.` : ''}`,
		`<div class="cards">${segments.map((s, i) => {
			const e = evidence.get(s.name);
			return `<article style="--mark:${colour(s, i, segments.length)}"><h3>${name(s.name)}</h3>
<p class="figures">${plural(s.customers, 'customer', 'customers')} (${percent(s.share_customers)}), ${percent(s.share_revenue)} of the revenue</p>
${s.meaning ? `<p>${name(s.meaning)}</p>` : ''}
${s.figures ? `<p>${name(s.figures)}.</p>` : ''}
${s.contradiction ? `<p><strong>${name(s.contradiction)}</strong></p>` : ''}
${s.action ? `<p class="todo"><strong>To do:</strong> ${name(s.action)}</p>` : ''}
${e ? `<p class="quiet">Bought again: ${percent(e.share_buyers)} (${count(e.buyers)} of ${count(e.customers)})</p>` : ''}</article>`;
		}).join('\n')}</div>`);
}

function grid() {
	if (data.grid.length === 0) return '';
	const most = [...data.grid].sort((a, b) => b.customers - a.customers)[0];
	const without = (key) => Array.from({ length: Math.max(...data.grid.map((x) => x[key])) }, (_, i) => i + 1).filter((i) => !data.grid.some((x) => x[key] === i));
	const gaps = [['recency', without('r')], ['frequency', without('f')]].filter(([, list]) => list.length);
	return section('grid', 'How recently, and how often?',
		'Each cell counts the customers with a recency score (up: bought more recently) and a frequency score (right: more orders). Darker is more. The best are at the top right.'
		+ gaps.map(([what, list]) => ` Nobody has ${what} score ${list.join(', ')}: many customers are alike in it, and equal customers have equal scores.`).join(''),
		`${chart('grid', `Heat map of recency and frequency scores. Most customers, ${count(most.customers)}, have recency score ${most.r} and frequency score ${most.f}.`)}
${figures('grid', table('Customers by recency and frequency score', [
			['Recency score', (x) => x.r], ['Frequency score', (x) => x.f], ['Customers', (x) => count(x.customers)], ['Share', (x) => percent(x.share_customers)],
			['Revenue', (x) => money(x.revenue)], ['Mostly', (x) => name(x.segment), 'text']], data.grid))}`);
}

const words = { up: 'better', down: 'worse', same: 'same', new: 'new', gone: 'gone' };

function migration() {
	if (!compared) return section('changes', 'What changed?', 'This is the first snapshot: from the next one on, this shows who moved where.', '');
	const way = { new: (m) => name(m.to), gone: (m) => name(m.from) };
	const list = (title, direction) => {
		const rows = moves(direction).filter((m) => m.from !== m.to).slice(0, 5);
		return `<div><h3>${title}</h3>${rows.length ? `<ol>${rows.map((m) => `<li>${count(m.customers)}: ${way[direction] ? way[direction](m) : `${name(m.from)} → ${name(m.to)}`}</li>`).join('')}</ol>` : '<p>Nobody.</p>'}</div>`;
	};
	const changes = data.migration.filter((m) => m.from !== m.to);
	return section('changes', 'What changed?',
		`From ${day(about.previous_as_of)} (left) to ${day(about.as_of)} (right), best segment on top: bands that rise (blue) are customers who moved to a better segment, bands that fall (orange) to a worse one; grey ones stayed, green ones are new.`,
		`${chart('sankey', `Flow of customers between segments: ${count(moved('up'))} moved up, ${count(moved('down'))} moved down, ${count(moved('new'))} are new, ${count(moved('gone'))} are gone.`)}
<div class="lists">${list('Most moved up', 'up')}${list('Most moved down', 'down')}${list('New customers, now in', 'new')}${changes.some((m) => m.direction === 'gone') ? list('No longer customers, before in', 'gone') : ''}</div>
${figures('changes', table('Moves between segments', [
			['From', (m) => name(state(m.from, m.from_sort)), 'text'], ['To', (m) => name(state(m.to, m.to_sort)), 'text'], ['Direction', (m) => (m.from === m.to ? 'stayed' : words[m.direction]), 'text'],
			['Customers', (m) => count(m.customers)], ['Share of those before', (m) => (m.from_sort === null ? none : percent(m.share_of_from))], ['Their revenue', (m) => money(m.revenue)],
			['Moved by own order', (m) => count(m.order)], ['As time passed', (m) => count(m.time)], ['By new cut points', (m) => count(m.recalibration)]], data.migration))}`);
}

function curve() {
	if (data.curve.length === 0 || revenue <= 0) return '';
	return section('value', 'Who brings the revenue?', 'Customers in order of their revenue, the best first. The dashed line is where all customers would bring the same.',
		`${chart('curve', `Curve of cumulative revenue: ${[1, 10, 20, 50].map((p) => `the best ${p} % bring ${percent(data.curve.find((x) => x.percentile === p)?.share_revenue)}`).join('; ')}.`)}
${figures('value', table('Cumulative revenue of the best customers', [
			['Best', (x) => `${x.percentile} %`], ['Customers', (x) => count(x.customers)], ['Revenue', (x) => money(x.revenue)], ['Share of the revenue', (x) => percent(x.share_revenue)]], data.curve))}`);
}

function profile() {
	if (segments.length < 2 || data.profile.length === 0) return '';
	return section('profile', 'What sets each segment apart?',
		`The average customer of each segment compared with the average of all: 2.0 × is twice as much (blue), 0.5 × half as much (brown).${segments.length > 20 ? ' The 20 largest segments are drawn; the table has all.' : ''}`,
		`${chart('profile', 'Heat map: the mean of each segment for days since the last order, orders, revenue and average order, as a multiple of the mean of all customers.')}
${figures('profile', table('Means of each segment and of all customers', [
			['Segment', (x) => name(x.segment), 'text'], ['Feature', (x) => features[x.feature].name, 'text'], ['Mean', (x) => features[x.feature].value(x.mean)],
			['All customers', (x) => features[x.feature].value(x.population_mean)], ['Compared', (x) => times(x.relative_importance)]], data.profile))}`);
}

function markets() {
	if (!about.has_markets && data.markets.length === 0) return '';
	const title = 'Markets';
	const quoted = about.segmentation.replaceAll("'", "''");
	if (data.markets.length === 0) {
		return section('markets', title, `Figures by market are shown once they are cleared of small groups: <code>SELECT segment.publish_summary('${escape(quoted)}');</code>`, '');
	}
	const shown = data.markets.filter((m) => !m.is_suppressed), hidden = data.markets.filter((m) => m.is_suppressed);
	return section('markets', title, `Customers are scored within their market. Groups of fewer than ${plural(data.markets[0].min_cell, 'customer', 'customers')} are not shown, nor what would give them away.`,
		`${table('Customers and revenue by market', [['Market', (m) => name(m.market), 'text'], ['Customers', (m) => count(m.customers)], ['Orders', (m) => count(m.orders)], ['Revenue', (m) => money(m.revenue)]], shown)}
${hidden.length ? `<p class="quiet">Not shown: ${hidden.map((m) => name(m.market)).join(', ')}.</p>` : ''}`);
}

function quality() {
	const levels = { ok: 'fine', info: 'note', warning: 'warning' };
	const notes = data.quality.filter((q) => q.rows > 0);
	const list = notes.length ? `<ul class="checks">${notes.map((q) => `<li class="${q.severity === 'warning' ? 'warning' : 'info'}"><strong>${q.severity === 'warning' ? 'Warning' : 'Note'}:</strong> `
		+ `${count(q.rows)} ${escape(q.check)} (${percent(q.share)} of the rows). ${escape(q.message[0].toUpperCase() + q.message.slice(1))}.</li>`).join('')}</ul>` : '';
	return section('quality', 'Can the data be trusted?',
		warnings.length ? `${plural(warnings.length, 'warning', 'warnings')} out of ${plural(data.quality.length, 'check', 'checks')} of the source.` : `No warning: ${plural(data.quality.length, 'check', 'checks')} of the source passed.`,
		`${list}
${data.quality.length ? figures('quality', table('Checks of the source', [['Check', (q) => escape(q.check), 'text'], ['Result', (q) => levels[q.severity] || escape(q.severity), 'text'], ['Rows', (q) => count(q.rows)],
			['Of', (q) => count(q.total_rows)], ['Share', (q) => percent(q.share)], ['What it means', (q) => escape(q.message), 'text']], data.quality)) : ''}`);
}

function drift() {
	if (data.drift.length === 0) return '';
	const features = { recency: 'How recently customers bought', frequency: 'How often they bought', monetary: 'How much they spent', segment: 'Sizes of the segments' };
	const levels = { stable: 'much as then', moderate: 'has changed somewhat', major: 'has changed much' };
	const major = data.drift.some((d) => d.level === 'major');
	return section('drift', 'Can the scores still be trusted?',
		`The cut points of the scores were made on ${day(about.calibrated_as_of)}. ${major ? 'The customers have changed much since: consider a new version with new cut points (new_version).'
			: about.drift_level === 'moderate' ? 'The customers have changed since, but not so much that new ones are needed.' : 'The customers are much as they were then.'}`,
		table(`Compared with ${day(data.drift[0].baseline_as_of)}`, [['What', (d) => escape(features[d.feature] || d.feature), 'text'], ['Today', (d) => escape(levels[d.level] || d.level), 'text'],
			['Stability index (PSI)', (d) => (d.psi === null ? none : d.psi.toFixed(3))]], data.drift)
		+ '<p class="quiet">By custom an index below 0.1 is stable, above 0.25 a major change.</p>');
}

/** A number of a metric: a rate in per cent, everything else as an amount. */
const metricValue = (r, x) => (x === null ? none : r.method === 'rate' ? `${(100 * x).toFixed(2)} %` : Math.abs(x) < 0.095 && x !== 0 ? x.toFixed(4) : money(x));

/** One line of a forest plot: the interval and its middle, the line of no difference, and that from which it pays. All lines of a metric have one scale. */
function interval(r, from, to) {
	const at = (x) => (4 + 252 * (x - from) / (to - from)).toFixed(1);
	const rule = (x, kind) => `<line class="${kind}" x1="${at(x)}" x2="${at(x)}" y1="0" y2="28"/>`;
	return `<svg class="interval${r.is_all ? ' all' : ''}" width="260" height="28" viewBox="0 0 260 28" aria-hidden="true">${rule(0, 'zero')}${r.pays_from !== null && r.pays_from <= to ? rule(r.pays_from, 'pays') : ''}${
		r.low === null ? '' : `<line class="range" x1="${at(r.low)}" x2="${at(r.high)}" y1="14" y2="14"/>`}${r.diff === null ? '' : `<circle cx="${at(r.diff)}" cy="14" r="${r.is_all ? 6 : 4}"/>`}</svg>`;
}

function forest(rows) {
	const ends = rows.flatMap((r) => [r.low ?? r.diff ?? 0, r.high ?? r.diff ?? 0, r.is_all ? r.pays_from ?? 0 : 0]);
	const from = Math.min(0, ...ends), span = Math.max(...ends, 0) - from || 1;
	const first = rows[0];
	const arms = new Set(rows.map((r) => r.arm)).size > 1;
	const differ = rows.filter((r) => r.is_all && r.p_differ !== null).map((r, _, all) => Math.min(1, r.p_differ * all.length));
	return table(`${first.metric.replaceAll('_', ' ')}: treated minus control, with intervals of ${(100 * first.confidence).toFixed(0)} %`, [
		['Segment', (r) => `${r.is_all ? '<strong>Everybody</strong>' : name(r.segment)}${arms ? `, ${name(r.arm)}` : ''}`, 'text'], ['Interval', (r) => interval(r, from, from + span), 'text'],
		['Difference', (r) => metricValue(r, r.diff)], ['From', (r) => metricValue(r, r.low)], ['To', (r) => metricValue(r, r.high)],
		['Control', (r) => metricValue(r, r.control)], ['Treated', (r) => metricValue(r, r.treated)], ['Customers', (r) => `${count(r.n_control)} : ${count(r.n_treated)}`],
		['Answer', (r) => escape(r.low === null && r.reason ? r.reason : r.answer), 'text']], rows)
		+ (differ.length ? `<p class="quiet">${Math.min(...differ) < 0.05 ? 'The segments differ by more than chance' : 'The segments do not differ by more than chance: no segment did better than the others'} (p ${Math.min(...differ).toFixed(4)}).</p>` : '');
}

function pilots() {
	if (data.pilots.length === 0) return '';
	const split = (p) => `Split: ${p.arms.map((a) => `${name(a.name)} ${count(a.analysed ?? a.assigned)} (planned ${percent(a.share)})`).join(', ')}; ${
		{ ok: 'as planned', mismatch: '<strong>not as planned: believe no result</strong>' }[p.split_verdict] || 'too few to say'}${p.split_p === null ? '' : ` (p ${p.split_p.toFixed(4)})`}.${
		p.in_progress ? ` ${plural(p.in_progress, 'customer is', 'customers are')} still being watched and left out.` : ''}`;
	return section('pilots', 'What did campaigns change?',
		'Some customers were left out at random. The thick dot is the difference between those with the campaign and those without, its line where the true one probably lies; a line that crosses the upright of no difference says: cannot tell. Dashes mark the difference that pays for the cost.',
		data.pilots.map((p) => {
			const metrics = [...new Set(p.results.map((r) => r.metric))].map((m) => forest(p.results.filter((r) => r.metric === m)));
			return `<h3>${name(p.name)}</h3><p class="quiet">${shortDay(p.starts)}, ${plural(p.watch_days, 'day', 'days')} each${p.measured_on ? `, orders up to ${shortDay(p.measured_on)}` : ''}</p>
<p class="verdict">${name(p.verdict)}</p><p>${split(p)}</p>${metrics.slice(0, 1).join('')}${metrics.length > 1 ? `<details><summary>Other metrics</summary>${metrics.slice(1).join('')}</details>` : ''}`;
		}).join('\n'));
}

function glossary() {
	const terms = {
		'Recency': 'days from a customer’s last order to the day of the snapshot',
		'Frequency': 'number of orders',
		'Revenue': 'amount of the orders, returns subtracted, in the currency of the source',
		'Score': 'rank of a customer from 1 to the highest, which is best, among the customers on whom the cut points were made',
		'Segment': 'a name for customers who are alike',
		'Snapshot': 'the state of all customers at the end of a day',
	};
	return `<section id="words" aria-labelledby="words-title"><h2 id="words-title">Words</h2>
<dl class="terms">${Object.entries(terms).map(([term, text]) => `<dt>${term}</dt><dd>${text}</dd>`).join('')}</dl></section>`;
}

const labels = about.labels === 'scheme' ? `segments by the scheme ${name(about.scheme)}${about.scheme_title ? ` (${escape(about.scheme_title)})` : ''}` : `segments by ${about.labels}`;

// --- page -------------------------------------------------------------------------------------------------------------

const bundle = await build({
	entryPoints: [here + 'page.js'], bundle: true, minify: true, format: 'iife', target: 'es2020', write: false, legalComments: 'none',
	nodePaths: [modules],
});
const script = bundle.outputFiles[0].text;
const css = readFileSync(here + 'page.css', 'utf8');
const json = JSON.stringify(data).replaceAll('<', '\\u003c').replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
const sections = [treemap(), cards(), migration(), pilots(), grid(), curve(), profile(), markets(), quality(), drift()].filter(Boolean);
const links = sections.map((html) => html.match(/<section id="(\w+)".*?<h2[^>]*>(.*?)<\/h2>/s));

process.stdout.write(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src ${hash(script)}; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${escape(about.segmentation)}: customer segments, ${escape(about.as_of)}</title>
<style>${css}</style>
</head>
<body>
<a class="skip" href="#main">To the report</a>
${header()}
<nav aria-label="Sections"><ul>${links.map(([, id, title]) => `<li><a href="#${id}">${title}</a></li>`).join('')}</ul></nav>
<main id="main">
${sections.join('\n')}
${glossary()}
</main>
<footer><p>Segmentation ${name(about.segmentation)}, ${labels};
source ${name(about.source)}${about.filter ? ` where ${name(about.filter)}` : ''}; page written on ${day(about.written_on)}.</p>
<p>For internal use: outside “Markets”, small groups are not hidden. Charts: Apache ECharts, Apache License 2.0.</p></footer>
<script type="application/json" id="data">${json}</script>
<script>${script}</script>
</body>
</html>
`);
