/**
 * Decoded pictures kept from one epoch to the next, in memory that all decoding workers share. Pictures are never evicted:
 * an epoch uses every picture once, so evicting the oldest would leave nothing useful.
 */
import { checkWhole } from "../base/check.ts";
import { MobileNetError } from "../base/error.ts";
import type { Dataset } from "./dataset.ts";

export interface PictureCache {
	/** Capacity in bytes. */
	readonly bytes: number;
	/** Bytes in use. */
	readonly used: () => number;
	/** The pictures of a data set in one form, such as reduced to a size. For `batches`. */
	readonly tableOf: (dataset: Dataset, form: string) => CacheTable;
}

/** A data set's pictures in the cache, as data that can be passed to a worker. */
export interface CacheTable {
	readonly memory: SharedArrayBuffer;
	/** The first free unit of memory, shared by all tables of the cache. */
	readonly free: Int32Array;
	/** Per picture: state, first unit, width, height, channels. */
	readonly entries: Int32Array;
}

/** A picture in the cache. With 0 channels it is `width` bytes in the caller's own format. */
export interface CachedPicture {
	readonly data: Uint8Array;
	readonly width: number;
	readonly height: number;
	readonly channels: number;
}

/** Pictures begin at multiples of this many bytes. */
const unit = 64;
const fields = 5;
/** States of an entry. */
const [absent, coming, present] = [0, 1, 2] as const;

/**
 * A cache of decoded pictures to share between epochs. Its memory is reserved at once, but the system provides it only
 * as pictures are added.
 *
 * @param bytes capacity. Default: 1 GiB, enough for 87,000 pictures of 64×64 pixels
 * @throws MobileNetError `usage` if it is not a number of bytes, `engine` if there is not enough memory
 * @example
 * const cache = createCache({ bytes: 2 ** 28 });
 */
export function createCache({ bytes = 2 ** 30 }: { readonly bytes?: number | undefined } = {}): PictureCache {
	checkWhole("the bytes of a cache", bytes, 0);
	let memory: SharedArrayBuffer;
	try {
		memory = sharedBytes(bytes - (bytes % unit));
	} catch (error) {
		throw new MobileNetError(
			"engine",
			`there is not enough memory for a cache of ${bytes} bytes: make it smaller.`,
			{ cause: error },
		);
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

/** Memory that is shared with workers if the runtime supports it. */
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

/** Adds a picture, given as consecutive parts, if there is room. */
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
			// Other threads were faster, and too little is left.
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
