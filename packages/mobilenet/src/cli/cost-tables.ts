/** The paper's tables and the grid of published networks as text, for `mobilenet cost`. */
import {
	type BodyRow,
	grid,
	type KindRow,
	type ModificationRow,
	type NetworkRow,
	type PaperAndOurs,
	type PaperTableNumber,
	paperTable,
} from "../network/index.ts";
import { type Column, grouped, percent, table } from "./table.ts";

const paper = "Howard and others 2017, https://arxiv.org/abs/1704.04861";
const checkpoints = "https://github.com/tensorflow/models, research/slim/nets/mobilenet_v1.md";

const right = (title: string): Column => ({ title, align: "right" });
/** A column for the paper's figures, and one for ours. */
const beside = (title: string, column: (title: string) => Column = right): Column[] => [
	column(`${title}, paper`),
	column("ours"),
];

const bodyColumns = ["type / stride", "filter shape", "input size"].flatMap((title) =>
	beside(title, (text) => ({ title: text })),
);
const costColumns = [...beside("mult-adds"), ...beside("parameters")];
const kindColumns = [{ title: "kind" }, ...costColumns];
const modificationColumns = [{ title: "layer / modification" }, ...costColumns];
const networkColumns = [{ title: "network" }, right("top-1, paper"), ...costColumns];
const gridColumns = ["α", "pixels", "mult-adds", "parameters", "top-1", "top-5"].map(right);

/** One of the paper's tables: its figures as printed, ours in full, and notes where they disagree. */
export function paperTableText(number: PaperTableNumber): string {
	switch (number) {
		case 1:
			return text(number, bodyColumns, bodyCells, paperTable(number).rows);
		case 2:
			return text(number, kindColumns, kindCells, paperTable(number).rows);
		case 3:
			return text(number, modificationColumns, modificationCells, paperTable(number).rows);
		default:
			return text(number, networkColumns, networkCells, paperTable(number).rows);
	}
}

/** All published networks. */
export function gridText(): string {
	const rows = grid().map(({ alpha, size, multAdds, parameters, top1, top5 }) => [
		String(alpha),
		String(size),
		grouped(multAdds),
		grouped(parameters),
		percent(top1, 1),
		percent(top5, 1),
	]);
	return [
		"The 16 published networks: mult-adds as paper counts them, for one picture and 1000 classes\n",
		table(gridColumns, rows),
		`Accuracy on ImageNet's validation set, as published for Google's checkpoints (${checkpoints})\n`,
	].join("\n");
}

function text<Row extends { readonly note?: string | undefined }>(
	number: PaperTableNumber,
	columns: readonly Column[],
	cells: (row: Row) => string[],
	rows: readonly Row[],
): string {
	const notes = rows.flatMap((row) => (row.note ? [`${row.note}\n`] : []));
	return [
		`Table ${number} of the paper (${paper}): ${paperTable(number).title}\n`,
		table(columns, rows.map(cells)),
		...(notes.length > 0 ? [notes.join("")] : []),
	].join("\n");
}

function bodyCells({ type, filterShape, inputSize }: BodyRow): string[] {
	return [type, filterShape, inputSize].flatMap(({ paper, ours }) => [paper, ours]);
}

function kindCells({ kind, multAddsShare, weightsShare }: KindRow): string[] {
	return [
		kind,
		...[multAddsShare, weightsShare].flatMap(({ paper, ours }) => [percent(paper), percent(ours)]),
	];
}

function modificationCells({ modification, multAdds, parameters }: ModificationRow): string[] {
	return [modification, ...counts(multAdds), ...counts(parameters)];
}

function networkCells({ network, top1, multAdds, parameters }: NetworkRow): string[] {
	return [network, percent(top1, 1), ...counts(multAdds), ...counts(parameters)];
}

/** Millions as printed in the paper, such as `52.3 M`, and ours. */
function counts({ paper, ours }: PaperAndOurs<number>): string[] {
	return [`${paper / 1e6} M`, grouped(ours)];
}
