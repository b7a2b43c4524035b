/** `mobilenet train`: trains a network on pictures, from scratch or from a trained model. */
import { buildCommand } from "@stricli/core";
import type { Context } from "../context.ts";
import { usageError } from "../errors.ts";
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
	readonly fineTune?: "all" | "none" | number | undefined;
	readonly head?: "logistic" | "nearest" | undefined;
}

export const trainCommand = buildCommand<Options, [string], Context>({
	async func(options, data) {
		checkRunOptions(options);
		const { from, fineTune, head, size } = options;
		if (from === undefined && fineTune !== undefined)
			throw usageError("--fine-tune needs --from: a network from scratch is always trained as a whole.");
		if (from === undefined && head !== undefined)
			throw usageError("--head needs --from: a network from scratch has no features yet.");
		const { changedModel, loadModel } = await import("../../index.ts");
		const { initialize, train, transfer } = await import("../../training/index.ts");
		const { labeledPictures, runInTerminal } = await import("../training-run.ts");
		const finished = await runInTerminal(options, data, this.process, {
			models: from === undefined ? [] : [from],
			// If only the classifier is trained, it uses all pictures and needs no validation.
			pictures: (tools) => labeledPictures(options, data, fineTune !== "none", tools),
			begin: async (settings) => {
				if (from !== undefined) {
					const model = changedModel(
						await loadModel(from, { onProgress: downloading(this.process.stderr) }),
						{ size },
					);
					return transfer({ ...settings, model, fineTune, head });
				}
				const configuration = configurationOf(options, settings.training.dataset.classes.length);
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
				"with --from, what learns besides the classifier: all (default), none, or a number of last blocks",
			),
			head: {
				kind: "enum",
				values: ["logistic", "nearest"],
				optional: true,
				brief: "with --from, the new classifier: logistic regression (default), or the nearest class mean",
			},
			...trainingFlags,
			epochs: parsed(
				"count",
				wholeNumber,
				"how often every picture is seen (default: 60, fewer with --from)",
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
			"epoch on pictures that it does not learn from. With --from it starts from a trained model: first it learns a new",
			"classifier, in seconds, then it is fine-tuned; the result is kept unless it is plainly worse. OUT.log.jsonl,",
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

/** `all`, `none`, `3`. */
function fineTuned(input: string): "all" | "none" | number {
	if (input === "all" || input === "none") return input;
	try {
		return wholeNumber(input);
	} catch {
		throw usageError(`--fine-tune must be all, none or a number of last blocks, not "${input}".`);
	}
}
