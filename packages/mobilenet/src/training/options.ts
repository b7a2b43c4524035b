/** What a training run is told: settings, which decide what comes out, and the rest, which does not. */
import { MobileNetError, shown } from "../base/error.ts";
import { type Augmentation, defaultAugmentation } from "../data/augmentation.ts";
import type { PictureCache } from "../data/cache.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Build } from "../kernels/walker.ts";
import type { Configuration } from "../network/configuration.ts";
import { layers } from "../network/layers.ts";
import type { Model } from "../weights/model.ts";
import type { Teacher, TeacherBatch } from "./distillation/teacher.ts";
import { checkOptimizer, type Optimizer, optimizers, usualLearningRate, usualRates } from "./optimizer.ts";
import type { RunFolder } from "./run-folder.ts";
import { defaultSchedule, type Schedule } from "./schedule.ts";
import { checkTargetSettings } from "./targets.ts";

/** All that a run's outcome depends on besides data, network and build. Plain data: it goes into the checkpoint. */
export interface TrainingSettings {
	/** Times that every picture is seen. */
	readonly epochs: number;
	/** Pictures of a step. */
	readonly batch: number;
	/** Pictures of a run of the engine, where a step is to be made of several; as many as memory holds if not given. */
	readonly microBatch?: number | undefined;
	readonly optimizer: Optimizer;
	/** At its height. */
	readonly learningRate: number;
	readonly schedule: Schedule;
	/** Epochs in which the rate rises to its height. */
	readonly warmUp: number;
	readonly weightDecay: number;
	/** Whether depthwise filters, batch norm and biases decay too. */
	readonly decayAll: boolean;
	/** Most global norm of the gradients of a step; any if not given. */
	readonly clip?: number | undefined;
	readonly labelSmoothing: number;
	/** α of mixup's Beta(α, α); 0 for none. */
	readonly mixup: number;
	/** What makes up for classes of unequal size: nothing, drawing all equally often, or weighing the loss. */
	readonly balance: "none" | "sampling" | "weights";
	/** What is done to the pictures at random; `none` prepares them as for classification. */
	readonly augmentation: Augmentation | "none";
	/** Share of the past in a moving average of the weights, which is then validated and kept; 0 for none. */
	readonly average: number;
	/** First layer that learns, such as `stem` (all), `blocks.11.depthwise` or `classifier`. */
	readonly from: string;
	/** Whether batch norm keeps its running statistics as they are and works with them: right for small batches. */
	readonly frozenNorm: boolean;
	/** Epochs without a better validation after which the run ends; it never ends early if not given. */
	readonly patience?: number | undefined;
	/** A whole number; the same one gives the same weights, bit for bit, on one build. */
	readonly seed: number;
}

/** Some pictures of a data set. */
export interface Pictures {
	readonly dataset: Dataset;
	/** Numbers of those that are meant; all if not given. */
	readonly indices?: Int32Array | undefined;
}

/** Learning from another network beside the labels, or in their place. */
export interface Distillation {
	readonly teacher: Teacher;
	/** What checkpoints call it: where it came from, and all that its targets depend on. */
	readonly name: string;
	/** Factor of the loss against the labels; 0 for pictures without labels. */
	readonly hardWeight: number;
	/** Factor of the loss against the teacher's targets. */
	readonly softWeight: number;
	/**
	 * Only so many augmentations of each picture are shown, epoch after epoch in turn, so that a teacher's answers to them
	 * can be kept; every epoch has its own if not given. The teacher is told which one as `view`.
	 */
	readonly views?: number | undefined;
}

/** Pictures whose targets a teacher writes. */
export interface ViewedBatch extends TeacherBatch {
	/** Which augmentation of the pictures this is: the epoch from 0, or of `views` which one. */
	readonly view: number;
}

export type TrainingOptions = { readonly [F in keyof TrainingSettings]?: TrainingSettings[F] | undefined } & {
	/** The network to start from: any model, random weights (`initialize`) or trained ones, of the data's classes. */
	readonly model: Model;
	readonly training: Pictures;
	/** What the best epoch is chosen by; without it the last is kept. */
	readonly validation?: Pictures | undefined;
	/** Whether the network as it is given may be the best one, as in fine-tuning: it is validated before the first epoch. */
	readonly keepStart?: boolean | undefined;
	readonly distillation?: Distillation | undefined;
	/** Where checkpoints are kept; nowhere if not given. */
	readonly folder?: RunFolder | undefined;
	/** Whether to go on from the folder's checkpoint, if it has one. */
	readonly resume?: boolean | undefined;
	/** Minutes between checkpoints within an epoch; 5 if not given. */
	readonly checkpointMinutes?: number | undefined;
	readonly build?: Build | undefined;
	/** Threads that the engine works on; as many as the machine has if not given. Results do not depend on it. */
	readonly threads?: number | undefined;
	/** Workers that decode pictures; as many as help if not given. Results do not depend on it. */
	readonly workers?: number | undefined;
	/** Decoded pictures kept in memory, to be shared by several runs. */
	readonly cache?: PictureCache | undefined;
	/** Ends the run at once, without a checkpoint: `stop()` is the gentle way. */
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
 * The settings of a run, complete and checked.
 *
 * @throws MobileNetError `usage` in one sentence that names the setting
 */
export function settingsOf(options: TrainingOptions): TrainingSettings {
	const given = <F extends keyof typeof defaults>(field: F): TrainingSettings[F] =>
		(options[field] ?? defaults[field]) as TrainingSettings[F];
	const [epochs, batch] = [given("epochs"), given("batch")];
	const optimizer = options.optimizer ?? optimizers.sgd;
	checkOptimizer(optimizer);
	const settings: TrainingSettings = {
		epochs,
		batch,
		...(options.microBatch !== undefined && { microBatch: options.microBatch }),
		optimizer,
		learningRate: options.learningRate ?? usualLearningRate(optimizer.kind, batch),
		schedule: given("schedule"),
		warmUp: options.warmUp ?? Math.min(mostWarmUp, epochs / 10),
		weightDecay: options.weightDecay ?? usualRates[optimizer.kind].weightDecay,
		decayAll: given("decayAll"),
		...(options.clip !== undefined && { clip: options.clip }),
		labelSmoothing: given("labelSmoothing"),
		mixup: given("mixup"),
		balance: given("balance"),
		augmentation: given("augmentation"),
		average: given("average"),
		from: given("from"),
		frozenNorm: given("frozenNorm"),
		...(options.patience !== undefined && { patience: options.patience }),
		seed: given("seed"),
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
		.filter(({ kind }) => kind !== "pool")
		.map(({ name }) => name);
	check("from", from, names.includes(from), `a layer with weights: stem, blocks.0.depthwise … classifier`);
}

/**
 * The first layer that learns when the last so many blocks do, and the classifier with them.
 *
 * @param blocks `all`, or a number from 0 (the classifier alone)
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
		`the network has ${depthwise.length} blocks, of which the last ${blocks} cannot be trained: give a number up to that, or all.`,
	);
}
