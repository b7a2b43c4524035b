/** Which classes are confused: a heat map of some classes and, if there are many, the pairs most often confused. */
import { type Area, chart, escaped, rounded } from "./chart.ts";
import type { Evaluation } from "./evaluate.ts";
import type { Confusion } from "./metrics.ts";

/** The most classes that a heat map shows readably. */
export const mostRows = 50;

/** Sides of a cell in pixels; from `numbered` on there is room for its number. */
const cellSides = { least: 12, numbered: 22, most: 40 };
/** What the cells of a row take, where there are not too many. */
const usualWidth = 560;
const longestName = 24;

/** Two different classes, and how many pictures of the first were taken for the second. */
export interface MistakenPair {
	readonly truth: string;
	readonly predicted: string;
	readonly pictures: number;
	/** Their share of the pictures of the true class. */
	readonly share: number;
}

/** The pairs that are most often mistaken, most pictures first. */
export function mistakenPairs({ confusion, classes }: Evaluation, most: number): readonly MistakenPair[] {
	const byIndex = new Map(classes.map((one) => [one.index, one] as const));
	return confusion
		.filter(({ truth, predicted }) => truth !== predicted)
		.map(({ truth, predicted, pictures }) => ({
			truth: byIndex.get(truth)!.label,
			predicted: byIndex.get(predicted)!.label,
			pictures,
			share: pictures / byIndex.get(truth)!.support,
		}))
		.sort((a, b) => b.pictures - a.pictures || b.share - a.share)
		.slice(0, most);
}

/** The classes that have pictures: the rows of a heat map. */
export function rowsOf({ classes }: Evaluation): Evaluation["classes"] {
	return classes.filter(({ support }) => support > 0);
}

/** The heat map: a row for each class that has pictures, a column for each of them, and one for all other answers. */
export function confusionChart(evaluation: Evaluation): string {
	const rows = rowsOf(evaluation);
	const place = new Map(rows.map(({ index }, i) => [index, i] as const));
	const cells = cellsOf(evaluation.confusion, place, rows.length);
	const others = cells.some((row) => row[rows.length]! > 0);
	const names = rows.map(({ label }) => cut(label));
	const columns = others ? [...names, "other"] : names;
	const cell = Math.max(cellSides.least, Math.min(cellSides.most, Math.floor(usualWidth / columns.length)));
	const margin = 12 + 6.4 * Math.max(...columns.map((name) => name.length));
	const area: Area = {
		left: margin + 18,
		top: margin + 18,
		right: margin + 18 + cell * columns.length,
		bottom: margin + 18 + cell * rows.length,
	};
	const worst = mistakenPairs(evaluation, 1)[0];
	const middle = (from: number, to: number): number => rounded((from + to) / 2);
	return chart(
		{
			id: "confusion",
			width: Math.ceil(area.right + 8),
			height: Math.ceil(area.bottom + 8),
			title: "Confusion matrix",
			description: `True classes in rows, answers in columns; a cell is the darker the larger its share of the row. ${worst ? `Most often mistaken: ${worst.truth} for ${worst.predicted}, ${worst.pictures} of its pictures.` : "There are no mistakes."}`,
		},
		[
			`<text class="quiet" x="${middle(area.left, area.right)}" y="12" text-anchor="middle">answer</text>`,
			`<text class="quiet" transform="translate(12 ${middle(area.top, area.bottom)}) rotate(-90)" text-anchor="middle">true class</text>`,
			...columns.map(
				(name, i) =>
					`<text transform="translate(${area.left + (i + 0.5) * cell} ${area.top - 6}) rotate(-90)" dy="0.35em">${escaped(name)}</text>`,
			),
			...names.flatMap((name, row) => [
				`<text x="${rounded(area.left - 6)}" y="${area.top + (row + 0.5) * cell}" dy="0.35em" text-anchor="end">${escaped(name)}</text>`,
				...columns.map((_, column) => {
					const pictures = cells[row]![column]!;
					const { label, support } = rows[row]!;
					const answer = rows[column]?.label ?? "other classes";
					const share = pictures / support;
					const [x, y] = [area.left + column * cell, area.top + row * cell];
					const number =
						pictures > 0 && cell >= cellSides.numbered
							? `<text${share > 0.8 ? ' class="on"' : ""} x="${x + cell / 2}" y="${y + cell / 2}" dy="0.35em" text-anchor="middle">${pictures}</text>`
							: "";
					return `<g><title>${escaped(`${label} → ${answer}: ${pictures} of ${support}`)}</title><rect class="cell" x="${x}" y="${y}" width="${cell - 1}" height="${cell - 1}" fill-opacity="${rounded(0.06 + 0.94 * share)}"/>${number}</g>`;
				}),
			]),
		],
	);
}

/** Pictures by row and column; the last column is of answers that have no row. */
function cellsOf(
	confusion: readonly Confusion[],
	place: ReadonlyMap<number, number>,
	rows: number,
): readonly (readonly number[])[] {
	const cells = Array.from({ length: rows }, () => new Array<number>(rows + 1).fill(0));
	for (const { truth, predicted, pictures } of confusion)
		cells[place.get(truth)!]![place.get(predicted) ?? rows]! += pictures;
	return cells;
}

function cut(name: string): string {
	const letters = [...name];
	return letters.length > longestName ? `${letters.slice(0, longestName - 1).join("")}…` : name;
}
