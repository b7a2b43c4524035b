/** The teacher of `mobilenet distill`: brought to the data's classes, asked once or all the time. */
import { runFolder } from "#run-folder";
import { MobileNetError } from "../network/index.ts";
import { type EmbeddingSize, embeddingSize, mostForSize } from "../training/distillation/embedding-size.ts";
import type { Teacher } from "../training/distillation/teacher.ts";
import { cachedTeacher } from "../training/distillation/teacher-cache.ts";
import {
	shownTeacher,
	type TeacherNetwork,
	teacherNetwork,
	withTeacherHead,
} from "../training/distillation/teacher-network.ts";
import type { TrainingSettings } from "../training/options.ts";
import { indicesOf } from "../training/pictures.ts";
import type { Label, Model } from "../weights/model.ts";
import { messageOf, usageError } from "./errors.ts";
import type { DistillOptions, Views } from "./options/distill.ts";
import { pathsOf } from "./options/train.ts";
import { grouped } from "./table.ts";
import type { RunSettings, Tools } from "./training-run.ts";

const usualTemperature = 2;
/** Answers that are kept unless told otherwise, in bytes of memory, and the most that may be asked for. */
const mostAnswers = { usual: 256 * 2 ** 20, asked: 2 ** 31 } as const;
/** Pictures that go through the teacher at a time for its features. */
const featureBatch = 8;

/**
 * The network that is asked, with a classifier trained on the data where that is wanted.
 *
 * @param own its classes, where the student learns those; else it must know the data's
 */
export async function askedTeacher(
	{ embedding, teacherHead, threads }: DistillOptions,
	model: Model,
	own: readonly Label[],
	{ training, seed }: RunSettings,
	{ note, onPrepare }: Tools,
): Promise<TeacherNetwork> {
	const { dataset } = training;
	const trained = teacherHead
		? await withTeacherHead(model, dataset, indicesOf(training), {
				...{ seed, threads, batch: featureBatch },
				onProgress: (done, total) => onPrepare("pictures for the teacher's classifier", done, total),
				// The run itself tells of them.
				onUnreadable: () => undefined,
			})
		: model;
	const kind = embedding ? "embedding" : "probabilities";
	const classes = own.length > 0 ? own : dataset.classes;
	try {
		const network = await teacherNetwork(trained, { name: dataset.name, classes }, { kind, threads });
		for (const message of network.notes) await note(message);
		return network;
	} catch (error) {
		if (own.length > 0 || !(error instanceof MobileNetError && error.code === "usage")) throw error;
		throw usageError(
			`the teacher cannot be asked about the data's classes unless --teacher-head trains a classifier of them: ${messageOf(error)}`,
		);
	}
}

/** What the teacher is shown: each picture once, where its answers can be kept, unless something else is asked for. */
export function viewsOf(
	{ views: asked }: DistillOptions,
	{ epochs }: TrainingSettings,
	{ training }: RunSettings,
	outputs: number,
): Views {
	if (asked === "live") return asked;
	// Crops beyond the epochs' would never be seen.
	const views = typeof asked === "number" ? Math.min(asked, epochs) : "whole";
	const bytes = 4 * indicesOf(training).length * outputs * (views === "whole" ? 1 : views);
	if (asked === undefined) return bytes <= mostAnswers.usual ? views : "live";
	if (bytes <= mostAnswers.asked) return views;
	const mebibytes = (count: number): string => `${grouped(Math.ceil(count / 2 ** 20))} MiB`;
	throw usageError(
		`--views ${asked} needs ${mebibytes(bytes)} of memory for the teacher's answers, more than the ${mebibytes(mostAnswers.asked)} that they may take: give live${views === "whole" ? "" : ", whole or fewer crops"}.`,
	);
}

/** A teacher as a run listens to it. */
export interface Listened {
	readonly teacher: Teacher;
	/** Of its embeddings. */
	readonly embeddings?: EmbeddingSize;
}

/** The teacher with its answers kept, or asked at every step; then the network is its own to dispose of. */
export async function listenedTo(
	{ temperature: asked, output, answers }: DistillOptions,
	views: Views,
	network: TeacherNetwork,
	{ training, cache }: RunSettings,
	{ augmentation, seed }: TrainingSettings,
	{ note, onPrepare }: Tools,
): Promise<Listened> {
	const { dataset } = training;
	const { kind } = network;
	const temperature = kind === "embedding" ? 1 : (asked ?? usualTemperature);
	const folder = runFolder(answers ?? pathsOf(output).checkpoints.replace(/checkpoint$/, "teacher"));
	const unreadable = new Set<string>();
	const keep = (what: string, indices: Int32Array): Promise<Teacher> =>
		cachedTeacher(network, dataset, {
			...{ temperature, indices, folder, cache },
			...(typeof views === "number" &&
				augmentation !== "none" && { crops: { augmentation, seed, count: views } }),
			onProgress: (done, total) => onPrepare(what, done, total),
			// The run itself tells of them.
			onUnreadable: (name) => unreadable.add(name),
		});
	const sizeOf = (teacher: Teacher, indices: Int32Array): EmbeddingSize =>
		embeddingSize(
			teacher,
			indices.filter((index) => !unreadable.has(dataset.nameOf(index))),
		);

	const indices = indicesOf(training);
	if (views === "live") {
		await note("the teacher is asked about every crop that the student sees.");
		const teacher = shownTeacher(network, { temperature });
		if (kind !== "embedding") return { teacher };
		const some = indices.subarray(0, mostForSize);
		return { teacher, embeddings: sizeOf(await keep("the teacher's embeddings", some), some) };
	}
	const what = views === "whole" ? "each picture" : `${views} crops of each picture`;
	await note(`the teacher is asked about ${what} once: its answers are kept in ${folder.name}.`);
	const teacher = await keep("the teacher's answers", indices);
	network.dispose();
	return kind === "embedding" ? { teacher, embeddings: sizeOf(teacher, indices) } : { teacher };
}
