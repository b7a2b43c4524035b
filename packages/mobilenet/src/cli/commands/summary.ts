/** `mobilenet summary`: prints the network as torchinfo does. */
import { buildCommand } from "@stricli/core";
import { type SummaryColumn, summary, summaryColumns, summaryTable } from "../../network/index.ts";
import type { Context } from "../context.ts";
import { configurationOf, describedClasses, type NetworkOptions, networkFlags } from "../options/network.ts";
import { wholeNumber } from "../options/numbers.ts";
import { jsonLine } from "../output.ts";

interface Options extends NetworkOptions {
	readonly batch: number;
	readonly depth?: number | undefined;
	readonly columns?: readonly SummaryColumn[] | undefined;
	readonly json: boolean;
}

export const summaryCommand = buildCommand<Options, [], Context>({
	func(options) {
		const configuration = configurationOf(options, describedClasses);
		const { batch, depth, columns, json } = options;
		this.process.stdout.write(
			json
				? jsonLine({ configuration, batch, ...summaryTable(configuration, { batch, depth }) })
				: `${summary(configuration, { batch, depth, columns })}\n`,
		);
	},
	parameters: {
		flags: {
			...networkFlags,
			batch: {
				kind: "parsed",
				parse: wholeNumber,
				default: "1",
				placeholder: "count",
				brief: "pictures in a batch",
			},
			depth: {
				kind: "parsed",
				parse: wholeNumber,
				optional: true,
				placeholder: "levels",
				brief: "levels of nesting to show (default: all 3)",
			},
			columns: {
				kind: "enum",
				values: summaryColumns,
				variadic: ",",
				optional: true,
				brief: "columns of the table (default: output_size,num_params)",
			},
			json: {
				kind: "boolean",
				default: false,
				withNegated: false,
				brief: "print one line of JSON, with all columns",
			},
		},
	},
	docs: {
		brief: "Print the network's modules, shapes and parameters as torchinfo does",
		fullDescription: [
			"Prints the network's modules, shapes and parameters as torchinfo does. Default: 1000 classes.",
			"",
			"EXAMPLE",
			"  mobilenet summary --preset tutorial --alpha 0.5 --depth 2",
		].join("\n"),
	},
});
