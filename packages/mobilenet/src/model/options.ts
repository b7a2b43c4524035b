/** What a model can be told, and what it gives back: the options and results of its methods. */
import type { ReadOptions } from "../formats/read.ts";
import type { Alpha } from "../image/pixels.ts";
import type { Arithmetic } from "../kernels/operations.ts";
import type { Build } from "../kernels/walker.ts";
import type { Preprocessing } from "../weights/model.ts";
import type { PictureSource, Row } from "./pictures.ts";
import type { Prediction, PredictionOptions } from "./predictions.ts";

/** Any part of a preprocessing; one number for mean or std stands for every channel. */
export type PreprocessingOptions = {
	readonly [F in keyof Preprocessing]?:
		| (F extends "mean" | "std" ? number | Preprocessing[F] : Preprocessing[F])
		| undefined;
};

/** How a model runs, and what differs from what its file says. */
export interface RunOptions {
	/** Width and height to run at, in pixels; a network runs at any. The file's own if not given. */
	readonly size?: number | undefined;
	/** What differs from the file's preprocessing. Mean and std are in pixels, 0…255. */
	readonly preprocessing?: PreprocessingOptions | undefined;
	/** What becomes of transparent pictures: laid on `white` if not given. */
	readonly transparency?: Alpha | undefined;
	/** The build of the kernels; the fastest that passes its self-test if not given. */
	readonly build?: Build | undefined;
	/**
	 * What the network is computed in. If not given, a model whose weights and activations are all quantized runs in
	 * integers, as TensorFlow Lite runs it, and every other in float32; `float` runs a quantized one dequantized.
	 */
	readonly arithmetic?: Arithmetic | undefined;
	/**
	 * Threads that run the network, this one among them; results do not depend on it. If not given, as many as the
	 * machine and the network are good for: a small network runs on one. In a browser more than one only where the page
	 * is cross-origin isolated.
	 */
	readonly threads?: number | undefined;
}

export type LoadOptions = RunOptions & ReadOptions;

export interface PictureOptions {
	/** Pictures that go through the network at a time. Default: 1. */
	readonly batch?: number | undefined;
	readonly signal?: AbortSignal | undefined;
}

export type ClassifyOptions = PictureOptions & PredictionOptions;

export interface FeaturesOptions {
	readonly signal?: AbortSignal | undefined;
}

/** An activation: `data` is [height, width, channels], row after row. */
export interface Features {
	readonly data: Float32Array;
	readonly shape: readonly [height: number, width: number, channels: number];
}

/** What `classifyEach` gives for one picture. */
export type ClassifiedPicture<Key = PictureSource> = Row<Key, { readonly predictions: Prediction[] }>;

/** What `probabilitiesEach` gives for one picture: [classes], from 0 to 1, a background class with the others. */
export type ProbabilityRow<Key = PictureSource> = Row<Key, { readonly probabilities: Float32Array }>;

/** What `embedEach` gives for one picture. */
export type EmbeddedPicture<Key = PictureSource> = Row<Key, { readonly embedding: Float32Array }>;
