/**
 * Batches of pictures, decoded, cropped and resized for the network, made ahead of time while the network runs. Their
 * content depends only on the data, the seed, the epoch and the augmentation, not on which thread makes them or when.
 */

import { usualDecodingWorkers } from "#start-decoding-worker";
import { checkWhole } from "../base/check.ts";
import { MobileNetError } from "../base/error.ts";
import type { Augmentation } from "./augmentation.ts";
import { createBatchMaker } from "./batch-maker.ts";
import { type PictureCache, sharedBytes } from "./cache.ts";
import type { Dataset } from "./dataset.ts";
import { cacheForm, type DecodingSetup, errorOf, type Failure, viewsOf } from "./shares.ts";
import { checkRecipe, type Recipe, type View, viewLength } from "./views.ts";

export interface BatchesOptions {
	/** Numbers of the pictures, in order. */
	readonly indices: Int32Array;
	/** The most pictures per batch. */
	readonly batch: number;
	/** Sizes and channels in which to make each picture; more than one if, for example, a student and a teacher see it. */
	readonly views: readonly View[];
	/** Default: none, which prepares pictures as for classification. */
	readonly augmentation?: Augmentation | undefined;
	/** Seed of the run. Default: 0. */
	readonly seed?: number | undefined;
	/** Number of the epoch, from 0. Default: 0. */
	readonly epoch?: number | undefined;
	/** Decoded pictures to share between calls. Default: none. */
	readonly cache?: PictureCache | undefined;
	/** Number of decoding workers; 0 decodes on the caller's thread. Default: as many as help. */
	readonly workers?: number | undefined;
	/** Called for every picture that cannot be read; such pictures are skipped. */
	readonly onUnreadable?: ((name: string, error: unknown) => void) | undefined;
	readonly signal?: AbortSignal | undefined;
}

export interface Batch {
	/** Number of pictures that could be read: at least 1 and at most `batch`. */
	readonly count: number;
	/** Their numbers in the data set. */
	readonly indices: Int32Array;
	/** One array per view, [count, size, size, channels] bytes. Use or copy it at once: the batch after next may reuse it. */
	readonly pixels: readonly Uint8Array[];
}

/** Pictures to make ahead, and the most bytes for them. */
const pictures = 128;
const mostBytes = 2 ** 28;
const [leastAhead, mostAhead] = [3, 16] as const;
/** Fewer pictures take less time than starting a worker. */
const worthAWorker = 32;
/** Codes of errors that concern a single picture rather than the call or the machine. */
const ofPictures: readonly (string | undefined)[] = ["picture", "not-found", "broken-file", undefined];

/**
 * Yields batches in order; the last may be smaller. Leaving the loop, an error or an aborted signal stops the workers.
 *
 * @throws MobileNetError `usage` for an invalid option, `picture` if no picture can be read, `unsupported` if there is no
 *   decoder; the signal's reason when it is aborted
 * @example
 * const views = [{ size: 224, channels: 3, filter: "pillow-bilinear", fit: "stretch" }] as const;
 * const indices = orderOf(training, { seed: 1, epoch });
 * for await (const { count, pixels } of batches(dataset, { indices, batch: 32, views, augmentation: defaultAugmentation }))
 *   input.set(pixels[0]!); // [count, 224, 224, 3]
 */
export async function* batches(dataset: Dataset, options: BatchesOptions): AsyncGenerator<Batch, void, void> {
	const { indices, batch, views, augmentation, seed = 0, epoch = 0, cache, signal } = options;
	signal?.throwIfAborted();
	const recipe: Recipe = {
		views: views.map(({ size, channels, filter, fit }) => ({ size, channels, filter, fit })),
		augmentation,
		seed,
		epoch,
	};
	check(dataset, options, recipe);
	const count = Math.ceil(indices.length / batch);
	const workers = Math.min(
		options.workers ?? (indices.length < worthAWorker ? 0 : usualDecodingWorkers()),
		indices.length,
	);
	const slotBytes = batch * views.reduce((sum, view) => sum + viewLength(view), 0);
	const ahead =
		workers === 0
			? 1
			: Math.max(
					Math.min(
						Math.max(Math.ceil(pictures / batch), leastAhead),
						mostAhead,
						Math.floor(mostBytes / slotBytes) - 2,
					),
					1,
				);
	// Besides the batches made ahead: the one in use, and the one before it.
	const slots = Array.from({ length: Math.min(ahead + 2, count) }, () => sharedBytes(slotBytes));
	const setup: DecodingSetup = { recipe, batch, slots, table: cache?.tableOf(dataset, cacheForm(recipe)) };
	const maker = createBatchMaker(dataset, setup, workers);

	const stop = (): void => void maker.stop();
	signal?.addEventListener("abort", stop, { once: true });
	let started = 0;
	const startUpTo = (end: number): void => {
		for (; started < Math.min(end, count); started++)
			maker.start(started, started % slots.length, indices.subarray(started * batch, (started + 1) * batch));
	};
	let read = 0;
	let first: Failure | undefined;
	try {
		startUpTo(ahead);
		for (let b = 0; b < count; b++) {
			startUpTo(b + 1);
			const failures = await maker.finish(b);
			signal?.throwIfAborted();
			startUpTo(b + 1 + ahead);
			const wanted = indices.slice(b * batch, (b + 1) * batch);
			for (const failure of failures.toSorted((a, c) => a.position - c.position)) {
				if (!ofPictures.includes(failure.code)) throw errorOf(failure);
				first ??= failure;
				options.onUnreadable?.(dataset.nameOf(wanted[failure.position]!), errorOf(failure));
			}
			const made = withoutHoles(wanted, failures, viewsOf(slots[b % slots.length]!, setup, wanted.length));
			read += made.count;
			if (made.count > 0) yield made;
			signal?.throwIfAborted();
		}
	} finally {
		signal?.removeEventListener("abort", stop);
		await maker.stop();
	}
	if (read === 0 && first)
		throw new MobileNetError(
			"picture",
			`none of the ${indices.length} pictures of ${dataset.name} can be read; the first error: ${first.message}`,
		);
}

/** The batch without the pictures that could not be made; the others are moved together. */
function withoutHoles(
	indices: Int32Array,
	failures: readonly Failure[],
	views: readonly Uint8Array[],
): Batch {
	if (failures.length === 0) return { count: indices.length, indices, pixels: views };
	const holes = new Set(failures.map(({ position }) => position));
	const places = Array.from(indices.keys()).filter((position) => !holes.has(position));
	const pixels = views.map((view) => {
		const length = view.length / indices.length;
		for (const [to, from] of places.entries())
			if (to !== from) view.copyWithin(to * length, from * length, (from + 1) * length);
		return view.subarray(0, places.length * length);
	});
	return { count: places.length, indices: Int32Array.from(places, (place) => indices[place]!), pixels };
}

function check(dataset: Dataset, { indices, batch, workers }: BatchesOptions, recipe: Recipe): void {
	checkWhole("batch", batch, 1);
	if (workers !== undefined) checkWhole("workers", workers, 0, 64);
	checkWhole("seed", recipe.seed, 0);
	checkWhole("epoch", recipe.epoch, 0);
	const wrong = indices.find((index) => index < 0 || index >= dataset.labels.length);
	if (wrong !== undefined)
		throw new MobileNetError(
			"usage",
			`there is no picture ${wrong} in ${dataset.name}: its ${dataset.labels.length} pictures are numbered from 0.`,
		);
	checkRecipe(recipe);
}
