/**
 * The training loop: epochs over batches of pictures, steps, a validation after every epoch, the best epoch, checkpoints.
 * It decides when to do a step and on which pictures; the engine computes it. A checkpoint holds all that the next step
 * depends on, so a run that was killed and resumed gives the same result as one that was not.
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
import { trainedFrom } from "../weights/origin.ts";
import { unfold, withoutBounds } from "../weights/unfold.ts";
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

/** Makes executors; the package's own is engine.ts. */
export interface Engine {
	readonly createTrainer: (
		model: Model,
		options: TrainingPlanOptions,
	) => TrainingExecutor | Promise<TrainingExecutor>;
	/** The most pictures per run that fit into memory. */
	readonly mostPictures: (model: Model, options: Omit<TrainingPlanOptions, "batch">) => number;
	/** The build and threads on which plans run. */
	readonly place: (options: TrainingOptions) => Promise<Place>;
}

const usualCheckpointMinutes = 5;

/** Trains on a given engine; `train` uses this package's. */
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
	// `sureFrom` was measured with the old weights, so it is dropped.
	const { sureFrom: _, ...start } = withLabels(
		withoutBounds(unfold(dequantize(options.model)), settings.from),
		options,
	);
	const learnsLabels = (distillation?.hardWeight ?? 1) > 0;
	if (!start.configuration.head && distillation?.teacher.kind !== "embedding")
		throw new MobileNetError(
			"usage",
			"a network without a classifier cannot be trained on classes: give it a classifier first.",
		);
	if (learnsLabels) checkClasses(start, training);
	for (const message of checkPictures(training, learnsLabels)) yield { kind: "note", message };
	if (validation) checkValidation(start, options);

	const identity = identityOf(options, settings, start);
	const saved = options.resume ? await savedRun(options, identity) : undefined;
	if (options.resume && !saved)
		yield { kind: "note", message: `${folder?.name} has no checkpoint: the run starts from the beginning.` };

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
		cache: options.cache,
		workers: options.workers,
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
			start: progress.start,
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
			yield* ifDefined(await save(best !== undefined));
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
			const remaining = order.subarray(progress.position * settings.batch);
			if (remaining.length > 0)
				for await (const batch of batches(training.dataset, {
					...reading,
					indices: remaining,
					batch: settings.batch,
					views: viewsOf(start, options),
					augmentation: settings.augmentation === "none" ? undefined : settings.augmentation,
					seed: settings.seed,
					epoch: distillation?.views === undefined ? epoch : epoch % distillation.views,
					signal,
				})) {
					yield* unreadable.notes();
					// Batches with no readable picture are skipped, but their steps count.
					const first = order.indexOf(batch.indices[0]!, progress.position * settings.batch);
					const position = Math.floor(first / settings.batch);
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
						yield* ifDefined(await save(false));
						return yield done("stopped");
					}
					if (checkpoints?.isDue()) yield* ifDefined(await save(false));
				}
			const trainingSeconds = before + (performance.now() - began) / 1000;
			const network = validator && current();
			const measured = network && (await validator!.measure(network, signal));
			yield* unreadable.notes();
			const isBest =
				measured !== undefined && (options.keeps === "last" || isBetter(measured, bestOf(progress)));
			if (isBest) best = network;
			const report: EpochReport = {
				epoch: epoch + 1,
				step: (epoch + 1) * stepsPerEpoch,
				loss: progress.loss / progress.pictures,
				validation: measured,
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
			yield* ifDefined(await save(isBest));
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
 * Steps per epoch: all whole batches, and the remainder if it is at least half a batch. A smaller remainder is left out of
 * the epoch (the order differs from epoch to epoch), because the statistics of a few pictures mislead batch norm. Fewer
 * pictures than a batch are one step.
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

/** What identifies the run when it is resumed. */
function identityOf(
	{ training, validation, distillation, keepStart = false, keeps = "best" }: TrainingOptions,
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
		...(keeps !== "best" && { keeps }),
	};
}

/** Pictures that cannot be read. Each is reported once per run, however often the run is resumed. */
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

/** The checkpoint to resume from, if there is one; it must be of the same run. */
async function savedRun({ folder }: TrainingOptions, identity: RunIdentity): Promise<Checkpoint | undefined> {
	if (!folder)
		throw new MobileNetError(
			"usage",
			"a run cannot be resumed without a folder of checkpoints: give the folder.",
		);
	const bytes = await folder.read(runFiles.last);
	if (!bytes) return undefined;
	const saved = decodeCheckpoint(bytes, `${folder.name}/${runFiles.last}`);
	const difference = differenceOf(saved.identity, identity);
	if (difference === undefined) return saved;
	throw new MobileNetError(
		"usage",
		`the run in ${folder.name} cannot be resumed because ${difference}: give the same data and options, or start a new run.`,
	);
}

function checkValidation(model: Model, { validation, training }: TrainingOptions): void {
	checkClasses(model, validation!);
	if (indicesOf(validation!).length === 0)
		throw new MobileNetError(
			"usage",
			`there are no validation pictures, only ${indicesOf(training).length} to train on: omit the validation, or give some pictures.`,
		);
}

function bestOf({ history, start }: RunProgress): Validation | undefined {
	return history.findLast(({ best }) => best)?.validation ?? start;
}

/** The reason to end after the latest epoch; undefined to continue. */
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

/** Gives the network the data's labels if it has none. */
function withLabels(model: Model, { training }: TrainingOptions): Model {
	const { classes } = training.dataset;
	return model.labels || classes.length !== model.configuration.classes
		? model
		: { ...model, labels: classes };
}

/** The resulting network, with a note on its training. */
function trained(model: Model, { training }: TrainingOptions, { history, epoch }: RunProgress): Model {
	const best = history.findLast((report) => report.best)?.epoch;
	// The network at the start was the best.
	if (best === undefined && (history.length === 0 || history[0]!.validation)) return model;
	const which = best === undefined ? `${epoch}` : `${best} of ${history.length}`;
	const note = `Trained on ${indicesOf(training).length} pictures of ${model.configuration.classes} classes; epoch ${which}.`;
	const { source } = model;
	const format = source.format === randomFormat ? "trained from random weights" : source.format;
	return { ...model, source: { ...trainedFrom(source), format, notes: [...source.notes, note] } };
}

function* ifDefined<T>(value: T | undefined): Iterable<T> {
	if (value !== undefined) yield value;
}
