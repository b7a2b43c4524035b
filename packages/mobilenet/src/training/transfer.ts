/**
 * Adapts a trained network to another task in two stages. First a new classifier is trained to its optimum on the network's
 * features (head.ts), which takes seconds. Then, if there are validation pictures, the last blocks or all of them are
 * fine-tuned with it. The best epoch on the validation pictures is kept, or the new classifier alone if all are worse.
 *
 * Batch norm keeps the statistics of the trained network throughout, because those of a small batch would be noise. The
 * network is trained with filters of one size (even-filters.ts), so that AdamW, whose steps are about as long as its rate
 * whatever the gradients, changes every filter by about the same share. SGD, and AdamW on the original numbers, lose what
 * the network knows.
 */
import { MobileNetError } from "../base/error.ts";
import type { OnProgress } from "../base/progress.ts";
import type { Dataset } from "../data/dataset.ts";
import { checkTrainable } from "../engine/trainable.ts";
import { MobileNet } from "../model/mobilenet.ts";
import type { Model } from "../weights/model.ts";
import { trainedFrom } from "../weights/origin.ts";
import { decodeCheckpoint } from "./checkpoint.ts";
import { type Embeddings, embeddingsOf } from "./embeddings.ts";
import { evenFilters } from "./even-filters.ts";
import type { EpochReport, Training, TrainingDone, TrainingEvent, Validation } from "./events.ts";
import { type Classifier, linearHead, trainHead, withHead } from "./head.ts";
import { nearestMean } from "./neighbors.ts";
import { optimizers } from "./optimizer.ts";
import { firstLayerOf, type Pictures, type TrainingOptions } from "./options.ts";
import { checkPictures, indicesOf } from "./pictures.ts";
import { runFiles } from "./run-folder.ts";
import { type Engine, trainOn } from "./trainer.ts";
import { createValidator } from "./validation.ts";

/** Default settings of fine-tuning. */
export const recipe = {
	batch: 32,
	optimizer: optimizers.adamw,
	schedule: { kind: "cosine" },
	warmUp: 1,
	weightDecay: 0,
	labelSmoothing: 0.1,
	clip: 2,
} as const;
/** The default number of epochs shows about this many pictures, within these limits. */
const usualEpochs = { pictures: 5000, least: 3, most: 12 } as const;
/** Rates to try for this many epochs each; the one with the least validation loss is chosen. */
const trials = { rates: [3e-4, 1e-3], epochs: 1 } as const;
/** Pictures per run of the network when computing features. */
const featureBatch = 8;

export type TransferOptions = Omit<TrainingOptions, "from" | "keepStart" | "distillation"> & {
	/** What is trained with the new classifier: everything, nothing, or this many of the last blocks. Default: `all`. */
	readonly fineTune?: "all" | "none" | number | undefined;
	/** The new classifier: logistic regression, or the nearest class mean, which needs no training. Default: `logistic`. */
	readonly head?: "logistic" | "nearest" | undefined;
	/** Called during the stages before the first epoch, with the stage as source. */
	readonly onProgress?: OnProgress | undefined;
};

/** Transfers on a given engine; `transfer` uses this package's. */
export function transferOn(engine: Engine, options: TransferOptions): Training {
	const control: Control = { stopped: false, inner: undefined };
	const events = run(engine, options, control);
	return {
		[Symbol.asyncIterator]: () => events,
		stop: () => {
			control.stopped = true;
			control.inner?.stop();
		},
	};
}

interface Control {
	stopped: boolean;
	/** The current run. */
	inner: Training | undefined;
}

async function* run(
	engine: Engine,
	options: TransferOptions,
	control: Control,
): AsyncGenerator<TrainingEvent, void, void> {
	const { training, validation, fineTune = "all" } = options;
	const seen = new Set<string>();
	const note = function* (message: string): Iterable<TrainingEvent> {
		// The inner run repeats some notes.
		if (!seen.has(message)) yield { kind: "note", message };
		seen.add(message);
	};
	for (const message of checkPictures(training, true)) yield* note(message);
	const from = fineTune === "none" ? undefined : firstLayerOf(options.model.configuration, fineTune);

	// The new classifier takes the place of the whole head.
	if (from !== undefined && validation)
		checkTrainable({ ...options.model.configuration, ...linearHead, output: "softmax" });

	const notes: string[] = [];
	const features = await featuresOf(options, notes);
	for (const message of notes) yield* note(message);
	const head = await newHead(options, features.training);
	yield* note(`a new classifier: ${head.summary}.`);
	const start = head.model;
	const judge = async (model: Model) => {
		if (!validation) return undefined;
		const { build, threads, cache, workers } = options;
		const reading = { cache, workers, onUnreadable: () => undefined };
		const validator = await createValidator(validation, model, { reading, build, threads });
		try {
			return await validator.measure(model, options.signal);
		} finally {
			validator.dispose();
		}
	};
	const doneWith = async (reason: TrainingDone["reason"]): Promise<TrainingDone> => {
		const measured = await judge(start);
		return {
			kind: "done",
			reason,
			model: start,
			best: undefined,
			start: measured,
			history: [],
			step: 0,
		};
	};
	if (control.stopped) return yield await doneWith("stopped");
	if (from === undefined || !validation) {
		if (from !== undefined)
			yield* note(
				"there are no validation pictures to judge fine-tuning by: only the new classifier is trained.",
			);
		return yield await doneWith("finished");
	}

	const frozenNorm = options.frozenNorm ?? true;
	// With batch statistics, the size of a filter does not matter.
	const { model, restored } = frozenNorm
		? evenFilters(start)
		: { model: start, restored: (same: Model) => same };
	const settings = {
		...defaultsFor(training, options),
		...withoutUndefined(options),
		model,
		from,
		frozenNorm,
	};
	let learningRate = options.learningRate ?? (await savedRate(options));
	if (learningRate === undefined) {
		learningRate = yield* chosenRate(engine, settings, options, control);
		if (control.stopped) return yield await doneWith("stopped");
	}
	const measured = (await judge(start))!;
	control.inner = trainOn(engine, { ...settings, learningRate });
	for await (const event of control.inner) {
		if (event.kind === "note") {
			yield* note(event.message);
			continue;
		}
		if (event.kind !== "done") {
			yield event;
			continue;
		}
		const done = { ...event, start: measured, model: restored(event.model) };
		if (done.reason === "stopped" || isAsGood(done.best?.validation, measured)) {
			yield done;
			continue;
		}
		yield* note(
			"every epoch of fine-tuning was worse on the validation pictures: only the new classifier is kept.",
		);
		if (!features.validation) yield { ...done, best: undefined, model: start };
		else {
			// Validation is over, so those pictures can now be trained on.
			const whole = await newHead(options, joined(features.training, features.validation));
			yield* note(`it is trained again, now including the validation pictures: ${whole.summary}.`);
			yield { ...done, best: undefined, model: whole.model };
		}
	}
}

/**
 * Whether fine-tuning did no harm: the accuracy of its best epoch is at most one standard error below that of the
 * classifier alone. Fine-tuning mostly helps, but a tenth of a small folder, on which a good classifier makes no mistake,
 * cannot show it.
 */
function isAsGood(tuned: Validation | undefined, { top1, pictures }: Validation): boolean {
	if (!tuned) return false;
	// Laplace's rule: no mistake in a few pictures does not prove an accuracy of 1.
	const share = (top1 * pictures + 1) / (pictures + 2);
	return tuned.top1 >= top1 - Math.sqrt((share * (1 - share)) / pictures);
}

function defaultsFor(training: Pictures, options: TransferOptions) {
	const count = indicesOf(training).length;
	const epochs = Math.min(
		usualEpochs.most,
		Math.max(usualEpochs.least, Math.round(usualEpochs.pictures / count)),
	);
	return { ...recipe, epochs, warmUp: Math.min(recipe.warmUp, options.epochs ?? epochs) };
}

/** Drops options that are undefined, which would hide defaults. */
function withoutUndefined(options: TransferOptions): TransferOptions {
	return Object.fromEntries(
		Object.entries(options).filter(([, value]) => value !== undefined),
	) as TransferOptions;
}

interface Features {
	readonly training: Embeddings;
	/** If the validation pictures are part of the same data set. */
	readonly validation: Embeddings | undefined;
}

/** The features of the pictures, without mirror images, which do not improve a small folder's classifier. */
async function featuresOf(options: TransferOptions, notes: string[]): Promise<Features> {
	const { training, validation, threads, build, signal, onProgress, model } = options;
	const network = await MobileNet.from(model, { arithmetic: "float", threads, build });
	const of = (dataset: Dataset, indices: Int32Array, before: number, total: number): Promise<Embeddings> =>
		embeddingsOf(
			network,
			dataset,
			indices.filter((index) => dataset.labels[index]! >= 0),
			{
				batch: featureBatch,
				onProgress: ({ loaded }) => onProgress?.({ loaded: before + loaded, total, source: "features" }),
				onUnreadable: (name, error) => {
					const message = error instanceof Error ? error.message : String(error);
					notes.push(`left out: ${message.includes(name) ? message : `${name}: ${message}`}`);
				},
				signal,
			},
		);
	try {
		const own = indicesOf(training);
		const other = validation && validation.dataset === training.dataset ? indicesOf(validation) : undefined;
		const total = own.length + (other?.length ?? 0);
		const features = await of(training.dataset, own, 0, total);
		if (features.labels.length === 0)
			throw new MobileNetError("picture", `none of the pictures of ${training.dataset.name} can be read.`);
		return {
			training: features,
			validation: other && (await of(training.dataset, other, own.length, total)),
		};
	} finally {
		network.dispose();
	}
}

/** The network with a new classifier, and a summary of that. */
async function newHead(
	{ model, training, head: kind, seed, signal, onProgress }: TransferOptions,
	{ vectors, labels, indices }: Embeddings,
): Promise<{ readonly model: Model; readonly summary: string }> {
	const { classes } = training.dataset;
	const pictures = new Set(indices).size;
	const made = (head: Classifier): Model => {
		const network = withHead(model, head, classes);
		const note = `A new classifier was trained on ${pictures} pictures of ${classes.length} classes.`;
		return { ...network, source: { ...trainedFrom(network.source), notes: [...network.source.notes, note] } };
	};
	if (kind === "nearest")
		return {
			model: made(nearestMean(vectors, labels, classes.length)),
			summary: `${pictures} pictures of ${classes.length} classes, by the nearest class mean`,
		};
	const head = await trainHead(vectors, labels, classes.length, {
		seed,
		groups: indices,
		onProgress,
		signal,
	});
	const chosen = head.trials.find(({ strength }) => strength === head.strength);
	const accuracy = chosen ? `, accuracy in cross-validation ${(100 * chosen.accuracy).toFixed(1)} %` : "";
	return {
		model: made(head),
		summary: `${pictures} pictures of ${classes.length} classes, penalty ${Number(head.strength.toPrecision(3))}${accuracy}`,
	};
}

function joined(a: Embeddings, b: Embeddings): Embeddings {
	const together = <T extends Float32Array | Int32Array>(into: T, first: T, second: T): T => {
		into.set(first);
		into.set(second, first.length);
		return into;
	};
	const rows = a.labels.length + b.labels.length;
	return {
		features: a.features,
		vectors: together(new Float32Array(rows * a.features), a.vectors, b.vectors),
		indices: together(new Int32Array(rows), a.indices, b.indices),
		labels: together(new Int32Array(rows), a.labels, b.labels),
	};
}

/** The rate of the run to resume, so that it is not chosen twice. */
async function savedRate({ folder, resume }: TransferOptions): Promise<number | undefined> {
	const bytes = resume ? await folder?.read(runFiles.last) : undefined;
	return bytes && decodeCheckpoint(bytes, `${folder!.name}/${runFiles.last}`).identity.settings.learningRate;
}

/** The rate with the least validation loss after a short run. */
async function* chosenRate(
	engine: Engine,
	settings: TrainingOptions,
	{ onProgress }: TransferOptions,
	control: Control,
): AsyncGenerator<TrainingEvent, number, void> {
	const tried: { readonly rate: number; readonly report: EpochReport | undefined }[] = [];
	for (const [i, rate] of trials.rates.entries()) {
		const { folder: _, resume: __, ...short } = settings;
		const run = trainOn(engine, { ...short, epochs: trials.epochs, warmUp: 0, learningRate: rate });
		control.inner = run;
		try {
			for await (const event of run) {
				if (event.kind === "step")
					onProgress?.({
						loaded: i * event.steps + event.step,
						total: trials.rates.length * event.steps,
						source: "steps at different learning rates",
					});
				if (event.kind === "done") tried.push({ rate, report: event.history.at(-1) });
			}
		} catch (error) {
			// The rate is too high for this network.
			if (!(error instanceof MobileNetError && error.code === "engine")) throw error;
			tried.push({ rate, report: undefined });
		}
		if (control.stopped) return rate;
	}
	const lossOf = ({ report }: (typeof tried)[number]) => report?.validation?.loss ?? Number.POSITIVE_INFINITY;
	const best = tried.reduce((least, one) => (lossOf(one) < lossOf(least) ? one : least));
	const losses = tried.map((one) => `${one.rate} (${lossOf(one).toFixed(3)})`).join(", ");
	yield {
		kind: "note",
		message: `learning rate ${best.rate}, by the validation loss after a short run: ${losses}.`,
	};
	return best.rate;
}
