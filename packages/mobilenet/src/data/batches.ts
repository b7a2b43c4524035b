/**
 * Batches of pictures, decoded, cropped and in the network's size, made ahead of time while the network runs. What is in
 * them depends on the data, the seed, the epoch and the augmentation alone, not on who makes them or when.
 */
import { usualDecodingWorkers } from "#start-decoding-worker";
import { MobileNetError, shown } from "../base/error.ts";
import type { Augmentation } from "./augmentation.ts";
import { createBatchMaker } from "./batch-maker.ts";
import { type PictureCache, sharedBytes } from "./cache.ts";
import type { Dataset } from "./dataset.ts";
import { cacheForm, type DecodingSetup, errorOf, type Failure, viewsOf } from "./shares.ts";
import { checkRecipe, type Recipe, type View, viewLength } from "./views.ts";

export interface BatchesOptions {
	/** Numbers of the pictures, in order. */
	readonly indices: Int32Array;
	/** The most pictures of a batch. */
	readonly batch: number;
	/** What the pictures are made into; one entry for each size that is wanted of the same view (a student's, a teacher's). */
	readonly views: readonly View[];
	/** None: pictures are prepared as for classification. */
	readonly augmentation?: Augmentation | undefined;
	/** Of the run; 0 if not given. */
	readonly seed?: number;
	/** Number of the epoch, from 0; 0 if not given. */
	readonly epoch?: number;
	/** Decoded pictures to share between calls. */
	readonly cache?: PictureCache | undefined;
	/** Decoding workers; by default as many as help. 0: none. */
	readonly workers?: number | undefined;
	/** Learns of pictures that cannot be read. They are left out. */
	readonly onUnreadable?: ((name: string, error: unknown) => void) | undefined;
	readonly signal?: AbortSignal | undefined;
}

export interface Batch {
	/** Pictures that could be read: at most `batch`, and at least one. */
	readonly count: number;
	/** Their numbers in the data set. */
	readonly indices: Int32Array;
	/** One a view: [count, size, size, channels] bytes, reused by the batch after next at the earliest: copy or use at once. */
	readonly pixels: readonly Uint8Array[];
}

/** Pictures that are made ahead, and within how many bytes. */
const pictures = 128;
const mostBytes = 2 ** 28;
const [leastAhead, mostAhead] = [3, 16] as const;
/** Fewer pictures are made sooner than a worker starts. */
const worthAWorker = 32;
/** What is wrong with one picture, and not with the call or the machine. */
const ofPictures: readonly (string | undefined)[] = ["picture", "not-found", "broken-file", undefined];

/**
 * Batches in order, the last one with what is left. Leaving the loop, an error or an aborted signal ends the workers.
 *
 * @throws MobileNetError `usage` where an option makes no sense, `picture` where not one of the pictures can be read,
 * `unsupported` where there is no decoder; the signal's reason when it is aborted
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
	// Beside what is made ahead: the batch that is in use, and the one before.
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
			`none of the ${indices.length} pictures of ${dataset.name} can be read; the first: ${first.message}`,
		);
}

/** The pictures that there are, moved together. */
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
	const refuse = (what: string): never => {
		throw new MobileNetError("usage", `${what}.`);
	};
	if (!(Number.isInteger(batch) && batch >= 1))
		refuse(`a batch must be a whole number of pictures above 0, not ${shown(batch)}`);
	if (workers !== undefined && !(Number.isInteger(workers) && workers >= 0 && workers <= 64))
		refuse(`decoding workers must be a whole number from 0 to 64, not ${shown(workers)}`);
	for (const [field, value] of Object.entries({ seed: recipe.seed, epoch: recipe.epoch }))
		if (!(Number.isSafeInteger(value) && value >= 0))
			refuse(`${field} must be a whole number from 0 to 2^53 - 1, not ${shown(value)}`);
	const wrong = indices.find((index) => index < 0 || index >= dataset.labels.length);
	if (wrong !== undefined)
		refuse(
			`there is no picture ${wrong} in ${dataset.name}: it has ${dataset.labels.length}, which count from 0`,
		);
	checkRecipe(recipe);
}
