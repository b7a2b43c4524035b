/**
 * Makes a share of a batch, from files to the pixels that networks take, on a decoding worker or on the caller's thread.
 * Both run this code, so both make the same pixels.
 */
import { decode } from "#decode";
import { type ErrorCode, MobileNetError, messageOf } from "../base/error.ts";
import type { Pixels } from "../image/pixels.ts";
import { type CacheTable, fromCache, toCache } from "./cache.ts";
import { kept, type Recipe, viewLength, viewMaker } from "./views.ts";

/** What does not change from share to share. */
export interface DecodingSetup {
	readonly recipe: Recipe;
	/** The most pictures per batch. */
	readonly batch: number;
	/** Memory of batches: consecutive views, each [batch, size, size, channels]. */
	readonly slots: readonly SharedArrayBuffer[];
	readonly table: CacheTable | undefined;
}

/** The pictures of one batch that one thread makes. */
export interface Share {
	/** Number of the batch, and of the slot in which it is made. */
	readonly batch: number;
	readonly slot: number;
	/** Positions in the batch, numbers in the data set, and names for errors. */
	readonly positions: readonly number[];
	readonly indices: readonly number[];
	readonly names: readonly string[];
	/** The pictures, if the thread cannot read them itself; undefined for those in the cache. */
	readonly given?: readonly (Uint8Array | Pixels | Failure | undefined)[];
}

/** A picture that could not be made, as data that can be passed between threads. */
export interface Failure {
	readonly position: number;
	/** Undefined if it is not an error of this package. */
	readonly code: ErrorCode | undefined;
	readonly file?: string | undefined;
	readonly offset?: number | undefined;
	readonly message: string;
}

/** Names the form in which pictures are cached, which depends on the recipe. */
export function cacheForm({ views, augmentation }: Recipe): string {
	return augmentation
		? `at most ${2 * Math.max(...views.map(({ size }) => size))} pixels on the shorter side`
		: JSON.stringify(views);
}

/** The memory of each view in a slot, for `count` pictures. */
export function viewsOf(
	slot: SharedArrayBuffer,
	{ batch, recipe }: DecodingSetup,
	count: number,
): Uint8Array[] {
	let offset = 0;
	return recipe.views.map((view) => {
		const pixels = new Uint8Array(slot, offset, count * viewLength(view));
		offset += batch * viewLength(view);
		return pixels;
	});
}

/** Pictures that one thread decodes concurrently, since decoders use threads of their own. */
const atOnce = 3;

/**
 * Makes the pictures of a share in its slot, and returns those that could not be made.
 *
 * @param read returns the bytes or pixels of the share's picture number `at`
 */
export type ShareMaker = (
	share: Share,
	read: (at: number) => Promise<Uint8Array | Pixels> | Uint8Array | Pixels,
) => Promise<readonly Failure[]>;

export function shareMaker(setup: DecodingSetup): ShareMaker {
	const { recipe, table, slots } = setup;
	const make = viewMaker(recipe);
	const lengths = recipe.views.map(viewLength);
	const prepared = lengths.reduce((sum, length) => sum + length, 0);

	const makeFromCache = (index: number, into: readonly Uint8Array[]): boolean => {
		const cached = table && fromCache(table, index);
		if (!cached) return false;
		if (cached.channels > 0) make(cached, index, into);
		else {
			let from = 0;
			for (const part of into) {
				part.set(cached.data.subarray(from, from + part.length));
				from += part.length;
			}
		}
		return true;
	};
	const makeFrom = async (
		source: Uint8Array | Pixels,
		index: number,
		name: string,
		into: readonly Uint8Array[],
	): Promise<void> => {
		const pixels = source instanceof Uint8Array ? await decode(source, { name }) : source;
		const small = kept(pixels, recipe);
		make(small, index, into);
		// Pixels that are already in memory need no copy in the cache.
		if (!table || small === source) return;
		// Without augmentation, a picture's views never change: cache these or the picture, whichever is smaller.
		if (!recipe.augmentation && prepared < small.data.length)
			toCache(table, index, { width: prepared, height: 1, channels: 0 }, into);
		else toCache(table, index, small, [small.data]);
	};

	return async (share, read) => {
		const failures: Failure[] = [];
		const views = viewsOf(slots[share.slot]!, setup, setup.batch);
		let next = 0;
		const work = async (): Promise<void> => {
			while (next < share.positions.length) {
				const at = next++;
				const [position, index] = [share.positions[at]!, share.indices[at]!];
				const into = views.map((view, v) =>
					view.subarray(position * lengths[v]!, (position + 1) * lengths[v]!),
				);
				try {
					if (!makeFromCache(index, into)) await makeFrom(await read(at), index, share.names[at]!, into);
				} catch (error) {
					failures.push(failureOf(position, error));
				}
			}
		};
		await Promise.all(Array.from({ length: Math.min(atOnce, share.positions.length) }, work));
		return failures;
	};
}

export function failureOf(position: number, error: unknown): Failure {
	return {
		position,
		...(error instanceof MobileNetError
			? { code: error.code, file: error.file, offset: error.offset }
			: { code: undefined }),
		message: messageOf(error),
	};
}

export function errorOf({ code, message, file, offset }: Failure): Error {
	return code === undefined ? new Error(message) : new MobileNetError(code, message, { file, offset });
}
