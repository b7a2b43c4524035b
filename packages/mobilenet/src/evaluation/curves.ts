/** The curves of a training: what its log says of each epoch, and the same as a chart. */
import { nice, ticks } from "d3-array";
import { parseJson } from "../base/json.ts";
import {
	type Area,
	chart,
	chartStyle,
	type Ends,
	horizontalAxis,
	linePath,
	type Point,
	rounded,
	scale,
	verticalAxis,
} from "./chart.ts";

/** What is known after an epoch; a line of a training's log has these fields among others. */
export interface CurvePoint {
	/** Epochs that are done: 1 after the first. */
	readonly epoch: number;
	/** Mean training loss of the epoch. */
	readonly loss: number;
	/** Mean loss on the validation pictures. */
	readonly validationLoss?: number | undefined;
	/** Share of the validation pictures whose class is the best answer, from 0 to 1. */
	readonly top1?: number | undefined;
}

const fields = ["epoch", "loss", "validationLoss", "top1"] as const;
const [width, height] = [720, 300];
const left: Area = { left: 52, top: 44, right: 344, bottom: 250 };
const right: Area = { left: 412, top: 44, right: 704, bottom: 250 };

/**
 * The points of a training's log, which holds a JSON object a line: those of lines that have an epoch and a loss, by
 * number, an epoch that was done twice as it was done last. Other lines and lines that are not JSON are skipped: a
 * log that is being written may end anywhere.
 *
 * @example
 * parseCurves('{"epoch":1,"loss":2.3,"top1":0.4}\n') // [{ epoch: 1, loss: 2.3, top1: 0.4 }]
 */
export function parseCurves(log: string): readonly CurvePoint[] {
	const points = new Map<number, CurvePoint>();
	for (const line of log.split("\n")) {
		const entry = objectOf(line);
		const numbers = fields.flatMap((field) =>
			typeof entry[field] === "number" ? [[field, entry[field]]] : [],
		);
		const { epoch, loss, ...rest }: Partial<CurvePoint> = Object.fromEntries(numbers);
		if (epoch !== undefined && loss !== undefined) points.set(epoch, { epoch, loss, ...rest });
	}
	return [...points.values()].sort((a, b) => a.epoch - b.epoch);
}

function objectOf(line: string): Partial<Record<string, unknown>> {
	try {
		const value = parseJson(line);
		return typeof value === "object" && value !== null ? (value as Partial<Record<string, unknown>>) : {};
	} catch {
		return {};
	}
}

/**
 * Loss and top-1 by epoch as an SVG file of its own.
 *
 * @param points in the order of their epochs
 * @example
 * await writeFile("curves.svg", curvesSvg([{ epoch: 1, loss: 2.3, validationLoss: 2.1, top1: 0.4 }]));
 */
export function curvesSvg(points: readonly CurvePoint[]): string {
	return `${curvesChart(points, [
		`<style>${chartStyle}</style>`,
		`<rect class="paper" width="${width}" height="${height}"/>`,
	])}\n`;
}

/** The same as part of a page that has `chartStyle`. */
export function curvesChart(points: readonly CurvePoint[], before: readonly string[] = []): string {
	const last = points.at(-1);
	return chart(
		{
			id: "curves",
			width,
			height,
			title: "Learning curves",
			description: last
				? `Loss and top-1 by epoch. At epoch ${last.epoch} the training loss is ${short(last.loss)}${said("validation loss", last.validationLoss, short)}${said("validation top-1", last.top1, percent)}.`
				: "There are no epochs yet.",
		},
		[
			...before,
			panel(points, left, "Loss", short, [
				["training", ({ loss }) => loss],
				["validation", ({ validationLoss }) => validationLoss],
			]),
			panel(points, right, "Top-1", percent, [["validation", ({ top1 }) => top1]]),
		],
	);
}

type Series = readonly [name: string, value: (point: CurvePoint) => number | undefined];

function panel(
	points: readonly CurvePoint[],
	area: Area,
	heading: string,
	text: (value: number) => string,
	series: readonly Series[],
): string {
	const lines = series.map(([name, value]) => ({
		name,
		points: points.map((point): Point => ({ x: point.epoch, y: value(point) ?? Number.NaN })),
	}));
	const all = lines.flatMap(({ points }) =>
		points.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y)),
	);
	if (all.length === 0) return "";
	const epochs = extent(all.map(({ x }) => x));
	const x = scale(epochs, [area.left, area.right]);
	const y = scale(nice(...extent(all.map(({ y }) => y)), 5), [area.bottom, area.top]);
	const marks = lines.flatMap(({ name, points }, i) => {
		const shown = points.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
		if (shown.length === 0) return [];
		const tone = name === "training" ? "first" : "second";
		const legend = `<text class="${tone}" x="${area.right - (series.length - 1 - i) * 76}" y="20" text-anchor="end">${name === "training" ? "—" : "- -"} ${name}</text>`;
		// One epoch is a point, not a line: a stroke of no length with round ends.
		if (shown.length === 1) {
			const at = `${rounded(x.at(shown[0]!.x))},${rounded(y.at(shown[0]!.y))}`;
			return [
				legend,
				`<path class="line ${tone}" style="stroke-width:7;stroke-linecap:round;stroke-dasharray:none" d="M${at}h0"/>`,
			];
		}
		return [legend, `<path class="line ${tone}" d="${linePath(points, x, y)}"/>`];
	});
	return [
		`<text class="heading" x="${area.left}" y="20">${heading}</text>`,
		verticalAxis(y, area, text),
		horizontalAxis(x, area, String, "epoch", ticks(...epochs, 6).filter(Number.isInteger)),
		...marks,
	].join("\n");
}

/** The least and the largest, apart even where all are alike. */
function extent(values: readonly number[]): Ends {
	const low = values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
	const high = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
	return high > low ? [low, high] : [low - 0.5, high + 0.5];
}

function said(what: string, value: number | undefined, text: (value: number) => string): string {
	return value === undefined ? "" : `, the ${what} ${text(value)}`;
}

function short(value: number): string {
	return Number.isFinite(value) ? String(Number(value.toPrecision(3))) : "not finite";
}

function percent(share: number): string {
	return `${Number((100 * share).toFixed(1))} %`;
}
