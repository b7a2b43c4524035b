/**
 * What stands between a file and a model: a chain of layers, in order, in no framework's words. A format's reader makes
 * a chain of a file; making a MobileNet of the chain, or refusing it, is recognize.ts's, once for all formats. A format's
 * writer makes a file of the chain that chain-of.ts makes of a model.
 */
import type { Label, Preprocessing, Rounding } from "../../weights/model.ts";
import type { Bounds, Quantization } from "../../weights/parts.ts";
import type { DType, Tensor } from "../../weights/tensor.ts";

/** A tensor of weights with its quantization, if it is one of integers. */
export interface ChainTensor {
	readonly tensor: Tensor;
	readonly quantization?: Quantization;
}

/** `name` is the layer's own in the file, for error messages. `output` is the quantization of what the layer gives out. */
export type ChainLayer = { readonly name: string; readonly output?: Quantization } & (
	| {
			readonly kind: "convolution";
			/** OIHW; a depthwise one is [C, 1, kh, kw] with `groups` C, and one with a multiplier of m [C·m, 1, kh, kw]. */
			readonly weight: ChainTensor;
			readonly bias?: ChainTensor;
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
	/**
	 * `tanh` and `sigmoid` are those of a head; a sigmoid at the end makes probabilities. `clip` keeps numbers between
	 * `bounds`, which may differ from layer to layer.
	 */
	| {
			readonly kind: "activation";
			readonly activation: "relu6" | "relu" | "leakyRelu" | "tanh" | "sigmoid" | "clip";
			readonly slope?: number;
			readonly bounds?: Bounds;
	  }
	/** Over the whole picture; an average where the file does not say. */
	| { readonly kind: "pool"; readonly pooling?: "average" | "max" }
	/**
	 * The picture as one row of numbers: all channels of a pixel after each other (`hwc`), or all pixels of a channel
	 * (`chw`). After the pool nothing happens to the numbers.
	 */
	| { readonly kind: "flatten"; readonly order: "hwc" | "chw" }
	/**
	 * y = factor · x + offset, with one number for all channels or one a channel: preprocessing before the first convolution,
	 * batch norm that a converter took apart, a multiplication in the head. A network of integers gives the table too: the
	 * code that it makes of each of the 256 codes, from the least on; one table for all channels, or one a channel, the
	 * next after the one before. Its codes are of the type of the first convolution's weights.
	 */
	| {
			readonly kind: "affine";
			readonly factor: readonly number[];
			readonly offset: readonly number[];
			readonly table?: readonly number[];
	  }
	/** [out, in]. */
	| { readonly kind: "dense"; readonly weight: ChainTensor; readonly bias?: ChainTensor }
	| { readonly kind: "dropout"; readonly rate: number }
	| { readonly kind: "softmax" }
	/** Squeeze, identity, a reshape after the pool: nothing happens to the numbers. */
	| { readonly kind: "shape" }
);

/** Where a chain comes from. */
export interface Reading {
	/** How errors call the file. */
	readonly name: string;
	/** The format as people say it, such as `TensorFlow Lite`. */
	readonly format: string;
	/** What the reader had to take a usual value for, such as `padding`. */
	readonly assumed?: readonly string[];
	/** What is unusual about the file, a sentence each. */
	readonly notes?: readonly string[];
	/** What the file says of its license, and of who made it. */
	readonly license?: string;
	readonly origin?: string;
}

/** A network as its layers in order, from the picture to the answer, and what a file says beside them. */
export interface Chain extends Reading {
	readonly layers: readonly ChainLayer[];
	/** Width and height of the input, if the file says so. */
	readonly size?: number;
	/**
	 * Whether the network takes floats and divides them by the scale to make codes of them. Else they are multiplied by its
	 * inverse, or are codes already.
	 */
	readonly dividesInput?: boolean;
	/** In the place of `size` where the input is not square, to be refused as such. */
	readonly shape?: readonly [height: number, width: number];
	readonly inputChannels?: number;
	/**
	 * Type and quantization of what the network's integers begin with, where it is not of floats: the picture, or what the
	 * first operator quantizes. Behind multiplications and additions of floats, before those of integers.
	 */
	readonly input?: { readonly dtype: DType; readonly quantization: Quantization };
	/** What the file says of what its own input takes, before any arithmetic in its graph; the rest is assumed. */
	readonly preprocessing?: Partial<Preprocessing>;
	/** How sums of a quantized network become codes, if the file decides it. */
	readonly rounding?: Rounding;
	readonly labels?: readonly Label[];
	/** From which probability on the best answer is to be believed, if that is known. */
	readonly sureFrom?: number;
}
