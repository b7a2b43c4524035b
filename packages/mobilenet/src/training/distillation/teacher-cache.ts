/**
 * A teacher's answers, computed once and kept in memory for the run, and in files for later runs. Either the teacher sees
 * each whole picture and its mirror image, and the mean of both answers is the target for every crop that the student sees;
 * or teacher and student see the same few crops of each picture.
 *
 * Answers are logits, so the same files serve every temperature. The files are safetensors of a few thousand pictures each,
 * written whole or not at all. A file's name is a hash of all that it depends on, so a change of teacher, data or views
 * leads to other files. A file that is broken or lacks pictures is made again.
 */
import { checkWhole } from "../../base/check.ts";
import { MobileNetError } from "../../base/error.ts";
import type { OnProgress } from "../../base/progress.ts";
import type { Augmentation } from "../../data/augmentation.ts";
import { batches } from "../../data/batches.ts";
import type { PictureCache } from "../../data/cache.ts";
import type { Dataset } from "../../data/dataset.ts";
import { readSafetensors } from "../../formats/safetensors/safetensors.ts";
import { writeSafetensors } from "../../formats/safetensors/safetensors-writer.ts";
import { float32, int32, type Tensor } from "../../weights/tensor.ts";
import { mirrored } from "../embeddings.ts";
import { dataFingerprint } from "../fingerprint.ts";
import type { RunFolder } from "../run-folder.ts";
import type { Teacher } from "./teacher.ts";
import { checkTemperature, type TeacherNetwork, writeTargets } from "./teacher-network.ts";

export interface CachedTeacherOptions {
	/** Default: 1. */
	readonly temperature?: number | undefined;
	/** Numbers of the pictures to answer. Default: all. */
	readonly indices?: Int32Array | undefined;
	/** The crops that the student sees: `count` per picture, those of the first epochs. Default: whole pictures. */
	readonly crops?:
		| { readonly augmentation: Augmentation; readonly seed: number; readonly count: number }
		| undefined;
	/** Where to keep files. Default: nowhere. */
	readonly folder?: RunFolder | undefined;
	/** Called with the data set's name, the number of answers so far, and their total. */
	readonly onProgress?: OnProgress | undefined;
	/** Called for every picture that cannot be read; the teacher has no answer to it. */
	readonly onUnreadable?: ((name: string, error: unknown) => void) | undefined;
	readonly signal?: AbortSignal | undefined;
	readonly workers?: number | undefined;
	/** Decoded pictures to share with the student. */
	readonly cache?: PictureCache | undefined;
}

/** Pictures per file: the first file holds those with numbers 0 to 4095, and so on. */
const partPictures = 4096;
const batch = 32;

/**
 * Computes or reads all answers of a teacher and keeps them. The network is no longer needed afterwards. Memory: 4 bytes ·
 * pictures · outputs · crops.
 *
 * @throws MobileNetError any error of `batches` and of the folder; the signal's reason
 * @example
 * const teacher = await cachedTeacher(network, dataset, { temperature: 4, folder: runFolder("model.teacher") });
 */
export async function cachedTeacher(
	network: TeacherNetwork,
	dataset: Dataset,
	options: CachedTeacherOptions = {},
): Promise<Teacher> {
	const { temperature = 1, crops, folder, onProgress } = options;
	const { kind, outputs } = network;
	checkTemperature(temperature, kind);
	const indices = options.indices ?? Int32Array.from(dataset.labels.keys());
	const views = crops?.count ?? 1;
	checkWhole("crops", views, 1);
	const places = new Int32Array(dataset.labels.length).fill(-1);
	for (const [place, index] of indices.entries()) places[index] = place;
	const rows = indices.length * outputs;
	const answers = new Float32Array(rows * views);
	const isKnown = new Uint8Array(indices.length * views);

	const key = folder ? await keyOf(network, dataset, options) : "";
	let done = 0;
	const report = (): void =>
		onProgress?.({ loaded: done, total: indices.length * views, source: dataset.name });
	for (let view = 0; view < views; view++) {
		const keep = (index: number, row: Float32Array): void => {
			const place = view * indices.length + places[index]!;
			answers.set(row, place * outputs);
			isKnown[place] = 1;
		};
		for (const [part, numbers] of indicesByFile(indices)) {
			const file = `${key}-${view}-${part}.safetensors`;
			const kept = folder
				? await rowsOf(await folder.read(file), outputs, file)
				: new Map<number, Float32Array>();
			const missing = numbers.filter((index) => !kept.has(index));
			done += numbers.length - missing.length;
			report();
			const before = kept.size;
			const found = (index: number, row: Float32Array): void => {
				kept.set(index, row);
				done++;
				report();
			};
			if (missing.length > 0) await computeAnswers(network, dataset, missing, view, options, found);
			if (folder && kept.size > before) await folder.write(file, await fileOf(kept, outputs));
			for (const index of numbers) if (kept.has(index)) keep(index, kept.get(index)!);
		}
	}

	let logits = new Float32Array(0);
	return {
		kind,
		outputs,
		temperature,
		targets: ({ count, indices: numbers, view = 0 }, into, pitch) => {
			if (logits.length < count * outputs) logits = new Float32Array(count * outputs);
			for (let n = 0; n < count; n++) {
				const keptView = crops ? view : 0;
				const place = places[numbers[n]!] ?? -1;
				const row = keptView * indices.length + place;
				if (place < 0 || keptView >= views || !isKnown[row])
					throw new MobileNetError(
						"usage",
						`the teacher has no answer to picture ${numbers[n]} of ${dataset.name}${crops ? ` in view ${keptView} of ${views}` : ""}: include it in the indices, and check that it can be read.`,
					);
				logits.set(answers.subarray(row * outputs, (row + 1) * outputs), n * outputs);
			}
			writeTargets(network, temperature, logits.subarray(0, count * outputs), into, pitch);
		},
		dispose: () => undefined,
	};
}

/** Groups numbers of pictures by the file that holds them. */
function indicesByFile(indices: Int32Array): ReadonlyMap<number, Int32Array> {
	const parts = new Map<number, number[]>();
	for (const index of indices) {
		const part = Math.floor(index / partPictures);
		const members = parts.get(part);
		if (members) members.push(index);
		else parts.set(part, [index]);
	}
	return new Map([...parts].map(([part, members]) => [part, Int32Array.from(members)]));
}

/** Computes the network's answers to pictures in one view. */
async function computeAnswers(
	network: TeacherNetwork,
	dataset: Dataset,
	indices: Int32Array,
	view: number,
	{ crops, workers, cache, signal, onUnreadable }: CachedTeacherOptions,
	found: (index: number, row: Float32Array) => void,
): Promise<void> {
	const { outputs } = network;
	const [answers, mirroredAnswers] = [new Float32Array(batch * outputs), new Float32Array(batch * outputs)];
	const failures = new Set<unknown>();
	const made = batches(dataset, {
		indices,
		batch,
		views: [network.view],
		workers,
		cache,
		augmentation: crops?.augmentation,
		seed: crops?.seed,
		epoch: view,
		onUnreadable: (name, error) => {
			failures.add(error);
			onUnreadable?.(name, error);
		},
		signal,
	});
	try {
		for await (const { count, indices: numbers, pixels } of made) {
			signal?.throwIfAborted();
			network.answers(pixels[0]!, count, answers);
			if (!crops) {
				network.answers(mirror(pixels[0]!, network.view, count), count, mirroredAnswers);
				for (let i = 0; i < count * outputs; i++) answers[i] = (answers[i]! + mirroredAnswers[i]!) / 2;
			}
			for (let n = 0; n < count; n++) found(numbers[n]!, answers.slice(n * outputs, (n + 1) * outputs));
		}
	} catch (error) {
		// None of the missing pictures can be read, and each was reported; the answers to the others are kept.
		if (!(error instanceof MobileNetError && error.code === "picture" && failures.size >= indices.length))
			throw error;
	}
}

/** Mirrors [count, size, size, channels] bytes, as one high picture. */
function mirror(data: Uint8Array, { size, channels }: TeacherNetwork["view"], count: number): Uint8Array {
	const whole = data.subarray(0, count * size * size * channels);
	return mirrored({ data: whole, width: size, height: count * size, channels }).data;
}

/** A hash of all that answers depend on. */
async function keyOf(
	{ fingerprint }: TeacherNetwork,
	dataset: Dataset,
	{ crops }: CachedTeacherOptions,
): Promise<string> {
	const views = crops ? [crops.augmentation, crops.seed] : ["whole", "mirrored"];
	const { pictures, mark } = dataFingerprint({ dataset });
	const text = JSON.stringify([fingerprint, dataset.name, pictures, mark, views]);
	return (await sha256(new TextEncoder().encode(text))).slice(0, 16);
}

/** The rows of a file; none if it is missing or broken, so that it is made again. */
async function rowsOf(
	bytes: Uint8Array | undefined,
	outputs: number,
	file: string,
): Promise<Map<number, Float32Array>> {
	const rows = new Map<number, Float32Array>();
	if (!bytes) return rows;
	try {
		const { tensors, metadata } = readSafetensors(bytes, file);
		const [numbers, answers] = [tensors.get("pictures"), tensors.get("answers")];
		if (numbers?.dtype !== "I32" || answers?.dtype !== "F32") return rows;
		if (answers.data.length !== numbers.data.length * outputs) return rows;
		if (metadata.digest !== (await contentDigest(numbers.data, answers.data))) return rows;
		for (const [n, index] of numbers.data.entries())
			rows.set(index, answers.data.subarray(n * outputs, (n + 1) * outputs));
	} catch (error) {
		if (!(error instanceof MobileNetError)) throw error;
	}
	return rows;
}

async function fileOf(rows: ReadonlyMap<number, Float32Array>, outputs: number): Promise<Uint8Array> {
	const numbers = Int32Array.from(rows.keys());
	const answers = new Float32Array(rows.size * outputs);
	for (const [n, row] of [...rows.values()].entries()) answers.set(row, n * outputs);
	const tensors = new Map<string, Tensor>([
		["pictures", int32(numbers)],
		["answers", float32(answers, [numbers.length, outputs])],
	]);
	return writeSafetensors(tensors, { digest: await contentDigest(numbers, answers) });
}

async function contentDigest(numbers: Int32Array, answers: Float32Array): Promise<string> {
	const bytes = new Uint8Array(numbers.byteLength + answers.byteLength);
	bytes.set(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
	bytes.set(new Uint8Array(answers.buffer, answers.byteOffset, answers.byteLength), numbers.byteLength);
	return sha256(bytes);
}

/** SHA-256 in hexadecimal. */
async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
	const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
	return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
