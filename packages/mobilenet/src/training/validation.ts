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
import type { Validation } from "./events.ts";
import type { Pictures } from "./options.ts";
import { indicesOf } from "./pictures.ts";

export interface Validator {
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

	return {
		measure: async (network, signal) => {
			if (executor) executor.load(floatPlanner.prepare(network));
			else executor = executorFor(network, floatPlanner, plan, loaded);
			let [right, loss, seen] = [0, 0, 0];
			for await (const { pixels, labels } of prepared(signal)) {
				signal?.throwIfAborted();
				executor.pixels.set(pixels);
				executor.run("bytes", labels.length);
				for (const [n, label] of labels.entries()) {
					const judged = judge(executor.read("classifier", n), label);
					right += judged.right ? 1 : 0;
					loss += judged.loss;
				}
				seen += labels.length;
			}
			if (seen === 0)
				throw new MobileNetError(
					"picture",
					`none of the validation pictures of ${dataset.name} can be read.`,
				);
			return { top1: right / seen, loss: loss / seen, pictures: seen };
		},
		dispose: () => {
			executor?.dispose();
			executor = undefined;
			kept.length = 0;
		},
	};
}

/** Whether the label has the largest logit (among equals, the first), and its cross entropy. */
export function judge(
	logits: Float32Array,
	label: number,
): { readonly right: boolean; readonly loss: number } {
	let best = 0;
	for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[best]!) best = i;
	let sum = 0;
	for (const logit of logits) sum += Math.exp(logit - logits[best]!);
	return { right: best === label, loss: Math.log(sum) + logits[best]! - logits[label]! };
}

/** Whether a validation is better than the best so far: by top-1, and if that is equal, by the loss. */
export function isBetter(validation: Validation, best: Validation | undefined): boolean {
	if (!best || validation.top1 !== best.top1) return !best || validation.top1 > best.top1;
	return validation.loss < best.loss;
}
