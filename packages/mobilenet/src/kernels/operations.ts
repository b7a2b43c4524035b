/**
 * What a step of a plan can do, and the operands it takes. A step is the number of a kernel and a few integers in the
 * order of this table, from which the WebAssembly walker, the reference walker and the types are derived.
 *
 * Activations are NHWC with a pixel pitch: the distance from one pixel to the next in floats, at least the number of
 * channels. Pictures of a batch are consecutive. Kernels may write anything between a pixel's last channel and its pitch.
 */

import { int8ByteOperations, int8Operations, pixels } from "./int8-operations.ts";
import { trainingOperations } from "./training-operations.ts";

/** Operands that are addresses: of float32, uint8, int8, int16 and int32. */
export type AddressKind = "floats" | "bytes" | "signedBytes" | "words" | "sums";
/** All operands: addresses and whole numbers. */
type OperandKind = AddressKind | "integer";

export const operations = {
	/**
	 * 3×3 convolution with stride 2 of uint8 pixels, to outputs of 16×16 or more. `mean`, which has an item for every number
	 * in a row of the picture, is subtracted first.
	 */
	stemBytes: {
		pixels: "bytes",
		mean: "floats",
		weights: "floats",
		bias: "floats",
		bounds: "floats",
		band: "floats",
		output: "floats",
		inputSize: "integer",
		outputSize: "integer",
		inputChannels: "integer",
		outputChannels: "integer",
		before: "integer",
		outputPitch: "integer",
		bandRows: "integer",
	},
	/** The same for normalized floats. */
	stemFloats: {
		input: "floats",
		weights: "floats",
		bias: "floats",
		bounds: "floats",
		band: "floats",
		output: "floats",
		inputSize: "integer",
		outputSize: "integer",
		inputChannels: "integer",
		outputChannels: "integer",
		before: "integer",
		outputPitch: "integer",
		bandRows: "integer",
	},
	/** 3×3 depthwise convolution, with `before` zeros above and to the left, and as many as needed below and to the right. */
	depthwise: {
		input: "floats",
		weights: "floats",
		bias: "floats",
		bounds: "floats",
		output: "floats",
		inputSize: "integer",
		outputSize: "integer",
		channels: "integer",
		stride: "integer",
		before: "integer",
		inputPitch: "integer",
		outputPitch: "integer",
	},
	/** 1×1 convolution of `rows` pixels per picture; a dense layer has one row. */
	pointwise: {
		input: "floats",
		weights: "floats",
		bias: "floats",
		bounds: "floats",
		output: "floats",
		rows: "integer",
		inputChannels: "integer",
		outputChannels: "integer",
		inputPitch: "integer",
		outputPitch: "integer",
	},
	/**
	 * A depthwise layer and the pointwise layer after it, band by band, so that the depthwise result is never completely in
	 * memory. Each thread has its own band.
	 */
	separable: {
		input: "floats",
		depthwiseWeights: "floats",
		depthwiseBias: "floats",
		band: "floats",
		weights: "floats",
		bias: "floats",
		bounds: "floats",
		output: "floats",
		inputSize: "integer",
		outputSize: "integer",
		inputChannels: "integer",
		outputChannels: "integer",
		stride: "integer",
		before: "integer",
		inputPitch: "integer",
		bandPitch: "integer",
		outputPitch: "integer",
		bandRows: "integer",
	},
	/** Leaky ReLU in place. The other activations are bounds of the layers before them. */
	leakyRelu: { values: "floats", slope: "floats", rows: "integer", channels: "integer", pitch: "integer" },
	/** Mean over all pixels of a picture. */
	averagePool: { input: "floats", output: "floats", ...pixels },
	softmax: {
		input: "floats",
		output: "floats",
		classes: "integer",
		inputPitch: "integer",
		outputPitch: "integer",
	},
	/** The greatest over all pixels of a picture. */
	maxPool: { input: "floats", output: "floats", ...pixels },
	/** All pixels of a picture as one row, without what lies between their channels and their pitch. */
	flatten: { input: "floats", output: "floats", ...pixels },
	/** b · σ(a · x) + c with `factors` a, b, c, one row per picture: the sigmoid, and tanh x = 2σ(2x) − 1. */
	sigmoid: {
		input: "floats",
		factors: "floats",
		output: "floats",
		channels: "integer",
		inputPitch: "integer",
		outputPitch: "integer",
	},
	...int8Operations,
	...int8ByteOperations,
	...trainingOperations,
} as const satisfies Record<string, Record<string, OperandKind>>;

export type Operation = keyof typeof operations;
export const operationNames = Object.keys(operations) as readonly Operation[];

/** What a network is computed in: float32, or 8-bit integers with 32-bit sums. */
export type Arithmetic = "float" | "integer";

/** The kernels of a module: for floats, for integers whose sums are rounded once or (`fixedPoint`) twice, or for training. */
export type KernelSet = Arithmetic | "fixedPoint" | "training";

const trainingNames = Object.keys(trainingOperations) as (keyof typeof trainingOperations)[];
const floatOperations = operationNames.filter(
	(name) => !(name in int8Operations || name in int8ByteOperations || name in trainingOperations),
);
const wordOperations: readonly Operation[] = [
	...(Object.keys(int8Operations) as (keyof typeof int8Operations)[]),
	"softmax",
	"sigmoid",
];
const byteOperations = Object.keys(int8ByteOperations) as (keyof typeof int8ByteOperations)[];
/** The operations that a module holds; those on bytes only with relaxed SIMD. */
export const operationsOf: Readonly<Record<KernelSet, readonly Operation[]>> = {
	float: floatOperations,
	integer: [...wordOperations, ...byteOperations],
	fixedPoint: wordOperations,
	training: [...floatOperations, ...trainingNames],
};

/** The arrays that addresses stand for in the reference. */
export interface AddressArrays {
	readonly floats: Float32Array;
	readonly bytes: Uint8Array;
	readonly signedBytes: Int8Array;
	readonly words: Int16Array;
	readonly sums: Int32Array;
}

export const addressBytes = {
	floats: 4,
	bytes: 1,
	signedBytes: 1,
	words: 2,
	sums: 4,
} as const satisfies Record<AddressKind, number>;

/** A view of memory from a byte on: `items` items, or all up to the end. */
export function arrayAt<Kind extends AddressKind>(
	kind: Kind,
	buffer: ArrayBuffer,
	byte: number,
	items?: number,
): AddressArrays[Kind] {
	const arrays = {
		floats: Float32Array,
		bytes: Uint8Array,
		signedBytes: Int8Array,
		words: Int16Array,
		sums: Int32Array,
	};
	return new arrays[kind](buffer, byte, items) as unknown as AddressArrays[Kind];
}

/** The operands of an operation by name: integers as numbers, addresses as arrays of their kind or as `Addresses`. */
export type Operands<O extends Operation, Addresses = AddressArrays> = {
	readonly [F in keyof (typeof operations)[O]]: (typeof operations)[O][F] extends infer Kind
		? Kind extends AddressKind
			? Addresses extends AddressArrays
				? Addresses[Kind]
				: Addresses
			: number
		: never;
};

/** Length of a step in memory: the kernel's number, then its operands in the table's order, 32 bits each. */
export const stepWords = 24;
/** The most threads that can work on a plan. */
export const mostThreads = 64;
/**
 * Length of the run block, which holds what changes from run to run and what threads share (simd/assembly/team.ts lists
 * its words). Word 0 is the number of pictures in this batch.
 */
export const runWords = 16 + mostThreads;

/** The words of a step whose addresses are byte offsets in memory. */
export function encodeStep<O extends Operation>(operation: O, operands: Operands<O, number>): number[] {
	const words = [operationNames.indexOf(operation)];
	for (const field of Object.keys(operations[operation]) as (keyof typeof operands)[])
		words.push(operands[field]);
	return words;
}
