/**
 * The kernels of inference in floats: for every operation its reference in TypeScript, the packing of its weights, the extents of
 * its operands, and the shapes on which it is tested and timed. The self-test, the unit tests and the benchmarks are made
 * from this table, integer-table.ts and training-table.ts, which are only loaded for models that need them.
 */
import type { int8ByteOperations, int8Operations } from "./int8-operations.ts";
import type { Geometry, Kernel } from "./kernel.ts";
import { type AddressKind, type Operation, operations } from "./operations.ts";
import { averagePool } from "./reference/average-pool.ts";
import { depthwise } from "./reference/depthwise.ts";
import { flatten } from "./reference/flatten.ts";
import { leakyRelu } from "./reference/leaky-relu.ts";
import { maxPool } from "./reference/max-pool.ts";
import { pointwise } from "./reference/pointwise.ts";
import { separable } from "./reference/separable.ts";
import { sigmoid } from "./reference/sigmoid.ts";
import { softmax } from "./reference/softmax.ts";
import { stemBytes, stemFloats } from "./reference/stem.ts";
import type { trainingOperations } from "./training-operations.ts";

/**
 * Floats from one pixel to the next: channels rounded up to a multiple of 8, plus 64 bytes where that would be a
 * multiple of 2048 bytes, at which all pixels of a tile would share a few sets of the L1 cache.
 */
export function pitchOf(channels: number): number {
	const pitch = Math.ceil(channels / 8) * 8;
	return (pitch * 4) % 2048 === 0 ? pitch + 16 : pitch;
}

/** Output rows whose input the stem widens at a time, so that it stays in the L1 cache. */
export const stemBandRows = 8;

type StemGeometry = Geometry<"stemBytes">;
const stemParameters = ({ inputChannels, outputChannels }: StemGeometry) =>
	({
		weights: ["panels", [outputChannels, inputChannels, 3, 3]],
		bias: ["bias", [outputChannels, 1, 1, 1]],
	}) as const;
const stemExtents = (g: StemGeometry) => ({
	bounds: 2,
	band: (g.bandRows * 2 + 1) * ((g.outputSize - 1) * 2 + 3) * g.inputChannels,
	output: g.outputSize ** 2 * g.outputPitch,
});
const squareResult = (g: { outputSize: number; outputPitch: number }, channels: number, pictures: number) =>
	[{ operand: "output", rows: pictures * g.outputSize ** 2, channels, pitch: g.outputPitch }] as const;

const stemOf = (
	inputSize: number,
	inputChannels: number,
	outputChannels: number,
	before: number,
	outputSize: number,
): StemGeometry => ({
	inputSize,
	outputSize,
	inputChannels,
	outputChannels,
	before,
	outputPitch: pitchOf(outputChannels),
	bandRows: stemBandRows,
});
const depthwiseOf = (
	inputSize: number,
	channels: number,
	stride: number,
	before: number,
	outputSize: number,
): Geometry<"depthwise"> => ({
	inputSize,
	outputSize,
	channels,
	stride,
	before,
	inputPitch: pitchOf(channels),
	outputPitch: pitchOf(channels),
});
const pointwiseOf = (rows: number, inputChannels: number, outputChannels: number): Geometry<"pointwise"> => ({
	rows,
	inputChannels,
	outputChannels,
	inputPitch: pitchOf(inputChannels),
	outputPitch: pitchOf(outputChannels),
});
const separableOf = (
	inputSize: number,
	inputChannels: number,
	outputChannels: number,
	stride: number,
	before: number,
	outputSize: number,
	bandRows: number,
): Geometry<"separable"> => ({
	inputSize,
	outputSize,
	inputChannels,
	outputChannels,
	stride,
	before,
	inputPitch: pitchOf(inputChannels),
	bandPitch: pitchOf(inputChannels),
	outputPitch: pitchOf(outputChannels),
	bandRows,
});
type FloatOperation = Exclude<
	Operation,
	keyof typeof int8Operations | keyof typeof int8ByteOperations | keyof typeof trainingOperations
>;

const realStems = [
	stemOf(224, 3, 32, 0, 112),
	stemOf(128, 3, 8, 0, 64),
	stemOf(45, 1, 11, 1, 23),
	stemOf(33, 3, 48, 1, 17),
	stemOf(75, 3, 8, 0, 37),
];

export const kernels: { readonly [O in FloatOperation]: Kernel<O> } = {
	stemBytes: {
		reference: stemBytes,
		parameters: stemParameters,
		extents: (g) => ({
			...stemExtents(g),
			pixels: g.inputSize ** 2 * g.inputChannels,
			mean: g.inputSize * g.inputChannels,
		}),
		results: (g, pictures) => squareResult(g, g.outputChannels, pictures),
		small: [stemOf(33, 2, 17, 1, 17)],
		real: realStems,
	},
	stemFloats: {
		reference: stemFloats,
		parameters: stemParameters,
		extents: (g) => ({ ...stemExtents(g), input: g.inputSize ** 2 * g.inputChannels }),
		results: (g, pictures) => squareResult(g, g.outputChannels, pictures),
		small: [stemOf(32, 1, 8, 0, 16)],
		real: realStems,
	},
	depthwise: {
		reference: depthwise,
		parameters: ({ channels }) => ({
			weights: ["lanes", [channels, 1, 3, 3]],
			bias: ["bias", [channels, 1, 1, 1]],
		}),
		extents: (g) => ({
			input: g.inputSize ** 2 * g.inputPitch,
			bounds: 2,
			output: g.outputSize ** 2 * g.outputPitch,
		}),
		results: (g, pictures) => squareResult(g, g.channels, pictures),
		small: [
			depthwiseOf(1, 8, 1, 1, 1),
			depthwiseOf(2, 9, 2, 4, 4),
			depthwiseOf(7, 11, 1, 1, 7),
			depthwiseOf(7, 6, 2, 1, 4),
			depthwiseOf(10, 4, 2, 0, 5),
		],
		real: [
			depthwiseOf(112, 32, 1, 1, 112),
			depthwiseOf(112, 64, 2, 0, 56),
			depthwiseOf(56, 128, 1, 1, 56),
			depthwiseOf(56, 128, 2, 0, 28),
			depthwiseOf(28, 256, 1, 1, 28),
			depthwiseOf(28, 256, 2, 0, 14),
			depthwiseOf(14, 512, 1, 1, 14),
			depthwiseOf(14, 512, 2, 0, 7),
			depthwiseOf(7, 1024, 1, 1, 7),
			depthwiseOf(7, 1024, 2, 4, 7),
			depthwiseOf(3, 256, 1, 1, 3),
			depthwiseOf(64, 8, 1, 1, 64),
			depthwiseOf(23, 11, 1, 1, 23),
			depthwiseOf(23, 22, 2, 1, 12),
			depthwiseOf(37, 16, 2, 0, 18),
		],
	},
	pointwise: {
		reference: pointwise,
		parameters: ({ inputChannels, outputChannels }) => ({
			weights: ["panels", [outputChannels, inputChannels, 1, 1]],
			bias: ["bias", [outputChannels, 1, 1, 1]],
		}),
		extents: (g) => ({
			input: g.rows * g.inputPitch,
			bounds: 2,
			output: g.rows * g.outputPitch,
		}),
		results: (g, pictures) => [
			{ operand: "output", rows: pictures * g.rows, channels: g.outputChannels, pitch: g.outputPitch },
		],
		small: [
			pointwiseOf(1, 7, 21),
			pointwiseOf(1, 8, 33),
			pointwiseOf(2, 1, 8),
			pointwiseOf(3, 9, 17),
			pointwiseOf(13, 11, 8),
			pointwiseOf(16, 5, 16),
		],
		real: [
			pointwiseOf(12544, 32, 64),
			pointwiseOf(3136, 64, 128),
			pointwiseOf(3136, 128, 128),
			pointwiseOf(784, 128, 256),
			pointwiseOf(784, 256, 256),
			pointwiseOf(196, 256, 512),
			pointwiseOf(196, 512, 512),
			pointwiseOf(49, 512, 1024),
			pointwiseOf(49, 1024, 1024),
			pointwiseOf(1, 1024, 1001),
			pointwiseOf(4096, 8, 16),
			pointwiseOf(16, 256, 256),
			pointwiseOf(529, 11, 22),
		],
	},
	separable: {
		reference: separable,
		parameters: ({ inputChannels, outputChannels }) => ({
			depthwiseWeights: ["lanes", [inputChannels, 1, 3, 3]],
			depthwiseBias: ["bias", [inputChannels, 1, 1, 1]],
			weights: ["panels", [outputChannels, inputChannels, 1, 1]],
			bias: ["bias", [outputChannels, 1, 1, 1]],
		}),
		extents: (g) => ({
			input: g.inputSize ** 2 * g.inputPitch,
			band: g.bandRows * g.outputSize * g.bandPitch,
			bounds: 2,
			output: g.outputSize ** 2 * g.outputPitch,
		}),
		results: (g, pictures) => squareResult(g, g.outputChannels, pictures),
		small: [
			separableOf(5, 11, 17, 1, 1, 5, 2),
			separableOf(7, 9, 8, 2, 0, 3, 1),
			separableOf(6, 8, 24, 2, 1, 3, 3),
			separableOf(2, 5, 9, 2, 4, 4, 3),
		],
		real: [
			separableOf(112, 32, 64, 1, 1, 112, 13),
			separableOf(112, 64, 128, 2, 0, 56, 14),
			separableOf(56, 128, 128, 1, 1, 56, 7),
			separableOf(56, 128, 256, 2, 0, 28, 14),
			separableOf(28, 256, 256, 1, 1, 28, 7),
			separableOf(28, 256, 512, 2, 0, 14, 14),
			separableOf(14, 512, 512, 1, 1, 14, 7),
			separableOf(14, 512, 1024, 2, 0, 7, 7),
			separableOf(7, 1024, 1024, 1, 1, 7, 7),
			separableOf(23, 22, 44, 2, 1, 12, 5),
		],
	},
	leakyRelu: {
		reference: leakyRelu,
		extents: (g) => ({ values: g.rows * g.pitch, slope: 1 }),
		results: (g, pictures) => [
			{ operand: "values", rows: pictures * g.rows, channels: g.channels, pitch: g.pitch },
		],
		small: [{ rows: 3, channels: 11, pitch: pitchOf(11) }],
		real: [{ rows: 784, channels: 256, pitch: pitchOf(256) }],
	},
	averagePool: {
		reference: averagePool,
		extents: (g) => ({ input: g.rows * g.inputPitch, output: g.outputPitch }),
		results: (g, pictures) => [
			{ operand: "output", rows: pictures, channels: g.channels, pitch: g.outputPitch },
		],
		small: [{ rows: 5, channels: 11, inputPitch: pitchOf(11), outputPitch: pitchOf(11) }],
		real: [{ rows: 49, channels: 1024, inputPitch: pitchOf(1024), outputPitch: pitchOf(1024) }],
	},
	softmax: {
		reference: softmax,
		extents: (g) => ({ input: g.inputPitch, output: g.outputPitch }),
		results: (g, pictures) => [
			{ operand: "output", rows: pictures, channels: g.classes, pitch: g.outputPitch },
		],
		small: [
			{ classes: 7, inputPitch: 8, outputPitch: 8 },
			{ classes: 1, inputPitch: 8, outputPitch: 8 },
		],
		real: [{ classes: 1001, inputPitch: pitchOf(1001), outputPitch: pitchOf(1001) }],
	},
	maxPool: {
		reference: maxPool,
		extents: (g) => ({ input: g.rows * g.inputPitch, output: g.outputPitch }),
		results: (g, pictures) => [
			{ operand: "output", rows: pictures, channels: g.channels, pitch: g.outputPitch },
		],
		small: [{ rows: 5, channels: 11, inputPitch: pitchOf(11), outputPitch: pitchOf(11) }],
		real: [{ rows: 49, channels: 1024, inputPitch: pitchOf(1024), outputPitch: pitchOf(1024) }],
	},
	flatten: {
		reference: flatten,
		extents: (g) => ({ input: g.rows * g.inputPitch, output: g.outputPitch }),
		results: (g, pictures) => [
			{ operand: "output", rows: pictures, channels: g.rows * g.channels, pitch: g.outputPitch },
		],
		small: [{ rows: 4, channels: 11, inputPitch: pitchOf(11), outputPitch: pitchOf(44) }],
		real: [{ rows: 49, channels: 1024, inputPitch: pitchOf(1024), outputPitch: pitchOf(49 * 1024) }],
	},
	sigmoid: {
		reference: sigmoid,
		extents: (g) => ({ input: g.inputPitch, factors: 3, output: g.outputPitch }),
		results: (g, pictures) => [
			{ operand: "output", rows: pictures, channels: g.channels, pitch: g.outputPitch },
		],
		sample: (operand, _, random) =>
			operand === "factors" ? (i) => [2, 2, -1][i]! : operand === "input" ? () => 8 * random() : undefined,
		small: [{ channels: 7, inputPitch: 8, outputPitch: 8 }],
		real: [{ channels: 100, inputPitch: pitchOf(100), outputPitch: pitchOf(100) }],
	},
};

/** The operands of an operation that are addresses, with their kinds. */
export function addressesOf(operation: Operation): readonly [name: string, kind: AddressKind][] {
	return Object.entries(operations[operation]).filter(
		(field): field is [string, AddressKind] => field[1] !== "integer",
	);
}
