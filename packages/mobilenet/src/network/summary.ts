/**
 * The network exactly as torchinfo prints it (version 1.6.5, whose output the PyTorch tutorial shows), and the same as
 * data. modules.ts makes the modules; this file has torchinfo's rules of layout.
 */
import { MobileNetError, shown } from "../base/error.ts";
import type { Configuration } from "./configuration.ts";
import { type ModuleRow, moduleRows } from "./modules.ts";

/** torchinfo's columns, by its names. */
export type SummaryColumn = "input_size" | "output_size" | "num_params" | "kernel_size" | "mult_adds";

export interface SummaryOptions {
	/** Pictures in a batch. Default: 1. */
	readonly batch?: number | undefined;
	/** Levels of nesting to show. Default: 3, which is all. */
	readonly depth?: number | undefined;
}

export interface SummaryTextOptions extends SummaryOptions {
	/** Default: `output_size` and `num_params`. */
	readonly columns?: readonly SummaryColumn[] | undefined;
}

/** The summary as data. */
export interface SummaryTable {
	readonly rows: readonly ModuleRow[];
	readonly totals: {
		readonly parameters: number;
		/** For the whole batch, by torchinfo's convention. */
		readonly multAdds: number;
		/** Bytes of the input as float32. */
		readonly inputBytes: number;
		/** Bytes of the outputs of all modules with parameters, counted twice: for the outputs and for their gradients. */
		readonly forwardBackwardBytes: number;
		/** Bytes of the parameters as float32. */
		readonly parameterBytes: number;
	};
}

const headings: { readonly [C in SummaryColumn]: string } = {
	input_size: "Input Shape",
	output_size: "Output Shape",
	num_params: "Param #",
	kernel_size: "Kernel Shape",
	mult_adds: "Mult-Adds",
};
/** The names of all columns, in torchinfo's order. */
export const summaryColumns = Object.keys(headings) as readonly SummaryColumn[];

const usualColumns: readonly SummaryColumn[] = ["output_size", "num_params"];
const levels = 3;
const mostPictures = 1_000_000;
const nameWidth = 40;
const columnWidth = 25;
const nothing = "--";
const bytesOfFloat = 4;
/** torchinfo measures the input with `sys.getsizeof`, which includes the Python object around the numbers. */
const pythonObjectBytes = 56;

/**
 * The network as torchinfo prints it.
 *
 * @param configuration a configuration made by `configure`
 * @param options `batch`, `depth` (levels, as in torchinfo), `columns` (by torchinfo's names)
 * @returns lines, without a line break at the end
 * @throws MobileNetError `usage` for an invalid batch, depth or column
 * @example
 * console.log(summary(configure({ preset: "tutorial" })))
 */
export function summary(configuration: Configuration, options: SummaryTextOptions = {}): string {
	const { depth = levels, columns = usualColumns } = options;
	for (const column of columns)
		if (!Object.hasOwn(headings, column))
			throw new MobileNetError("usage", `unknown column ${shown(column)}: use ${summaryColumns.join(", ")}.`);
	const { rows, totals } = summaryTable(configuration, options);
	const divider = "=".repeat(nameWidth + columns.length * columnWidth);
	const { parameters, inputBytes, forwardBackwardBytes, parameterBytes } = totals;
	const inputSize = inputBytes + pythonObjectBytes;
	const [unit, multAdds] = readable(totals.multAdds);
	return [
		divider,
		line(
			"Layer (type:depth-idx)",
			columns.map((column) => headings[column]),
		),
		divider,
		...rows.map((row) =>
			line(
				indented(row),
				columns.map((column) => cell(row, column, row.depth === depth)),
			),
		),
		divider,
		`Total params: ${grouped(parameters)}`,
		`Trainable params: ${grouped(parameters)}`,
		"Non-trainable params: 0",
		`Total mult-adds (${unit}): ${twoDecimals(multAdds)}`,
		divider,
		`Input size (MB): ${megabytes(inputSize)}`,
		`Forward/backward pass size (MB): ${megabytes(forwardBackwardBytes)}`,
		`Params size (MB): ${megabytes(parameterBytes)}`,
		`Estimated Total Size (MB): ${megabytes(inputSize + forwardBackwardBytes + parameterBytes)}`,
		divider,
	].join("\n");
}

/**
 * The summary as data: its rows down to a level of nesting, and the totals of the whole network.
 *
 * @param configuration a configuration made by `configure`
 * @param options `batch`, `depth` (levels, as in torchinfo)
 * @throws MobileNetError `usage` for an invalid batch or depth
 * @example
 * summaryTable(configure({ classes: 1000 })).totals.parameters // 4231976
 */
export function summaryTable(configuration: Configuration, options: SummaryOptions = {}): SummaryTable {
	const { batch = 1, depth = levels } = options;
	check("batch", batch, 1, mostPictures);
	check("depth", depth, 0, Number.MAX_SAFE_INTEGER);
	const rows = moduleRows(configuration, batch);
	const leaves = rows.filter((row) => row.leaf);
	const sum = (of: (row: ModuleRow) => number): number => leaves.reduce((total, row) => total + of(row), 0);
	const parameters = sum((row) => row.parameters);
	return {
		rows: rows.filter((row) => row.depth <= depth),
		totals: {
			parameters,
			multAdds: sum((row) => row.multAdds),
			inputBytes: bytesOfFloat * product(rows[0]?.inputShape ?? []),
			forwardBackwardBytes: sum((row) =>
				row.parameters > 0 ? 2 * bytesOfFloat * product(row.outputShape) : 0,
			),
			parameterBytes: bytesOfFloat * parameters,
		},
	};
}

function check(option: string, value: number, least: number, most: number): void {
	if (!(Number.isInteger(value) && value >= least && value <= most))
		throw new MobileNetError(
			"usage",
			`${option} must be a whole number from ${least}${most < Number.MAX_SAFE_INTEGER ? ` to ${most}` : ""}, not ${shown(value)}.`,
		);
}

/** A module's name after the lines that draw the tree. */
function indented({ type, depth, index }: ModuleRow): string {
	if (depth === 0) return type;
	const branch = depth === 1 ? "├─" : `${"│    ".repeat(depth - 1)}└─`;
	return `${branch}${type}: ${depth}-${index}`;
}

function cell(row: ModuleRow, column: SummaryColumn, deepest: boolean): string {
	// torchinfo never counts the root, and counts a container only where its contents are not shown.
	const root = row.depth === 0;
	const counted = !root && (row.leaf || deepest);
	switch (column) {
		case "input_size":
			return root ? nothing : list(row.inputShape);
		case "output_size":
			return root ? nothing : list(row.outputShape);
		case "kernel_size":
			return row.kernelShape ? list(row.kernelShape) : nothing;
		case "num_params":
			return counted && row.parameters > 0 ? grouped(row.parameters) : nothing;
		case "mult_adds":
			return counted && row.multAdds > 0 ? grouped(row.multAdds) : nothing;
	}
}

function line(name: string, cells: readonly string[]): string {
	const padded = cells.map((text) => text.padEnd(columnWidth));
	return [name.padEnd(nameWidth), ...padded].join(" ").trimEnd();
}

function list(shape: readonly number[]): string {
	return `[${shape.join(", ")}]`;
}

function product(shape: readonly number[]): number {
	return shape.reduce((result, n) => result * n, 1);
}

function grouped(value: number): string {
	return value.toLocaleString("en-US");
}

function readable(operations: number): [unit: string, value: number] {
	if (operations >= 1e12) return ["T", operations / 1e12];
	if (operations >= 1e9) return ["G", operations / 1e9];
	return ["M", operations / 1e6];
}

function megabytes(bytes: number): string {
	return twoDecimals(bytes / 1e6);
}

/** Rounds as Python does: a value exactly in the middle, such as 0.125, goes to the even digit; JavaScript rounds it up. */
function twoDecimals(value: number): string {
	const eighths = value * 8;
	const inTheMiddle = Number.isInteger(eighths) && eighths % 2 !== 0;
	// The only exact middles among binary fractions are the odd eighths; of those, .125 and .625 go down.
	if (inTheMiddle && eighths % 4 === 1) return (value - 0.005).toFixed(2);
	return value.toFixed(2);
}
