/**
 * The training kernels of pointwise and dense layers, listed as in table.ts, and how a plan should divide their rows
 * into bands and slices.
 */
import type { Geometry, Kernel } from "./kernel.ts";
import { sumSlices, transpose } from "./reference/gradients.ts";
import { denseBackward, pointwiseBackward, trainPointwise } from "./reference/train-pointwise.ts";
import { pitchOf } from "./table.ts";
import { bandsOf, normOf, partialsOf, vectorOf } from "./training-shapes.ts";

/** Floats from one row of a band's buffer to the next: an odd number of cache lines (simd/assembly/train-pointwise.ts). */
const bandPitch = (channels: number): number => (Math.ceil(channels / 16) | 1) * 16;

/** Floats of a band's buffers in `pointwiseBackward`: the output's gradient and the activated input. */
function pointwiseBackwardBand(inputChannels: number, outputChannels: number, bandRows: number): number {
	return bandRows * (bandPitch(outputChannels) + bandPitch(inputChannels));
}

/**
 * Rows of a band in `trainPointwise`, given the rows of the largest batch.
 *
 * Speed is the same within 3 % from 64 to 1000 rows, so other things decide: input and output of a band stay in the L2
 * cache, weights that do not fit there are read for at least about 40 rows, and for 2 or 4 threads the number of bands is
 * a multiple of 2 or 4, of equal length.
 */
export function trainPointwiseBandRows(rows: number, inputChannels: number, outputChannels: number): number {
	const most = Math.max(64, Math.floor(bandFloats / 2 / (inputChannels + outputChannels)));
	const bands = Math.max(rows < 64 ? 1 : 2, Math.ceil(rows / most));
	const together = bands > 4 ? 4 : bands > 1 ? 2 : 1;
	return Math.ceil(rows / (Math.ceil(bands / together) * together));
}

/** Floats of a band's buffers: 256 KB, half of a small L2 cache. */
const bandFloats = 65536;

/**
 * Slices of the gradient of a pointwise layer's weights, given the rows of the largest batch.
 *
 * Threads take whole slices, so their number is a power of two, and at least two if there is work for two threads. More
 * than one per 200 rows would cost time, because each is as large as the weights, and is written and read again.
 */
export function pointwiseSlices(rows: number): number {
	const slices = 2 ** Math.round(Math.log2(rows / 192));
	return Math.min(16, Math.max(rows < 64 ? 1 : 2, slices));
}

/**
 * Rows of a band in `pointwiseBackward`, given the rows of the largest batch: all slices have the same number of bands,
 * of about equal length. Every band reads and writes the gradient of all weights, so it has at least 192 rows if there
 * are that many.
 */
export function pointwiseBandRows(
	rows: number,
	inputChannels: number,
	outputChannels: number,
	slices: number,
): number {
	const most = Math.max(192, Math.floor(bandFloats / (inputChannels + outputChannels)));
	const ofSlice = rows / slices;
	// A band may be a quarter longer, to avoid one of little more than half the length.
	return Math.ceil(ofSlice / Math.ceil(ofSlice / (most * 1.25)));
}

const sixtyFourths = (random: () => number): number => Math.round(random() * 64) / 64;

/**
 * Random inputs and norms of a layer: numbers on a grid, so that z is exact in every kernel and never at a corner of the
 * activation, and all kernels agree on its derivative. A norm is zero past the last channel.
 */
function sampleNorms(
	operand: string,
	{ inputChannels, outputChannels }: { inputChannels: number; outputChannels: number },
	random: () => number,
): ((i: number) => number) | undefined {
	if (operand === "input") return () => sixtyFourths(random);
	if (operand !== "inputNorm" && operand !== "outputNorm") return undefined;
	const channels = operand === "inputNorm" ? inputChannels : outputChannels;
	const vector = vectorOf(channels);
	return (i) => {
		const number = sixtyFourths(random);
		if (i % vector >= channels) return 0;
		const kind = Math.floor(i / vector);
		if (kind === 0) return Math.round(number * 7) / 8 || 1;
		return kind === 1 ? (Math.round(number * 256) * 2 + 1) / 1024 : number;
	};
}

const withPitches = <G extends { inputChannels: number; outputChannels: number }>(
	g: G,
): G & { inputPitch: number; outputPitch: number } => ({
	...g,
	inputPitch: pitchOf(g.inputChannels),
	outputPitch: pitchOf(g.outputChannels),
});

const forwardOf = (
	rows: number,
	inputChannels: number,
	outputChannels: number,
	bandRows = trainPointwiseBandRows(rows, inputChannels, outputChannels),
): Geometry<"trainPointwise"> => withPitches({ rows, inputChannels, outputChannels, bandRows });

const backwardOf = (
	rows: number,
	inputChannels: number,
	outputChannels: number,
	slices = pointwiseSlices(rows),
	bandRows = pointwiseBandRows(rows, inputChannels, outputChannels, slices),
	wantsInput = 1,
): Geometry<"pointwiseBackward"> =>
	withPitches({ rows, inputChannels, outputChannels, bandRows, slices, wantsInput });

const denseOf = (inputChannels: number, outputChannels: number): Geometry<"denseBackward"> => ({
	inputChannels,
	outputChannels,
	inputPitch: pitchOf(inputChannels),
	gradientPitch: pitchOf(outputChannels),
});

const partialsResult = (pictures: number, rows: number, bandRows: number, channels: number) =>
	({
		operand: "partials",
		rows: 2 * bandsOf(pictures * rows, bandRows),
		channels: vectorOf(channels),
		pitch: vectorOf(channels),
	}) as const;

export const trainingPointwiseKernels: {
	readonly [O in
		| "trainPointwise"
		| "denseBackward"
		| "pointwiseBackward"
		| "sumSlices"
		| "transpose"]: Kernel<O>;
} = {
	trainPointwise: {
		reference: trainPointwise,
		parameters: ({ inputChannels, outputChannels }) => ({
			weights: ["panels", [outputChannels, inputChannels, 1, 1]],
			bias: ["bias", [outputChannels, 1, 1, 1]],
		}),
		extents: (g) => ({
			input: g.rows * g.inputPitch,
			inputNorm: normOf(g.inputChannels),
			activation: 2,
			bounds: 2,
			band: g.bandRows * g.inputPitch,
			output: g.rows * g.outputPitch,
			partials: partialsOf(g.rows, g.bandRows, g.outputChannels),
		}),
		results: (g, pictures) => [
			{ operand: "output", rows: pictures * g.rows, channels: g.outputChannels, pitch: g.outputPitch },
			partialsResult(pictures, g.rows, g.bandRows, g.outputChannels),
		],
		sample: (operand, g, random) => {
			if (operand === "bounds") return (i) => [-1e30, 1e30][i]!;
			return sampleNorms(operand, g, random);
		},
		small: [
			forwardOf(1, 7, 21, 1),
			forwardOf(13, 11, 8, 5),
			forwardOf(9, 3, 17, 12),
			forwardOf(29, 16, 24, 14),
		],
		real: [
			forwardOf(49, 512, 1024),
			forwardOf(196, 256, 512),
			forwardOf(3136, 64, 128),
			forwardOf(2304, 8, 16),
			forwardOf(36, 128, 128),
			forwardOf(529, 11, 22),
		],
	},
	pointwiseBackward: {
		reference: pointwiseBackward,
		parameters: ({ inputChannels, outputChannels }) => ({
			weights: ["panels", [inputChannels, outputChannels, 1, 1]],
			bias: ["bias", [inputChannels, 1, 1, 1]],
		}),
		extents: (g) => ({
			gradient: g.rows * g.outputPitch,
			output: g.rows * g.outputPitch,
			outputNorm: normOf(g.outputChannels),
			input: g.rows * g.inputPitch,
			inputNorm: normOf(g.inputChannels),
			activation: 2,
			bounds: 2,
			band: pointwiseBackwardBand(g.inputChannels, g.outputChannels, g.bandRows),
			weightSlices: g.slices * vectorOf(g.outputChannels) * g.inputChannels,
			inputGradient: g.rows * g.inputPitch,
			partials: partialsOf(g.rows, g.bandRows, g.inputChannels),
		}),
		results: (g, pictures) => [
			{
				operand: "weightSlices",
				rows: g.slices,
				channels: 0,
				pitch: 0,
				packing: ["panels", [g.outputChannels, g.inputChannels, 1, 1]],
			},
			...(g.wantsInput
				? ([
						{
							operand: "inputGradient",
							rows: pictures * g.rows,
							channels: g.inputChannels,
							pitch: g.inputPitch,
						},
						partialsResult(pictures, g.rows, g.bandRows, g.inputChannels),
					] as const)
				: []),
		],
		sample: (operand, g, random) => {
			// The gradient of the input has no bias and no bounds.
			if (operand === "bias") return () => 0;
			if (operand === "bounds") return (i) => [-1e30, 1e30][i]!;
			return sampleNorms(operand, g, random);
		},
		small: [
			backwardOf(1, 7, 21, 2, 1),
			backwardOf(13, 13, 8, 2, 5),
			backwardOf(9, 3, 17, 1, 12, 0),
			backwardOf(29, 26, 24, 3, 5),
			backwardOf(24, 9, 12, 4, 6),
		],
		real: [
			backwardOf(49, 512, 1024),
			backwardOf(196, 256, 512),
			backwardOf(3136, 64, 128),
			backwardOf(2304, 8, 16),
			backwardOf(36, 128, 128),
			backwardOf(529, 11, 22),
		],
	},
	denseBackward: {
		reference: denseBackward,
		parameters: ({ inputChannels, outputChannels }) => ({
			weightGradient: ["panels", [outputChannels, inputChannels, 1, 1]],
			biasGradient: ["bias", [outputChannels, 1, 1, 1]],
		}),
		extents: (g) => ({ gradient: g.gradientPitch, input: g.inputPitch }),
		results: (g) => [
			{
				operand: "weightGradient",
				rows: 1,
				channels: 0,
				pitch: 0,
				packing: ["panels", [g.outputChannels, g.inputChannels, 1, 1]],
			},
			{ operand: "biasGradient", rows: 1, channels: g.outputChannels, pitch: g.outputChannels },
		],
		small: [denseOf(7, 21), denseOf(11, 3), denseOf(16, 40)],
		real: [denseOf(1024, 1001), denseOf(256, 1000), denseOf(256, 2)],
	},
	sumSlices: {
		reference: sumSlices,
		extents: (g) => ({ weightSlices: g.length * g.slices, weightGradient: g.length }),
		results: (g) => [{ operand: "weightGradient", rows: 1, channels: g.length, pitch: g.length }],
		small: [
			{ length: 37, slices: 3 },
			{ length: 64, slices: 1 },
		],
		real: [
			{ length: 512 * 512, slices: 8 },
			{ length: 8 * 16, slices: 16 },
			{ length: 11 * 36, slices: 16 },
		],
	},
	transpose: {
		reference: transpose,
		parameters: ({ inputChannels, outputChannels }) => ({
			weights: ["panels", [outputChannels, inputChannels, 1, 1]],
			transposed: ["panels", [inputChannels, outputChannels, 1, 1]],
		}),
		extents: () => ({}),
		results: (g) => [
			{
				operand: "transposed",
				rows: 1,
				channels: 0,
				pitch: 0,
				packing: ["panels", [g.inputChannels, g.outputChannels, 1, 1]],
			},
		],
		small: [
			{ inputChannels: 7, outputChannels: 37 },
			{ inputChannels: 33, outputChannels: 16 },
		],
		real: [
			{ inputChannels: 512, outputChannels: 1024 },
			{ inputChannels: 1024, outputChannels: 1001 },
			{ inputChannels: 8, outputChannels: 16 },
			{ inputChannels: 24, outputChannels: 48 },
		],
	},
};
