// look.js: opens a report in headless Chromium without a network, as people do, and says what it is like, as one JSON value.
//   node look.js page.html CHROMIUM quick|thorough [FOLDER FOR SCREENSHOTS]
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(`${process.env.NODE_PATH}/`);
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const [file, executablePath, manner, pictures] = process.argv.slice(2);
const quick = manner === 'quick';
const url = pathToFileURL(file).href;
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
const seen = { requests: [], complaints: [] };

/** A fresh page: every request but the file's own, every message, error and dialog is remembered. */
async function open(options, media = {}) {
	const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
	await context.setOffline(true);
	const page = await context.newPage();
	page.on('request', (request) => request.url().split('#')[0] === url || seen.requests.push(request.url().slice(0, 200)));
	page.on('console', (message) => seen.complaints.push(`${message.type()}: ${message.text()}`));
	page.on('pageerror', (error) => seen.complaints.push(error.message));
	page.on('dialog', (dialog) => {
		seen.complaints.push(`dialog: ${dialog.message()}`);
		dialog.dismiss();
	});
	await page.emulateMedia(media);
	await page.goto(url);
	await page.waitForFunction(() => document.documentElement.dataset.drawn);
	return page;
}

// --- as a reader with a mouse -----------------------------------------------------------------------------------------

const page = await open({});
seen.charts = await page.$$eval('[data-chart]', (boxes) => boxes.map((box) => ({
	kind: box.dataset.chart, label: box.getAttribute('aria-label'), shapes: box.querySelectorAll('svg path, svg rect').length,
	text: [...box.querySelectorAll('svg text')].map((x) => x.textContent),
})));
seen.tables = await page.$$eval('table', (tables) => Object.fromEntries(tables.map((table) => [table.closest('section').id,
	[...table.querySelectorAll('tbody tr')].map((row) => [...row.children].map((cell) => cell.textContent))])));
seen.title = await page.title();
seen.heading = await page.textContent('h1');
seen.text = await page.evaluate(() => document.body.innerText);
// Elements and attributes that only a name from the database could have brought in.
seen.foreign = await page.$$eval('*', (all) => all.filter((x) => !x.closest('svg')
	&& (['IMG', 'IFRAME', 'OBJECT', 'EMBED', 'LINK', 'BASE', 'FORM'].includes(x.tagName) || [...x.attributes].some((a) => a.name.startsWith('on'))))
	.map((x) => x.outerHTML.slice(0, 100)));
seen.scripts = await page.evaluate(() => document.scripts.length);
// A name such as __proto__ must not have become a property of every object.
seen.polluted = await page.evaluate(() => { const keys = Object.keys(Object); for (const key in {}) keys.push(key); return keys });
seen.animations = await page.evaluate(() => document.getAnimations().length);
const areas = () => page.$$eval('.treemap svg text', (x) => x.map((y) => y.textContent).join());
const before = await areas();
await page.check('input[value=revenue]');
seen.switches = (await areas()) !== before;
for (const box of await page.$$('[data-chart]')) {
	const { width, height } = await box.boundingBox();
	await box.hover({ position: { x: width * 0.6, y: height * 0.4 } });
}

// --- with the keyboard only -------------------------------------------------------------------------------------------

const keys = await open({});
const wanted = await keys.$$eval('a[href], summary, [tabindex="0"], input', (x) => x.filter((y) => y.tagName === 'SUMMARY' || y.checkVisibility())
	.filter((y) => y.type !== 'radio' || y.checked).length);
const reached = new Set();
let hidden = 0;
for (let i = 0; i < wanted + 1; i++) {
	await keys.keyboard.press('Tab');
	const at = await keys.evaluate(() => {
		const x = document.activeElement;
		x.dataset.seen ??= String(document.querySelectorAll('[data-seen]').length);
		return { id: x === document.body ? null : x.dataset.seen, outline: getComputedStyle(x).outlineStyle };
	});
	if (at.id !== null) reached.add(at.id);
	if (at.id !== null && at.outline === 'none') hidden++;
}
seen.keyboard = { wanted, reached: reached.size, hidden };
await keys.focus('summary');
await keys.keyboard.press('Enter');
seen.keyboard.opens = await keys.$eval('details', (x) => x.open);
await keys.context().close();

// --- for everybody: contrast, names, structure, a narrow screen ---------------------------------------------------------

seen.violations = {};
seen.wider = {};
for (const [name, options, media] of [
	['light', {}, { colorScheme: 'light' }], ['dark', {}, { colorScheme: 'dark' }],
	['phone', { viewport: { width: 360, height: 740 } }, {}], ['forced colours', {}, { forcedColors: 'active' }],
].filter(([name]) => !quick || name === 'phone')) {
	// The page's own policy allows no script but its own: axe is let in beside it.
	const one = await open({ ...options, bypassCSP: true }, { reducedMotion: 'reduce', ...media });
	await one.$$eval('details', (x) => x.forEach((y) => (y.open = true)));
	await one.evaluate(axe);
	const { violations } = await one.evaluate(() => axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] }));
	seen.violations[name] = violations.map((v) => `${v.id}: ${v.nodes[0].html.slice(0, 160)} ${v.nodes[0].failureSummary.replace(/\s+/g, ' ').slice(0, 200)}`);
	seen.wider[name] = await one.evaluate(() => document.documentElement.scrollWidth - innerWidth);
	await one.$$eval('details', (x) => x.forEach((y) => (y.open = false)));
	if (pictures) await one.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
	await one.context().close();
}
seen.pages = (await page.pdf({ format: 'A4' })).length;

await browser.close();
process.stdout.write(JSON.stringify(seen));
