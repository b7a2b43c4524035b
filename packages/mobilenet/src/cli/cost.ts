/** `mobilenet cost`: multiply-adds, parameters and memory, for every layer, every kind and in all. */
import { buildCommand } from "@stricli/core";
import { type Cost, type CostConvention, cost, type LayerCost } from "../network/index.ts";
import type { Context } from "./context.ts";
import {
	configurationOf,
	describe,
	describedClasses,
	type NetworkOptions,
	networkFlags,
} from "./network-options.ts";
import { type Column, grouped, percent, table } from "./table.ts";

interface Options extends NetworkOptions {
	readonly convention: CostConvention;
	readonly json: boolean;
}

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
const totalColumns: readonly Column[] = [{ title: "in all" }, { title: "", align: "right" }, { title: "" }];

export const costCommand = buildCommand<Options, [], Context>({
	func(options) {
		const configuration = configurationOf(options, describedClasses);
		const whole = cost(configuration, { convention: options.convention });
		this.process.stdout.write(
			options.json
				? `${JSON.stringify({ configuration, ...whole })}\n`
				: [
						`${describe(options, configuration)}; mult-adds as ${options.convention} counts them, for one picture\n`,
						table(
							layerColumns,
							whole.layers.map((layer) => layerRow(layer, whole)),
						),
						kindTable(whole),
						totalTable(whole),
					].join("\n"),
		);
	},
	parameters: {
		flags: {
			...networkFlags,
			convention: {
				kind: "enum",
				values: ["paper", "torchinfo"],
				default: "paper",
				brief: "what counts: convolutions and classifier, or bias and batch norm too",
			},
			json: {
				kind: "boolean",
				default: false,
				withNegated: false,
				brief: "one line of JSON",
			},
		},
	},
	docs: {
		brief: "Print what the network costs: multiply-adds, parameters, memory",
		fullDescription: [
			"Prints what the network costs, for every layer, every kind of layer and in all, for 1000 classes unless told.",
			"",
			"EXAMPLE",
			"  mobilenet cost --alpha 0.5 --rho 6/7 --convention torchinfo",
		].join("\n"),
	},
});

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
	const times = `${(1 / reduction).toFixed(2)} times this network's, whose share is ${percent(reduction)}`;
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
		["standard parameters", grouped(standard.parameters), "with standard convolutions in the blocks' place"],
	]);
}
