/**
 * Decoded pictures kept from one epoch to the next, in memory that all decoding workers share. What has come first stays
 * until the cache is let go: an epoch takes every picture once, so that throwing out the oldest would keep nothing of use.
 */
import { MobileNetError, shown } from "../base/error.ts";
import type { Dataset } from "./dataset.ts";

export interface PictureCache {
	/** The most bytes of pixels that it keeps. */
	readonly bytes: number;
	/** Bytes of pixels that it keeps now. */
	readonly used: () => number;
	/** The pictures of a data set that are kept in one form, such as brought down to a size. For `batches`. */
	readonly tableOf: (dataset: Dataset, form: string) => CacheTable;
}

/** A data set's pictures in the cache, in words that a worker can be handed. */
export interface CacheTable {
	readonly memory: SharedArrayBuffer;
	/** The first unit of memory that is free, for all tables of the cache. */
	readonly free: Int32Array;
	/** For each picture: its state, its first unit, width, height, channels. */
	readonly entries: Int32Array;
}

/** What the cache has of a picture. Without channels it is bytes that only the asker can read, `width` of them. */
export interface CachedPicture {
	readonly data: Uint8Array;
	readonly width: number;
	readonly height: number;
	readonly channels: number;
}

/** Pictures begin at multiples of so many bytes. */
const unit = 64;
const fields = 5;
/** States of an entry. */
const [absent, coming, present] = [0, 1, 2] as const;

/**
 * A cache of decoded pictures to share between epochs. Its memory is set aside at once, but a machine gives it only as
 * pictures come.
 *
 * @param bytes the most bytes of pixels; 1 GiB if not given, enough for 87,000 pictures of 64×64 pixels
 * @throws MobileNetError `usage` where it is no number of bytes, `engine` where there is not so much memory
 */
export function createCache({ bytes = 2 ** 30 }: { readonly bytes?: number } = {}): PictureCache {
	if (!(Number.isSafeInteger(bytes) && bytes >= 0))
		throw new MobileNetError("usage", `a cache's bytes must be a whole number from 0, not ${shown(bytes)}.`);
	let memory: SharedArrayBuffer;
	try {
		memory = sharedBytes(bytes - (bytes % unit));
	} catch (error) {
		throw new MobileNetError("engine", `there is no memory for a cache of ${bytes} bytes: make it smaller.`, {
			cause: error,
		});
	}
	const free = new Int32Array(sharedBytes(4));
	const tables = new WeakMap<Dataset, Map<string, CacheTable>>();
	return {
		bytes,
		used: () => Math.min(Atomics.load(free, 0) * unit, memory.byteLength),
		tableOf: (dataset, form) => {
			const forms = tables.get(dataset) ?? new Map<string, CacheTable>();
			tables.set(dataset, forms);
			const table = forms.get(form) ?? {
				memory,
				free,
				entries: new Int32Array(sharedBytes(dataset.labels.length * fields * 4)),
			};
			forms.set(form, table);
			return table;
		},
	};
}

/** Memory that workers can see too, where there is such. */
export function sharedBytes(length: number): SharedArrayBuffer {
	return typeof SharedArrayBuffer === "undefined"
		? (new ArrayBuffer(length) as unknown as SharedArrayBuffer)
		: new SharedArrayBuffer(length);
}

export function fromCache({ memory, entries }: CacheTable, index: number): CachedPicture | undefined {
	const at = index * fields;
	if (Atomics.load(entries, at) !== present) return undefined;
	const [first, width, height, channels] = entries.subarray(at + 1, at + fields) as unknown as Four;
	return {
		data: new Uint8Array(memory, first * unit, width * height * Math.max(channels, 1)),
		width,
		height,
		channels,
	};
}

/** Keeps a picture's pixels where there is room, its parts one after the other. */
export function toCache(
	{ memory, free, entries }: CacheTable,
	index: number,
	{ width, height, channels }: { readonly width: number; readonly height: number; readonly channels: number },
	parts: readonly (Uint8Array | Uint8ClampedArray)[],
): void {
	const at = index * fields;
	const units = Math.ceil(parts.reduce((sum, part) => sum + part.length, 0) / unit);
	const room = memory.byteLength / unit;
	let first = Atomics.load(free, 0);
	if (first + units > room) return;
	if (Atomics.compareExchange(entries, at, absent, coming) !== absent) return;
	for (let seen = -1; seen !== first; ) {
		seen = first;
		if (seen + units > room) {
			// Others came before: what is left is too little.
			Atomics.store(entries, at, absent);
			return;
		}
		first = Atomics.compareExchange(free, 0, seen, seen + units);
	}
	let to = first * unit;
	for (const part of parts) {
		new Uint8Array(memory, to, part.length).set(part);
		to += part.length;
	}
	entries.set([first, width, height, channels], at + 1);
	Atomics.store(entries, at, present);
}

type Four = readonly [number, number, number, number];
