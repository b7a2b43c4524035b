/**
 * `mobilenet cost`: multiply-adds, parameters and memory, for every layer, for every kind of layer and in total; or one
 * of the paper's tables, or all published networks (cost-tables.ts).
 */
import { buildCommand } from "@stricli/core";
import {
	type Cost,
	type CostConvention,
	cost,
	grid,
	type LayerCost,
	type PaperTableNumber,
	paperTable,
	paperTableNumbers,
} from "../../network/index.ts";
import type { Context } from "../context.ts";
import { gridText, paperTableText } from "../cost-tables.ts";
import { usageError } from "../errors.ts";
import {
	configurationOf,
	describe,
	describedClasses,
	type NetworkOptions,
	networkFlags,
} from "../options/network.ts";
import { jsonLine } from "../output.ts";
import { type Column, grouped, percent, table } from "../table.ts";

interface Options extends NetworkOptions {
	readonly convention: CostConvention;
	readonly table?: `${PaperTableNumber}` | undefined;
	readonly grid: boolean;
	readonly json: boolean;
}

/** Options that describe a network, and their defaults. */
const networkOptions = [...Object.keys(networkFlags), "convention"] as (keyof Options)[];
const nothingSaid: Partial<Options> = { preset: "tf", shallow: false, convention: "paper" };

const layerColumns: readonly Column[] = [
	{ title: "layer" },
	{ title: "output", align: "right" },
	{ title: "mult-adds", align: "right" },
	{ title: "share", align: "right" },
	{ title: "parameters", align: "right" },
	{ title: "output bytes", align: "right" },
];
const kindColumns: readonly Column[] = [
	{ title: "kind" },
	{ title: "mult-adds", align: "right" },
	{ title: "share", align: "right" },
	{ title: "weights", align: "right" },
	{ title: "share", align: "right" },
	{ title: "parameters", align: "right" },
];
const totalColumns: readonly Column[] = [{ title: "total" }, { title: "", align: "right" }, { title: "" }];

export const costCommand = buildCommand<Options, [], Context>({
	func(options) {
		checkTogether(options);
		const write = (value: unknown, text: () => string): unknown =>
			this.process.stdout.write(options.json ? jsonLine(value) : text());
		if (options.table) {
			const number = Number(options.table) as PaperTableNumber;
			write(paperTable(number).rows, () => paperTableText(number));
		} else if (options.grid) write(grid(), gridText);
		else {
			const configuration = configurationOf(options, describedClasses);
			const whole = cost(configuration, { convention: options.convention });
			const title = `${describe(options, configuration)}; mult-adds as ${options.convention} counts them, for one picture`;
			write({ configuration, ...whole }, () => costText(title, whole));
		}
	},
	parameters: {
		flags: {
			...networkFlags,
			convention: {
				kind: "enum",
				values: ["paper", "torchinfo"],
				default: "paper",
				brief:
					"what is counted: only convolutions and the classifier (paper), or bias and batch norm too (torchinfo)",
			},
			table: {
				kind: "enum",
				values: paperTableNumbers.map(String) as `${PaperTableNumber}`[],
				optional: true,
				brief: "print one of the paper's tables instead, with its figures beside ours",
			},
			grid: {
				kind: "boolean",
				default: false,
				withNegated: false,
				brief: "print all 16 published networks instead, with their accuracy",
			},
			json: {
				kind: "boolean",
				default: false,
				withNegated: false,
				brief: "print one line of JSON",
			},
		},
	},
	docs: {
		brief: "Print what the network costs: multiply-adds, parameters, memory",
		fullDescription: [
			"Prints what the network costs, for every layer, for every kind of layer and in all. Default: 1000 classes.",
			"The paper's tables: 1 body architecture, 2 kinds of layers, 3 modifications of one layer, 4 full convolution,",
			"5 narrow and shallow, 6 width multiplier, 7 resolution.",
			"",
			"EXAMPLE",
			"  mobilenet cost --alpha 0.5 --rho 6/7 --convention torchinfo",
			"  mobilenet cost --table 6",
			"  mobilenet cost --grid --json",
		].join("\n"),
	},
});

/** The paper's tables and the grid show fixed networks, so options that they would ignore are refused. */
function checkTogether(options: Options): void {
	if (!options.table && !options.grid) return;
	if (options.table && options.grid)
		throw usageError("--table and --grid print different things: give only one.");
	const ignored = networkOptions.filter((name) => options[name] !== nothingSaid[name]);
	if (ignored.length === 0) return;
	const names = ignored.map(
		(name) => `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
	);
	throw usageError(
		`${options.grid ? "--grid" : "--table"} shows fixed networks, which no option changes: leave out ${names.join(", ")}.`,
	);
}

function costText(title: string, whole: Cost): string {
	return [
		`${title}\n`,
		table(
			layerColumns,
			whole.layers.map((layer) => layerRow(layer, whole)),
		),
		kindTable(whole),
		totalTable(whole),
	].join("\n");
}

function layerRow(layer: LayerCost, whole: Cost): string[] {
	const { name, outputSize, outputChannels, multAdds, parameters, activationBytes } = layer;
	return [
		name,
		`${outputSize}×${outputSize}×${outputChannels}`,
		grouped(multAdds),
		percent(multAdds / whole.multAdds),
		grouped(parameters),
		grouped(activationBytes),
	];
}

function kindTable({ kinds }: Cost): string {
	return table(
		kindColumns,
		kinds.map((kind) => [
			kind.kind,
			grouped(kind.multAdds),
			percent(kind.multAddsShare),
			grouped(kind.weights),
			percent(kind.weightsShare),
			grouped(kind.parameters),
		]),
	);
}

function totalTable(whole: Cost): string {
	const { multAdds, flops, parameters, weights, activations, standard, reduction } = whole;
	const times = `${(1 / reduction).toFixed(2)} times this network's, which needs ${percent(reduction)} of them`;
	return table(totalColumns, [
		["mult-adds", grouped(multAdds)],
		["flops", grouped(flops), "2 × mult-adds as paper counts them"],
		["parameters", grouped(parameters), `of which ${grouped(weights)} are weights`],
		["activation bytes, sum", grouped(activations.sum), "float32"],
		[
			"activation bytes, peak",
			grouped(activations.peak),
			`at inference, input and output of ${activations.peakLayer}`,
		],
		["standard mult-adds", grouped(standard.multAdds), times],
		["standard parameters", grouped(standard.parameters), "with standard convolutions instead of the blocks"],
	]);
}
