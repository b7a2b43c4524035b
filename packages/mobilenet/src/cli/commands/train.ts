/** `mobilenet train`: a network learns from pictures, from scratch or from what another network knows. */
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
			throw usageError("--fine-tune needs --from: a network from scratch learns as a whole.");
		if (from === undefined && head !== undefined)
			throw usageError("--head needs --from: a network from scratch has no features yet.");
		const { changedModel, loadModel } = await import("../../index.ts");
		const { initialize, train, transfer } = await import("../../training/index.ts");
		const { labeledPictures, runInTerminal } = await import("../training-run.ts");
		const finished = await runInTerminal(options, data, this.process, {
			models: from === undefined ? [] : [from],
			// The classifier alone is not judged by validation pictures: it learns from all.
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
				brief: "the safetensors file to write; log, curves and checkpoints lie beside it",
			},
			from: parsed(
				"model",
				text,
				"begin with this trained model, or default, the package's own: new classifier, then fine-tuning",
			),
			fineTune: parsed(
				"blocks",
				fineTuned,
				"with --from, what learns with the classifier: all (unless told), none, or the last so many blocks",
			),
			head: {
				kind: "enum",
				values: ["logistic", "nearest"],
				optional: true,
				brief:
					"with --from, the new classifier: logistic regression (unless told), or the nearest class mean",
			},
			...trainingFlags,
			epochs: parsed(
				"count",
				wholeNumber,
				"times that every picture is seen; 60 unless told, fewer with --from",
			),
			batch: parsed("count", wholeNumber, "pictures of a step; 64 unless told, 32 with --from"),
			optimizer: {
				kind: "enum",
				values: ["sgd", "rmsprop", "adamw"],
				optional: true,
				brief:
					"SGD with Nesterov momentum (unless told), the paper's RMSprop, AdamW (unless told with --from)",
			},
			clip: parsed("norm", number, "most global norm of the gradients; any unless told, 2 with --from"),
		},
		aliases: { o: "output" },
		positional: { kind: "tuple", parameters: [dataArgument] },
	},
	docs: {
		brief: "Train a network on your pictures, from scratch or from a trained one",
		fullDescription: [
			"Trains a network and writes the best one, judged after every epoch by pictures that it does not learn from.",
			"With --from it begins with a trained model: first a new classifier, in seconds, then fine-tuning, which is kept unless",
			"it is plainly worse. Beside OUT.safetensors lie OUT.log.jsonl, OUT.curves.svg and OUT.checkpoint/.",
			"Ctrl-C ends the run after its step and writes a checkpoint, exit code 1; the same command with --resume goes on, to",
			"the same weights as if it had never been stopped. A second Ctrl-C stops at once; the last checkpoint is left whole.",
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
		throw usageError(`--fine-tune must be all, none or a number of blocks, not "${input}".`);
	}
}
