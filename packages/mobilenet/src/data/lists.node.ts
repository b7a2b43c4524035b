/** Lists of pictures with their classes: text tables with one picture per row and paths relative to the list. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { MobileNetError, shown } from "../base/error.ts";
import { notReadable } from "../base/file-errors.ts";
import type { Label } from "../weights/model.ts";
import type { Dataset } from "./dataset.ts";
import { datasetOfFiles } from "./folders.node.ts";
import { mostClasses } from "./memory.ts";
import type { OpenOptions } from "./open-options.ts";
import { columnOf, indexIn, labelOf, parseTable, type TextTable } from "./tables.ts";

const fileColumns = ["file", "path", "image", "filename", "file_name", "filepath", "image_path", "picture"];
const wordColumns = ["label", "class", "category", "label_name", "class_name", "name", "words"];
const indexColumns = ["index", "class_index", "label_index", "class_id", "label_id"];
const idColumns = ["wnid", "synset"];

/**
 * Opens a list as a data set. If it has a column of numbers, or its labels are numbers, these are the numbers of the
 * classes; else classes are sorted by WordNet id or name.
 *
 * @throws MobileNetError `broken-file` with the line if a row is invalid, `not-found` if none of the files exists
 */
export async function openList(path: string, options: OpenOptions): Promise<Dataset> {
	let table: TextTable;
	try {
		table = parseTable(await readFile(path, { encoding: "utf8", signal: options.signal }), path);
	} catch (error) {
		options.signal?.throwIfAborted();
		throw error instanceof MobileNetError ? error : notReadable(path, error);
	}
	const file = columnOf(table, fileColumns);
	if (file < 0)
		throw new MobileNetError(
			"broken-file",
			`${path}: expected a header with a column file (or path, image, filename), but found ${table.columns.map(shown).join(", ")}.`,
		);
	if (table.rows.length === 0)
		throw new MobileNetError(
			"broken-file",
			`${path} has no rows after its header: expected one per picture.`,
		);
	const paths = table.rows.map(({ line, cells }) => {
		if (cells[file] === "")
			throw new MobileNetError("broken-file", `${path}, line ${line}: the file of the picture is missing.`);
		return resolve(dirname(path), cells[file]!);
	});
	if (!paths.some((picture) => existsSync(picture)))
		throw new MobileNetError(
			"not-found",
			`${path}, line ${table.rows[0]!.line}: the file ${paths[0]} does not exist, and neither does any other in the list; paths are relative to the list's folder.`,
		);
	if (options.unlabeled) return datasetOfFiles(path, paths, [], new Int32Array(paths.length).fill(-1));
	const { classes, labels } = classesOf(table, path, options);
	const present = new Set(labels);
	if (present.size < 2 && !options.oneClass)
		throw new MobileNetError(
			"usage",
			`${path} has pictures of one class only, ${shown(classes[labels[0]!]!.name)}, but at least two are needed.`,
		);
	return datasetOfFiles(path, paths, classes, labels);
}

interface ListClasses {
	readonly classes: readonly Label[];
	readonly labels: Int32Array;
}

function classesOf(table: TextTable, path: string, { onNote = () => undefined }: OpenOptions): ListClasses {
	const [words, id] = [columnOf(table, wordColumns), columnOf(table, idColumns)];
	let index = columnOf(table, indexColumns);
	const key = id >= 0 ? id : words;
	if (index < 0 && key < 0)
		throw new MobileNetError(
			"broken-file",
			`${path}: expected a column label (or class, index, wnid), but found ${table.columns.map(shown).join(", ")}.`,
		);
	// If all labels are numbers, they are the numbers of the classes.
	if (index < 0 && id < 0 && table.rows.every(({ cells }) => /^\d{1,9}$/.test(cells[words]!))) index = words;
	const labels = new Int32Array(table.rows.length);
	const classes: Label[] = [];
	if (index >= 0) {
		for (const [row, { line, cells }] of table.rows.entries()) {
			const number = indexIn(cells[index]!, mostClasses, `${path}, line ${line}`);
			labels[row] = number;
			const named = key >= 0 && key !== index;
			classes[number] ??= named
				? labelOf(cells[words < 0 ? key : words]!, id < 0 ? undefined : cells[id])
				: { name: String(number) };
		}
		const without: number[] = [];
		for (let number = 0; number < classes.length; number++)
			if (!classes[number]) {
				without.push(number);
				classes[number] = { name: String(number) };
			}
		if (without.length > 0)
			onNote(
				`${path} has no pictures of ${without.length} of its ${classes.length} classes, such as ${without[0]}: they are kept, so that the numbers of the others do not change.`,
			);
		return { classes, labels };
	}
	const rows = new Map<string, number[]>();
	for (const [row, { line, cells }] of table.rows.entries()) {
		const name = cells[key]!;
		if (name === "")
			throw new MobileNetError("broken-file", `${path}, line ${line}: the class of the picture is missing.`);
		const own = rows.get(name);
		if (own) own.push(row);
		else rows.set(name, [row]);
	}
	for (const name of [...rows.keys()].sort()) {
		const own = rows.get(name)!;
		for (const row of own) labels[row] = classes.length;
		const { cells } = table.rows[own[0]!]!;
		classes.push(id >= 0 ? labelOf(words < 0 ? name : cells[words]!, name) : labelOf(name, undefined));
	}
	return { classes, labels };
}
