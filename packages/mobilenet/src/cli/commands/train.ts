/** `mobilenet train`: trains a network on pictures, from scratch or from a trained model. */
import { buildCommand } from "@stricli/core";
import type { Fit } from "../../index.ts";
import type { Context } from "../context.ts";
import { quoted, usageError } from "../errors.ts";
import { parseFit } from "../options/fit.ts";
import { configurationOf } from "../options/network.ts";
import { wholeNumber } from "../options/numbers.ts";
import {
	checkRunOptions,
	dataArgument,
	number,
	parsed,
	type RunOptions,
	text,
	trainingFlags,
} from "../options/training.ts";
import { downloading } from "../terminal.ts";

interface Options extends RunOptions {
	readonly size?: number | "auto" | undefined;
	readonly fit?: Fit | "auto" | undefined;
	readonly fineTune?: "auto" | "all" | "none" | number | undefined;
	readonly head?: "logistic" | "nearest" | undefined;
}

export const trainCommand = buildCommand<Options, [string], Context>({
	async func(options, data) {
		checkRunOptions(options);
		const { from, fineTune, fit, head, size } = options;
		if (from === undefined && fineTune !== undefined)
			throw usageError("--fine-tune needs --from: a network from scratch is always trained as a whole.");
		if (from === undefined && head !== undefined)
			throw usageError("--head needs --from: a network from scratch has no features yet.");
		if (from === undefined && (fit !== undefined || size === "auto"))
			throw usageError(
				`${fit !== undefined ? "--fit" : "--size auto"} needs --from: a network from scratch learns from crops, stretched to its size.`,
			);
		const { loadModel } = await import("../../index.ts");
		const { initialize, train, transfer } = await import("../../training/index.ts");
		const { labeledPictures, runInTerminal } = await import("../training-run.ts");
		const finished = await runInTerminal(options, data, this.process, {
			models: from === undefined ? [] : [from],
			// A transfer proves by cross-validation what it does, and needs no pictures of its own for that.
			pictures: (tools) => labeledPictures(options, data, from === undefined, tools),
			begin: async (settings) => {
				if (from !== undefined) {
					const model = await loadModel(from, { onProgress: downloading(this.process.stderr) });
					return transfer({ ...settings, model, size, fit, fineTune, head });
				}
				const configuration = configurationOf(
					{ ...options, size: size === "auto" ? undefined : size },
					settings.training.dataset.classes.length,
				);
				return train({ ...settings, model: initialize(configuration, { seed: settings.seed }) });
			},
		});
		if (!finished) this.process.exitCode = 1;
	},
	parameters: {
		flags: {
			output: {
				kind: "parsed",
				parse: text,
				placeholder: "file",
				brief: "the safetensors file to write; log, curves and checkpoints are put beside it",
			},
			from: parsed(
				"model",
				text,
				"the trained model to start from, or default, the package's own: first a new classifier, then fine-tuning",
			),
			fineTune: parsed(
				"blocks",
				fineTuned,
				"with --from, what learns besides the classifier: all, none, or a number of last blocks (default: auto, all from 2,000 pictures on; kept only if proven to be better)",
			),
			head: {
				kind: "enum",
				values: ["logistic", "nearest"],
				optional: true,
				brief: "with --from, the new classifier: logistic regression (default), or the nearest class mean",
			},
			...trainingFlags,
			size: parsed(
				"pixels",
				sizeOrAuto,
				"width and height of the picture in pixels (default: 224; with --from auto, the network's own or 8/7 of it, by cross-validation)",
			),
			fit: parsed(
				"how",
				fitOrAuto,
				"with --from, how pictures are made square: stretch, shorter-side=256, central=0.875 (default: auto, by cross-validation)",
			),
			epochs: parsed(
				"count",
				wholeNumber,
				"how often every picture is seen (default: 60; with --from what makes 2,000 steps, or 8 below 2,000 pictures)",
			),
			batch: parsed("count", wholeNumber, "pictures per step (default: 64, with --from 32)"),
			optimizer: {
				kind: "enum",
				values: ["sgd", "rmsprop", "adamw"],
				optional: true,
				brief: "SGD with Nesterov momentum (default), the paper's RMSprop, or AdamW (default with --from)",
			},
			clip: parsed(
				"norm",
				number,
				"greatest global norm of the gradients (default: no limit, with --from 2)",
			),
		},
		aliases: { o: "output" },
		positional: { kind: "tuple", parameters: [dataArgument] },
	},
	docs: {
		brief: "Train a network on your pictures, from scratch or from a trained one",
		fullDescription: [
			"Trains a network on a folder with one folder of pictures per class, and writes the best one, measured after every",
			"epoch on pictures that it does not learn from. With --from it starts from a trained model: it learns a new classifier,",
			"in seconds, and shows how good that is by cross-validation. From 2,000 pictures on, or if asked, it is also",
			"fine-tuned; that is kept only if it is proven to be better on pictures that were held back. OUT.log.jsonl,",
			"OUT.curves.svg and OUT.checkpoint/ are written beside OUT.safetensors.",
			"Ctrl-C stops after the current step and writes a checkpoint (exit code 1). The same command with --resume continues,",
			"and ends with the same weights as if it had never been stopped. A second Ctrl-C stops at once; the last checkpoint",
			"stays whole.",
			"",
			"EXAMPLE",
			"  mobilenet train photos/ --from default -o flowers.safetensors",
			"  mobilenet train photos/ --from mobilenet_v1_1.0_224.tflite -o flowers.safetensors",
			"  mobilenet train photos/ -o model.safetensors --alpha 0.25 --size 96 --epochs 100",
			"  mobilenet train photos/ -o model.safetensors --alpha 0.25 --size 96 --epochs 100 --resume",
			"  mobilenet train 'shards/train-*.tar' --validation shards/val-0000.tar -o model.safetensors \\",
			"    --optimizer rmsprop --schedule exponential --learning-rate 0.045",
		].join("\n"),
	},
});

/** `auto`, `all`, `none`, `3`. */
function fineTuned(input: string): "auto" | "all" | "none" | number {
	if (input === "auto" || input === "all" || input === "none") return input;
	try {
		return wholeNumber(input);
	} catch {
		throw usageError(`--fine-tune must be auto, all, none or a number of last blocks, not ${quoted(input)}.`);
	}
}

function sizeOrAuto(input: string): number | "auto" {
	return input === "auto" ? input : wholeNumber(input);
}

function fitOrAuto(input: string): Fit | "auto" {
	return input === "auto" ? input : parseFit(input);
}
