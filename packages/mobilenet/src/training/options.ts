/** Training options: `settings` determine the result; the rest does not affect it. */
import { MobileNetError, shown } from "../base/error.ts";
import { type Augmentation, defaultAugmentation } from "../data/augmentation.ts";
import type { PictureCache } from "../data/cache.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Build } from "../kernels/walker.ts";
import type { Configuration } from "../network/configuration.ts";
import { isPool, layers } from "../network/layers.ts";
import type { Model } from "../weights/model.ts";
import type { Teacher, TeacherBatch } from "./distillation/teacher.ts";
import { checkOptimizer, type Optimizer, optimizers, usualLearningRate, usualRates } from "./optimizer.ts";
import type { RunFolder } from "./run-folder.ts";
import { defaultSchedule, type Schedule } from "./schedule.ts";
import { checkTargetSettings } from "./targets.ts";

/** All that determines a run's result besides data, network and build. Plain data, because checkpoints store it. */
export interface TrainingSettings {
	/** How often every picture is seen. */
	readonly epochs: number;
	/** Pictures per step. */
	readonly batch: number;
	/** Pictures per run of the engine; a step may consist of several. Default: as many as fit into memory. */
	readonly microBatch?: number | undefined;
	readonly optimizer: Optimizer;
	/** The peak rate. */
	readonly learningRate: number;
	readonly schedule: Schedule;
	/** Epochs during which the rate rises to its peak. */
	readonly warmUp: number;
	readonly weightDecay: number;
	/** Whether weight decay also applies to depthwise filters, batch norm and biases. */
	readonly decayAll: boolean;
	/** The largest global norm of a step's gradients. Default: no limit. */
	readonly clip?: number | undefined;
	readonly labelSmoothing: number;
	/** α of mixup's Beta(α, α); 0 for none. */
	readonly mixup: number;
	/** How to compensate for classes of unequal size: not at all, by drawing all equally often, or by weighting the loss. */
	readonly balance: "none" | "sampling" | "weights";
	/** Random changes to the pictures; `none` prepares them as for classification. */
	readonly augmentation: Augmentation | "none";
	/** Share of the past in a moving average of the weights, which is then the network validated and kept; 0 for none. */
	readonly average: number;
	/** The first layer that learns, such as `stem` (all), `blocks.11.depthwise` or `classifier`. */
	readonly from: string;
	/** Whether batch norm uses its running statistics and leaves them unchanged: right for small batches. */
	readonly frozenNorm: boolean;
	/** The run ends after this many epochs without a better validation. Default: it never ends early. */
	readonly patience?: number | undefined;
	/** A whole number; the same seed gives the same weights, bit for bit, on one build. */
	readonly seed: number;
}

/** Pictures of a data set. */
export interface Pictures {
	readonly dataset: Dataset;
	/** Their numbers in the data set. Default: all. */
	readonly indices?: Int32Array | undefined;
}

/** Learning from another network, in addition to the labels or instead of them. */
export interface Distillation {
	readonly teacher: Teacher;
	/** The teacher's name in checkpoints: its origin, and all that its targets depend on. */
	readonly name: string;
	/** Factor of the loss against the labels; 0 for pictures without labels. */
	readonly hardWeight: number;
	/** Factor of the loss against the teacher's targets. */
	readonly softWeight: number;
	/**
	 * Number of augmentations of each picture, which the epochs show in turn, so that the teacher's answers can be kept. The
	 * teacher gets the number of the current one as `view`. Default: every epoch has its own.
	 */
	readonly views?: number | undefined;
}

/** Pictures whose targets a teacher writes. */
export interface ViewedBatch extends TeacherBatch {
	/** Number of the pictures' augmentation, from 0: the epoch, or one of `views`. */
	readonly view: number;
}

export type TrainingOptions = { readonly [F in keyof TrainingSettings]?: TrainingSettings[F] | undefined } & {
	/** The network to start from: any model of the data's classes, with random weights (`initialize`) or trained ones. */
	readonly model: Model;
	readonly training: Pictures;
	/** Pictures by which the best epoch is chosen. Default: none; the last epoch is kept. */
	readonly validation?: Pictures | undefined;
	/** Whether the given network may be kept as the best, as in fine-tuning: it is validated before the first epoch. Default: false. */
	readonly keepStart?: boolean | undefined;
	/** Which network is kept if there are validation pictures: the best epoch's, or the last one's. Default: `best`. */
	readonly keeps?: "best" | "last" | undefined;
	readonly distillation?: Distillation | undefined;
	/** Where checkpoints are kept. Default: nowhere. */
	readonly folder?: RunFolder | undefined;
	/** Whether to resume from the folder's checkpoint, if it has one. Default: false. */
	readonly resume?: boolean | undefined;
	/** Minutes between checkpoints within an epoch. Default: 5. */
	readonly checkpointMinutes?: number | undefined;
	readonly build?: Build | undefined;
	/** Threads of the engine. Default: as many as the machine has. Results do not depend on it. */
	readonly threads?: number | undefined;
	/** Workers that decode pictures. Default: as many as help. Results do not depend on it. */
	readonly workers?: number | undefined;
	/** Decoded pictures kept in memory, to share between runs. Default: none. */
	readonly cache?: PictureCache | undefined;
	/** Ends the run at once, without a checkpoint; `stop()` writes one. */
	readonly signal?: AbortSignal | undefined;
};

const usualBatch = 64;
const mostWarmUp = 5;

const defaults = {
	epochs: 60,
	batch: usualBatch,
	schedule: defaultSchedule,
	decayAll: false,
	labelSmoothing: 0.1,
	mixup: 0,
	balance: "none",
	augmentation: defaultAugmentation,
	average: 0,
	from: "stem",
	frozenNorm: false,
	seed: 1,
} as const satisfies Partial<TrainingSettings>;

/**
 * Completes the settings of a run with their defaults and checks them.
 *
 * @throws MobileNetError `usage` for an invalid setting
 */
export function settingsOf(options: TrainingOptions): TrainingSettings {
	const settingOf = <F extends keyof typeof defaults>(field: F): TrainingSettings[F] =>
		(options[field] ?? defaults[field]) as TrainingSettings[F];
	const [epochs, batch] = [settingOf("epochs"), settingOf("batch")];
	const optimizer = options.optimizer ?? optimizers.sgd;
	checkOptimizer(optimizer);
	const settings: TrainingSettings = {
		epochs,
		batch,
		microBatch: options.microBatch,
		optimizer,
		learningRate: options.learningRate ?? usualLearningRate(optimizer.kind, batch),
		schedule: settingOf("schedule"),
		warmUp: options.warmUp ?? Math.min(mostWarmUp, epochs / 10),
		weightDecay: options.weightDecay ?? usualRates[optimizer.kind].weightDecay,
		decayAll: settingOf("decayAll"),
		clip: options.clip,
		labelSmoothing: settingOf("labelSmoothing"),
		mixup: settingOf("mixup"),
		balance: settingOf("balance"),
		augmentation: settingOf("augmentation"),
		average: settingOf("average"),
		from: settingOf("from"),
		frozenNorm: settingOf("frozenNorm"),
		patience: options.patience,
		seed: settingOf("seed"),
	};
	checkSettings(settings, options.model.configuration);
	return settings;
}

function checkSettings(settings: TrainingSettings, configuration: Configuration): void {
	const check = (field: string, value: unknown, valid: boolean, expected: string): void => {
		if (!valid) throw new MobileNetError("usage", `${field} must be ${expected}, not ${shown(value)}.`);
	};
	const count = (field: string, value: number | undefined): void => {
		if (value !== undefined)
			check(field, value, Number.isSafeInteger(value) && value >= 1, "a whole number of at least 1");
	};
	const { learningRate, warmUp, epochs, weightDecay, clip, average, seed, from } = settings;
	count("epochs", epochs);
	count("batch", settings.batch);
	count("microBatch", settings.microBatch);
	count("patience", settings.patience);
	check("learningRate", learningRate, learningRate > 0 && Number.isFinite(learningRate), "a number above 0");
	check("warmUp", warmUp, warmUp >= 0 && warmUp <= epochs, `a number of epochs from 0 to ${epochs}`);
	check(
		"weightDecay",
		weightDecay,
		weightDecay >= 0 && Number.isFinite(weightDecay),
		"a number of at least 0",
	);
	if (clip !== undefined) check("clip", clip, clip > 0 && Number.isFinite(clip), "a number above 0");
	check("average", average, average >= 0 && average < 1, "a number from 0 (none) to below 1");
	check("seed", seed, Number.isSafeInteger(seed) && seed >= 0, "a whole number from 0 to 2^53 - 1");
	checkTargetSettings(settings.labelSmoothing, settings.mixup);
	const names = layers(configuration)
		.filter((layer) => !isPool(layer))
		.map(({ name }) => name);
	check("from", from, names.includes(from), `a layer with weights: stem, blocks.0.depthwise … classifier`);
}

/**
 * The first layer that learns if the last blocks and the classifier do.
 *
 * @param blocks `all`, or the number of blocks; 0 for the classifier alone
 * @example
 * firstLayerOf(configuration, 2) // "blocks.11.depthwise"
 */
export function firstLayerOf(configuration: Configuration, blocks: number | "all"): string {
	const depthwise = layers(configuration).filter(({ kind }) => kind === "depthwise");
	if (blocks === "all") return "stem";
	if (blocks === 0) return "classifier";
	const layer = depthwise[depthwise.length - blocks];
	if (layer) return layer.name;
	throw new MobileNetError(
		"usage",
		`the network has ${depthwise.length} blocks, so the last ${blocks} cannot be trained: give a number from 0 to ${depthwise.length}, or all.`,
	);
}
