// format.js: numbers and words, the same in the tables (build.mjs) and in the charts (page.js).

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const two = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const months = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];

export const none = '–';
const absent = (x) => x === null || x === undefined;

export const count = (x) => (absent(x) ? none : whole.format(x));
export const short = (x) => (absent(x) ? none : compact.format(x));

/** An amount in the source's own currency, which nobody knows here: two decimals for small ones only. */
export const money = (x) => (absent(x) ? none : Math.abs(x) >= 10000 ? whole.format(x) : two.format(x));

/** A share of 0 to 1 as per cent, with a decimal where a whole number would hide it. */
export function percent(x) {
	if (absent(x)) return none;
	const p = 100 * x;
	if (p !== 0 && Math.abs(p) < 0.1) return p > 0 ? '< 0.1 %' : '> -0.1 %';
	return (Math.abs(p) < 10 && p !== 0 ? p.toFixed(1) : p.toFixed(0)) + ' %';
}

export const signed = (x) => (x > 0 ? '+' : x < 0 ? '−' : '±') + whole.format(Math.abs(x));

/** '2011-11-30' as '30 November 2011'. */
export function day(text) {
	if (!text) return none;
	const [year, month, date] = text.split('-').map(Number);
	return `${date} ${months[month - 1]} ${year}`;
}
/** '30 Nov 2011' */
export const shortDay = (text) => day(text).replace(/([A-Z][a-z]{2})[a-z]*/, '$1');

/** How a segment's mean compares with everybody's, from mean / everybody's - 1: '2.3 ×', '0.48 ×'. */
export function times(relative) {
	if (absent(relative)) return none;
	const factor = relative + 1;
	return factor.toFixed(factor >= 10 ? 0 : factor >= 0.95 ? 1 : 2) + ' ×';
}

export const plural = (n, one, many) => `${count(n)} ${n === 1 ? one : many}`;

/** Black or white, whichever contrasts more with the colour #RRGGBB (WCAG 2 relative luminance). */
export function ink(colour) {
	return luminance(colour) > 0.179 ? '#000000' : '#ffffff';
}
function luminance(colour) {
	const [r, g, b] = [1, 3, 5].map((i) => {
		const c = parseInt(colour.slice(i, i + 2), 16) / 255;
		return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
	});
	return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

// Paul Tol's "sunset" scale, as in the shipped schemes: for segments without a colour of their own, best to worst.
const scale = ['#364B9A', '#4A7BB7', '#6EA6CD', '#98CAE1', '#C2E4EF', '#EAECCC', '#FEDA8B', '#FDB366', '#F67E4B', '#DD3D2D', '#A50026'];

/** The colour of a segment: its own if it is one, else its place in the scale. */
export function colour(segment, index, total) {
	if (/^#[0-9A-Fa-f]{6}$/.test(segment.colour || '')) return segment.colour;
	return scale[total > 1 ? Math.round((index * (scale.length - 1)) / (total - 1)) : 0];
}

export const features = {
	recency_days: { name: 'Days since last order', brief: 'Days since order', value: count },
	orders: { name: 'Orders', brief: 'Orders', value: (x) => (absent(x) ? none : x.toFixed(1)) },
	revenue: { name: 'Revenue', brief: 'Revenue', value: money },
	average_order: { name: 'Average order', brief: 'Avg. order', value: money },
};

/** Names the two ends of a move that are no segments as a reader would. */
export const state = (name, sort) =>
	sort !== null ? name : name === 'Not a customer' ? 'Not yet a customer' : 'No longer a customer';

/** At most `most` segments, the greatest by customers; the others are one group. */
export function greatest(segments, most) {
	if (segments.length <= most) return new Set(segments.map((s) => s.name));
	return new Set([...segments].sort((a, b) => b.customers - a.customers).slice(0, most - 1).map((s) => s.name));
}
