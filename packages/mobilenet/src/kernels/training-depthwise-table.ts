/**
 * The training kernels of depthwise layers and the stem, listed as in table.ts, and how a plan should divide their work
 * into bands and slices.
 */
import type { Geometry, Kernel } from "./kernel.ts";
import { depthwiseBackward, trainDepthwise } from "./reference/train-depthwise.ts";
import { normalize, stemBackward, stemInputGradient, trainStem } from "./reference/train-stem.ts";
import { pitchOf } from "./table.ts";
import { bandsOf, normOf, partialsOf, vectorOf } from "./training-shapes.ts";

/**
 * Bytes that the rows of a band may take in their buffers, so that they and what streams past fit in an L2 cache of
 * 512 KB. Bands of large pictures are large, because the rows at their ends are computed twice; bands of small pictures
 * are small, so that they fit in the L1 cache.
 */
const mostBandBytes = 448 * 1024;
const leastBandBytes = 32 * 1024;
/** There are at least this many bands, for threads to share, but each has at least `leastRows` rows, since overlap costs. */
const leastBands = 8;
const leastRows = 4;
/** The most slices of a weight gradient: each is cleared and summed, so more than the threads need are wasted. */
const mostSlices = 8;

/**
 * Rows of a band, for rows of `rowBytes` bytes and pictures of `size` rows: one or several whole pictures if they fit,
 * whose ends need no neighboring rows; else equal parts of a picture.
 */
function bandRowsOf(rowBytes: number, size: number, pictures: number): number {
	const shared = Math.max(leastRows, (pictures * size) / leastBands);
	const most = Math.floor(Math.min(mostBandBytes / rowBytes, shared));
	if (most >= size)
		return size * Math.floor(Math.min(most, Math.max(leastBandBytes / rowBytes, size)) / size);
	return Math.ceil(size / Math.ceil(size / Math.max(1, most)));
}

type DepthwiseShape = Pick<
	Geometry<"trainDepthwise">,
	"inputSize" | "outputSize" | "stride" | "inputPitch" | "outputPitch"
>;

/** Output rows per band of `trainDepthwise`, whose buffers hold activated inputs and outputs that are summed at the end. */
export function trainDepthwiseBandRows(g: DepthwiseShape, pictures: number): number {
	const rowBytes = (g.stride * g.inputSize * g.inputPitch + g.outputSize * g.outputPitch) * 4;
	return bandRowsOf(rowBytes, g.outputSize, pictures);
}

/** Input rows per band of `depthwiseBackward`, whose buffers hold activated inputs and gradients of outputs. */
export function depthwiseBackwardBandRows(g: DepthwiseShape, pictures: number): number {
	const rowBytes = (g.inputSize * g.inputPitch + (g.outputSize * g.outputPitch) / g.stride) * 4;
	return bandRowsOf(rowBytes, g.inputSize, pictures);
}

/**
 * Output rows per band of `trainStem` and `stemBackward`, whose buffers hold padded inputs and outputs or their
 * gradients. Any number works; a band that crosses pictures pads a few more rows.
 */
export function trainStemBandRows(
	g: Pick<Geometry<"trainStem">, "inputSize" | "outputSize" | "inputChannels" | "outputPitch">,
	pictures: number,
): number {
	const rowBytes = (2 * g.inputSize * g.inputChannels + g.outputSize * g.outputPitch) * 4;
	return bandRowsOf(rowBytes, g.outputSize, pictures);
}

/** Slices of the gradient of depthwise or stem weights, for `rows` rows in total. */
export function slicesOf(rows: number, bandRows: number): number {
	return Math.min(mostSlices, bandsOf(rows, bandRows));
}

type StemGeometry = Geometry<"trainStem">;
type BackwardGeometry = Geometry<"depthwiseBackward">;

const stemOf = (
	inputSize: number,
	inputChannels: number,
	outputChannels: number,
	before: number,
	outputSize: number,
	bandRows: number,
): StemGeometry => ({
	inputSize,
	outputSize,
	inputChannels,
	outputChannels,
	before,
	outputPitch: pitchOf(outputChannels),
	bandRows,
});
const depthwiseOf = (
	inputSize: number,
	channels: number,
	stride: number,
	before: number,
	outputSize: number,
	bandRows: number,
): Geometry<"trainDepthwise"> => ({
	inputSize,
	outputSize,
	channels,
	stride,
	before,
	inputPitch: pitchOf(channels),
	outputPitch: pitchOf(channels),
	bandRows,
});

const stemShape = (g: { inputChannels: number; outputChannels: number }) =>
	[g.outputChannels, g.inputChannels, 3, 3] as const;
const depthwiseShape = (g: { channels: number }) => [g.channels, 1, 3, 3] as const;

const paddedInput = (g: Omit<StemGeometry, "before" | "inputSize">): number =>
	(g.bandRows * 2 + 1) * ((g.outputSize - 1) * 2 + 3) * g.inputChannels;
const wholeLines = (floats: number): number => Math.ceil(floats / 16) * 16;

/** Input rows under a band of `trainDepthwise`, at most: pictures may have rows that no output begins at. */
function forwardBandRows({ inputSize, outputSize, stride, bandRows }: Geometry<"trainDepthwise">): number {
	const crossed = Math.ceil((bandRows - 1) / outputSize);
	return (bandRows - 1) * stride + 3 + crossed * Math.max(0, inputSize - outputSize * stride);
}

/** Floats of a thread's buffers in `depthwiseBackward`, in the layout of simd/assembly/train-depthwise.ts. */
function backwardBand(g: BackwardGeometry): number {
	const { inputSize, outputSize, stride, before, bandRows } = g;
	const half = Math.floor(before / 2);
	const pairs = Math.ceil(inputSize / 2);
	const odd = before % 2;
	const low = stride === 1 ? before - 2 : odd ? half : half - 1;
	const high = stride === 1 ? inputSize - 1 + before : odd ? pairs + half : pairs - 1 + half;
	const parts = Math.min(bandRows, Math.ceil((bandRows - 1) / inputSize) + 1);
	const gradientRows = Math.min(parts * outputSize, Math.floor((bandRows + parts * (stride + 1)) / stride));
	const gradientColumns = Math.max(0, -low) + outputSize + Math.max(0, high - outputSize + 1);
	const columns = Math.max((outputSize - 1) * stride + 3, before + 1);
	return (
		(bandRows + parts) * 16 +
		2 * vectorOf(g.channels) +
		outputSize * g.outputPitch +
		gradientRows * gradientColumns * g.outputPitch +
		bandRows * columns * g.inputPitch
	);
}

/** The results of a forward layer: its raw output and the partial sums. */
const forwardResults = (
	g: { outputSize: number; outputPitch: number; bandRows: number },
	channels: number,
	pictures: number,
) =>
	[
		{ operand: "output", rows: pictures * g.outputSize ** 2, channels, pitch: g.outputPitch },
		{
			operand: "partials",
			rows: bandsOf(pictures * g.outputSize, g.bandRows) * 2,
			channels,
			pitch: vectorOf(channels),
		},
	] as const;

/** Raw outputs are not clamped, and the backward kernels read the output of the forward ones. */
const sampleOf = (operand: string, _geometry: unknown, random: () => number) =>
	operand === "bounds" ? (i: number) => (i ? 3e38 : -3e38) : operand === "output" ? random : undefined;
const forwardSample = (operand: string) =>
	operand === "bounds" ? (i: number) => (i ? 3e38 : -3e38) : undefined;

const smallDepthwise = [
	depthwiseOf(1, 8, 1, 1, 1, 1),
	depthwiseOf(2, 9, 2, 4, 4, 3),
	depthwiseOf(7, 11, 1, 1, 7, 4),
	depthwiseOf(7, 6, 2, 1, 4, 5),
	depthwiseOf(10, 4, 2, 0, 5, 2),
	depthwiseOf(9, 5, 2, 0, 4, 6),
];
const realDepthwise = (pictures: number, bandRows: (g: DepthwiseShape, pictures: number) => number) =>
	[
		depthwiseOf(112, 32, 1, 1, 112, 1),
		depthwiseOf(112, 64, 2, 0, 56, 1),
		depthwiseOf(28, 256, 1, 1, 28, 1),
		depthwiseOf(14, 512, 2, 0, 7, 1),
		depthwiseOf(7, 1024, 1, 1, 7, 1),
		depthwiseOf(7, 1024, 2, 4, 7, 1),
		depthwiseOf(48, 8, 1, 1, 48, 1),
		depthwiseOf(24, 32, 2, 0, 12, 1),
		depthwiseOf(3, 256, 1, 1, 3, 1),
		depthwiseOf(23, 22, 2, 1, 12, 1),
	].map((g) => ({ ...g, bandRows: bandRows(g, pictures) }));

const withSlices =
	(wantsInput: number) =>
	(g: Geometry<"trainDepthwise">, i: number): BackwardGeometry => ({ ...g, slices: 1 + (i % 3), wantsInput });
const stemWithSlices = (g: StemGeometry, i: number): Geometry<"stemBackward"> => ({
	...g,
	slices: 1 + (i % 3),
});
const withoutBand = ({ bandRows: _, ...g }: StemGeometry): Geometry<"stemInputGradient"> => g;

const smallStems = [stemOf(33, 2, 17, 1, 17, 5), stemOf(32, 3, 8, 0, 16, 20)];
const realStems = [
	stemOf(224, 3, 32, 0, 112, 8),
	stemOf(96, 3, 8, 0, 48, 24),
	stemOf(45, 1, 11, 1, 23, 46),
	stemOf(33, 3, 48, 1, 17, 4),
	stemOf(75, 3, 8, 0, 37, 20),
];

export const trainingDepthwiseKernels: {
	readonly [O in
		| "normalize"
		| "trainStem"
		| "trainDepthwise"
		| "depthwiseBackward"
		| "stemBackward"
		| "stemInputGradient"]: Kernel<O>;
} = {
	normalize: {
		reference: normalize,
		extents: (g) => ({
			pixels: g.size ** 2 * g.channels,
			mean: g.size * g.channels,
			factors: g.size * g.channels,
			output: g.size ** 2 * g.channels,
		}),
		results: (g, pictures) => [
			{
				operand: "output",
				rows: pictures * g.size,
				channels: g.size * g.channels,
				pitch: g.size * g.channels,
			},
		],
		// Different for each channel, equal in every pixel.
		sample: (operand, { channels }) => {
			if (operand === "mean") return (i) => 100 + 7.5 * (i % channels);
			if (operand === "factors") return (i) => 1 / (50 + (i % channels));
			return;
		},
		small: [
			{ size: 5, channels: 3, swapped: 0 },
			{ size: 5, channels: 4, swapped: 1 },
			{ size: 7, channels: 1, swapped: 0 },
		],
		real: [
			{ size: 224, channels: 3, swapped: 0 },
			{ size: 96, channels: 3, swapped: 1 },
		],
	},
	trainStem: {
		reference: trainStem,
		parameters: (g) => ({ weights: ["panels", stemShape(g)], bias: ["bias", [g.outputChannels, 1, 1, 1]] }),
		extents: (g) => ({
			input: g.inputSize ** 2 * g.inputChannels,
			bounds: 2,
			band: paddedInput(g),
			output: g.outputSize ** 2 * g.outputPitch,
			partials: partialsOf(g.outputSize, g.bandRows, g.outputChannels),
		}),
		results: (g, pictures) => forwardResults(g, g.outputChannels, pictures),
		sample: forwardSample,
		small: smallStems,
		real: realStems,
	},
	trainDepthwise: {
		reference: trainDepthwise,
		parameters: (g) => ({ weights: ["lanes", depthwiseShape(g)], bias: ["bias", [g.channels, 1, 1, 1]] }),
		extents: (g) => ({
			input: g.inputSize ** 2 * g.inputPitch,
			inputNorm: normOf(g.channels),
			activation: 2,
			bounds: 2,
			band: forwardBandRows(g) * g.inputSize * g.inputPitch,
			output: g.outputSize ** 2 * g.outputPitch,
			partials: partialsOf(g.outputSize, g.bandRows, g.channels),
		}),
		results: (g, pictures) => forwardResults(g, g.channels, pictures),
		sample: forwardSample,
		small: smallDepthwise,
		real: realDepthwise(8, trainDepthwiseBandRows),
	},
	depthwiseBackward: {
		reference: depthwiseBackward,
		parameters: (g) => ({ weights: ["lanes", depthwiseShape(g)] }),
		extents: (g) => ({
			gradient: g.outputSize ** 2 * g.outputPitch,
			output: g.outputSize ** 2 * g.outputPitch,
			outputNorm: normOf(g.channels),
			input: g.inputSize ** 2 * g.inputPitch,
			inputNorm: normOf(g.channels),
			activation: 2,
			band: backwardBand(g),
			weightSlices: g.slices * Math.ceil(g.channels / 8) * 8 * 9,
			inputGradient: g.inputSize ** 2 * g.inputPitch,
			partials: partialsOf(g.inputSize, g.bandRows, g.channels),
		}),
		results: (g, pictures) => [
			{
				operand: "weightSlices",
				rows: g.slices,
				channels: 0,
				pitch: 0,
				packing: ["lanes", depthwiseShape(g)],
			},
			...(g.wantsInput
				? ([
						{
							operand: "inputGradient",
							rows: pictures * g.inputSize ** 2,
							channels: g.channels,
							pitch: g.inputPitch,
						},
						{
							operand: "partials",
							rows: bandsOf(pictures * g.inputSize, g.bandRows) * 2,
							channels: g.channels,
							pitch: vectorOf(g.channels),
						},
					] as const)
				: []),
		],
		sample: sampleOf,
		small: [
			...smallDepthwise.map(withSlices(1)),
			{ ...depthwiseOf(5, 3, 1, 1, 5, 3), slices: 2, wantsInput: 0 },
		],
		real: realDepthwise(8, depthwiseBackwardBandRows).map(withSlices(1)),
	},
	stemBackward: {
		reference: stemBackward,
		extents: (g) => ({
			gradient: g.outputSize ** 2 * g.outputPitch,
			output: g.outputSize ** 2 * g.outputPitch,
			outputNorm: normOf(g.outputChannels),
			input: g.inputSize ** 2 * g.inputChannels,
			band: wholeLines(paddedInput(g)) + g.bandRows * g.outputSize * g.outputPitch,
			weightSlices: g.slices * vectorOf(g.outputChannels) * 9 * g.inputChannels,
		}),
		results: (g) => [
			{ operand: "weightSlices", rows: g.slices, channels: 0, pitch: 0, packing: ["panels", stemShape(g)] },
		],
		sample: sampleOf,
		small: smallStems.map(stemWithSlices),
		real: realStems.map(stemWithSlices),
	},
	stemInputGradient: {
		reference: stemInputGradient,
		parameters: (g) => ({ weights: ["panels", stemShape(g)] }),
		extents: (g) => ({
			gradient: g.outputSize ** 2 * g.outputPitch,
			output: g.outputSize ** 2 * g.outputPitch,
			outputNorm: normOf(g.outputChannels),
			inputGradient: g.inputSize ** 2 * g.inputChannels,
		}),
		results: (g, pictures) => [
			{
				operand: "inputGradient",
				rows: pictures * g.inputSize ** 2,
				channels: g.inputChannels,
				pitch: g.inputChannels,
			},
		],
		sample: sampleOf,
		small: [withoutBand(stemOf(9, 2, 17, 1, 5, 0)), withoutBand(stemOf(8, 3, 8, 0, 4, 0))],
		real: [withoutBand(stemOf(45, 3, 11, 1, 23, 0))],
	},
};
