// page.js: draws the charts of the page from the JSON beside it. Every figure is in the page's tables, too: without this
// script the page loses its pictures only.
import * as echarts from 'echarts/core';
import { HeatmapChart, LineChart, SankeyChart, TreemapChart } from 'echarts/charts';
import { GridComponent, MarkPointComponent, TooltipComponent } from 'echarts/components';
import { SVGRenderer } from 'echarts/renderers';
import { colour, count, features, greatest, ink, money, percent, short, state, times } from './format.js';

echarts.use([HeatmapChart, LineChart, SankeyChart, TreemapChart, GridComponent, MarkPointComponent, TooltipComponent, SVGRenderer]);

const data = JSON.parse(document.getElementById('data').textContent);
const dark = matchMedia('(prefers-color-scheme: dark)');
const print = matchMedia('print');
const colours = new Map(data.segments.map((s, i) => [s.name, colour(s, i, data.segments.length)]));
const style = () => {
	const css = getComputedStyle(document.documentElement);
	const get = (name) => css.getPropertyValue(name).trim();
	return { text: get('--text'), quiet: get('--quiet'), line: get('--line'), panel: get('--panel'), page: get('--page'), accent: get('--accent') };
};

/** Tooltips are text nodes: a name from the database is never read as HTML. */
function lines(...texts) {
	const box = document.createElement('div');
	for (const [i, text] of texts.filter(Boolean).entries()) {
		const line = document.createElement(i ? 'div' : 'strong');
		line.textContent = text;
		box.append(line);
	}
	return box;
}
const tooltip = (s, formatter) => ({
	confine: true, backgroundColor: s.panel, borderColor: s.line, textStyle: { color: s.text, fontSize: 13 }, formatter,
});
/**
 * A name as a label. echarts reads {a|b} in labels as markup, and keeps names and texts as keys of plain objects, where
 * __proto__ or constructor would be more than a name: as names it gets numbers, as texts these with a space of no width.
 */
function plain(name) {
	const text = name.replaceAll('{', '(').replaceAll('}', ')').replaceAll('|', '/');
	return text in {} ? text + '\u200b' : text;
}
const cut = (name, most) => (name.length > most ? plain(name).slice(0, most - 1) + '…' : plain(name));

// --- segments ---------------------------------------------------------------------------------------------------------

let measure = 'customers';

function treemap(s, width) {
	const total = data.segments.reduce((sum, x) => sum + Math.max(x[measure], 0), 0);
	return {
		tooltip: tooltip(s, ({ data: x }) => x.segment && lines(x.segment.name, `${count(x.segment.customers)} customers, ${percent(x.segment.share_customers)}`,
			`revenue ${money(x.segment.revenue)}, ${percent(x.segment.share_revenue)}`)),
		series: [{
			type: 'treemap', nodeClick: false, roam: false, breadcrumb: { show: false }, left: 0, right: 0, top: 0, bottom: 0,
			itemStyle: { borderColor: s.panel, gapWidth: 2 }, squareRatio: width < 560 ? 0.8 : 1.2,
			label: { fontSize: 13, lineHeight: 18, padding: [6, 4], position: 'insideTopLeft', overflow: 'truncate', ellipsis: '…' },
			// A label that doesn't fit is worse than none: the table has it.
			labelLayout: ({ rect }) => (rect.width < 80 || rect.height < 46 ? { x: -1000, y: -1000 } : {}),
			data: data.segments.filter((x) => x[measure] > 0).map((x, i) => {
				const fill = colours.get(x.name);
				return {
					name: `${i}`, value: x[measure], segment: x, itemStyle: { color: fill },
					label: {
						color: ink(fill),
						formatter: `${plain(x.name)}\n${width < 560 ? '' : `${measure === 'customers' ? count(x.customers) : short(x.revenue)} · `}${percent(x[measure] / total)}`,
					},
				};
			}),
		}],
	};
}

// --- recency and frequency --------------------------------------------------------------------------------------------

/** Light to dark blue: darker is more, so it survives black and white. */
function shade(part) {
	const from = [239, 243, 255], to = [8, 48, 107];
	return '#' + from.map((c, i) => Math.round(c + (to[i] - c) * part).toString(16).padStart(2, '0')).join('');
}

function grid(s, width) {
	const scores = (key) => [...new Set(data.grid.map((x) => x[key]))].sort((a, b) => a - b);
	const all = (key) => Array.from({ length: Math.max(...scores(key)) }, (_, i) => i + 1);
	const r = all('r'), f = all('f');
	const most = Math.max(...data.grid.map((x) => x.customers));
	const empty = r.flatMap((i) => f.map((j) => ({ r: i, f: j }))).filter((x) => !data.grid.some((y) => y.r === x.r && y.f === x.f));
	const narrow = width < 620;
	const axis = (name, values, inverse) => ({
		type: 'category', data: values.map(String), name, nameLocation: 'middle', nameGap: narrow ? 24 : 30,
		nameTextStyle: { color: s.text, fontSize: narrow ? 11 : 13 }, axisLabel: { color: s.text }, axisTick: { show: false }, axisLine: { show: false }, inverse,
	});
	return {
		tooltip: tooltip(s, ({ data: x }) => x.cell && lines(`Recency score ${x.cell.r}, frequency score ${x.cell.f}`, `mostly ${x.cell.segment}`,
			`${count(x.cell.customers)} customers, ${percent(x.cell.share_customers)}`, `revenue ${money(x.cell.revenue)}`)),
		grid: { left: narrow ? 46 : 56, right: 4, top: 4, bottom: narrow ? 48 : 56 },
		xAxis: axis(narrow ? 'Frequency score: right is more orders' : 'Frequency score: 1 is few orders, the highest many', f),
		yAxis: axis(narrow ? 'Recency score: top is latest' : 'Recency score: the highest is the latest', r),
		series: [{
			type: 'heatmap', itemStyle: { borderColor: s.panel, borderWidth: 2 }, emphasis: { disabled: true },
			data: data.grid.map((x) => {
				const fill = shade(x.customers / most);
				return {
					value: [x.f - 1, x.r - 1, x.customers], cell: x, itemStyle: { color: fill },
					label: {
						show: true, color: ink(fill), fontSize: narrow ? 11 : 12, lineHeight: 16,
						formatter: narrow ? count(x.customers) : `${count(x.customers)}\n${cut(x.segment, Math.max(6, Math.floor((width - 60) / f.length / 7)))}`,
					},
				};
			}).concat(empty.map((x) => ({ value: [x.f - 1, x.r - 1, 0], itemStyle: { color: s.page }, label: { show: true, color: s.quiet, formatter: '0' } }))),
		}],
	};
}

// --- what changed -----------------------------------------------------------------------------------------------------

const kinds = { up: '#0072B2', down: '#D55E00', same: '#8a8f98', new: '#009E73', gone: '#5a5f66' };

function sankey(s, width) {
	const known = [...data.segments];
	for (const m of data.migration) {
		if (m.from_sort !== null && !known.some((x) => x.name === m.from)) known.push({ name: m.from, customers: 0 });
	}
	const shown = greatest(known, 12);
	const group = (name, sort) => (sort === null ? state(name, sort) : shown.has(name) ? name : 'Other segments');
	const rank = new Map();
	const links = new Map();
	for (const m of data.migration) {
		const source = '<' + group(m.from, m.from_sort), target = '>' + group(m.to, m.to_sort);
		rank.set(source, Math.min(rank.get(source) ?? 9999, m.from_sort ?? 9999));
		rank.set(target, Math.min(rank.get(target) ?? 9999, m.to_sort ?? 9999));
		const stayed = source.slice(1) === target.slice(1);
		const key = JSON.stringify([source, target, stayed ? 'same' : m.direction]);
		links.set(key, (links.get(key) || 0) + m.customers);
	}
	const ordered = [...rank].sort((a, b) => a[1] - b[1] || (a[0] < b[0] ? -1 : 1)).map(([name]) => name);
	const number = new Map(ordered.map((name, i) => [name, `${i}`]));
	const nodes = ordered.map((name) => {
		const before = name[0] === '<', word = name.slice(1);
		return {
			name: number.get(name), word, before, depth: before ? 0 : 1, itemStyle: { color: colours.get(word) || s.quiet, borderColor: s.quiet, borderWidth: 0.5 },
			label: { position: before ? 'right' : 'left', formatter: cut(word, width < 560 ? 16 : 30) },
		};
	});
	return {
		tooltip: tooltip(s, ({ dataType, data: x }) => (dataType === 'edge'
			? lines(`${x.from} → ${x.to}`, `${count(x.value)} customers ${{ up: 'moved up', down: 'moved down', same: 'stayed', new: 'are new', gone: 'are gone' }[x.kind]}`)
			: lines(x.word, x.before ? 'before' : 'now'))),
		series: [{
			type: 'sankey', left: 2, right: 2, top: 4, bottom: 4, nodeWidth: 12, nodeGap: 7, layoutIterations: 0, draggable: false,
			emphasis: { focus: 'adjacency' }, label: { color: s.text, fontSize: width < 560 ? 11 : 13, textBorderColor: s.panel, textBorderWidth: 3 },
			data: nodes,
			links: [...links].map(([key, value]) => {
				const [source, target, kind] = JSON.parse(key);
				return { source: number.get(source), target: number.get(target), from: source.slice(1), to: target.slice(1), value, kind, lineStyle: { color: kinds[kind], opacity: kind === 'same' ? 0.25 : 0.55, curveness: 0.5 } };
			}),
		}],
	};
}

// --- value curve ------------------------------------------------------------------------------------------------------

function curve(s, width) {
	const marks = [1, 10, 20, 50].map((p) => data.curve.find((x) => x.percentile === p)).filter(Boolean);
	const axis = (name, gap) => ({
		type: 'value', min: 0, max: 100, name, nameLocation: 'middle', nameGap: gap, nameTextStyle: { color: s.text, fontSize: width < 560 ? 12 : 13 },
		axisLabel: { color: s.text, formatter: '{value} %' }, splitLine: { lineStyle: { color: s.line } },
	});
	return {
		tooltip: { ...tooltip(s, ([{ data: x }]) => x.point && lines(`The best ${x.point.percentile} % of customers`,
			`bring ${percent(x.point.share_revenue)} of the revenue: ${money(x.point.revenue)}`, `${count(x.point.customers)} customers`)), trigger: 'axis' },
		grid: { left: 68, right: 18, top: 16, bottom: 48 },
		xAxis: axis('Best customers', 28),
		yAxis: { ...axis('Share of the revenue', 48), max: (range) => Math.max(100, Math.ceil(range.max / 10) * 10) },
		series: [
			{
				type: 'line', showSymbol: false, lineStyle: { width: 3, color: s.accent }, itemStyle: { color: s.accent },
				data: data.curve.map((x) => ({ value: [x.percentile, 100 * x.share_revenue], point: x })),
				markPoint: {
					symbol: 'circle', symbolSize: 9, itemStyle: { color: s.accent },
					label: { position: 'right', distance: 8, color: s.text, fontSize: 13, textBorderColor: s.panel, textBorderWidth: 3, offset: [0, 8] },
					data: marks.map((x) => ({
						coord: [x.percentile, 100 * x.share_revenue],
						label: { formatter: `best ${x.percentile} %: ${percent(x.share_revenue)}` },
					})),
				},
			},
			{
				type: 'line', showSymbol: false, lineStyle: { width: 1.5, type: 'dashed', color: s.quiet }, silent: true, tooltip: { show: false },
				data: [[0, 0], [100, 100]], endLabel: { show: false },
			},
		],
	};
}

// --- profile ----------------------------------------------------------------------------------------------------------

function profile(s, width) {
	const shown = greatest(data.segments, 20);
	const cells = data.profile.filter((x) => shown.has(x.segment));
	const names = [...new Set(cells.map((x) => x.segment))];
	const keys = Object.keys(features);
	const narrow = width < 620;
	// Equal steps for equal factors: half as much is as far from usual as twice as much.
	const place = (x) => Math.max(-1, Math.min(1, Math.log2(Math.max(x.relative_importance + 1, 0.01)) / 3));
	const tint = (p) => {
		const to = p < 0 ? [179, 88, 6] : [53, 79, 155];
		return '#' + [247, 247, 247].map((c, i) => Math.round(c + (to[i] - c) * Math.abs(p)).toString(16).padStart(2, '0')).join('');
	};
	return {
		tooltip: tooltip(s, ({ data: x }) => lines(`${x.cell.segment}: ${features[x.cell.feature].name.toLowerCase()}`,
			`on average ${features[x.cell.feature].value(x.cell.mean)}`, `all customers: ${features[x.cell.feature].value(x.cell.population_mean)}`)),
		grid: { left: narrow ? 96 : 170, right: 0, top: narrow ? 44 : 30, bottom: 4 },
		xAxis: {
			type: 'category', position: 'top', data: keys.map((k) => (narrow ? features[k].brief : features[k].name)), axisTick: { show: false }, axisLine: { show: false },
			axisLabel: { color: s.text, interval: 0, width: (width - (narrow ? 96 : 170)) / keys.length, overflow: 'break', fontSize: narrow ? 11 : 13, lineHeight: narrow ? 13 : 16 },
		},
		yAxis: {
			type: 'category', inverse: true, data: names.map((_, i) => `${i}`), axisTick: { show: false }, axisLine: { show: false },
			axisLabel: { formatter: (i) => plain(names[i]), color: s.text, width: narrow ? 88 : 160, overflow: 'truncate', interval: 0, fontSize: narrow ? 11 : 13 },
		},
		series: [{
			type: 'heatmap', itemStyle: { borderColor: s.panel, borderWidth: 2 }, emphasis: { disabled: true },
			data: cells.filter((x) => x.relative_importance !== null).map((x) => {
				const fill = tint(place(x));
				return { value: [keys.indexOf(x.feature), names.indexOf(x.segment), x.relative_importance], cell: x, itemStyle: { color: fill },
					label: { show: true, color: ink(fill), fontSize: 12, formatter: times(x.relative_importance) } };
			}),
		}],
	};
}

// --- all of them ------------------------------------------------------------------------------------------------------

const makers = { treemap, grid, sankey, curve, profile };
const charts = [];

function draw(chart) {
	const width = chart.box.clientWidth;
	if (!width) return;
	chart.instance?.dispose();
	chart.instance = echarts.init(chart.box, null, { renderer: 'svg', width, height: chart.box.clientHeight });
	chart.instance.setOption({ animation: false, textStyle: { fontFamily: getComputedStyle(document.body).fontFamily }, ...makers[chart.kind](style(), width) });
	chart.width = width;
	// The box is an image with a description of its own.
	chart.box.firstElementChild?.setAttribute('aria-hidden', 'true');
}
for (const box of document.querySelectorAll('[data-chart]')) charts.push({ box, kind: box.dataset.chart });
const drawAll = () => charts.forEach(draw);
drawAll();
document.documentElement.dataset.drawn = charts.filter((c) => c.instance).length;

let waiting;
addEventListener('resize', () => {
	clearTimeout(waiting);
	waiting = setTimeout(() => charts.filter((c) => c.box.clientWidth !== c.width).forEach(draw), 150);
});
dark.addEventListener('change', drawAll);
print.addEventListener('change', drawAll);
for (const input of document.querySelectorAll('input[name=measure]')) {
	input.addEventListener('change', () => {
		measure = input.value;
		charts.filter((c) => c.kind === 'treemap').forEach(draw);
	});
}
