/** `mobilenet classify`: pictures in, labels out. */
import { buildCommand } from "@stricli/core";
import { MobileNetError, messageOf } from "../base/error.ts";
import type { Context } from "./context.ts";
import { loadOptions, type ModelOptions, modelFlags } from "./model-options.ts";
import { number, wholeNumber } from "./numbers.ts";
import { picturesOf, type RawSize, rawSize } from "./pictures.ts";
import { percent } from "./table.ts";
import { error as errorLine } from "./usage.ts";

interface Options extends ModelOptions {
	readonly top: number;
	readonly threshold?: number | undefined;
	readonly batch: number;
	readonly rgb?: RawSize | undefined;
	readonly json: boolean;
}

export const classifyCommand = buildCommand<Options, string[], Context>({
	async func(options, ...inputs) {
		const { stdout, stderr, stdin } = this.process;
		const { top, threshold, batch, rgb, json } = options;
		if (inputs.length === 0)
			throw new MobileNetError(
				"usage",
				"give pictures to classify: files, folders, globs, addresses, or - for standard input.",
			);
		const { MobileNet } = await import("../model/mobilenet.ts");
		const model = await MobileNet.load(options.model, loadOptions(options));

		// Rows come back in the order of the pictures.
		const names: string[] = [];
		const sources = async function* () {
			for await (const { file, source } of picturesOf(inputs, stdin, rgb)) {
				names.push(file);
				yield source;
			}
		};
		for await (const row of model.classifyEach(sources(), { top, threshold, batch })) {
			const file = names.shift()!;
			if ("error" in row) {
				this.process.exitCode = 1;
				const error = messageOf(row.error);
				if (json) stdout.write(`${JSON.stringify({ file, error })}\n`);
				else stderr.write(`${errorLine(error.includes(file) ? error : `${file}: ${error}`)}\n`);
			} else if (json) stdout.write(`${JSON.stringify({ file, predictions: row.predictions })}\n`);
			else stdout.write(readable(file, row.predictions, top));
		}
		model.dispose();
	},
	parameters: {
		flags: {
			...modelFlags,
			top: {
				kind: "parsed",
				parse: wholeNumber,
				default: "5",
				placeholder: "count",
				brief: "answers a picture",
			},
			threshold: {
				kind: "parsed",
				parse: number,
				optional: true,
				placeholder: "share",
				brief: "leaves out answers less probable than this (0…1)",
			},
			batch: {
				kind: "parsed",
				parse: wholeNumber,
				default: "1",
				placeholder: "count",
				brief: "pictures that go through the network at a time",
			},
			rgb: {
				kind: "parsed",
				parse: rawSize,
				optional: true,
				placeholder: "WxH",
				brief: "the pictures are raw pixels of that size, three bytes each: standard input or .rgb files",
			},
			json: { kind: "boolean", default: false, withNegated: false, brief: "a line of JSON for each picture" },
		},
		positional: {
			kind: "array",
			parameter: {
				brief: "files, folders, globs, addresses, or - for standard input",
				parse: (input: string) => input,
				placeholder: "picture",
			},
		},
	},
	docs: {
		brief: "Name what is in pictures",
		fullDescription: [
			"Names what is in pictures. A picture that cannot be read becomes a line of its own, and the others go on.",
			"",
			"EXAMPLE",
			"  mobilenet classify --model mobilenet_v1_1.0_224_quant.tflite --top 1 photos/",
			"  cat photo.jpg | mobilenet classify --model model.safetensors --json -",
		].join("\n"),
	},
});

type Predictions = readonly { readonly label: string; readonly probability: number }[];

/** One line for one answer; else the picture's name and a line for each. */
function readable(file: string, predictions: Predictions, top: number): string {
	const lines = predictions.map(({ label, probability }) => `${label} ${percent(probability, 1)}`);
	if (lines.length === 0) lines.push("no answer above the threshold");
	return top === 1 ? `${file}  ${lines[0]}\n` : `${file}\n${lines.map((line) => `  ${line}\n`).join("")}`;
}
