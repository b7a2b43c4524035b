/**
 * Pictures with labels, by number, from folders, lists, shards or memory. Training and evaluation know nothing else about
 * data. order.ts and batches.ts determine the order of pictures and what is done to them.
 */
import type { Pixels } from "../image/pixels.ts";
import type { Label } from "../weights/model.ts";

export interface Dataset {
	/** What errors and reports call it: its location. */
	readonly name: string;
	/** The label of each class, in the order of their numbers; empty if pictures have no classes. */
	readonly classes: readonly Label[];
	/** The class of each picture, or −1. */
	readonly labels: Int32Array;
	/** What errors call a picture: its path, or its shard and its entry there. */
	readonly nameOf: (index: number) => string;
	/** Reads a picture: the bytes of a file, or pixels if it is not a file. */
	readonly read: (index: number) => Promise<Uint8Array | Pixels>;
	/** Closes files and frees memory. */
	readonly close: () => Promise<void>;
	/** Where the bytes of the pictures are, so that decoding workers read them directly. Without it, `read` is called. */
	readonly places?: Places;
}

/** Where the bytes of pictures are, as data that can be passed to a worker. */
export interface Places {
	/** Paths of files, and memory. */
	readonly sources: readonly (string | SharedArrayBuffer)[];
	/** The source of each picture, its first byte there, and its length in bytes; −1 is the whole file. */
	readonly source: Int32Array;
	readonly offset: Float64Array;
	readonly length: Float64Array;
}
