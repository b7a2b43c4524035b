/** `mobilenet classify`: pictures in, labels out. */
import { buildCommand } from "@stricli/core";
import { messageOf } from "../base/error.ts";
import type { Context } from "./context.ts";
import { loadOptions, type ModelOptions, modelFlags } from "./model-options.ts";
import { number, wholeNumber } from "./numbers.ts";
import {
	checkPictures,
	type PicturesOptions,
	pictureError,
	pictureFlags,
	picturesArgument,
	rowsOf,
} from "./pictures.ts";
import { percent } from "./table.ts";

interface Options extends ModelOptions, PicturesOptions {
	readonly top: number;
	readonly threshold?: number | undefined;
	readonly json: boolean;
}

export const classifyCommand = buildCommand<Options, string[], Context>({
	async func(options, ...inputs) {
		const { stdout, stderr, stdin } = this.process;
		const { top, threshold, batch, json } = options;
		checkPictures(inputs, "classify");
		const { MobileNet } = await import("../model/mobilenet.ts");
		const model = await MobileNet.load(options.model, loadOptions(options));
		const rows = rowsOf(inputs, options, stdin, (sources) =>
			model.classifyEach(sources, { top, threshold, batch }),
		);
		for await (const { file, row } of rows) {
			if ("error" in row) {
				this.process.exitCode = 1;
				if (json) stdout.write(`${JSON.stringify({ file, error: messageOf(row.error) })}\n`);
				else stderr.write(pictureError(file, row.error));
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
			...pictureFlags,
			json: { kind: "boolean", default: false, withNegated: false, brief: "a line of JSON for each picture" },
		},
		positional: picturesArgument,
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
