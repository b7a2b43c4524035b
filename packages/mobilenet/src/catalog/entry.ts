/**
 * What the catalog knows of a network that can be had by name, and how a name says where it is. Facts only: nothing here
 * reads or fetches anything.
 */
import type { PreprocessingOptions } from "../weights/preprocessing.ts";

/** A file of a network, as it must arrive. */
export interface WeightFile {
	/** Its path from the source's folder, `mobilenet_v1_0.5_160_quant.tflite`. */
	readonly path: string;
	readonly bytes?: number;
	/**
	 * In hexadecimal: of bytes that this project has held, or as the hub states it for the file at that revision. Undefined
	 * where it is not known.
	 */
	readonly sha256?: string;
	/**
	 * Git's own name of the file, in hexadecimal: the SHA-1 of `blob`, a space, the length in digits, a zero byte and the
	 * bytes. In the place of `sha256` for a file of a repository of which only the listing has been seen.
	 */
	readonly gitBlob?: string;
}

/**
 * Where files are: a folder of a repository on Hugging Face's hub or on GitHub, or an address that ends in a slash. A
 * revision is a branch, a tag or a commit; that of GitHub is always a commit.
 */
export type WeightSource =
	| { readonly hub: string; readonly revision: string; readonly folder?: string }
	| { readonly github: string; readonly revision: string; readonly folder?: string }
	| { readonly address: string };

/** A network that can be had by name. */
export interface CatalogEntry {
	/** `imagenet/0.5-160` */
	readonly name: string;
	/** What it is, in a line for people: `Google's 0.5-160, uint8`. */
	readonly title: string;
	/** The model first, then what it needs beside it. */
	readonly files: readonly WeightFile[];
	/** In the order in which they are tried. */
	readonly sources: readonly WeightSource[];
	/** SPDX identifier. */
	readonly license: string;
	/** Who made it and where it was published, a sentence. */
	readonly origin: string;
	/** Published top-1 on ImageNet's validation set, in percent, and where that is published. */
	readonly published?: { readonly top1: number; readonly source: string };
	/** Where the project has not held these files and run them. */
	readonly unverified?: true;
	/** Width and height of the input in pixels, where the files do not say it. */
	readonly size?: number;
	/** What the files do not say of their preprocessing, as whoever trained the network evaluated it. */
	readonly preprocessing?: PreprocessingOptions;
}
