/**
 * Augmentation, schedule and the other settings of a run, as written on the command line. The defaults come from
 * training/, so this is imported only when a run begins.
 */
import { type Augmentation, checkAugmentation, defaultAugmentation } from "../../data/index.ts";
import { optimizers, paperSchedule, type Schedule, type TrainingOptions } from "../../training/index.ts";
import { quoted, usageError } from "../errors.ts";
import type { RunOptions } from "./training.ts";

const fields = Object.keys(defaultAugmentation) as (keyof Augmentation)[];

/**
 * `default`, `none`, or changes to the default: `flip=0,area=0.5-1,rotation=10`.
 *
 * @throws MobileNetError `usage`
 * @example
 * parseAugmentation("rotation=15,erasing=0.25").rotation // 15
 */
export function parseAugmentation(text: string): Augmentation | "none" {
	if (text === "none") return text;
	if (text === "default") return defaultAugmentation;
	const changes = text.split(",").map((part): [keyof Augmentation, number | [number, number]] => {
		const [, name, first, second] =
			/^([a-z]+)=(\d+(?:\.\d*)?|\.\d+)(?:-(\d+(?:\.\d*)?|\.\d+))?$/.exec(part.trim()) ?? [];
		const field = fields.find((field) => field === name);
		const isRange = field !== undefined && Array.isArray(defaultAugmentation[field]);
		if (field === undefined || isRange !== (second !== undefined))
			throw usageError(
				`--augment must be default, none, or changes to the default such as flip=0,area=0.5-1 (${fields.join(", ")}), not ${quoted(text)}.`,
			);
		return [field, isRange ? [Number(first), Number(second)] : Number(first)];
	});
	const augmentation = { ...defaultAugmentation, ...(Object.fromEntries(changes) as Partial<Augmentation>) };
	checkAugmentation(augmentation);
	return augmentation;
}

/**
 * `constant`, `cosine`, `exponential` (the paper's), `exponential=0.9`, or `exponential=0.9/3` for every third epoch.
 *
 * @throws MobileNetError `usage`
 * @example
 * parseSchedule("exponential=0.9/3") // { kind: "exponential", factor: 0.9, epochs: 3 }
 */
export function parseSchedule(text: string): Schedule {
	if (text === "constant" || text === "cosine") return { kind: text };
	const [, factor, epochs] = /^exponential(?:=(\d*\.?\d+)(?:\/(\d*\.?\d+))?)?$/.exec(text) ?? [undefined];
	if (/^exponential/.test(text)) {
		const schedule: Schedule = {
			kind: "exponential",
			factor: factor === undefined ? paperSchedule.factor : Number(factor),
			epochs: factor === undefined ? paperSchedule.epochs : Number(epochs ?? 1),
		};
		const valid = text === "exponential" || factor !== undefined;
		if (valid && schedule.factor > 0 && schedule.factor <= 1 && schedule.epochs > 0) return schedule;
	}
	throw usageError(
		`--schedule must be constant, cosine, exponential (times 0.94 every 2 epochs) or, for example, exponential=0.9/3 (times 0.9 every 3 epochs), not ${quoted(text)}.`,
	);
}

/** The settings that were given; training/ chooses the rest. */
export function settingsGiven(options: RunOptions): Partial<TrainingOptions> {
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
