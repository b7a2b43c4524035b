/** What a command line of `mobilenet train` asks for, in the words of `mobilenet/training`. */
import { optimizers, type TrainingOptions } from "../../training/index.ts";
import { quoted, usageError } from "../errors.ts";
import type { NetworkOptions } from "./network.ts";
import { parseAugmentation, parseSchedule } from "./recipe.ts";

export interface TrainOptions extends Omit<NetworkOptions, "classes" | "rho"> {
	readonly output: string;
	readonly from?: string | undefined;
	readonly fineTune?: "all" | "none" | number | undefined;
	readonly head?: "logistic" | "nearest" | undefined;
	readonly validation?: string | undefined;
	readonly epochs?: number | undefined;
	readonly batch?: number | undefined;
	readonly learningRate?: number | undefined;
	readonly optimizer?: keyof typeof optimizers | undefined;
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

/** The files of a run, named after its output. */
export interface RunPaths {
	readonly output: string;
	readonly log: string;
	readonly curves: string;
	readonly checkpoints: string;
}

export function pathsOf(output: string): RunPaths {
	const [, base] = /^(.+)\.safetensors$/i.exec(output) ?? [];
	if (base === undefined)
		throw usageError(
			`--output must end in .safetensors, the only format that is written, not ${quoted(output)}.`,
		);
	return {
		output,
		log: `${base}.log.jsonl`,
		curves: `${base}.curves.svg`,
		checkpoints: `${base}.checkpoint`,
	};
}

/** Fails where options contradict each other. */
export function checkTrainOptions(options: TrainOptions): void {
	const { from, resume, restart } = options;
	if (resume && restart) throw usageError("--resume and --restart contradict each other: give one of them.");
	if (from === undefined && options.fineTune !== undefined)
		throw usageError("--fine-tune needs --from: a network from scratch learns as a whole.");
	if (from === undefined && options.head !== undefined)
		throw usageError("--head needs --from: a network from scratch has no features yet.");
	if (from === undefined) return;
	for (const [name, value] of [
		["alpha", options.alpha],
		["input-channels", options.inputChannels],
		["activation", options.activation],
		["shallow", options.shallow || undefined],
	] as const)
		if (value !== undefined)
			throw usageError(`--${name} cannot be given with --from: ${from} has its own; only --size can differ.`);
}

/** The settings that were given; what was not is training's to choose. */
export function settingsGiven(options: TrainOptions): Partial<TrainingOptions> {
	const { optimizer, schedule, augment, decayAll } = options;
	const { epochs, batch, learningRate, warmUp, weightDecay, clip, labelSmoothing, mixup, balance } = options;
	const { average, patience, seed, threads, resume } = options;
	return {
		...{ epochs, batch, learningRate, warmUp, weightDecay, clip, labelSmoothing, mixup, balance },
		...{ average, patience, seed, threads, resume },
		...(decayAll && { decayAll }),
		...(optimizer && { optimizer: optimizers[optimizer] }),
		...(schedule !== undefined && { schedule: parseSchedule(schedule) }),
		...(augment !== undefined && { augmentation: parseAugmentation(augment) }),
	};
}
