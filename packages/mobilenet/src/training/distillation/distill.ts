/**
 * Distillation, from options to the trained student. The teacher is matched to the data's classes, the student gets the
 * outputs that it should learn, and the teacher's answers are computed once and kept, or at every step. The rest is an
 * ordinary training run, with a loss against the teacher in addition to that against the labels, or instead of it.
 */

import { MobileNetError, messageOf } from "../../base/error.ts";
import { withClasses } from "../../data/with-classes.ts";
import { backgroundOutputs } from "../../labels/background.ts";
import type { Label, Model } from "../../weights/model.ts";
import { taughtBy } from "../../weights/origin.ts";
import type { Training, TrainingEvent } from "../events.ts";
import { usualLearningRate } from "../optimizer.ts";
import { type Pictures, settingsOf, type TrainingOptions, type TrainingSettings } from "../options.ts";
import { indicesOf } from "../pictures.ts";
import { type Engine, trainOn } from "../trainer.ts";
import { type EmbeddingSize, embeddingSize, mostForSize } from "./embedding-size.ts";
import { checkDistillOptions, type DistillOptions, isTeacherAlone } from "./options.ts";
import { isTrained, numbered, studentWith } from "./student.ts";
import type { Lesson, Teacher, Views } from "./teacher.ts";
import { cachedTeacher } from "./teacher-cache.ts";
import { shownTeacher, type TeacherNetwork, teacherNetwork, withTeacherHead } from "./teacher-network.ts";

const usualTemperature = 2;
const usualWeight = 0.9;
/** Defaults for a trained student: this share of the usual learning rate, and this limit on the gradients' norm. */
const gentle = { rate: 0.1, clip: 2 } as const;
/** Memory for kept answers: the default limit, and the largest one, in bytes. */
const answerBytes = { usual: 256 * 2 ** 20, most: 2 ** 31 } as const;
/** Pictures per run of the teacher when computing its features. */
const featureBatch = 8;

/** Distills on a given engine; `distill` uses this package's. */
export function distillOn(engine: Engine, options: DistillOptions): Training {
	const control: Control = { stopping: new AbortController(), inner: undefined };
	const events = run(engine, options, control);
	return {
		[Symbol.asyncIterator]: () => events,
		stop: () => {
			control.stopping.abort();
			control.inner?.stop();
		},
	};
}

interface Control {
	/** Ends the preparation before the first epoch. */
	readonly stopping: AbortController;
	/** The student's run, once it has started. */
	inner: Training | undefined;
}

/** All that the student's run needs, and the lesson to report at its end. */
interface Prepared {
	readonly options: TrainingOptions;
	readonly lesson: Lesson;
	readonly dispose: () => void;
}

async function* run(
	engine: Engine,
	options: DistillOptions,
	control: Control,
): AsyncGenerator<TrainingEvent, void, void> {
	checkDistillOptions(options);
	const { signal: stopping } = control.stopping;
	const { signal } = options;
	let prepared: Prepared;
	try {
		prepared = yield* prepare({
			...options,
			signal: signal ? AbortSignal.any([signal, stopping]) : stopping,
		});
	} catch (error) {
		if (!stopping.aborted || signal?.aborted) throw error;
		const { student: model } = options;
		return yield { kind: "done", reason: "stopped", model, best: undefined, history: [], step: 0 };
	}
	try {
		control.inner = trainOn(engine, { ...prepared.options, signal });
		if (stopping.aborted) control.inner.stop();
		for await (const event of control.inner)
			yield event.kind === "done" ? { ...event, lesson: prepared.lesson } : event;
	} finally {
		prepared.dispose();
	}
}

async function* prepare(given: DistillOptions): AsyncGenerator<TrainingEvent, Prepared, void> {
	const { teacher: model, student, learns = "probabilities" } = given;
	const isAlone = isTeacherAlone(given);
	const teacherClasses = isAlone ? classesOf(model) : [];
	const options = isAlone ? { ...given, ...withoutLabels(given, teacherClasses) } : given;
	const { classes } = options.training.dataset;
	const settings = settingsOf({ ...options, model: student });
	const network = await prepareTeacher(options, isAlone ? teacherClasses : classes, settings);
	try {
		for (const message of network.notes) yield { kind: "note", message };
		const outputs = {
			kind: learns,
			count: network.outputs,
			labels: learns === "embedding" ? undefined : isAlone ? model.labels && teacherClasses : classes,
		};
		// Fails before the teacher's answers are computed, which can take long.
		studentWith(student, outputs, settings.seed);
		const views = viewsFor(options, settings, indicesOf(options.training).length * network.outputs);
		const { teacher, embeddings } = yield* answeringTeacher(options, settings, network, views);
		const weight = isAlone ? 1 : (options.weight ?? usualWeight);
		const { temperature } = teacher;
		// The student starts by answering with the mean of the embeddings.
		const begun = studentWith(student, { ...outputs, bias: embeddings?.mean }, settings.seed);
		const taught = { ...begun, source: taughtBy(begun.source, model.source) };
		return {
			options: {
				...options,
				...(isTrained(student) && gently(options, settings)),
				model: taught,
				distillation: {
					teacher,
					name: `${network.fingerprint} ${temperature} ${views}`,
					hardWeight: 1 - weight,
					softWeight: embeddings ? 1 / embeddings.square : weight,
					views: typeof views === "number" ? views : undefined,
				},
			},
			lesson: learns === "probabilities" ? { learns, temperature, weight, views } : { learns, views },
			dispose: teacher.dispose,
		};
	} catch (error) {
		network.dispose();
		throw error;
	}
}

/** The teacher's classes, without the background class. */
function classesOf({ labels, configuration }: Model): readonly Label[] {
	if (!labels) return numbered(configuration.classes);
	return labels.slice(backgroundOutputs(labels));
}

/** The training pictures without their labels, and the validation pictures with the teacher's classes. */
function withoutLabels(
	{ training, validation }: DistillOptions,
	teacherClasses: readonly Label[],
): { readonly training: Pictures; readonly validation?: Pictures | undefined } {
	const { dataset } = training;
	const labels = new Int32Array(dataset.labels.length).fill(-1);
	return {
		training: { ...training, dataset: { ...dataset, classes: [], labels } },
		validation: validation && { ...validation, dataset: withClasses(validation.dataset, teacherClasses) },
	};
}

/** The teacher's network for these classes, with a classifier trained on the data if `teacherHead` asks for it. */
async function prepareTeacher(
	options: DistillOptions,
	classes: readonly Label[],
	{ seed }: TrainingSettings,
): Promise<TeacherNetwork> {
	const { teacher: model, learns, teacherHead, training, build, threads, signal, onProgress } = options;
	const { dataset } = training;
	const trained = teacherHead
		? await withTeacherHead(model, dataset, indicesOf(training), {
				seed,
				build,
				threads,
				batch: featureBatch,
				signal,
				onProgress: (progress) =>
					onProgress?.({ ...progress, source: "pictures for the teacher's classifier" }),
				// The student's run reports them.
				onUnreadable: () => undefined,
			})
		: model;
	signal?.throwIfAborted();
	try {
		return await teacherNetwork(trained, { name: dataset.name, classes }, { kind: learns, build, threads });
	} catch (error) {
		if (isTeacherAlone(options) || !(error instanceof MobileNetError && error.code === "usage")) throw error;
		throw new MobileNetError(
			"usage",
			`the teacher does not have the data's classes: set teacherHead (--teacher-head on the command line) to train a classifier of them: ${messageOf(error)}`,
			{ cause: error },
		);
	}
}

/**
 * What the teacher is shown. Default: each picture once, if the answers fit into memory.
 *
 * @param numbers how many numbers the answers to all pictures have, in one view
 */
function viewsFor({ views: asked }: DistillOptions, { epochs }: TrainingSettings, numbers: number): Views {
	if (asked === "live") return asked;
	// More crops than epochs would never be seen.
	const views = typeof asked === "number" ? Math.min(asked, epochs) : "whole";
	const bytes = 4 * numbers * (views === "whole" ? 1 : views);
	if (asked === undefined) return bytes <= answerBytes.usual ? views : "live";
	if (bytes <= answerBytes.most) return views;
	const mebibytes = (count: number): string => `${Math.ceil(count / 2 ** 20).toLocaleString("en-US")} MiB`;
	throw new MobileNetError(
		"usage",
		`views ${asked} needs ${mebibytes(bytes)} of memory for the teacher's answers, but they may take at most ${mebibytes(answerBytes.most)}: give live${views === "whole" ? "" : ", whole or fewer crops"}.`,
	);
}

/** The teacher of the run, which has kept its answers or runs the network at every step. */
async function* answeringTeacher(
	{ training, learns, temperature: asked, answers, onProgress, workers, cache, signal }: DistillOptions,
	{ augmentation, seed }: TrainingSettings,
	network: TeacherNetwork,
	views: Views,
): AsyncGenerator<TrainingEvent, { readonly teacher: Teacher; readonly embeddings?: EmbeddingSize }, void> {
	const { dataset } = training;
	const temperature = learns === "embedding" ? 1 : (asked ?? usualTemperature);
	const unreadable = new Set<string>();
	const keep = (what: string, indices: Int32Array): Promise<Teacher> =>
		cachedTeacher(network, dataset, {
			temperature,
			indices,
			folder: answers,
			workers,
			cache,
			signal,
			crops:
				typeof views === "number" && augmentation !== "none"
					? { augmentation, seed, count: views }
					: undefined,
			onProgress: (progress) => onProgress?.({ ...progress, source: what }),
			// The student's run reports them.
			onUnreadable: (name) => unreadable.add(name),
		});
	const sizeOf = (teacher: Teacher, indices: Int32Array): EmbeddingSize =>
		embeddingSize(
			teacher,
			indices.filter((index) => !unreadable.has(dataset.nameOf(index))),
		);

	const indices = indicesOf(training);
	if (views === "live") {
		yield { kind: "note", message: "the teacher sees every crop that the student sees." };
		const teacher = shownTeacher(network, { temperature });
		if (learns !== "embedding") return { teacher };
		const some = indices.subarray(0, mostForSize);
		return { teacher, embeddings: sizeOf(await keep("the teacher's embeddings", some), some) };
	}
	const what = views === "whole" ? "each picture" : `${views} crops of each picture`;
	const where = answers ? answers.name : "memory";
	yield {
		kind: "note",
		message: `the teacher sees ${what} once: its answers are kept in ${where}.`,
	};
	const teacher = await keep("the teacher's answers", indices);
	network.dispose();
	return learns === "embedding" ? { teacher, embeddings: sizeOf(teacher, indices) } : { teacher };
}

/** Options with the defaults for a trained student, which are those of fine-tuning. */
function gently(
	{ learningRate, clip, frozenNorm }: DistillOptions,
	{ optimizer, batch }: TrainingSettings,
): Pick<TrainingOptions, "learningRate" | "clip" | "frozenNorm"> {
	return {
		learningRate: learningRate ?? gentle.rate * usualLearningRate(optimizer.kind, batch),
		clip: clip ?? gentle.clip,
		frozenNorm: frozenNorm ?? true,
	};
}
