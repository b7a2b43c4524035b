/**
 * The loop: epochs over batches of pictures, steps of the engine, a validation after every epoch, the best one kept,
 * checkpoints. It decides when and on what; what a step computes is the engine's. All that the next step depends on is
 * in a checkpoint, so that a run that was killed ends where it would have ended.
 */
import { MobileNetError, messageOf } from "../base/error.ts";
import { pauses } from "../base/pauses.ts";
import { batches } from "../data/batches.ts";
import { orderOf } from "../data/order.ts";
import type { TrainingExecutor, TrainingPlanOptions } from "../engine/training-executor.ts";
import { checkTensors } from "../weights/check.ts";
import { dequantize } from "../weights/dequantize.ts";
import { digestOf } from "../weights/digest.ts";
import { randomFormat } from "../weights/initialize.ts";
import type { Model } from "../weights/model.ts";
import { unfold } from "../weights/unfold.ts";
import {
	type Checkpoint,
	decodeCheckpoint,
	differenceOf,
	type RunIdentity,
	type RunProgress,
} from "./checkpoint.ts";
import { checkpointsIn } from "./checkpoints.ts";
import type { EpochReport, Training, TrainingDone, TrainingEvent, Validation } from "./events.ts";
import { dataFingerprint } from "./fingerprint.ts";
import { settingsOf, type TrainingOptions, type TrainingSettings } from "./options.ts";
import { checkClasses, checkPictures, indicesOf } from "./pictures.ts";
import { runFiles } from "./run-folder.ts";
import { learningRateAt } from "./schedule.ts";
import { stepOf } from "./step.ts";
import { type Place, planFor } from "./step-plan.ts";
import { createValidator, isBetter, type Validator } from "./validation.ts";

/** What makes executors; the engine's own is engine/training.ts. */
export interface Engine {
	readonly createTrainer: (
		model: Model,
		options: TrainingPlanOptions,
	) => TrainingExecutor | Promise<TrainingExecutor>;
	/** The most pictures that a run could have in memory. */
	readonly mostPictures: (model: Model, options: Omit<TrainingPlanOptions, "batch">) => number;
	/** Where plans run: the build, and threads. */
	readonly place: (options: TrainingOptions) => Promise<Place>;
}

const usualCheckpointMinutes = 5;

/** A run on an engine; `train` is the one on this package's. */
export function trainOn(engine: Engine, options: TrainingOptions): Training {
	const control = { stop: false };
	const events = run(engine, options, () => control.stop);
	return {
		[Symbol.asyncIterator]: () => events,
		stop: () => {
			control.stop = true;
		},
	};
}

async function* run(
	engine: Engine,
	options: TrainingOptions,
	isStopping: () => boolean,
): AsyncGenerator<TrainingEvent, void, void> {
	const { training, validation, distillation, folder, signal } = options;
	const settings = settingsOf(options);
	checkTensors(options.model);
	// What was measured of its answers is not true of weights that are about to change.
	const { sureFrom: _, ...start } = withLabels(unfold(dequantize(options.model)), options);
	const learnsLabels = (distillation?.hardWeight ?? 1) > 0;
	if (!start.configuration.head && distillation?.teacher.kind !== "embedding")
		throw new MobileNetError("usage", "a network without a classifier cannot be trained: give it one first.");
	if (learnsLabels) checkClasses(start, training);
	for (const message of checkPictures(training, learnsLabels)) yield { kind: "note", message };
	if (validation) checkValidation(start, options);

	const identity = identityOf(options, settings, start);
	const saved = options.resume ? await savedRun(options, identity) : undefined;
	if (options.resume && !saved)
		yield { kind: "note", message: `${folder?.name} holds no checkpoint: the run begins at the beginning.` };

	const all = indicesOf(training);
	const stepsPerEpoch = stepsOf(all.length, settings.batch);
	const steps = stepsPerEpoch * settings.epochs;
	let progress: RunProgress = saved?.progress ?? noProgress;
	let best: Model | undefined = saved?.best;
	const unreadable = unreadables(progress.unreadable);
	const place = await engine.place(options);
	const { plan, note } = planFor(engine.mostPictures, start, options, settings, place);
	if (note !== undefined) yield { kind: "note", message: note };
	const executor = await engine.createTrainer(saved?.model ?? start, plan);
	const reading = {
		...(options.cache && { cache: options.cache }),
		...(options.workers !== undefined && { workers: options.workers }),
		onUnreadable: unreadable.add,
	};
	let validator: Validator | undefined;
	try {
		if (validation) {
			const { build, threads } = options;
			validator = await createValidator(validation, start, { reading, build, threads });
		}
		if (saved) executor.restore(saved.model, saved.state);
		const doStep = stepOf(executor, start, options, settings, plan.batch);
		const current = (): Model => {
			const model = executor.model(settings.average > 0 ? "average" : "weights");
			return { ...start, tensors: model.tensors };
		};
		const done = (reason: TrainingDone["reason"]): TrainingDone => ({
			kind: "done",
			reason,
			model: trained(best ?? current(), options, progress),
			best: best ? progress.history.findLast((report) => report.best) : progress.history.at(-1),
			...(progress.start && { start: progress.start }),
			history: progress.history,
			step: progress.step,
		});
		const checkpoints = folder && checkpointsIn(folder, options.checkpointMinutes ?? usualCheckpointMinutes);
		const save = async (withBest: boolean): Promise<TrainingEvent | undefined> => {
			if (!checkpoints) return undefined;
			const { tensors } = executor.model("weights");
			const state = executor.state();
			const checkpoint = { identity, progress, model: { ...start, tensors }, state, best };
			return checkpoints.write(checkpoint, withBest ? best && trained(best, options, progress) : undefined);
		};
		const pause = pauses();

		if (progress.finished) return yield done("finished");
		if (!saved) {
			if (validator && options.keepStart) {
				progress = { ...progress, start: await validator.measure(start, signal) };
				best = start;
			}
			yield* unreadable.notes();
			yield* some(await save(best !== undefined));
		}
		while (progress.epoch < settings.epochs) {
			const { epoch } = progress;
			const before = progress.seconds;
			const began = performance.now();
			const order = orderOf(all, {
				seed: settings.seed,
				epoch,
				balanced: settings.balance === "sampling" ? training.dataset.labels : undefined,
			}).subarray(0, stepsPerEpoch * settings.batch);
			const left = order.subarray(progress.position * settings.batch);
			if (left.length > 0)
				for await (const batch of batches(training.dataset, {
					...reading,
					indices: left,
					batch: settings.batch,
					views: viewsOf(start, options),
					...(settings.augmentation !== "none" && { augmentation: settings.augmentation }),
					seed: settings.seed,
					epoch: distillation?.views === undefined ? epoch : epoch % distillation.views,
					...(signal && { signal }),
				})) {
					yield* unreadable.notes();
					// A batch of which nothing can be read does not come at all; places are counted all the same.
					const found = order.indexOf(batch.indices[0]!, progress.position * settings.batch);
					const position = Math.floor(found / settings.batch);
					const step = epoch * stepsPerEpoch + position;
					const learningRate = learningRateAt(settings, step, stepsPerEpoch);
					const learned = doStep(batch, { epoch, position, step }, learningRate);
					progress = {
						...progress,
						position: position + 1,
						step: step + 1,
						loss: progress.loss + learned.loss * batch.count,
						pictures: progress.pictures + batch.count,
						unreadable: unreadable.names(),
						seconds: before + (performance.now() - began) / 1000,
					};
					yield {
						kind: "step",
						step: step + 1,
						steps,
						epoch: epoch + 1,
						epochs: settings.epochs,
						learningRate,
						pictures: batch.count,
						...learned,
					};
					await pause();
					signal?.throwIfAborted();
					if (isStopping()) {
						yield* some(await save(false));
						return yield done("stopped");
					}
					if (checkpoints?.isDue()) yield* some(await save(false));
				}
			const trainingSeconds = before + (performance.now() - began) / 1000;
			const network = validator && current();
			const measured = network && (await validator!.measure(network, signal));
			yield* unreadable.notes();
			const isBest = measured !== undefined && isBetter(measured, bestOf(progress));
			if (isBest) best = network;
			const report: EpochReport = {
				epoch: epoch + 1,
				step: (epoch + 1) * stepsPerEpoch,
				loss: progress.loss / progress.pictures,
				...(measured && { validation: measured }),
				best: isBest,
				learningRate: learningRateAt(settings, (epoch + 1) * stepsPerEpoch - 1, stepsPerEpoch),
				imagesPerSecond: progress.pictures / trainingSeconds,
				seconds: before + (performance.now() - began) / 1000,
			};
			const history = [...progress.history, report];
			const reason = endOf(settings, history);
			progress = {
				...progress,
				...newEpoch,
				epoch: epoch + 1,
				step: report.step,
				history,
				unreadable: unreadable.names(),
				finished: reason !== undefined,
			};
			yield { kind: "epoch", epochs: settings.epochs, ...report };
			yield* some(await save(isBest));
			if (reason) return yield done(reason);
			if (isStopping()) return yield done("stopped");
		}
	} finally {
		executor.dispose();
		validator?.dispose();
	}
}

const newEpoch = { position: 0, loss: 0, pictures: 0, seconds: 0 } as const;
const noProgress: RunProgress = {
	...newEpoch,
	epoch: 0,
	step: 0,
	history: [],
	unreadable: [],
	finished: false,
};

/**
 * Steps of an epoch: as many whole batches as there are, and the rest too if it is half a batch at least. A smaller rest
 * is left out of the epoch (the order differs from epoch to epoch), for the statistics of a few pictures mislead batch
 * norm. Fewer pictures than a batch are one step.
 */
export function stepsOf(pictures: number, batch: number): number {
	return Math.max(1, Math.round(pictures / batch));
}

function viewsOf({ configuration, preprocessing }: Model, { distillation }: TrainingOptions) {
	const { size, inputChannels: channels } = configuration;
	const { filter, fit } = preprocessing;
	const { view } = distillation?.teacher ?? {};
	return [{ size, channels, filter, fit }, ...(view ? [view] : [])];
}

/** What the run is, by which it is known again. */
function identityOf(
	{ training, validation, distillation, keepStart = false }: TrainingOptions,
	settings: TrainingSettings,
	start: Model,
): RunIdentity {
	return {
		settings,
		training: dataFingerprint(training),
		validation: validation ? dataFingerprint(validation) : null,
		model: digestOf(start),
		teacher: distillation
			? `${distillation.name} ${distillation.hardWeight} ${distillation.softWeight} ${distillation.views ?? ""}`
			: null,
		keepStart,
	};
}

/** Pictures that cannot be read: each is told once in a run, however often it is resumed. */
function unreadables(before: readonly string[]) {
	const names = new Set(before);
	const waiting: string[] = [];
	return {
		add: (name: string, error: unknown): void => {
			if (names.has(name)) return;
			names.add(name);
			const message = messageOf(error);
			waiting.push(`left out: ${message.includes(name) ? message : `${name}: ${message}`}`);
		},
		names: (): readonly string[] => [...names],
		notes: function* (): Iterable<TrainingEvent> {
			for (const message of waiting.splice(0)) yield { kind: "note", message };
		},
	};
}

/** The checkpoint that a run goes on from, if there is one; it must be of the same run. */
async function savedRun({ folder }: TrainingOptions, identity: RunIdentity): Promise<Checkpoint | undefined> {
	if (!folder)
		throw new MobileNetError("usage", "there is nothing to resume without a folder of checkpoints.");
	const bytes = await folder.read(runFiles.last);
	if (!bytes) return undefined;
	const saved = decodeCheckpoint(bytes, `${folder.name}/${runFiles.last}`);
	const difference = differenceOf(saved.identity, identity);
	if (difference === undefined) return saved;
	throw new MobileNetError(
		"usage",
		`the run in ${folder.name} cannot be resumed, for ${difference}: give the same data and options, or begin a new run.`,
	);
}

function checkValidation(model: Model, { validation, training }: TrainingOptions): void {
	checkClasses(model, validation!);
	if (indicesOf(validation!).length === 0)
		throw new MobileNetError(
			"usage",
			`there are no validation pictures beside the ${indicesOf(training).length} to learn from: leave the validation out, or give some.`,
		);
}

function bestOf({ history, start }: RunProgress): Validation | undefined {
	return history.findLast(({ best }) => best)?.validation ?? start;
}

/** Why the run ends after its last epoch so far, if it does. */
function endOf(
	{ epochs, patience }: TrainingSettings,
	history: readonly EpochReport[],
): "finished" | "patience" | undefined {
	if (history.length >= epochs) return "finished";
	const best = history.findLast((report) => report.best)?.epoch ?? 0;
	if (patience !== undefined && history[0]?.validation && history.length - best >= patience)
		return "patience";
	return undefined;
}

/** The network with the data's labels where it has none. */
function withLabels(model: Model, { training }: TrainingOptions): Model {
	const { classes } = training.dataset;
	return model.labels || classes.length !== model.configuration.classes
		? model
		: { ...model, labels: classes };
}

/** The network as it leaves the run: its origin says so. */
function trained(model: Model, { training }: TrainingOptions, { history, epoch }: RunProgress): Model {
	const best = history.findLast((report) => report.best)?.epoch;
	// The start, kept as it is.
	if (best === undefined && (history.length === 0 || history[0]!.validation)) return model;
	const which = best === undefined ? `${epoch}` : `${best} of ${history.length}`;
	const note = `Trained on ${indicesOf(training).length} pictures of ${model.configuration.classes} classes; epoch ${which}.`;
	const { source } = model;
	const format = source.format === randomFormat ? "trained from random weights" : source.format;
	return { ...model, source: { ...source, format, notes: [...source.notes, note] } };
}

function* some<T>(value: T | undefined): Iterable<T> {
	if (value !== undefined) yield value;
}
