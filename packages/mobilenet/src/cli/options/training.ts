/** Options shared by the commands that train a network: the data, the update rule, and the length of the run. */
import type { FlagParametersForType } from "@stricli/core";
import type { Optimizer } from "../../training/index.ts";
import type { Context } from "../context.ts";
import { quoted, usageError } from "../errors.ts";
import { checkEnding } from "../output.ts";
import { type NetworkOptions, networkFlags } from "./network.ts";
import { number as decimal, expected, wholeNumber } from "./numbers.ts";

/** What the training commands ask for, named as in `mobilenet/training`. */
export interface RunOptions extends Omit<NetworkOptions, "classes" | "rho" | "size"> {
	readonly output: string;
	readonly from?: string | undefined;
	readonly validation?: string | undefined;
	readonly epochs?: number | undefined;
	readonly batch?: number | undefined;
	readonly learningRate?: number | undefined;
	readonly optimizer?: Optimizer["kind"] | undefined;
	readonly schedule?: string | undefined;
	readonly warmUp?: number | undefined;
	readonly weightDecay?: number | undefined;
	readonly decayAll: boolean;
	readonly clip?: number | undefined;
	readonly labelSmoothing?: number | undefined;
	readonly mixup?: number | undefined;
	readonly balance?: "none" | "sampling" | "weights" | undefined;
	readonly augment?: string | undefined;
	readonly average?: number | undefined;
	readonly patience?: number | undefined;
	readonly seed?: number | undefined;
	readonly resume: boolean;
	readonly restart: boolean;
	readonly threads?: number | undefined;
	readonly json: boolean;
}

export const text = (input: string): string => input;

/** `0.1`, `.1` and, because rates are small, `1e-4` too. */
export function number(input: string): number {
	if (!/^(\d+(\.\d*)?|\.\d+)(e-?\d+)?$/.test(input)) throw expected("a number such as 0.1 or 1e-4", input);
	return input.includes("e") ? Number(input) : decimal(input);
}

/** `--balance` alone, or with what it does. */
function balanceOf(input: string): "none" | "sampling" | "weights" {
	if (input === "") return "weights";
	if (input === "none" || input === "sampling" || input === "weights") return input;
	throw usageError(`--balance must be weights, sampling or none, not ${quoted(input)}.`);
}

/** An optional option. */
export function parsed<T>(placeholder: string, parse: (input: string) => T, brief: string) {
	return { kind: "parsed", parse, optional: true, placeholder, brief } as const;
}

const { preset, alpha, shallow, inputChannels, activation } = networkFlags;
/** For a network trained from scratch. */
const network: Pick<typeof networkFlags, "preset" | "alpha" | "shallow" | "inputChannels" | "activation"> = {
	preset,
	alpha,
	shallow,
	inputChannels,
	activation,
};

export const trainingFlags: FlagParametersForType<Omit<RunOptions, "output" | "from">, Context> = {
	validation: parsed(
		"data",
		text,
		"pictures to validate on, given like DATA (default: a tenth of DATA, the same share of every class)",
	),
	...network,
	epochs: parsed("count", wholeNumber, "how often every picture is seen (default: 60)"),
	batch: parsed("count", wholeNumber, "pictures per step (default: 64)"),
	learningRate: parsed(
		"rate",
		number,
		"highest learning rate (default: what suits the optimizer and the batch)",
	),
	optimizer: {
		kind: "enum",
		values: ["sgd", "rmsprop", "adamw"],
		optional: true,
		brief: "SGD with Nesterov momentum (default), the paper's RMSprop, or AdamW",
	},
	schedule: parsed(
		"how",
		text,
		"how the rate falls: cosine (default), constant, exponential (the paper's), exponential=0.9/3",
	),
	warmUp: parsed(
		"epochs",
		number,
		"epochs in which the rate rises (default: 5, or a tenth of them if that is less)",
	),
	weightDecay: parsed("share", number, "on filters that mix channels and the classifier only"),
	decayAll: {
		kind: "boolean",
		default: false,
		withNegated: false,
		brief: "apply weight decay to depthwise filters, batch norm and biases too",
	},
	clip: parsed("norm", number, "greatest global norm of the gradients (default: no limit)"),
	labelSmoothing: parsed("share", number, "share of the target spread over all classes (default: 0.1)"),
	mixup: parsed("alpha", number, "mix pictures in pairs, by Beta(alpha, alpha) (default: 0, no mixing)"),
	balance: {
		kind: "parsed",
		parse: balanceOf,
		inferEmpty: true,
		optional: true,
		placeholder: "how",
		brief:
			"make every class count the same, however many pictures it has: weights (default if given alone) weights the loss, sampling draws them equally often",
	},
	augment: parsed(
		"what",
		text,
		"random changes to pictures: default, none, or changes to the default such as flip=0,area=0.5-1,rotation=10,erasing=0.25",
	),
	average: parsed(
		"decay",
		number,
		"keep a moving average of the weights with this decay, such as 0.999; 0: no average",
	),
	patience: parsed(
		"epochs",
		wholeNumber,
		"stop after this many epochs without a better validation (default: never)",
	),
	seed: parsed("number", wholeNumber, "the same seed gives the same model, bit for bit (default: 1)"),
	resume: {
		kind: "boolean",
		default: false,
		withNegated: false,
		brief: "continue from the last checkpoint; give the same other options as before",
	},
	restart: {
		kind: "boolean",
		default: false,
		withNegated: false,
		brief: "start over, although there are checkpoints of an unfinished run",
	},
	threads: parsed("count", wholeNumber, "threads of the engine (default: one per core)"),
	json: { kind: "boolean", default: false, withNegated: false, brief: "one line of JSON at the end" },
};

/** What DATA can be. */
export const dataArgument = {
	brief:
		"a folder that has one folder of pictures for each class, a list (.csv, .tsv), or shards (.tar, .tar.gz)",
	parse: text,
	placeholder: "data",
} as const;

/** Fails if options contradict each other. */
export function checkRunOptions(options: RunOptions): void {
	const { from, resume, restart } = options;
	if (resume && restart) throw usageError("--resume and --restart contradict each other: give only one.");
	if (from === undefined) return;
	for (const [name, value] of [
		["alpha", options.alpha],
		["input-channels", options.inputChannels],
		["activation", options.activation],
		["shallow", options.shallow || undefined],
	] as const)
		if (value !== undefined)
			throw usageError(`--${name} cannot be given with --from: ${from} sets it; only --size can differ.`);
}

/** The files of a run, named after its output. */
export interface RunPaths {
	readonly output: string;
	readonly log: string;
	readonly curves: string;
	readonly checkpoints: string;
	/** The teacher's answers, if there is a teacher. */
	readonly answers: string;
	/** Holds the number of the process while it runs. */
	readonly lock: string;
}

export function pathsOf(output: string): RunPaths {
	checkEnding("--output", output, "model");
	const base = output.slice(0, output.lastIndexOf("."));
	return {
		output,
		log: `${base}.log.jsonl`,
		curves: `${base}.curves.svg`,
		checkpoints: `${base}.checkpoint`,
		answers: `${base}.teacher`,
		lock: `${base}.lock`,
	};
}
