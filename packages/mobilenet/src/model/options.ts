/** Options and results of a model's methods. */
import type { NameOptions } from "../catalog/options.ts";
import type { ReadOptions } from "../formats/read.ts";
import type { Alpha } from "../image/pixels.ts";
import type { Arithmetic } from "../kernels/operations.ts";
import type { Build } from "../kernels/walker.ts";
import type { PreprocessingOptions } from "../weights/preprocessing.ts";
import type { PictureSource, Row } from "./pictures.ts";
import type { Prediction, PredictionOptions } from "./predictions.ts";

/** How a model runs, and changes to what its file says. */
export interface RunOptions {
	/** Width and height to run at, in pixels; a network with pooling runs at any size. Default: the file's own. */
	readonly size?: number | undefined;
	/**
	 * Changes to the file's preprocessing. Mean and std are in pixels, 0…255; for a file whose graph preprocesses its input,
	 * they describe what that input expects.
	 */
	readonly preprocessing?: PreprocessingOptions | undefined;
	/** The background for transparent pictures. Default: `white`. */
	readonly transparency?: Alpha | undefined;
	/** The build of the kernels. Default: the fastest that passes its self-test. */
	readonly build?: Build | undefined;
	/**
	 * The arithmetic to use. Default: integers for a model whose weights and activations are all quantized, as
	 * TensorFlow Lite runs it, and float32 for all others. `float` runs a quantized model dequantized.
	 */
	readonly arithmetic?: Arithmetic | undefined;
	/**
	 * Threads that run the network, including this one; results do not depend on it. Default: as many as suit the machine
	 * and the network; a small network runs on one. In a browser there is more than one only if the page is
	 * cross-origin isolated.
	 */
	readonly threads?: number | undefined;
}

export type LoadOptions = RunOptions & ReadOptions & NameOptions;

export interface PictureOptions {
	/** Pictures that go through the network at a time. Default: 1. */
	readonly batch?: number | undefined;
	readonly signal?: AbortSignal | undefined;
	/**
	 * How many redirects of a picture's address are followed. Default: none, so that an address leads nowhere else than whoever
	 * gives it can see.
	 */
	readonly redirects?: number | undefined;
}

export type ClassifyOptions = PictureOptions & PredictionOptions;

export type FeaturesOptions = Omit<PictureOptions, "batch">;

/** An activation: `data` is [height, width, channels], row after row. */
export interface Features {
	readonly data: Float32Array;
	readonly shape: readonly [height: number, width: number, channels: number];
}

/** What `classifyEach` returns for one picture. */
export type ClassifiedPicture<Key = PictureSource> = Row<Key, { readonly predictions: Prediction[] }>;

/** What `probabilitiesEach` returns for one picture: [classes], from 0 to 1, including a background class. */
export type ProbabilityRow<Key = PictureSource> = Row<Key, { readonly probabilities: Float32Array }>;

/** What `embedEach` returns for one picture. */
export type EmbeddedPicture<Key = PictureSource> = Row<Key, { readonly embedding: Float32Array }>;
