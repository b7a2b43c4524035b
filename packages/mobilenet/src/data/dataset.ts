/**
 * Pictures with labels, by number, wherever they come from: folders, lists, shards, memory. All that training and
 * evaluation know of data. What order they are taken in and what is done to them is batches.ts.
 */
import type { Pixels } from "../image/pixels.ts";
import type { Label } from "../weights/model.ts";

export interface Dataset {
	/** What errors and reports call it: where it came from. */
	readonly name: string;
	/** One a class, in the order of the labels; empty where pictures have none. */
	readonly classes: readonly Label[];
	/** The class of each picture; −1 where it has none. */
	readonly labels: Int32Array;
	/** What errors call a picture: its path, or its shard and its entry there. */
	readonly nameOf: (index: number) => string;
	/** A picture as a file's bytes, or as pixels where it never was a file. */
	readonly read: (index: number) => Promise<Uint8Array | Pixels>;
	/** Lets go of files and memory. */
	readonly close: () => Promise<void>;
	/** Where the bytes of the pictures lie, so that decoding workers read them themselves; without it, `read` is asked. */
	readonly places?: Places;
}

/** Where the bytes of pictures lie, in words that a worker can be handed. */
export interface Places {
	/** Paths of files, and memory. */
	readonly sources: readonly (string | SharedArrayBuffer)[];
	/** In which of the sources each picture lies, from which byte on, and how many bytes it has; −1: the whole file. */
	readonly source: Int32Array;
	readonly offset: Float64Array;
	readonly length: Float64Array;
}
