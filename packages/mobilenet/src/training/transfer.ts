/**
 * From a trained network to another task, in two stages. First a new classifier, trained to its optimum on the features
 * that the network has (head.ts): seconds. Then, if there are pictures to judge by, the last blocks or all are trained
 * with it, a little; the epoch that is best on the validation pictures is kept, and where all are worse than the new
 * classifier alone, that is.
 *
 * Batch norm keeps the statistics of the trained network throughout: a batch is small, and its own would be noise. The
 * network is trained in numbers of one size (even-filters.ts), by which AdamW, whose steps are about as long as its rate
 * whatever the gradients, changes every filter by about the same share: SGD, and AdamW on the numbers as they are, lose
 * what the network knows.
 */
import { MobileNetError } from "../base/error.ts";
import type { OnProgress } from "../base/progress.ts";
import type { Dataset } from "../data/dataset.ts";
import { MobileNet } from "../model/mobilenet.ts";
import type { Model } from "../weights/model.ts";
import { decodeCheckpoint } from "./checkpoint.ts";
import { type Embeddings, embeddingsOf } from "./embeddings.ts";
import { evenFilters } from "./even-filters.ts";
import type { EpochReport, Training, TrainingDone, TrainingEvent, Validation } from "./events.ts";
import { type Classifier, trainHead, withHead } from "./head.ts";
import { nearestMean } from "./neighbors.ts";
import { optimizers } from "./optimizer.ts";
import { firstLayerOf, type Pictures, type TrainingOptions } from "./options.ts";
import { checkPictures, indicesOf } from "./pictures.ts";
import { runFiles } from "./run-folder.ts";
import { type Engine, trainOn } from "./trainer.ts";
import { createValidator } from "./validation.ts";

/** What suits fine-tuning, where nothing else is asked for. */
export const recipe = {
	batch: 32,
	optimizer: optimizers.adamw,
	schedule: { kind: "cosine" },
	warmUp: 1,
	weightDecay: 0,
	labelSmoothing: 0.1,
	clip: 2,
} as const;
/** Epochs that show about so many pictures, but no fewer and no more than these. */
const shown = { pictures: 5000, least: 3, most: 12 } as const;
/** Rates that are tried for some epochs each; the one with the least validation loss is taken. */
const trials = { rates: [3e-4, 1e-3], epochs: 1 } as const;
/** Pictures that go through the network at a time for their features. */
const featureBatch = 8;

export type TransferOptions = Omit<TrainingOptions, "from" | "keepStart" | "distillation"> & {
	/** What learns with the new classifier: everything, nothing, or the last so many blocks; `all` if not given. */
	readonly fineTune?: "all" | "none" | number | undefined;
	/** The new classifier: logistic regression if not given, or the nearest class mean, which no picture is weighed for. */
	readonly head?: "logistic" | "nearest" | undefined;
	/** Called while what comes before the epochs goes on, with its stages as sources. */
	readonly onProgress?: OnProgress | undefined;
};

/** A run on an engine; `transfer` is the one on this package's. */
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
	/** The run that is under way. */
	inner: Training | undefined;
}

async function* run(
	engine: Engine,
	options: TransferOptions,
	control: Control,
): AsyncGenerator<TrainingEvent, void, void> {
	const { training, validation, fineTune = "all" } = options;
	const told = new Set<string>();
	const note = function* (message: string): Iterable<TrainingEvent> {
		// The run within says some of it again.
		if (!told.has(message)) yield { kind: "note", message };
		told.add(message);
	};
	for (const message of checkPictures(training, true)) yield* note(message);
	const from = fineTune === "none" ? undefined : firstLayerOf(options.model.configuration, fineTune);

	const notes: string[] = [];
	const features = await featuresOf(options, notes);
	for (const message of notes) yield* note(message);
	const head = await newHead(options, features.training);
	yield* note(`a new classifier: ${head.told}.`);
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
			...(measured && { start: measured }),
			history: [],
			step: 0,
		};
	};
	if (control.stopped) return yield await doneWith("stopped");
	if (from === undefined || !validation) {
		if (from !== undefined)
			yield* note(
				"there are no validation pictures to judge fine-tuning by: the new classifier is all that is trained.",
			);
		return yield await doneWith("finished");
	}

	const frozenNorm = options.frozenNorm ?? true;
	// Where batch norm takes its batch's statistics, filters have no size of their own.
	const { model, restored } = frozenNorm
		? evenFilters(start)
		: { model: start, restored: (same: Model) => same };
	const settings = { ...defaultsFor(training, options), ...given(options), model, from, frozenNorm };
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
			"every epoch of fine-tuning was worse on the validation pictures: the new classifier alone is kept.",
		);
		if (!features.validation) yield { ...done, best: undefined, model: start };
		else {
			// Judged is judged: now its pictures may be learned from too.
			const whole = await newHead(options, joined(features.training, features.validation));
			yield* note(`it is trained anew with the validation pictures: ${whole.told}.`);
			yield { ...done, best: undefined, model: whole.model };
		}
	}
}

/**
 * Whether fine-tuning did no harm: its best epoch is right about as often as the classifier alone, but for one standard
 * error. It mostly helps, and a tenth of a small folder, on which a good classifier makes no mistake, cannot show that.
 */
function isAsGood(tuned: Validation | undefined, { top1, pictures }: Validation): boolean {
	if (!tuned) return false;
	// Laplace's rule: no mistake in a few pictures is no proof of none.
	const share = (top1 * pictures + 1) / (pictures + 2);
	return tuned.top1 >= top1 - Math.sqrt((share * (1 - share)) / pictures);
}

function defaultsFor(training: Pictures, options: TransferOptions) {
	const count = indicesOf(training).length;
	const epochs = Math.min(shown.most, Math.max(shown.least, Math.round(shown.pictures / count)));
	return { ...recipe, epochs, warmUp: Math.min(recipe.warmUp, options.epochs ?? epochs) };
}

/** Options without those that are not given, which must not hide defaults. */
function given(options: TransferOptions): TransferOptions {
	return Object.fromEntries(
		Object.entries(options).filter(([, value]) => value !== undefined),
	) as TransferOptions;
}

interface Features {
	readonly training: Embeddings;
	/** Where validation pictures are a part of the same data. */
	readonly validation: Embeddings | undefined;
}

/** The features of the pictures: mirror images make a small folder's classifier no better. */
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
				...(signal && { signal }),
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

/** The network with a new classifier, and what there is to say of it. */
async function newHead(
	{ model, training, head: kind, seed, signal, onProgress }: TransferOptions,
	{ vectors, labels, indices }: Embeddings,
): Promise<{ readonly model: Model; readonly told: string }> {
	const { classes } = training.dataset;
	const pictures = new Set(indices).size;
	const made = (head: Classifier): Model => {
		const network = withHead(model, head, classes);
		const note = `A new classifier was trained on ${pictures} pictures of ${classes.length} classes.`;
		return { ...network, source: { ...network.source, notes: [...network.source.notes, note] } };
	};
	if (kind === "nearest")
		return {
			model: made(nearestMean(vectors, labels, classes.length)),
			told: `${pictures} pictures of ${classes.length} classes, by the nearest class mean`,
		};
	const head = await trainHead(vectors, labels, classes.length, {
		seed,
		groups: indices,
		onProgress,
		...(signal && { signal }),
	});
	const chosen = head.trials.find(({ strength }) => strength === head.strength);
	const accuracy = chosen ? `, right on ${(100 * chosen.accuracy).toFixed(1)} % in cross-validation` : "";
	return {
		model: made(head),
		told: `${pictures} pictures of ${classes.length} classes, penalty ${Number(head.strength.toPrecision(3))}${accuracy}`,
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

/** The rate that a run to be resumed was begun with: it is not chosen twice. */
async function savedRate({ folder, resume }: TransferOptions): Promise<number | undefined> {
	const bytes = resume ? await folder?.read(runFiles.last) : undefined;
	return bytes && decodeCheckpoint(bytes, `${folder!.name}/${runFiles.last}`).identity.settings.learningRate;
}

/** The rate of the least validation loss after a short run. */
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
			// Too high a rate for this network: no candidate.
			if (!(error instanceof MobileNetError && error.code === "engine")) throw error;
			tried.push({ rate, report: undefined });
		}
		if (control.stopped) return rate;
	}
	const lossOf = ({ report }: (typeof tried)[number]) => report?.validation?.loss ?? Number.POSITIVE_INFINITY;
	const best = tried.reduce((least, one) => (lossOf(one) < lossOf(least) ? one : least));
	const told = tried.map((one) => `${one.rate} (${lossOf(one).toFixed(3)})`).join(", ");
	yield {
		kind: "note",
		message: `learning rate ${best.rate}, by the validation loss after a short run: ${told}.`,
	};
	return best.rate;
}
