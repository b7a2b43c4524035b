/** `mobilenet train`: a network learns from pictures, from scratch or from what another network knows. */
import { buildCommand } from "@stricli/core";
import { MobileNetError } from "../base/error.ts";
import type { Context } from "./context.ts";
import { network, number, parsed, text, wholeNumber } from "./train-flags.ts";
import type { TrainOptions } from "./train-options.ts";

export const trainCommand = buildCommand<TrainOptions, [string], Context>({
	async func(options, data) {
		const { runTraining } = await import("./train-run.ts");
		const finished = await runTraining(options, data, this.process);
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
			from: parsed("model", text, "begin with this trained model: new classifier, then fine-tuning"),
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
			validation: parsed(
				"data",
				text,
				"pictures to judge by, as DATA; unless told, a tenth of DATA, the same share of every class",
			),
			...network,
			epochs: parsed(
				"count",
				wholeNumber,
				"times that every picture is seen; 60 unless told, fewer with --from",
			),
			batch: parsed("count", wholeNumber, "pictures of a step; 64 unless told, 32 with --from"),
			learningRate: parsed("rate", number, "at its height; what suits optimiser and batch unless told"),
			optimiser: {
				kind: "enum",
				values: ["sgd", "rmsprop", "adamw"],
				optional: true,
				brief: "SGD with Nesterov momentum (unless told), the paper's RMSprop, AdamW",
			},
			schedule: parsed(
				"how",
				text,
				"how the rate falls: cosine (unless told), constant, exponential (the paper's), exponential=0.9/3",
			),
			warmUp: parsed("epochs", number, "epochs in which the rate rises; 5 or a tenth of them unless told"),
			weightDecay: parsed("share", number, "on filters that mix channels and the classifier only"),
			decayAll: {
				kind: "boolean",
				default: false,
				withNegated: false,
				brief: "weight decay on depthwise filters, batch norm and biases too",
			},
			clip: parsed("norm", number, "most global norm of the gradients; any unless told"),
			labelSmoothing: parsed("share", number, "0.1 unless told, 0 with --from"),
			mixup: parsed(
				"alpha",
				number,
				"mix pictures in pairs, by Beta(alpha, alpha); 0, which is none, unless told",
			),
			balance: {
				kind: "enum",
				values: ["none", "sampling", "weights"],
				optional: true,
				brief: "make up for classes of unequal size by drawing them equally often or by weighing the loss",
			},
			augment: parsed(
				"what",
				text,
				"default, none, or what differs from the default: flip=0,area=0.5-1,rotation=10,erasing=0.25",
			),
			average: parsed("decay", number, "keep a moving average of the weights, such as 0.999; 0 is none"),
			patience: parsed(
				"epochs",
				wholeNumber,
				"stop after so many epochs without a better validation; never unless told",
			),
			seed: parsed("number", wholeNumber, "the same seed gives the same model, bit for bit; 1 unless told"),
			resume: {
				kind: "boolean",
				default: false,
				withNegated: false,
				brief: "go on from the last checkpoint; give the other options as before",
			},
			restart: {
				kind: "boolean",
				default: false,
				withNegated: false,
				brief: "begin anew, though there are checkpoints of an unfinished run",
			},
			threads: parsed(
				"count",
				wholeNumber,
				"threads of the engine; as many as the machine has cores unless told",
			),
			json: { kind: "boolean", default: false, withNegated: false, brief: "one line of JSON at the end" },
		},
		aliases: { o: "output" },
		positional: {
			kind: "tuple",
			parameters: [
				{
					brief:
						"a folder with a folder of pictures for each class, a list (.csv, .tsv), or shards (.tar, .tar.gz)",
					parse: text,
					placeholder: "data",
				},
			],
		},
	},
	docs: {
		brief: "Train a network on your pictures, from scratch or from a trained one",
		fullDescription: [
			"Trains a network and writes the best one, judged after every epoch by pictures that it does not learn from.",
			"With --from it begins with a trained model: first a new classifier, in seconds, then fine-tuning, which is kept if it",
			"is better. Beside OUT.safetensors lie OUT.log.jsonl, OUT.curves.svg and OUT.checkpoint/.",
			"Ctrl-C ends the run after its step and writes a checkpoint, exit code 1; the same command with --resume goes on, to",
			"the same weights as if it had never been stopped. A second Ctrl-C stops at once; the last checkpoint is left whole.",
			"",
			"EXAMPLE",
			"  mobilenet train photos/ --from mobilenet_v1_1.0_224.tflite -o flowers.safetensors",
			"  mobilenet train photos/ -o model.safetensors --alpha 0.25 --size 96 --epochs 100",
			"  mobilenet train photos/ -o model.safetensors --alpha 0.25 --size 96 --epochs 100 --resume",
			"  mobilenet train 'shards/train-*.tar' --validation shards/val-0000.tar -o model.safetensors \\",
			"    --optimiser rmsprop --schedule exponential --learning-rate 0.045",
		].join("\n"),
	},
});

/** `all`, `none`, `3`. */
function fineTuned(input: string): "all" | "none" | number {
	if (input === "all" || input === "none") return input;
	try {
		return wholeNumber(input);
	} catch {
		throw new MobileNetError("usage", `--fine-tune must be all, none or a number of blocks, not "${input}".`);
	}
}
