/** `mobilenet classify`: pictures in, labels out. */
import { buildCommand } from "@stricli/core";
import type { Prediction } from "../../index.ts";
import type { Context } from "../context.ts";
import { messageOf } from "../errors.ts";
import { defaultModel, loadOptions, type ModelOptions, modelFlags } from "../options/model.ts";
import { number, wholeNumber } from "../options/numbers.ts";
import { jsonLine } from "../output.ts";
import {
	checkPictures,
	type PicturesOptions,
	pictureError,
	pictureFlags,
	picturesArgument,
	picturesOf,
	redirects,
} from "../pictures.ts";
import { grouped, percent } from "../table.ts";

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
		const { backgroundOutputs, MobileNet } = await import("../../index.ts");
		const model = await MobileNet.load(options.model, loadOptions(options, this.process.stderr));
		const pictures = picturesOf(inputs, stdin, options.rgb);
		let anyUnsure = false;
		for await (const row of model.classifyEach(pictures, { top, threshold, batch, redirects })) {
			const file = row.key;
			if ("error" in row) {
				this.process.exitCode = 1;
				if (json) stdout.write(jsonLine({ file, error: messageOf(row.error) }));
				else stderr.write(`${pictureError(file, row.error)}\n`);
			} else if (json) stdout.write(jsonLine(lineOf(file, row.predictions, model.sureFrom)));
			else {
				stdout.write(readable(file, row.predictions, top));
				anyUnsure ||= row.predictions[0]?.sure === false;
			}
		}
		const classes = model.configuration.classes - backgroundOutputs(model.labels);
		if (anyUnsure) stderr.write(unsureHint(classes, options.model === defaultModel));
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
				brief: "answers per picture",
			},
			threshold: {
				kind: "parsed",
				parse: number,
				optional: true,
				placeholder: "share",
				brief: "leave out answers less probable than this (0…1)",
			},
			...pictureFlags,
			json: { kind: "boolean", default: false, withNegated: false, brief: "one line of JSON per picture" },
		},
		positional: picturesArgument,
	},
	docs: {
		brief: "Name what is in pictures",
		fullDescription: [
			"Names what is in pictures. If a picture cannot be read, a line says so, and the others are still classified.",
			'If the model says how probable a trustworthy answer must be, a best answer below that is marked "unsure".',
			"",
			"EXAMPLE",
			"  mobilenet classify photo.jpg",
			"  mobilenet classify --model mobilenet_v1_1.0_224_quant.tflite --top 1 photos/",
			"  cat photo.jpg | mobilenet classify --json -",
		].join("\n"),
	},
});

/** For JSON, with whether the best answer is sure; an answer left out by `--threshold` is not. */
function lineOf(file: string, predictions: readonly Prediction[], sureFrom: number | undefined) {
	return {
		file,
		predictions,
		...(sureFrom !== undefined && { sure: predictions[0]?.sure ?? false }),
	};
}

/** One line for one answer; otherwise the picture's name and a line for each. Only the best answer is marked unsure. */
function readable(file: string, predictions: readonly Prediction[], top: number): string {
	const lines = predictions.map(
		({ label, probability, sure }, place) =>
			`${label} ${percent(probability, 1)}${place === 0 && sure === false ? " (unsure)" : ""}`,
	);
	if (lines.length === 0) lines.push("no answer above the threshold");
	return top === 1 ? `${file}  ${lines[0]}\n` : `${file}\n${lines.map((line) => `  ${line}\n`).join("")}`;
}

/** What "unsure" means and what to do, once for all pictures. */
function unsureHint(classes: number, isDefault: boolean): string {
	const others = isDefault
		? "--model imagenet knows a thousand kinds of things (1.4 MB, downloaded once)"
		: "For others, give another --model";
	return `"unsure": the picture is probably of none of the ${grouped(classes)} classes that this model knows, or hard to tell. ${others}, or train your own: mobilenet train.\n`;
}
