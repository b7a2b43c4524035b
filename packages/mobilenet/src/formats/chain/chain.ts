/**
 * What a format's reader finds in a file: a chain of layers, in order, in words that are no framework's. Making
 * a MobileNet of it, or refusing it, is recognize.ts's, once for all formats.
 */
import type { DType, Label, Preprocessing, Rounding, Tensor } from "../../weights/model.ts";

/** Quantization of a tensor: real = scale · (code − zeroPoint); one of each, or one per output channel. */
export interface Quantization {
	readonly scale: readonly number[];
	readonly zeroPoint: readonly number[];
}

/** A tensor of weights with its quantization, if it is one of integers. */
export interface FoundTensor {
	readonly tensor: Tensor;
	readonly quantization?: Quantization;
}

/** `name` is the layer's own in the file, for error messages. `output` is the quantization of what the layer gives out. */
export type FoundLayer = { readonly name: string; readonly output?: Quantization } & (
	| {
			readonly kind: "convolution";
			/** OIHW; a depthwise one is [C, 1, kh, kw] with `groups` C, and one with a multiplier of m [C·m, 1, kh, kw]. */
			readonly weight: FoundTensor;
			readonly bias?: FoundTensor;
			readonly groups: number;
			/** Set where the file stores a standard convolution over one channel as a depthwise one with a multiplier. */
			readonly storedAsDepthwise?: boolean;
			readonly stride: readonly [number, number];
			readonly padding:
				| "same"
				| "valid"
				| readonly [top: number, left: number, bottom: number, right: number];
	  }
	| {
			readonly kind: "batchNorm";
			/** Absent where the file leaves it out: 1. */
			readonly weight?: Tensor;
			/** Absent where the file leaves it out: 0. */
			readonly bias?: Tensor;
			readonly mean: Tensor;
			readonly variance: Tensor;
			readonly epsilon: number;
			/** Share of the new batch, if the file says so. */
			readonly momentum?: number;
	  }
	| {
			readonly kind: "pad";
			readonly padding: readonly [top: number, left: number, bottom: number, right: number];
	  }
	| {
			readonly kind: "activation";
			readonly activation: "relu6" | "relu" | "leakyRelu";
			readonly slope?: number;
	  }
	| { readonly kind: "pool" }
	/** [out, in]. */
	| { readonly kind: "dense"; readonly weight: FoundTensor; readonly bias?: FoundTensor }
	| { readonly kind: "dropout"; readonly rate: number }
	| { readonly kind: "softmax" }
	/** Reshape, squeeze, flatten, identity: nothing happens to the numbers. */
	| { readonly kind: "shape" }
);

/** All that a reader has found. */
export interface Found {
	/** How errors call the file. */
	readonly name: string;
	/** The format as people say it, such as `TensorFlow Lite`. */
	readonly format: string;
	readonly layers: readonly FoundLayer[];
	/** Width and height of the input, if the file says so. */
	readonly size?: number;
	readonly inputChannels?: number;
	/** Type and quantization of the input, where it is not float. */
	readonly input?: { readonly dtype: DType; readonly quantization: Quantization };
	/** What the file says of preprocessing; the rest is assumed. */
	readonly preprocessing?: Partial<Preprocessing>;
	/** How sums of a quantized network become codes, if the file decides it. */
	readonly rounding?: Rounding;
	readonly labels?: readonly Label[];
	/** Names of what the reader had to take a usual value for, such as `padding`. */
	readonly assumed?: readonly string[];
	readonly notes?: readonly string[];
}
