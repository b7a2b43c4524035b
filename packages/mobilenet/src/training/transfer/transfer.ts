/**
 * Adapts a trained network to another task, and never makes it worse. The network's size and the crop of pictures are chosen
 * by cross-validation (views.ts); a new classifier is trained to its optimum on the network's features (head.ts), which takes
 * seconds; if there is enough to gain and to prove, the whole network is fine-tuned, and that is kept only if it is better on
 * pictures that were held back (fine-tuning.ts).
 */
import { messageOf } from "../../base/error.ts";
import { split } from "../../data/split.ts";
import { writeModel } from "../../formats/safetensors/model-writer.ts";
import type { Model } from "../../weights/model.ts";
import { partsOf, tensorsOf } from "../../weights/parts.ts";
import { type Float32Tensor, float32 } from "../../weights/tensor.ts";
import type { Embeddings } from "../embeddings.ts";
import type { Training, TrainingDone, TrainingEvent, Validation } from "../events.ts";
import type { Head } from "../head.ts";
import { checkPictures, indicesOf } from "../pictures.ts";
import { runFiles } from "../run-folder.ts";
import { markTransfer } from "../run-state.ts";
import type { Engine } from "../trainer.ts";
import { createValidator } from "../validation.ts";
import { type NewClassifier, newClassifier } from "./classifier.ts";
import { featuresOf } from "./features.ts";
import {
	type Control,
	checkTunable,
	type FineTuned,
	fineTuned,
	firstTuned,
	temperatureFor,
} from "./fine-tuning.ts";
import type { Measured, TransferOptions, TransferReport, View } from "./options.ts";
import { shareError } from "./proof.ts";
import { chosenView, type JudgedView, viewedBy, viewSentence, viewsToTry } from "./views.ts";

/** Views are tried on this many pictures at most. */
const mostTried = 1000;

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

async function* run(
	engine: Engine,
	options: TransferOptions,
	control: Control,
): AsyncGenerator<TrainingEvent, void, void> {
	const began = performance.now();
	const { training, validation, model, signal } = options;
	const seen = new Set<string>();
	const note = function* (message: string): Iterable<TrainingEvent> {
		// Inner runs repeat some notes.
		if (!seen.has(message)) yield { kind: "note", message };
		seen.add(message);
	};
	for (const message of checkPictures(training, true)) yield* note(message);
	const pictures = indicesOf(training).filter((index) => training.dataset.labels[index]! >= 0).length;
	let isTuning = firstTuned(options, pictures) !== undefined;
	if (isTuning)
		try {
			checkTunable(model);
		} catch (error) {
			if (options.fineTune !== undefined && options.fineTune !== "auto") throw error;
			isTuning = false;
			yield* note(`only the new classifier is trained: ${messageOf(error)}`);
		}

	const found = yield* classified(options, control, note);
	if (!found) return yield stopped(model);
	const { classifier, features, view, report } = found;
	yield* note(`a new classifier: ${classifier.summary}.`);
	const start = validation && (await judge(classifier.model, options));
	const finished = (tuned: FineTuned | undefined): TrainingDone => {
		const { head } = classifier;
		const kept = tuned?.model && withTemperature(tuned.model, temperatureFor(tuned.answers));
		const transfer: TransferReport = {
			view,
			views: report,
			classifier: head?.outOfFold && measuredOf(head),
			fineTuning: tuned?.report,
			seconds: (performance.now() - began) / 1000,
			sentence: "",
		};
		return {
			kind: "done",
			reason: "finished",
			model: kept ?? classifier.model,
			best: kept ? tuned?.done.best : undefined,
			start: start ?? tuned?.report.alone ?? transfer.classifier,
			history: tuned?.done.history ?? [],
			step: tuned?.done.step ?? 0,
			transfer: { ...transfer, sentence: sentenceOf(transfer, start) },
		};
	};
	if (control.stopped) return yield stopped(classifier.model);
	if (!isTuning) return yield finished(undefined);

	const tuning = fineTuned({
		engine,
		options,
		trunk: viewedBy(model, view),
		start: classifier.model,
		head: classifier.head,
		features,
		secondsPerPicture: found.secondsPerPicture,
		control,
	});
	let result = await tuning.next();
	let step = 0;
	for (; !result.done; result = await tuning.next()) {
		if (result.value.kind === "step") step = result.value.step;
		if (result.value.kind === "note") yield* note(result.value.message);
		else yield result.value;
	}
	signal?.throwIfAborted();
	if (!result.value) return yield stopped(classifier.model, step, start);
	const done = finished(result.value);
	// Should the result be lost on its way, it is here; if it cannot be written, the run is done all the same.
	await options.folder?.write(runFiles.best, writeModel(done.model)).catch(() => undefined);
	await markTransfer(options.folder, true);
	yield done;
}

function stopped(model: Model, step = 0, start?: Validation): TrainingDone {
	return { kind: "done", reason: "stopped", model, best: undefined, start, history: [], step };
}

/** How good a network is on the validation pictures. */
async function judge(model: Model, options: TransferOptions): Promise<Validation> {
	const { validation, build, threads, cache, workers, signal } = options;
	const reading = { cache, workers, onUnreadable: () => undefined };
	const validator = await createValidator(validation!, model, { reading, build, threads });
	try {
		return await validator.measure(model, signal);
	} finally {
		validator.dispose();
	}
}

interface Found {
	readonly classifier: NewClassifier;
	readonly features: Embeddings;
	readonly view: View;
	readonly report: TransferReport["views"];
	readonly secondsPerPicture: number;
}

/** The best view and the classifier of the features that it gives; undefined if the work was stopped. */
async function* classified(
	options: TransferOptions,
	control: Control,
	note: (message: string) => Iterable<TrainingEvent>,
): AsyncGenerator<TrainingEvent, Found | undefined, void> {
	const { model, training } = options;
	const { dataset } = training;
	const all = indicesOf(training);
	const views = viewsToTry(model, options);
	const some = views.length > 1 ? someOf(all, options) : all;
	const notes: string[] = [];
	let secondsPerPicture = 0;
	const look = async (view: View, indices: Int32Array, source: string) => {
		const began = performance.now();
		const seen = viewedBy(model, view);
		const features = await featuresOf(seen, dataset, indices, {
			...options,
			source,
			onUnreadable: (message) => notes.push(message),
			isStopping: () => control.stopped,
		});
		secondsPerPicture = (performance.now() - began) / 1000 / Math.max(1, indices.length);
		if (!features || control.stopped) return undefined;
		return { view, features, classifier: await newClassifier(seen, dataset, features, options) };
	};
	const looks: NonNullable<Awaited<ReturnType<typeof look>>>[] = [];
	for (const [i, view] of views.entries()) {
		const source = views.length > 1 ? `features, view ${i + 1} of ${views.length}` : "features";
		const one = await look(view, some, source);
		for (const message of notes.splice(0)) yield* note(message);
		if (!one) return undefined;
		looks.push(one);
		// Without cross-validation there is nothing to choose by.
		if (!one.classifier.head?.outOfFold) break;
	}
	const judged = looks.flatMap(({ view, features, classifier: { head } }): JudgedView[] =>
		head?.outOfFold ? [{ view, losses: lossesOf(features, head) }] : [],
	);
	const { chosen, tried } = judged.length > 1 ? chosenView(model, judged) : { chosen: 0, tried: [] };
	if (tried.length > 0) yield* note(viewSentence(chosen, tried));
	const best = looks[chosen]!;
	const whole = some.length === all.length ? best : await look(best.view, all, "features");
	for (const message of notes.splice(0)) yield* note(message);
	return whole && { ...whole, report: tried, secondsPerPicture };
}

/** As many pictures as views are tried on, the same share of every class. */
function someOf(indices: Int32Array, { training: { dataset }, seed }: TransferOptions): Int32Array {
	if (indices.length <= mostTried) return indices;
	const labels = indices.map((index) => dataset.labels[index]!);
	const { validation } = split({ labels }, { share: mostTried / indices.length, seed });
	return validation.map((i) => indices[i]!);
}

/** The out-of-fold loss of every picture. */
function lossesOf(
	{ labels, indices }: Embeddings,
	{ outOfFold, classes }: Head,
): ReadonlyMap<number, number> {
	const { rows, probabilities } = outOfFold!;
	return new Map(
		Array.from(rows, (row, i) => [
			indices[row]!,
			-Math.log(Math.max(probabilities[i * classes + labels[row]!]!, Number.MIN_VALUE)),
		]),
	);
}

function measuredOf({ outOfFold }: Head): Measured {
	const { accuracy, loss, rows } = outOfFold!;
	return { top1: accuracy, top1Error: shareError(accuracy, rows.length), loss, pictures: rows.length };
}

/** The network with logits divided by a temperature. */
function withTemperature(model: Model, temperature: number): Model {
	const { layers } = partsOf(model);
	const divided = ({ data, shape }: Float32Tensor) =>
		float32(
			data.map((x) => x / temperature),
			shape,
		);
	const cooled = layers.map((own) =>
		own.layer.name === "classifier"
			? {
					...own,
					weight: divided(own.weight as Float32Tensor),
					...(own.bias && { bias: divided(own.bias as Float32Tensor) }),
				}
			: own,
	);
	return { ...model, tensors: tensorsOf({ layers: cooled }) };
}

/** What was tried and what is kept, in words. */
function sentenceOf(
	{ classifier, fineTuning, seconds }: TransferReport,
	start: Validation | undefined,
): string {
	const percent = ({ top1, top1Error }: Measured): string =>
		`${(100 * top1).toFixed(1)} ± ${(100 * top1Error).toFixed(1)} %`;
	const time = seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
	if (fineTuning) {
		const { alone, tuned, share, isKept } = fineTuning;
		const how = share === 1 ? "fine-tuned" : "half-way to fine-tuned";
		const losses = `loss ${alone.loss.toFixed(3)} and ${tuned.loss.toFixed(3)}`;
		return `classifier alone ${percent(alone)}; ${how} ${percent(tuned)}, ${losses}: ${isKept ? "proven to be better, kept" : "not proven to be better, left out"}; ${time}.`;
	}
	if (classifier)
		return `classifier alone ${percent(classifier)} in cross-validation, loss ${classifier.loss.toFixed(3)}; ${time}.`;
	const measured = start
		? `${(100 * start.top1).toFixed(1)} % on the validation pictures`
		: "too few pictures to measure it";
	return `classifier alone: ${measured}; ${time}.`;
}
