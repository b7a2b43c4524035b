/**
 * Charts as SVG text: axes, lines, and the frame around them. They need no script, follow the reader's light or dark
 * scheme, and say to a screen reader what they show. d3 chooses round values for the axes; the rest is written here.
 */
import { ticks } from "d3-array";

/** Colors by class, written out for renderers that know no variables; those of the dark scheme come second. */
export const chartStyle = `
.chart { color: #1f2328; background: #ffffff; font: 12px system-ui, sans-serif; }
.chart .paper { fill: #ffffff; }
.chart text { fill: #1f2328; }
.chart .quiet { fill: #59636e; }
.chart .heading { font-weight: 600; font-size: 13px; }
.chart .grid { stroke: #d1d9e0; stroke-width: 1; fill: none; }
.chart .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.chart .line.first { stroke: #0969da; }
.chart .line.second { stroke: #bc4c00; stroke-dasharray: 6 3; }
.chart .bar, .chart .cell { fill: #0969da; }
.chart .ideal { fill: none; stroke: #bc4c00; stroke-width: 1.5; stroke-dasharray: 5 4; }
.chart text.first { fill: #0969da; }
.chart text.second { fill: #bc4c00; }
.chart text.on { fill: #ffffff; }
@media (prefers-color-scheme: dark) {
.chart { color: #e6edf3; background: #0d1117; }
.chart .paper { fill: #0d1117; }
.chart text { fill: #e6edf3; }
.chart .quiet { fill: #9198a1; }
.chart .grid { stroke: #3d444d; }
.chart .line.first { stroke: #58a6ff; }
.chart .line.second { stroke: #f0883e; }
.chart .bar, .chart .cell { fill: #58a6ff; }
.chart .ideal { stroke: #f0883e; }
.chart text.first { fill: #58a6ff; }
.chart text.second { fill: #f0883e; }
.chart text.on { fill: #0d1117; }
}
`.trim();

export interface ChartFrame {
	/** Unlike that of any other chart of the page. */
	readonly id: string;
	readonly width: number;
	readonly height: number;
	/** What the chart is, for a screen reader. */
	readonly title: string;
	/** What it shows, in a sentence or two. */
	readonly description: string;
}

export interface Point {
	readonly x: number;
	readonly y: number;
}

/** A rectangle within a chart that marks stand in. */
export interface Area {
	readonly left: number;
	readonly top: number;
	readonly right: number;
	readonly bottom: number;
}

/** Takes values to coordinates, evenly. */
export interface Scale {
	/** The values of both ends. */
	readonly values: Ends;
	/** The coordinate of a value. */
	readonly at: (value: number) => number;
}

export type Ends = readonly [from: number, to: number];

export function scale(values: Ends, coordinates: Ends): Scale {
	const [from, to] = values;
	const [first, last] = coordinates;
	return {
		values,
		at: (value) => {
			const share = (value - from) / (to - from);
			return first * (1 - share) + last * share;
		},
	};
}

/** An `svg` element; its style is the page's. */
export function chart(
	{ id, width, height, title, description }: ChartFrame,
	body: readonly string[],
): string {
	return [
		`<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="${id}-title ${id}-description">`,
		`<title id="${id}-title">${escaped(title)}</title>`,
		`<desc id="${id}-description">${escaped(description)}</desc>`,
		...body,
		"</svg>",
	].join("\n");
}

/** A line through points, broken where a number is not finite. */
export function linePath(points: readonly Point[], x: Scale, y: Scale): string {
	const parts: string[][] = [[]];
	for (const point of points) {
		if (Number.isFinite(point.x) && Number.isFinite(point.y))
			parts.at(-1)!.push(`${rounded(x.at(point.x), 3)},${rounded(y.at(point.y), 3)}`);
		else parts.push([]);
	}
	// A single point is drawn only if its path is closed.
	return parts
		.filter((part) => part.length > 0)
		.map((part) => (part.length === 1 ? `M${part[0]}Z` : `M${part.join("L")}`))
		.join("");
}

/** Grid lines across the area, with their values at the left. */
export function verticalAxis(
	y: Scale,
	{ left, right }: Area,
	text: (value: number) => string,
	count = 5,
): string {
	return ticks(...y.values, count)
		.map((value) => {
			const at = rounded(y.at(value));
			return `<path class="grid" d="M${left},${at}H${right}"/><text class="quiet" x="${left - 6}" y="${at}" dy="0.35em" text-anchor="end">${escaped(text(value))}</text>`;
		})
		.join("\n");
}

/** Values under the area, and a name for them. */
export function horizontalAxis(
	x: Scale,
	{ left, right, bottom }: Area,
	text: (value: number) => string,
	name: string,
	values: readonly number[] = ticks(...x.values, 5),
): string {
	return [
		`<path class="grid" d="M${left},${bottom}H${right}"/>`,
		...values.map(
			(value) =>
				`<text class="quiet" x="${rounded(x.at(value))}" y="${bottom + 16}" text-anchor="middle">${escaped(text(value))}</text>`,
		),
		`<text class="quiet" x="${(left + right) / 2}" y="${bottom + 33}" text-anchor="middle">${escaped(name)}</text>`,
	].join("\n");
}

/** A coordinate without needless digits. */
export function rounded(value: number, digits = 2): number {
	return Math.round(value * 10 ** digits) / 10 ** digits;
}

/** Text as it may stand in HTML, in SVG and in their attributes: names of classes and files may hold anything. */
export function escaped(text: string): string {
	return (
		text
			.replaceAll("&", "&amp;")
			.replaceAll("<", "&lt;")
			.replaceAll(">", "&gt;")
			.replaceAll('"', "&quot;")
			.replaceAll("'", "&#39;")
			// What XML does not allow, and what turns the direction of the text around it.
			.replaceAll(/[\p{Cc}\p{Cs}\u{fffe}\u{ffff}\u{202a}-\u{202e}\u{2066}-\u{2069}]/gu, "\u{fffd}")
	);
}
