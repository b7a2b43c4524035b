/** The kernels of integer inference, as table.ts lists them: reference, packing, extents, shapes. */
import { type int8Operations, rounding } from "./int8-operations.ts";
import type { Geometry, Kernel } from "./kernel.ts";
import type { KernelSet } from "./operations.ts";
import { dequantize } from "./reference/dequantize.ts";
import { flatten } from "./reference/flatten.ts";
import { int8AveragePool } from "./reference/int8-average-pool.ts";
import { int8Depthwise } from "./reference/int8-depthwise.ts";
import { int8Lookup, tableWords } from "./reference/int8-lookup.ts";
import { int8Pointwise } from "./reference/int8-pointwise.ts";
import { int8Separable } from "./reference/int8-separable.ts";
import { int8StemBytes, int8StemFloats } from "./reference/int8-stem.ts";
import { maxPool } from "./reference/max-pool.ts";

/** Channels that a depthwise tile processes at once; pixels are padded to a multiple of them. */
const lanes = 8;
/** At multiples of `setBytes` all pixels of a tile would share a few sets of the L1 cache; a cache line more avoids that. */
const [setBytes, lineBytes] = [2048, 64];

/** Words from one pixel to the next: channels rounded up to a multiple of 8, plus 64 bytes where the cache needs it. */
export function wordPitchOf(channels: number): number {
	const pitch = Math.ceil(channels / lanes) * lanes;
	return (pitch * 2) % setBytes === 0 ? pitch + lineBytes / 2 : pitch;
}

/** Output rows whose input the stem quantizes at a time, so that it stays in the L1 cache. */
export const wordBandRows = 8;
/** Floats of scratch per thread: the words of a depthwise tile before they are narrowed, 6 pixels of 8 channels. */
export const scratchFloats = 64;
/** Words past the end of the stem's band that the last pair of an odd row reads. */
export const bandSlack = 8;

/** Random operands: bounds, biases, and multipliers that scale sums of `products` products to the range of codes. */
const codes = [-17, 238, rounding] as const;
const bias = (random: () => number) => () => Math.round(random() * 3000);
const twice = 2 ** -7 * (1 + 2 ** -23);
const multipliers = (products: number, random: () => number, set: KernelSet) => {
	const usual = 64 / (127 * 128 * Math.sqrt(products));
	return (i: number) => {
		const step = set === "fixedPoint" ? twice : 1;
		return i % 2 === 1 ? step : (usual * (1.2 + random())) / step;
	};
};
/** The operands that integer kernels have in common: inputs, 8-bit weights minus a zero point, bounds. */
const sampleOf = (operand: string, products: number, random: () => number, set: KernelSet) => {
	switch (operand) {
		case "input":
			return () => Math.round(110 + random() * 128);
		case "weights":
		case "depthwiseWeights":
			return () => Math.round(random() * 255);
		case "bias":
		case "depthwiseBias":
			return bias(random);
		case "multipliers":
			return multipliers(products, random, set);
		case "depthwiseMultipliers":
			return multipliers(9, random, set);
		case "bounds":
		case "depthwiseBounds":
			return (i: number) => codes[i]!;
		default:
			return undefined;
	}
};

type StemGeometry = Geometry<"int8StemFloats">;
const stemParameters = ({ inputChannels, outputChannels }: StemGeometry) =>
	({
		weights: ["wordPanels", [outputChannels, inputChannels, 3, 3]],
		bias: ["panelBias", [outputChannels, 1, 1, 1]],
		multipliers: ["panelPairs", [outputChannels, 2, 1, 1]],
	}) as const;
const stemExtents = (g: StemGeometry) => ({
	bounds: 3,
	band: (g.bandRows * 2 + 1) * ((g.outputSize - 1) * 2 + 3) * g.inputChannels + bandSlack,
	output: g.outputSize ** 2 * g.outputPitch,
});
const stemSample = (operand: string, g: StemGeometry, random: () => number, set: KernelSet) => {
	switch (operand) {
		case "input":
			return random;
		case "factor":
			return () => 127.5;
		case "inputBounds":
			return (i: number) => [-130, 125, rounding][i]!;
		default:
			return sampleOf(operand, 9 * g.inputChannels, random, set);
	}
};
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
	outputPitch: wordPitchOf(outputChannels),
	bandRows: wordBandRows,
});
const depthwiseOf = (
	inputSize: number,
	channels: number,
	stride: number,
	before: number,
	outputSize: number,
): Geometry<"int8Depthwise"> => ({
	inputSize,
	outputSize,
	channels,
	stride,
	before,
	inputPitch: wordPitchOf(channels),
	outputPitch: wordPitchOf(channels),
});
const pointwiseOf = (
	rows: number,
	inputChannels: number,
	outputChannels: number,
): Geometry<"int8Pointwise"> => ({
	rows,
	inputChannels,
	outputChannels,
	inputPitch: wordPitchOf(inputChannels),
	outputPitch: wordPitchOf(outputChannels),
});
const separableOf = (
	inputSize: number,
	inputChannels: number,
	outputChannels: number,
	stride: number,
	before: number,
	outputSize: number,
	bandRows: number,
): Geometry<"int8Separable"> => ({
	inputSize,
	outputSize,
	inputChannels,
	outputChannels,
	stride,
	before,
	inputPitch: wordPitchOf(inputChannels),
	bandPitch: wordPitchOf(inputChannels),
	outputPitch: wordPitchOf(outputChannels),
	bandRows,
});
const smallStems = [stemOf(9, 3, 11, 1, 5), stemOf(12, 1, 24, 0, 6)];
const realStems = [
	stemOf(224, 3, 32, 0, 112),
	stemOf(128, 3, 8, 0, 64),
	stemOf(45, 1, 11, 1, 23),
	stemOf(33, 3, 48, 1, 17),
	stemOf(75, 3, 8, 0, 37),
];

export const int8Kernels: { readonly [O in keyof typeof int8Operations]: Kernel<O> } = {
	int8StemBytes: {
		reference: int8StemBytes,
		parameters: stemParameters,
		extents: (g) => ({ ...stemExtents(g), pixels: g.inputSize ** 2 * g.inputChannels }),
		results: (g, pictures) => squareResult(g, g.outputChannels, pictures),
		sample: stemSample,
		small: smallStems.map((g, i) => ({ ...g, zeroPoint: i * 128 })),
		real: realStems.map((g) => ({ ...g, zeroPoint: 127 })),
	},
	int8StemFloats: {
		reference: int8StemFloats,
		parameters: stemParameters,
		extents: (g) => ({
			...{ ...stemExtents(g), factor: 1, inputBounds: 3 },
			input: g.inputSize ** 2 * g.inputChannels,
		}),
		results: (g, pictures) => squareResult(g, g.outputChannels, pictures),
		sample: stemSample,
		small: smallStems,
		real: realStems,
	},
	int8Depthwise: {
		reference: int8Depthwise,
		parameters: ({ channels }) => ({
			weights: ["floatLanes", [channels, 1, 3, 3]],
			bias: ["bias", [channels, 1, 1, 1]],
			multipliers: ["lanePairs", [channels, 2, 1, 1]],
		}),
		extents: (g) => ({
			input: g.inputSize ** 2 * g.inputPitch,
			bounds: 3,
			scratch: scratchFloats,
			output: g.outputSize ** 2 * g.outputPitch,
		}),
		results: (g, pictures) => squareResult(g, g.channels, pictures),
		sample: (operand, _, random, set) => sampleOf(operand, 9, random, set),
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
	int8Pointwise: {
		reference: int8Pointwise,
		parameters: ({ inputChannels, outputChannels }) => ({
			weights: ["wordPanels", [outputChannels, inputChannels, 1, 1]],
			bias: ["panelBias", [outputChannels, 1, 1, 1]],
			multipliers: ["panelPairs", [outputChannels, 2, 1, 1]],
		}),
		extents: (g) => ({ input: g.rows * g.inputPitch, bounds: 3, output: g.rows * g.outputPitch }),
		results: (g, pictures) => [
			{ operand: "output", rows: pictures * g.rows, channels: g.outputChannels, pitch: g.outputPitch },
		],
		sample: (operand, g, random, set) => sampleOf(operand, g.inputChannels, random, set),
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
			pointwiseOf(3136, 128, 128),
			pointwiseOf(784, 128, 256),
			pointwiseOf(196, 512, 512),
			pointwiseOf(49, 1024, 1024),
			pointwiseOf(1, 1024, 1001),
			pointwiseOf(4096, 8, 16),
			pointwiseOf(529, 11, 22),
		],
	},
	int8Separable: {
		reference: int8Separable,
		parameters: ({ inputChannels, outputChannels }) => ({
			depthwiseWeights: ["floatLanes", [inputChannels, 1, 3, 3]],
			depthwiseBias: ["bias", [inputChannels, 1, 1, 1]],
			depthwiseMultipliers: ["lanePairs", [inputChannels, 2, 1, 1]],
			weights: ["wordPanels", [outputChannels, inputChannels, 1, 1]],
			bias: ["panelBias", [outputChannels, 1, 1, 1]],
			multipliers: ["panelPairs", [outputChannels, 2, 1, 1]],
		}),
		extents: (g) => ({
			input: g.inputSize ** 2 * g.inputPitch,
			scratch: scratchFloats,
			band: g.bandRows * g.outputSize * g.bandPitch,
			depthwiseBounds: 3,
			bounds: 3,
			output: g.outputSize ** 2 * g.outputPitch,
		}),
		results: (g, pictures) => squareResult(g, g.outputChannels, pictures),
		sample: (operand, g, random, set) => sampleOf(operand, g.inputChannels, random, set),
		small: [
			separableOf(5, 11, 17, 1, 1, 5, 2),
			separableOf(7, 9, 8, 2, 0, 3, 1),
			separableOf(6, 8, 24, 2, 1, 3, 3),
			separableOf(2, 5, 9, 2, 4, 4, 3),
		],
		real: [
			separableOf(112, 32, 64, 1, 1, 112, 13),
			separableOf(56, 128, 128, 1, 1, 56, 7),
			separableOf(28, 256, 512, 2, 0, 14, 14),
			separableOf(14, 512, 512, 1, 1, 14, 7),
			separableOf(7, 1024, 1024, 1, 1, 7, 7),
			separableOf(23, 22, 44, 2, 1, 12, 5),
		],
	},
	int8AveragePool: {
		reference: int8AveragePool,
		extents: (g) => ({ input: g.rows * g.inputPitch, rescale: 2, bounds: 3, output: g.outputPitch }),
		results: (g, pictures) => [
			{ operand: "output", rows: pictures, channels: g.channels, pitch: g.outputPitch },
		],
		sample: (operand, g, random, set) =>
			operand === "rescale" ? (i) => [1.25, 0.5][i]! : sampleOf(operand, g.rows, random, set),
		small: [{ rows: 5, channels: 11, inputPitch: wordPitchOf(11), outputPitch: wordPitchOf(11) }],
		real: [{ rows: 49, channels: 1024, inputPitch: wordPitchOf(1024), outputPitch: wordPitchOf(1024) }],
	},
	int8MaxPool: {
		reference: maxPool,
		extents: (g) => ({ input: g.rows * g.inputPitch, output: g.outputPitch }),
		results: (g, pictures) => [
			{ operand: "output", rows: pictures, channels: g.channels, pitch: g.outputPitch },
		],
		sample: (operand, g, random, set) => sampleOf(operand, g.rows, random, set),
		small: [{ rows: 5, channels: 11, inputPitch: wordPitchOf(11), outputPitch: wordPitchOf(11) }],
		real: [{ rows: 49, channels: 1024, inputPitch: wordPitchOf(1024), outputPitch: wordPitchOf(1024) }],
	},
	int8Flatten: {
		reference: flatten,
		extents: (g) => ({ input: g.rows * g.inputPitch, output: g.outputPitch }),
		results: (g, pictures) => [
			{ operand: "output", rows: pictures, channels: g.rows * g.channels, pitch: g.outputPitch },
		],
		sample: (operand, g, random, set) => sampleOf(operand, g.rows, random, set),
		small: [{ rows: 4, channels: 11, inputPitch: wordPitchOf(11), outputPitch: wordPitchOf(44) }],
		real: [{ rows: 49, channels: 1024, inputPitch: wordPitchOf(1024), outputPitch: wordPitchOf(49 * 1024) }],
	},
	int8Lookup: {
		reference: int8Lookup,
		extents: (g) => ({ input: g.rows * g.inputPitch, table: tableWords, output: g.rows * g.outputPitch }),
		results: (g, pictures) => [
			{ operand: "output", rows: pictures * g.rows, channels: g.channels, pitch: g.outputPitch },
		],
		sample: (operand, _, random, set) =>
			operand === "table" ? (i) => 255 - (i % 256) : sampleOf(operand, 1, random, set),
		small: [{ rows: 3, channels: 11, inputPitch: 16, outputPitch: 16 }],
		real: [{ rows: 196, channels: 512, inputPitch: wordPitchOf(512), outputPitch: wordPitchOf(512) }],
	},
	dequantize: {
		reference: dequantize,
		extents: (g) => ({ input: g.inputPitch, scale: 1, output: g.outputPitch }),
		results: (g, pictures) => [
			{ operand: "output", rows: pictures, channels: g.channels, pitch: g.outputPitch },
		],
		sample: (operand, _, random, set) =>
			operand === "scale" ? () => Math.fround(0.13) : sampleOf(operand, 1, random, set),
		small: [{ channels: 11, inputPitch: 16, outputPitch: 16 }],
		real: [{ channels: 1001, inputPitch: wordPitchOf(1001), outputPitch: wordPitchOf(1001) }],
	},
};
