/**
 * Measures the network between epochs: top-1 and cross entropy on the validation pictures, by the inference plan. One
 * executor and one set of prepared pictures serve all epochs. Thorough measures are in evaluation/.
 */
import { MobileNetError } from "../base/error.ts";
import { type BatchesOptions, batches } from "../data/batches.ts";
import { executorFor, floatPlanner } from "../engine/arithmetic.ts";
import type { Executor } from "../engine/executor.ts";
import { threadsFor } from "../engine/threads.ts";
import { loadBuild } from "../kernels/load.ts";
import type { Build } from "../kernels/walker.ts";
import type { Model } from "../weights/model.ts";
import { judgedRow } from "./cross-validation.ts";
import type { Validation } from "./events.ts";
import type { Pictures } from "./options.ts";
import { indicesOf } from "./pictures.ts";

/** The answers of a network to pictures, in their order; those that cannot be read are left out. */
export interface Answers {
	/** [pictures, classes]. */
	readonly logits: Float32Array;
	/** [pictures]. */
	readonly labels: Int32Array;
	/** −log of the probability of the right class, [pictures]. */
	readonly losses: Float64Array;
	/** 1 where the most probable class is right, else 0, [pictures]. */
	readonly right: Uint8Array;
}

export interface Validator {
	/** The answers of a network of the configuration that the validator was made for. */
	readonly answers: (model: Model, signal?: AbortSignal) => Promise<Answers>;
	/** Measures a network of the configuration that the validator was made for. */
	readonly measure: (model: Model, signal?: AbortSignal) => Promise<Validation>;
	readonly dispose: () => void;
}

export interface ValidatorOptions {
	/** How pictures are read. */
	readonly reading: Pick<BatchesOptions, "cache" | "workers" | "onUnreadable">;
	readonly build?: Build | undefined;
	readonly threads?: number | undefined;
}

/** Pictures per run of the network. */
const batch = 8;
/** Prepared pictures are kept from epoch to epoch if they take at most this many bytes. */
const mostKept = 256 * 2 ** 20;

/** Prepared pictures of one run, and their classes. */
interface Prepared {
	readonly pixels: Uint8Array;
	readonly labels: Int32Array;
}

export async function createValidator(
	pictures: Pictures,
	model: Model,
	{ build, threads, reading }: ValidatorOptions,
): Promise<Validator> {
	const { dataset } = pictures;
	const { configuration, preprocessing } = model;
	const { size, inputChannels: channels } = configuration;
	const { filter, fit } = preprocessing;
	const wanted = indicesOf(pictures).filter((index) => dataset.labels[index]! >= 0);
	const workers = threadsFor(configuration, threads);
	const { loaded } = await loadBuild({ build, shared: workers > 1 });
	const plan = { build: loaded.build, batch, keep: [], threads: workers };
	const kept: Prepared[] = [];
	const keeps = wanted.length * size * size * channels <= mostKept;
	let executor: Executor | undefined;

	const prepared = async function* (signal: AbortSignal | undefined): AsyncGenerator<Prepared> {
		if (kept.length > 0) return yield* kept;
		const view = { size, channels, filter, fit };
		for await (const { count, indices: numbers, pixels } of batches(dataset, {
			...reading,
			indices: wanted,
			batch,
			views: [view],
			signal,
		})) {
			if (count === 0) continue;
			const labels = Int32Array.from(numbers.subarray(0, count), (index) => dataset.labels[index]!);
			const own = pixels[0]!.subarray(0, count * size * size * channels);
			const one = { pixels: keeps ? own.slice() : own, labels };
			if (keeps) kept.push(one);
			yield one;
		}
	};

	const answers = async (network: Model, signal?: AbortSignal): Promise<Answers> => {
		if (executor) executor.load(floatPlanner.prepare(network));
		else executor = executorFor(network, floatPlanner, plan, loaded);
		const { classes } = network.configuration;
		const logits = new Float32Array(wanted.length * classes);
		const own = new Int32Array(wanted.length);
		const [losses, right] = [new Float64Array(wanted.length), new Uint8Array(wanted.length)];
		let seen = 0;
		for await (const { pixels, labels } of prepared(signal)) {
			signal?.throwIfAborted();
			executor.pixels.set(pixels);
			executor.run("bytes", labels.length);
			for (const [n, label] of labels.entries()) {
				const row = executor.read("classifier", n);
				const { loss, isRight } = judgedRow(row, label);
				logits.set(row, seen * classes);
				own[seen] = label;
				losses[seen] = loss;
				right[seen++] = isRight ? 1 : 0;
			}
		}
		if (seen === 0)
			throw new MobileNetError("picture", `none of the validation pictures of ${dataset.name} can be read.`);
		return {
			logits: logits.subarray(0, seen * classes),
			labels: own.subarray(0, seen),
			losses: losses.subarray(0, seen),
			right: right.subarray(0, seen),
		};
	};

	return {
		answers,
		measure: async (network, signal) => {
			const { losses, right } = await answers(network, signal);
			const pictures = losses.length;
			return {
				top1: right.reduce((sum, one) => sum + one, 0) / pictures,
				loss: losses.reduce((sum, loss) => sum + loss, 0) / pictures,
				pictures,
			};
		},
		dispose: () => {
			executor?.dispose();
			executor = undefined;
			kept.length = 0;
		},
	};
}

/** Whether a validation is better than the best so far: by top-1, and if that is equal, by the loss. */
export function isBetter(validation: Validation, best: Validation | undefined): boolean {
	if (!best || validation.top1 !== best.top1) return !best || validation.top1 > best.top1;
	return validation.loss < best.loss;
}
