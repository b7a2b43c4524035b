/** Text tables with a header, separated by commas, tabs or semicolons: lists of pictures and of classes. */
import papa from "papaparse";
import { MobileNetError, shown } from "../base/error.ts";
import type { Label } from "../weights/model.ts";

export interface TextTable {
	/** Names of the columns, in lower case. */
	readonly columns: readonly string[];
	readonly rows: readonly TextRow[];
}

export interface TextRow {
	/** Number of its first line, from 1. */
	readonly line: number;
	readonly cells: readonly string[];
}

/**
 * Parses a text table.
 *
 * @param name what errors call the file
 * @throws MobileNetError `broken-file` if there is no header, or a row has another number of cells
 */
export function parseTable(content: string, name: string): TextTable {
	// Tabs rarely occur in cells, so if the header has one, they are the delimiter.
	const text = content.replace(/^\uFEFF/, "");
	const header = text.slice(0, text.search(/[\r\n]|$/));
	const delimiter = header.includes("\t")
		? "\t"
		: header.includes(",")
			? ","
			: header.includes(";")
				? ";"
				: ",";
	const { data, errors } = papa.parse<string[]>(text, {
		delimiter,
		// Names in tab-separated files may contain quotation marks, as in 3.5" disk; only a cell that begins with one is quoted.
		header: false,
	});
	const wrong = errors.find(({ type }) => type === "Quotes");
	const rows: TextRow[] = [];
	let line = 1;
	for (const [number, cells] of data.entries()) {
		if (wrong?.row === number)
			throw new MobileNetError("broken-file", `${name}, line ${line}: a quoted cell is not closed properly.`);
		const trimmed = cells.map((cell) => cell.trim());
		if (trimmed.some((cell) => cell !== "")) rows.push({ line, cells: trimmed });
		line += 1 + cells.reduce((sum, cell) => sum + (cell.match(/\n/g)?.length ?? 0), 0);
	}
	const [first, ...rest] = rows;
	if (!first) throw new MobileNetError("broken-file", `${name} is empty: expected a header and rows.`);
	for (const row of rest)
		if (row.cells.length !== first.cells.length)
			throw new MobileNetError(
				"broken-file",
				`${name}, line ${row.line}: expected ${first.cells.length} cells as in the header, but found ${row.cells.length}.`,
			);
	return { columns: first.cells.map((cell) => cell.toLowerCase()), rows: rest };
}

/** The index of the first of these columns that a table has, or −1. */
export function columnOf({ columns }: TextTable, names: readonly string[]): number {
	for (const name of names) {
		const at = columns.indexOf(name);
		if (at >= 0) return at;
	}
	return -1;
}

/** Makes a label from words such as `goldfish, Carassius auratus`: the first is the name, the others are synonyms. */
export function labelOf(words: string, id?: string): Label {
	const [name, ...synonyms] = words
		.split(",")
		.map((word) => word.trim())
		.filter((word) => word !== "");
	return { name: name ?? id ?? words, ...(id && { id }), ...(synonyms.length > 0 && { synonyms }) };
}

/** Parses the number of a class in a cell. */
export function indexIn(cell: string, most: number, where: string): number {
	if (/^\d{1,9}$/.test(cell) && Number(cell) < most) return Number(cell);
	throw new MobileNetError(
		"broken-file",
		`${where}: expected the number of a class, a whole number from 0 to ${most - 1}, but found ${shown(cell)}.`,
	);
}

/**
 * Parses a `classes.tsv`: columns `index`, `wnid` and `words` in any order; other columns are ignored.
 *
 * @throws MobileNetError `broken-file` with the line if an index is missing, too large or repeated
 */
export function parseClasses(content: string, name: string): readonly Label[] {
	const table = parseTable(content, name);
	const index = columnOf(table, ["index"]);
	const id = columnOf(table, ["wnid", "id"]);
	const words = columnOf(table, ["words", "label", "name", "class"]);
	if (index < 0 || (id < 0 && words < 0))
		throw new MobileNetError(
			"broken-file",
			`${name}: expected the columns index, wnid and words, but found ${table.columns.join(", ")}.`,
		);
	const classes: Label[] = [];
	for (const { line, cells } of table.rows) {
		const number = indexIn(cells[index]!, table.rows.length, `${name}, line ${line}`);
		if (classes[number])
			throw new MobileNetError("broken-file", `${name}, line ${line}: the class ${number} occurs twice.`);
		classes[number] = labelOf(words < 0 ? cells[id]! : cells[words]!, id < 0 ? undefined : cells[id]);
	}
	return classes;
}
